"""The files of a site: what is public of a course, this package, and the pages."""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.course.statement import statement_markdown
from autograder.errors import MachineError
from autograder.grading.grader import public_part
from autograder.grading.preparation import prepare
from autograder.release.answer_form import form_yaml
from autograder.release.bundle import Options, make_bundle
from autograder.release.public import refuse_leaks
from autograder.release.site.pyodide import Runtime
from autograder.release.stubs import stub_source
from autograder.release.wheel import zipped
from autograder.student import shipped
from autograder.student.page import expected_path
from autograder.text.catalogue import catalogue
from autograder.text.language import Language, Text
from autograder.text.messages import pick
from autograder.text.said import said

LISTING: Final = "files.json"
PAGE: Final = "index.html"
# The mark of a folder that holds a site, which the next release may write over.
GENERATOR: Final = '<meta name="generator" content="backprop-autograder">'
_STATIC: Final = Path(__file__).with_name("static")
_STAND_IN: Final = Path(__file__).with_name("stand_in.py")
# Rooms that a student's check does without.
_LEFT_OUT: Final = frozenset(
    {"authoring", "batch", "cli", "exports", "integrations", "release", "report"}
)
_TEXTS: Final = "web_"
# How many times as long as elsewhere a test may take: Python is slower here, and a phone, too.
SLOWNESS: Final = 3


class SiteExercise(Struct, frozen=True):
    name: str
    file: str
    title: Text
    statement: Text
    stub: Text
    points: float


class SiteAssignment(Struct, frozen=True):
    name: str
    title: Text
    due: str | None
    exercises: tuple[SiteExercise, ...]


class Site(Struct, frozen=True):
    """``files`` maps paths to contents; ``left_out`` are the public files that belong to no
    exercise."""

    assignments: tuple[str, ...]
    files: dict[str, bytes]
    left_out: tuple[str, ...]


def make_site(
    course: Course, assignments: Sequence[Assignment], language: Language, runtime: Runtime
) -> Site:
    """Everything in memory, checked: nothing secret is in it.

    Raises :class:`~autograder.errors.CourseError` as :func:`make_bundle` does, and
    :class:`MachineError` where this installation lacks something.
    """
    # The requirement is for a file that is not part of the site.
    bundle = make_bundle(course, assignments, Options(language, requirement="autograder"))
    public = {
        name: content
        for name, content in bundle.files.items()
        if name == "config.yaml" or name.startswith("assignments/")
    }
    expected = _expected(assignments)
    files = dict(runtime.content)
    course_zip = _add(files, "course.zip", zipped(public | expected))
    package_zip = _add(files, "package.zip", zipped(_package()))
    static = _static()
    worker, app = (_add(files, name, static[name]) for name in ("worker.js", "app.js"))
    style = _add(files, "style.css", static["style.css"])
    content = {
        "course": hashlib.sha256(pick(course.title, course.language).encode()).hexdigest()[:12],
        "title": _texts(course.title, course),
        "languages": _languages(course, language),
        "assignments": [_assignment(course, one) for one in assignments],
        "runtime": runtime.files,
        "worker": worker,
        "files": course_zip,
        "package": package_zip,
        "slowness": SLOWNESS,
        "texts": {one: _messages(one) for one in course.languages},
    }
    encoded = msgspec.json.encode(content)
    for assignment in assignments:  # in what the bundle has not, which has been looked at
        refuse_leaks(course, assignment, {**expected, "site.json": encoded})
    site = _add(files, "site.json", encoded)
    files["service.js"] = static["service.js"]
    title = pick(course.title, language)
    files[PAGE] = _page(title, language, app, style, site, runtime).encode()
    files[LISTING] = msgspec.json.format(
        msgspec.json.encode({"files": [name for name in files if name != PAGE]}), indent=1
    )
    names = tuple(assignment.name for assignment in assignments)
    return Site(names, files, bundle.left_out)


def _add(files: dict[str, bytes], name: str, content: bytes) -> str:
    """Add a file whose name says what is in it, so that no cache holds an old one for it."""
    stem, _, ending = name.rpartition(".")
    path = f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    files[path] = content
    return path


def _static() -> dict[str, bytes]:
    names = ("app.js", "worker.js", "service.js", "style.css")
    try:
        return {name: (_STATIC / name).read_bytes() for name in names}
    except OSError as error:
        raise MachineError(
            said("error_unreadable", path=error.filename, reason=error.strerror)
        ) from None


def _package() -> dict[str, bytes]:
    """The student's part of this package, PyYAML's Python, and what stands in for msgspec."""
    package = Path(__file__).parents[2]
    files = {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.suffix in (".py", ".toml") and path.relative_to(package).parts[0] not in _LEFT_OUT
    }
    files["stand_in.py"] = _STAND_IN.read_bytes()
    spec = importlib.util.find_spec("yaml")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return files | {f"yaml/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}


def _languages(course: Course, first: Language) -> list[Language]:
    return sorted(course.languages, key=lambda one: one != first)


def _texts(texts: Text, course: Course) -> Text:
    return {language: pick(texts, language) for language in course.languages}


def _assignment(course: Course, assignment: Assignment) -> SiteAssignment:
    return SiteAssignment(
        name=assignment.name,
        title=_texts(assignment.title, course),
        due=None if assignment.due is None else assignment.due.isoformat(),
        exercises=tuple(_exercise(course, one) for one in assignment.exercises),
    )


def _exercise(course: Course, exercise: Exercise) -> SiteExercise:
    return SiteExercise(
        name=exercise.name,
        file=exercise.file,
        title=_texts(exercise.title, course),
        statement={one: statement_markdown(exercise, one, level=1) for one in course.languages},
        stub={one: _begin(course, exercise, one) for one in course.languages},
        points=math.fsum(
            part.points
            for test in exercise.tests
            if test.visibility == "public"
            for part in test.parts
        ),
    )


class _Collected:
    """Takes what is worked out."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        return {}

    def put(self, entries: Mapping[str, object]) -> None:
        self.entries.update(entries)


def _expected(assignments: Sequence[Assignment]) -> dict[str, bytes]:
    """What the public tests expect, as students could work it out from what is public: so nobody
    waits for that, and it is told to the same digit as elsewhere."""
    exercises = [
        replace(public_part(exercise), right=())
        for assignment in assignments
        for exercise in assignment.exercises
        if not exercise.answers
    ]
    collected = _Collected()
    # The inputs of public tests are the same under every seed.
    prepare(exercises, 0, cache=collected)
    return {
        expected_path(Path(), name).as_posix(): shipped.pack(entry.drawn, entry)
        for name, entry in collected.entries.items()
    }


def _begin(course: Course, exercise: Exercise, language: Language) -> str:
    """What the student begins with: a stub, or a form to fill in."""
    if exercise.answers:
        return form_yaml(course, exercise, language, None).decode()
    return stub_source(exercise, language)


def _messages(language: Language) -> Mapping[str, Any]:
    messages = catalogue(language).messages
    return {key: value for key, value in messages.items() if key.startswith(_TEXTS)}


def _page(title: str, language: Language, app: str, style: str, site: str, runtime: Runtime) -> str:
    """The page, and what it may do: nothing but to load from where it lies, and the runtime.

    The worker that runs what students write is made from a blob, and so has the same policy.
    """
    policy = "; ".join(
        [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self' blob:",
            " ".join(["connect-src 'self'", *runtime.hosts]),
            # Tables of a check, and the editor, have styles of their own.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return f"""<!doctype html>
<html lang="{escape(language)}" data-site="{escape(site)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
{GENERATOR}
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{escape(style)}">
<script type="module" src="{escape(app)}"></script>
</head>
<body>
<noscript>{escape(title)}: JavaScript</noscript>
</body>
</html>
"""
