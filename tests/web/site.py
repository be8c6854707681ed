"""A site that is served, a browser to look at it, and what CPython says of the same answers."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.release.site.build import make_site
from autograder.release.site.pyodide import find_runtime
from autograder.release.site.writing import write_site
from autograder.sandbox.host import Sandbox
from autograder.student import check_json
from autograder.student.checking import check_exercise
from autograder.student.discovery import find_exercises
from autograder.submissions.submission import read_submission
from autograder.text.language import Language
from tests.web.runtime import DEFAULT

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 5 * 60_000
DX = "#/linear-layer/dx"
RIGHT = "import numpy as np\n\n\ndef linear_dx(W, dy):\n    return W.T @ dy\n"
NO_TRANSPOSE = RIGHT.replace("W.T", "W")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class Watched(Quiet):
    """Notes what it is asked for; anybody may have it."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Watched.asked.append(self.path)
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@contextlib.contextmanager
def served(folder: Path, handler: type[Quiet] = Quiet) -> Iterator[str]:
    """The address of the folder, as long as this lasts."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def release(
    course: Course, folder: Path, names: Collection[str] = (), pyodide: str = str(DEFAULT)
) -> None:
    """Write the site of the assignments ``names``, or of the whole course."""
    assignments = [course.assignments[name] for name in names or course.assignments]
    write_site(make_site(course, assignments, course.language, find_runtime(pyodide)), folder)


# What the page does to begin with, without the page: the script of a worker, and its files.
WORKER = """async () => {
  const site = await (await fetch(document.documentElement.dataset.site)).json();
  const unpack = async (file) => {
    const body = (await fetch(file.url)).body;
    const stream = file.gzip ? body.pipeThrough(new DecompressionStream("gzip")) : body;
    return new Response(stream).arrayBuffer();
  };
  const files = {}, scripts = {};
  let wasm;
  for (const file of site.runtime) {
    const content = await unpack(file);
    if (file.name.endsWith(".wasm")) wasm = await WebAssembly.compile(content);
    else if (file.name.endsWith(".js")) scripts[file.name] = new TextDecoder().decode(content);
    else files[file.name] = content;
  }
  const plain = (url) => unpack({ url, gzip: false });
  const course = await plain(site.files), pack = await plain(site.package);
  const own = new TextDecoder().decode(await plain(site.worker));
  const script = [scripts["pyodide.asm.js"], scripts["pyodide.js"], own].join("\\n;\\n");
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const start = () => {
    const worker = new Worker(url);
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.kind === "ready") resolve();
        else if (data.kind === "broken") reject(new Error(data.reason));
      };
    });
    worker.postMessage({ kind: "boot", files, wasm, course, package: pack });
    return { worker, ready };
  };
  let current = start();
  const once = (job) => new Promise((resolve) => {
    let timer, asked = 0, isAsking = false;
    const { worker } = current;
    const over = (value) => { clearTimeout(timer); resolve(value); };
    worker.onmessage = ({ data }) => {
      clearTimeout(timer);
      if (data.kind === "done") over({ value: data.value });
      else if (data.kind === "broken") over(
        isAsking ? { ended: asked, why: "crashed" } : { broken: data.reason });
      else if (data.kind === "beat") {
        asked = data.number;
        isAsking = Number.isFinite(data.left);
        if (Number.isFinite(data.left)) {
          // Ten times as long as in the page: a busy machine is not to decide.
          const milliseconds = Math.max(0, data.left) * 10_000 * site.slowness + 500;
          timer = setTimeout(() => over({ ended: asked, why: "timeout" }), milliseconds);
        }
      }
    };
    worker.postMessage(job);
  });
  window.checkAnswer = async (assignment, exercise, source, language) => {
    const job = { kind: "check", id: 1, assignment, exercise, language, ended: {} };
    job.sources = { [exercise]: source };
    for (;;) {
      await current.ready;
      const found = await once(job);
      if ("value" in found) return found.value;
      if ("broken" in found) {
        current.worker.terminate();
        current = start();
        return JSON.stringify({ problem: found.broken });
      }
      current.worker.terminate();
      current = start();
      job.ended = { ...job.ended, [found.ended]: found.why };
    }
  };
  await current.ready;
}"""


class Browser:
    """The worker of a site in Chromium, asked directly: as many answers as there are."""

    def __init__(self, page: Any, address: str) -> None:
        self._page = page
        # A page of the site that does nothing by itself.
        page.route(
            "**/app-*.js", lambda route: route.fulfill(body="", content_type="text/javascript")
        )
        page.goto(address)
        page.evaluate(WORKER)

    def check(self, exercise: Exercise, source: str, language: Language) -> dict[str, Any]:
        """What the page would be told."""
        encoded = self._page.evaluate(
            "([a, e, s, l]) => window.checkAnswer(a, e, s, l)",
            [exercise.assignment, exercise.name, source, language],
        )
        result: dict[str, Any] = json.loads(encoded)
        return result


class Student:
    """Somebody at the page."""

    def __init__(self, page: Any, address: str, place: str = DX) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto(address + place)
        self.wait()

    def wait(self) -> None:
        self.page.wait_for_selector("[data-python=ready]", timeout=MINUTES)

    def write(self, source: str) -> None:
        self.page.click(".cm-content")
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def written(self) -> str:
        """What the page keeps."""
        self.page.wait_for_selector(".cm-content")
        return str(self.page.evaluate("document.querySelector('.cm-content').innerText"))

    def press(self, button: str) -> None:
        """Press a button and wait until what it began is done."""
        self.page.click(button)
        self.page.wait_for_selector("button.main:not([disabled])", timeout=MINUTES)

    def check(self, source: str | None = None) -> str:
        """What the check shows."""
        if source is not None:
            self.write(source)
        self.press("button.main")
        return str(self.page.inner_text(".result"))

    @property
    def state(self) -> str:
        return str(self.page.inner_text(".state"))

    @property
    def passed(self) -> bool:
        checked = json.loads(self.page.get_attribute(".result", "data-check"))
        return bool(checked["passed"])


class Native:
    """The same check by CPython: that of ``autograder check``, in the files of a bundle."""

    def __init__(self, bundle: Path, sandbox: Sandbox) -> None:
        self._works = {work.exercise.name: work for work in find_exercises([bundle], bundle)}
        self._sandbox = sandbox
        self._graders: dict[str, ExerciseGrader] = {}

    def check(self, exercise: Exercise, source: str, language: Language) -> dict[str, Any]:
        """The exercise of ``autograder check --json``."""
        work = self._works[exercise.name]
        own = work.exercise
        if own.name not in self._graders:
            self._graders[own.name] = ExerciseGrader(work.course, public_part(own), self._sandbox)
        (work.ref.folder / own.file).write_text(source, "utf-8")
        checked = check_exercise(
            work.course,
            own,
            read_submission(work.ref),
            self._sandbox,
            language,
            grader=self._graders[own.name],
        )
        encoded = check_json.encode([(checked, own.file)], language)
        found: dict[str, Any] = json.loads(encoded)["exercises"][0]
        return found


def verdict(exercise: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Of each test what a student sees of it: status, points, message, hint."""
    return [
        (one["name"], one["status"], one["score"], one["message"], one["waiting"], one["hint"])
        for one in exercise["tests"]
    ]
