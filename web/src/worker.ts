// Runs Python, and with it what the student writes. Knows nothing of the page and has no network:
// everything that it needs is handed to it, and what reaches further is taken away before any
// student code runs. The page's Content Security Policy holds here as well.
import type { Boot, FromWorker, Job, ToWorker } from "./messages";

interface Callable {
  (...given: unknown[]): unknown;
}

interface Pyodide {
  loadPackage(name: string, options: object): Promise<unknown>;
  unpackArchive(content: ArrayBuffer, format: string, options: object): void;
  runPython(code: string): unknown;
  setStdin(options: object): void;
}

declare const loadPyodide: (options: object) => Promise<Pyodide>;

// Where the runtime believes to be. Nothing is ever fetched from there.
const NOWHERE = "https://pyodide.invalid/";

const send = self.postMessage.bind(self);

const post = (message: FromWorker): void => send(message);

const TAKEN_AWAY = [
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "WebSocketStream",
  "WebTransport",
  "EventSource",
  "BroadcastChannel",
  "Worker",
  "SharedWorker",
  "importScripts",
  "indexedDB",
  "caches",
  "postMessage",
  "RTCPeerConnection",
];

const PYTHON = `
import sys
sys.path.insert(0, "/package")
sys.setrecursionlimit(1000)
import stand_in
stand_in.install()
# Imported now: the clock of the first test is not to pay for it.
import numpy, numpy.fft, numpy.linalg, numpy.random
from pathlib import Path
from json import loads
from autograder.student.page import Page

_page = Page(Path("/course"))

def prepare(assignment, exercise):
    _page.prepare(assignment, exercise)
    return ""

def check(watch, assignment, exercise, sources, language, ended):
    died = {int(number): why for number, why in loads(ended).items()}
    return _page.check(assignment, exercise, loads(sources), language, died, watch)

def run(watch, assignment, exercise, sources):
    return _page.run(assignment, exercise, loads(sources), watch)

def pack(assignment, sources, student, offset, language):
    return _page.pack(assignment, loads(sources), student, offset, language)

def unpack(assignment, file, content, language):
    return _page.unpack(assignment, file, content.to_bytes(), language)

{"prepare": prepare, "check": check, "run": run, "pack": pack, "unpack": unpack}
`;

let functions: { get(name: string): Callable };

async function boot(message: Boot): Promise<void> {
  const given = async (url: unknown): Promise<Response> => {
    const name = String(url instanceof Request ? url.url : url).slice(NOWHERE.length);
    const content = message.files[name];
    if (content === undefined) return new Response(null, { status: 404 });
    return new Response(content, { headers: { "Content-Type": "application/octet-stream" } });
  };
  Object.defineProperty(self, "fetch", { value: given, configurable: true, writable: true });
  const compiled = async (_: unknown, imports?: WebAssembly.Imports) => ({
    instance: await WebAssembly.instantiate(message.wasm, imports),
    module: message.wasm,
  });
  Object.defineProperty(WebAssembly, "instantiateStreaming", {
    value: compiled,
    configurable: true,
    writable: true,
  });
  // The wasm is not among the files: it has been compiled, once for all workers.
  message.files["pyodide.asm.wasm"] = new ArrayBuffer(0);
  const python = await loadPyodide({ indexURL: NOWHERE, jsglobals: {} });
  await python.loadPackage("numpy", { messageCallback: () => {} });
  python.unpackArchive(message.package, "zip", { extractDir: "/package" });
  python.unpackArchive(message.course, "zip", { extractDir: "/course" });
  python.setStdin({ stdin: () => null });
  functions = python.runPython(PYTHON) as typeof functions;
  for (const name of TAKEN_AWAY) {
    for (let one: object | null = self; one !== null; one = Object.getPrototypeOf(one)) {
      delete (one as Record<string, unknown>)[name];
    }
    Object.defineProperty(self, name, { value: undefined, configurable: false, writable: false });
  }
  post({ kind: "ready" });
}

function watch(number: number, left: number): void {
  post({ kind: "beat", number, left });
}

function work(job: Job): string {
  const call = (...given: unknown[]) => functions.get(job.kind)(...given) as string;
  switch (job.kind) {
    case "prepare":
      return call(job.assignment, job.exercise);
    case "check":
      return call(
        watch,
        job.assignment,
        job.exercise,
        JSON.stringify(job.sources),
        job.language,
        JSON.stringify(job.ended),
      );
    case "run":
      return call(watch, job.assignment, job.exercise, JSON.stringify(job.sources));
    case "unpack":
      return call(job.assignment, job.file, job.content, job.language);
    case "pack":
      return call(
        job.assignment,
        JSON.stringify(job.sources),
        job.student,
        job.offset,
        job.language,
      );
  }
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.kind === "boot") {
    boot(message).catch((error: unknown) => post({ kind: "broken", reason: String(error) }));
    return;
  }
  try {
    post({ kind: "done", id: message.id, value: work(message) });
  } catch (error) {
    post({ kind: "broken", reason: String(error) });
  }
};
