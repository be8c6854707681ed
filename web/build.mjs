// Builds what `autograder release --web` copies: three scripts and a style sheet.
import { build } from "esbuild";

const common = {
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  outdir: "../autograder/release/site/static",
  charset: "utf8",
};

await build({ ...common, entryPoints: { app: "src/app.ts" }, format: "esm" });
await build({
  ...common,
  entryPoints: { worker: "src/worker.ts", service: "src/service.ts" },
  format: "iife",
});
await build({ ...common, entryPoints: { style: "src/style.css" } });
