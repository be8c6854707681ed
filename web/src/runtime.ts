// The files that Python consists of: fetched once, checked, kept for the next time.
import type { RuntimeFile, Site } from "./site";

export const CACHE = "autograder";

/** What a worker is started from. */
export interface Runtime {
  script: string;
  files: Record<string, ArrayBuffer>;
  wasm: WebAssembly.Module;
  course: ArrayBuffer;
  package: ArrayBuffer;
}

export type Progress = (loaded: number, total: number) => void;

export async function loadRuntime(site: Site, progress: Progress): Promise<Runtime> {
  let loaded = 0;
  let failed = false; // of which the last word is not to be about progress
  const wanted = site.runtime.length + 3;
  const one = async <Value>(loading: Promise<Value>): Promise<Value> => {
    const value = await loading.catch((error: unknown) => {
      failed = true;
      throw error;
    });
    loaded += 1;
    if (!failed) progress(loaded, wanted);
    return value;
  };
  const plain = (url: string) =>
    one(load({ name: url, url, gzip: false, sha256: null }).then((found) => found.arrayBuffer()));
  const contents = Promise.all(
    site.runtime.map(async (file) => [file.name, await one(contentOf(file))] as const),
  );
  const [found, worker, course, pack] = await Promise.all([
    contents,
    plain(site.worker),
    plain(site.files),
    plain(site.package),
  ]);
  const files: Record<string, ArrayBuffer> = {};
  let wasm: WebAssembly.Module | undefined;
  const scripts: Record<string, string> = {};
  for (const [name, content] of found) {
    if (content instanceof WebAssembly.Module) wasm = content;
    else if (name.endsWith(".js")) scripts[name] = new TextDecoder().decode(content);
    else files[name] = content;
  }
  if (wasm === undefined) throw new Error("the runtime has no wasm");
  const script = [
    scripts["pyodide.asm.js"],
    scripts["pyodide.js"],
    new TextDecoder().decode(worker),
  ].join("\n;\n");
  return { script, files, wasm, course, package: pack };
}

async function contentOf(file: RuntimeFile): Promise<ArrayBuffer | WebAssembly.Module> {
  const response = await load(file);
  if (!file.name.endsWith(".wasm")) return response.arrayBuffer();
  return WebAssembly.compile(await response.arrayBuffer());
}

/** The file as it is to be used, from the cache where it is there. */
async function load(file: RuntimeFile): Promise<Response> {
  const response = (await kept(file.url)) ?? (await fetched(file));
  if (!file.gzip || response.body === null) return response;
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip")));
}

async function kept(url: string): Promise<Response | undefined> {
  if (!("caches" in globalThis)) return undefined;
  try {
    return await (await caches.open(CACHE)).match(url);
  } catch {
    return undefined; // storage is full or refused
  }
}

async function fetched(file: RuntimeFile): Promise<Response> {
  const options: RequestInit = { credentials: "same-origin" };
  if (file.sha256 !== null) {
    options.integrity = `sha256-${file.sha256}`;
    options.mode = "cors";
    options.credentials = "omit";
  }
  const response = await fetch(file.url, options);
  if (!response.ok) throw new Error(`${file.url}: ${response.status}`);
  if ("caches" in globalThis) {
    try {
      await (await caches.open(CACHE)).put(file.url, response.clone());
    } catch {
      // The next time it is fetched again.
    }
  }
  return response;
}
