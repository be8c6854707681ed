"""A page on this machine that follows an exercise while its author writes it.

It is served on 127.0.0.1 alone, to whoever knows the token in its address: it shows solutions'
results, hidden tests and hints. The exercise is worked on in the main thread, where an author's
endless loop can be ended; requests are answered in others.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Struct

from autograder.authoring import preview_page as page
from autograder.authoring.lint import lint_exercise
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import AutograderError, CourseError
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.text.messages import pick

HOST = "127.0.0.1"
# How often files are looked at, and how long a request waits for something new, in seconds.
POLL = 0.3
WAIT = 20.0
SETTLE = 0.1
_TREES = ("assignments", "solutions", "tests/hidden")
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml"}
_MAX_IMAGE = 1 << 23


class Shown(Struct, frozen=True):
    """What the page of an exercise shows; ``is_done`` where nothing more follows before a save."""

    version: int
    html: str
    is_done: bool


class Preview:
    """The pages of a course, and what is known of each exercise. ``student_file`` makes the stub
    or the form that students get."""

    def __init__(self, root: Path, student_file: page.StudentFile) -> None:
        self.root = root
        self.token = secrets.token_urlsafe(16)
        self.wanted = ""
        self.port = 0
        self._last: dict[str, str] = {}
        self._student_file = student_file
        self._changed = threading.Condition()
        self._shown: dict[str, Shown] = {}
        self._names: dict[str, str] = {}
        self._version = 0

    # What requests are answered from

    def exercises(self) -> dict[str, str]:
        """The exercises by ``assignment/name``, each with its title, as they were last loaded."""
        return dict(self._names)

    def ask(self, key: str, since: int) -> Shown | None:
        """What is shown of an exercise once that is newer than ``since``; None where nothing was
        for a while. It is worked on from now on."""
        with self._changed:
            self.wanted = key
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._newer(key, since) is not None, WAIT)
            return self._newer(key, since)

    def _newer(self, key: str, since: int) -> Shown | None:
        shown = self._shown.get(key)
        return shown if shown is not None and shown.version != since else None

    # The work

    def load(self) -> Course | CourseError:
        try:
            course = load_course(self.root)
        except CourseError as error:
            return error
        self._names = {
            f"{each.name}/{one.name}": pick(one.title, course.language)
            for each in course.assignments.values()
            for one in each.exercises
        }
        return course

    def follow(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Work on the exercise that is asked for, and again whenever a file is saved, until
        interrupted."""
        done: object = None
        while not is_over():
            with self._changed:
                self._changed.wait_for(lambda: bool(self.wanted), POLL)
            key = self.wanted
            state = (key, self._state())
            if key and state != done:
                time.sleep(SETTLE)  # an editor empties a file before it writes it
                if self._state() != state[1]:
                    continue
                done = state
                for html, is_done in self._stages(key):
                    self._show(key, html, is_done)
                    if self.wanted != key or self._state() != state[1]:
                        break
            else:
                time.sleep(POLL)

    def _show(self, key: str, html: str, is_done: bool) -> None:
        with self._changed:
            self._version += 1
            self._shown[key] = Shown(self._version, html, is_done)
            self._changed.notify_all()

    def _stages(self, key: str) -> Iterator[tuple[str, bool]]:
        """What is known of the exercise, more each time: first what is read, then what is drawn,
        then what takes running."""
        course = self.load()
        if isinstance(course, CourseError):
            said = [str(one) for one in (course, *course.more)]
            before = self._last.get(key, "")
            note = '<p class="soft">Below is what was read before.</p>' if before else ""
            yield page.findings(self.root, said, checked=True) + note + before, True
            return
        exercise = _exercise(course, key)
        if exercise is None:
            yield f"<p>{escape(key)} is not in config.yaml</p>", True
            return
        head = page.statements(exercise, course.languages)
        head += page.student_files(course, exercise, self._student_file)
        looking = page.findings(self.root, [], checked=False)
        yield looking + head, False
        # The author's own code: kept apart, not locked up.
        with Sandbox("process", course.limits) as sandbox:
            grader = ExerciseGrader(course, exercise, sandbox)
            body = head
            try:
                body += "".join(page.tests(grader, course.language))
                yield looking + body, False
                body += "".join(page.mistakes(grader, course.languages))
                yield looking + body, False
                report = lint_exercise(course, exercise, sandbox, with_mutants=False)
                found = report.problems
            except AutograderError as error:
                found = (str(error),)
        self._last[key] = body
        yield page.findings(self.root, found, checked=True) + body, True

    def _state(self) -> dict[str, tuple[int, int]]:
        """Every file that a page may depend on, with its time of change and size."""
        found = {}
        paths = [self.root / "config.yaml"]
        paths += [path for tree in _TREES for path in (self.root / tree).rglob("*.*")]
        for path in paths:
            try:
                status = path.stat()
            except OSError:  # gone between two looks
                continue
            if path.suffix != ".pyc":
                found[str(path)] = status.st_mtime_ns, status.st_size
        return found


def _exercise(course: Course, key: str) -> Exercise | None:
    assignment, _, name = key.partition("/")
    known = course.assignments.get(assignment)
    return next((one for one in known.exercises if one.name == name), None) if known else None


def serve(preview: Preview, port: int = 0) -> tuple[ThreadingHTTPServer, str]:
    """The server, which answers until it is closed, and the address of its first page."""
    server = ThreadingHTTPServer((HOST, port), partial(_Handler, preview))
    server.daemon_threads = True
    preview.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
    return server, f"http://{HOST}:{preview.port}/{preview.token}/"


class _Handler(BaseHTTPRequestHandler):
    server_version = "autograder"
    sys_version = ""

    def __init__(self, preview: Preview, *arguments: object) -> None:
        self._preview = preview
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: object) -> None:
        """The terminal is the author's."""

    def do_GET(self) -> None:
        """Answer whoever has the token, and calls this machine by the address that is served: a
        name from elsewhere may lead here, too."""
        parts = urlsplit(self.path)
        token, _, rest = unquote(parts.path).lstrip("/").partition("/")
        own = f"{HOST}:{self._preview.port}"
        known = secrets.compare_digest(token.encode(), self._preview.token.encode())
        if not known or self.headers.get("Host") != own:
            self._answer(403, b"no access\n", "text/plain")
        elif not rest:
            self._answer(200, _index(self._preview), "text/html; charset=utf-8")
        elif Path(rest).suffix.lower() in _IMAGES:
            self._image(rest)
        elif rest not in self._preview.exercises():
            self._answer(404, b"no such exercise\n", "text/plain")
        elif "since" in (query := parse_qs(parts.query)):
            since = query["since"][0]
            shown = self._preview.ask(rest, int(since) if since.isdecimal() else 0)
            body = msgspec.json.encode(shown)
            self._answer(200, body, "application/json")
        else:
            nonce = secrets.token_urlsafe(12)
            content = _shell(self._preview, rest, nonce)
            self._answer(200, content, "text/html; charset=utf-8", nonce)

    def _image(self, name: str) -> None:
        """A picture beside a statement."""
        folder = (self._preview.root / "assignments").resolve()
        path = (folder / name).resolve()
        try:
            fits = path.is_relative_to(folder) and path.stat().st_size <= _MAX_IMAGE
            content = path.read_bytes() if fits else None
        except OSError:
            content = None
        if content is None:
            self._answer(404, b"no such picture\n", "text/plain")
        else:
            self._answer(200, content, _IMAGES[path.suffix.lower()])

    def _answer(self, status: int, body: bytes, kind: str, nonce: str = "") -> None:
        script = f"; script-src 'nonce-{nonce}'; connect-src 'self'" if nonce else ""
        policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:{script}"
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the page was left
            self.close_connection = True


@cache
def _style() -> str:
    return Path(__file__).with_name("preview.css").read_text("utf-8")


def _document(title: str, body: str) -> bytes:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    ).encode()


def _index(preview: Preview) -> bytes:
    items = "".join(
        f'<li><a href="{escape(key)}">{escape(key)}</a> <span class="soft">{escape(title)}</span>'
        "</li>"
        for key, title in preview.exercises().items()
    )
    body = f'<header><h1>Exercises</h1></header><main><ul class="plain">{items}</ul></main>'
    return _document("Exercises", body)


# Each answer is put in the place of what was there; the browser keeps the place on the page.
_SCRIPT = """
(async () => {
  const content = document.getElementById("content"), state = document.getElementById("state");
  let version = 0;
  for (;;) {
    try {
      const answer = await fetch(location.pathname + "?since=" + version, {cache: "no-store"});
      if (!answer.ok) throw new Error(answer.status);
      const shown = await answer.json();
      if (shown !== null) {
        version = shown.version;
        const top = window.scrollY;
        // As tall as before, until everything is there again: the reader stays where they are.
        content.style.minHeight = content.offsetHeight + "px";
        content.innerHTML = shown.html;
        if (shown.is_done) content.style.minHeight = "";
        content.setAttribute("aria-busy", String(!shown.is_done));
        window.scrollTo(0, top);
        state.textContent = shown.is_done ? "up to date" : "working on it";
      }
    } catch (error) {
      state.textContent = "the preview has ended";
      await new Promise(done => setTimeout(done, 1000));
    }
  }
})();
"""


def _shell(preview: Preview, key: str, nonce: str) -> bytes:
    title = preview.exercises().get(key, key)
    links = "".join(
        f'<a href="#{name}">{word}</a> '
        for name, word in (
            ("findings", "Lint"),
            ("statement", "Statement"),
            ("stub", "Stub"),
            ("tests", "Tests"),
            ("mistakes", "Mistakes"),
        )
    )
    body = (
        f"<header><h1>{escape(title)}</h1><p><code>{escape(key)}</code></p>"
        f'<p id="state" role="status">starting</p><nav>{links}<a href="../">all exercises</a></nav>'
        f'</header>\n<main id="content" aria-busy="true"></main>\n'
        f'<script nonce="{nonce}">{_SCRIPT}</script>'
    )
    return _document(f"{key}: {title}", body)
