"""A page in a browser: the checks of :mod:`autograder.student.checking`, and handing in.

The worker of the page calls this through Pyodide. Strings and bytes go in and come out, JSON where
it is more than a text. The files are those of a bundle in the interpreter's own file system; what
the student has written is put beside them before each call.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from functools import wraps
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from autograder.course.exercise import Exercise
from autograder.errors import AutograderError, UsageError
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.grading.preparation import prepare
from autograder.sandbox.protocol import Raised
from autograder.sandbox.same_thread import SameThread, Watch
from autograder.sandbox.session import Died, Outcome
from autograder.student import check_html, check_json, shipped
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.student.discovery import ASSIGNMENTS, Work, find_exercises
from autograder.student.handing_in import counting_files, files_to_hand_in, pack, zip_name
from autograder.submissions.listing import list_items
from autograder.submissions.submission import (
    MAX_SOURCE_BYTES,
    SubmissionRef,
    read_here,
    wanted_of,
)
from autograder.text.language import Language
from autograder.text.messages import sanitize_lines, text
from autograder.text.said import said, worded

_ENDINGS: Final = (".py", ".ipynb", ".yaml", ".zip")


class Result(Struct, frozen=True):
    """What the page shows of a check: ``html`` for people, ``check`` as
    ``autograder check --json`` has it. ``problem`` is why there is none."""

    passed: bool
    score: float
    max_score: float
    html: str
    check: str
    problem: str = ""


class Packed(Struct, frozen=True):
    """The zip that ``autograder submit`` writes, its name, and what that says; ``problem`` is why
    there is none."""

    file: str
    content: bytes
    lines: tuple[str, ...]
    problem: str = ""


class Imported(Struct, frozen=True):
    """The sources in a zip by the name of their exercise; ``problem`` is why there are none."""

    sources: dict[str, str]
    problem: str = ""


class Page:
    """The exercises of the bundle in ``root``. Loads each assignment once, and works out what is
    expected of each exercise once."""

    def __init__(self, root: Path) -> None:
        accept_wide_integers()
        self._root = root
        self._works: dict[str, tuple[Work, ...]] = {}
        self._graders: dict[tuple[str, str], tuple[ExerciseGrader, SameThread]] = {}

    def prepare(self, assignment: str, exercise: str) -> None:
        """Work out what is expected, which the first check of the exercise is then not to wait
        for. What is wrong with the exercise is for that check to say."""
        with contextlib.suppress(AutograderError):
            grader, _ = self._grader(self._work(assignment, exercise))
            _ = grader.truths

    def check(
        self,
        assignment: str,
        exercise: str,
        sources: Mapping[str, str],
        language: Language,
        ended: Mapping[int, str],
        watch: Watch,
    ) -> str:
        """A :class:`Result` of the exercise, as JSON. ``sources`` are what the student has written
        for the assignment, by exercise; ``ended`` are the questions that interpreters before this
        one have not answered, with the reason, such as ``timeout``."""
        try:
            work = self._work(assignment, exercise)
            checked = self._checked(work, sources, language, ended, watch)
        except AutograderError as error:
            return _encoded(Result(False, 0.0, 0.0, "", "", worded(error, language)))
        return _encoded(
            Result(
                passed=checked.passed,
                score=checked.score,
                max_score=checked.max_score,
                html=check_html.report([checked], language),
                check=check_json.encode([(checked, work.exercise.file)], language),
            )
        )

    def run(self, assignment: str, exercise: str, sources: Mapping[str, str], watch: Watch) -> str:
        """What the file of the exercise prints when it is run, and Python's own words where it
        fails."""
        limits = self._work(assignment, exercise).course.limits
        files = {
            work.exercise.file: sources[work.exercise.name]
            for work in self._in(assignment)
            if work.exercise.name in sources and not work.exercise.answers
        }
        sandbox = SameThread(limits)
        sandbox.begin(files[f"{exercise}.py"], watch, {})
        with sandbox.session() as session:
            outcome = session.load(exercise, files)
            printed = session.output()
        return sanitize_lines(printed) + _in_words(outcome, files)

    def pack(
        self,
        assignment: str,
        sources: Mapping[str, str],
        student: str,
        offset: int,
        language: Language,
    ) -> str:
        """A :class:`Packed` of the assignment, as JSON. ``student`` is a name, as given;
        ``offset`` are the minutes that the student's clock is ahead of UTC."""
        works = self._in(assignment)
        self._write(assignment, sources)
        counting = counting_files(works, read_here)
        lines = [
            text(f"submit_{one.state}", language, name=one.exercise.name, file=one.file)
            for one in counting
            if one.state != "ready"
        ]
        if not any(one.state == "ready" for one in counting):
            return _encoded(Packed("", b"", (), text("usage_nothing_to_hand_in", language)))
        now = datetime.now(timezone(timedelta(minutes=offset)))
        course, files = works[0].course, files_to_hand_in(works)
        entry = course.assignments[assignment]
        content, receipt = pack(files, course, entry, student, now)
        name = zip_name(entry, student)
        for key in ("submit_written", "submit_receipt"):
            values = {"student": receipt.student, "time": f"{now:%Y-%m-%d %H:%M}"}
            lines.append(
                text(key, language, file=name, count=len(files), code=receipt.code, **values)
            )
        return _encoded(Packed(name, content, tuple(lines)))

    def unpack(self, assignment: str, file: str, content: bytes, language: Language) -> str:
        """An :class:`Imported` of a zip, a Python file or a notebook, by its name, as JSON."""
        try:
            sources = self._sources_in(assignment, file, content)
        except AutograderError as error:
            return _encoded(Imported({}, worded(error, language)))
        return _encoded(Imported(sources))

    def _in(self, assignment: str) -> tuple[Work, ...]:
        if assignment not in self._works:
            folder = self._root / ASSIGNMENTS / assignment
            self._works[assignment] = find_exercises([folder], self._root)
        return self._works[assignment]

    def _work(self, assignment: str, exercise: str) -> Work:
        return next(one for one in self._in(assignment) if one.exercise.name == exercise)

    def _write(self, assignment: str, sources: Mapping[str, str]) -> None:
        folder = self._root / ASSIGNMENTS / assignment
        for work in self._in(assignment):
            if work.exercise.name in sources:
                source = sources[work.exercise.name]
                (folder / work.exercise.file).write_text(source, "utf-8", newline="")

    def _checked(
        self,
        work: Work,
        sources: Mapping[str, str],
        language: Language,
        ended: Mapping[int, str],
        watch: Watch,
    ) -> CheckedExercise:
        course, exercise = work.course, work.exercise
        self._write(exercise.assignment, sources)
        grader, sandbox = self._grader(work)
        submission = read_here(work.ref)
        source = submission.source_for(exercise.name) or ""
        died = {
            number: Died("crashed" if why == "crashed" else "timeout")
            for number, why in ended.items()
        }
        sandbox.begin(source, watch, died)
        return check_exercise(course, exercise, submission, sandbox, language, grader=grader)

    def _grader(self, work: Work) -> tuple[ExerciseGrader, SameThread]:
        key = work.exercise.assignment, work.exercise.name
        if key not in self._graders:
            sandbox = SameThread(work.course.limits)
            exercise = public_part(work.exercise)
            known = _Known(self._root, exercise)
            (prepared,) = prepare([exercise], work.course.seed, cache=known)
            grader = ExerciseGrader(work.course, exercise, sandbox, prepared=prepared)
            self._graders[key] = grader, sandbox
        return self._graders[key]

    def _sources_in(self, assignment: str, file: str, content: bytes) -> dict[str, str]:
        works = self._in(assignment)
        folder = self._root / "imported"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if not file.endswith(_ENDINGS):
            raise UsageError(said("web_wrong_file", file=file))
        (folder / Path(file).name).write_bytes(content)
        wanted = wanted_of(works[0].course.assignments[assignment])
        submission = read_here(SubmissionRef("", assignment, folder, wanted=wanted))
        found = {one.exercise.name: submission.source_for(one.exercise.name) for one in works}
        sources = {name: source for name, source in found.items() if source is not None}
        forms = {one.exercise.file: one.exercise.name for one in works if one.exercise.answers}
        for item in list_items(folder, None, None):
            form = item.read(MAX_SOURCE_BYTES) if item.name in forms else ""
            if isinstance(form, bytes):  # as it is, and not what was read of it
                sources[forms[item.name]] = form.decode("utf-8", "replace")
        if not sources:
            raise UsageError(said("web_nothing_in_file", file=file, assignment=assignment))
        return sources


# By which argument the functions count, or index, that take no wider integers than numpy's own.
_COUNTING: Final = (
    ("bincount", 0, "x"),
    ("choose", 0, "a"),
    ("put", 1, "ind"),
    ("repeat", 1, "repeats"),
    ("take", 1, "indices"),
)


def accept_wide_integers() -> None:
    """Have numpy's functions take int64 for a count or an index where numpy itself counts in 32
    bits, as in a browser: what is right elsewhere is to be right there."""
    if np.intp(0).itemsize < np.int64(0).itemsize:
        for name, place, keyword in _COUNTING:
            setattr(np, name, _narrowing(getattr(np, name), place, keyword))


def _narrowing(function: Callable[..., Any], place: int, keyword: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        if len(given) > place:
            given = (*given[:place], _narrowed(given[place]), *given[place + 1 :])
        elif keyword in named:
            named[keyword] = _narrowed(named[keyword])
        return function(*given, **named)

    return call


def _narrowed(counts: Any) -> Any:
    is_wide = isinstance(counts, np.ndarray) and counts.dtype == np.int64
    return counts.astype(np.intp) if is_wide else counts


class _Known:
    """What was worked out when the site was made; the site is trusted as this package is."""

    def __init__(self, root: Path, exercise: Exercise) -> None:
        self._root = root
        self._exercise = exercise

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            with contextlib.suppress(Exception):  # of another numpy: it is worked out anew
                content = expected_path(self._root, name).read_bytes()
                found[name] = shipped.unpack(self._exercise, content)
        return found

    def put(self, entries: Mapping[str, object]) -> None:
        """Kept by the page itself."""


def expected_path(root: Path, name: str) -> Path:
    """Where it lies what the public tests of ``<assignment>.<exercise>`` expect."""
    return root / "expected" / f"{name}.pickle"


def _in_words(outcome: Outcome, files: Mapping[str, str]) -> str:
    """What went wrong, as Python says it; empty where nothing did."""
    if not isinstance(outcome, Raised):
        return ""
    info = outcome.exception
    lines = []
    for frame in info.frames:
        lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
        lines += [
            f"    {one.strip()}"
            for one in files.get(frame.file, "").split("\n")[frame.line - 1 : frame.line]
        ]
    message = f"{info.type_name}: {info.message}" if info.message else info.type_name
    return sanitize_lines("\n".join([*lines, message]) + "\n")


def _encoded(value: Struct) -> str:
    return msgspec.json.encode(value).decode()
