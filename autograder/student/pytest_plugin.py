"""Exercises under plain `pytest`, in a student's bundle or in a course.

Every `assignments/<assignment>/<exercise>.yaml` of a folder with a course's `config.yaml` is
collected, and each of its public tests is an item with the verdict and the message of
`autograder check`. Hidden test files of a course get their fixtures, with the solution in place
of a student. Turn it off with `-p no:autograder`.

pytest loads this module in every run of an environment that has this package, in projects that
have nothing to do with it too. So it imports nothing of ours, nor numpy, until such a file is
there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograder.course.course import Course
    from autograder.course.exercise import Test
    from autograder.sandbox.host import Sandbox
    from autograder.student.checking import CheckedExercise, CheckedTest
    from autograder.student.discovery import Work

_IS_COURSE = re.compile(rb"^assignments[ \t]*:", re.MULTILINE)
_IS_EXERCISE = re.compile(rb"^(?:function|class)[ \t]*:", re.MULTILINE)
_MAX_BYTES = 1 << 20

_WIDTH = 80

_sandboxes = pytest.StashKey[dict[Path, "Sandbox"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder", "exercises in backpropagation")
    group.addoption(
        "--autograder-lang",
        metavar="LANG",
        default=None,
        help="language of messages about exercises; the course's own by default",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "points(n): what a hidden test for `autograder grade` is worth"
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    for sandbox in config.stash.get(_sandboxes, {}).values():
        sandbox.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ExerciseFile | None:
    """The file as a collector of public tests, where it is an exercise of a course."""
    if file_path.suffix == ".yaml" and _is_exercise(file_path):
        return ExerciseFile.from_parent(parent, path=file_path)
    return None


def _is_exercise(path: Path) -> bool:
    """Whether the file is where a course has its exercises, and looks like one; cheaply."""
    folder = path.parent.parent
    config = folder.parent / "config.yaml"
    return (
        folder.name == "assignments"
        and config.is_file()
        and _IS_COURSE.search(_start_of(config)) is not None
        and _IS_EXERCISE.search(_start_of(path)) is not None
    )


def _start_of(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return b""


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Any]:
    """In a course's `tests/hidden/**/test_*.py`: the solution, as `autograder grade` gives a
    student's code to the test."""
    from autograder.errors import AutograderError
    from autograder.grading.hidden_pytest.local import exercise_of, solution_in

    try:
        course, exercise = exercise_of(request.path)
        with _sandbox(request.config, course).session() as session:
            yield solution_in(session, exercise)
    except AutograderError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def hint() -> Callable[..., str]:
    """`assert ..., hint(en="...", ko="...")`: what a student is told where the test fails."""
    return lambda message="", **by_language: next(iter(by_language.values()), message)


def _sandbox(config: pytest.Config, course: Course) -> Sandbox:
    """One warm process for each course, for the whole run."""
    sandboxes = config.stash.setdefault(_sandboxes, {})
    if course.root not in sandboxes:
        from autograder.sandbox.host import Sandbox

        sandboxes[course.root] = Sandbox("process", course.limits)
    return sandboxes[course.root]


class ExerciseFile(pytest.File):
    """One exercise: its public tests, run together when the first of them is run."""

    _work: Work | None = None
    _checked: CheckedExercise | None = None

    def collect(self) -> Iterator[PublicTest]:
        from autograder.errors import AutograderError, UsageError

        try:
            work = self.work()
        except UsageError:  # `config.yaml` does not list it: a draft stops nobody
            return
        except AutograderError as error:
            raise self.CollectError(str(error)) from None
        for test in work.exercise.tests:
            if test.visibility == "public":
                yield PublicTest.from_parent(self, name=test.name, test=test)

    def work(self) -> Work:
        """The exercise and where the student's files are. Raises
        :class:`~autograder.errors.AutograderError`."""
        if self._work is None:
            from autograder.student.discovery import find_exercises

            (self._work,) = find_exercises([self.path])
        return self._work

    def checked(self) -> CheckedExercise:
        """What the check of the student's file has found."""
        if self._checked is None:
            from autograder.student.checking import check_exercise
            from autograder.submissions.submission import read_submission

            work = self.work()
            self._checked = check_exercise(
                work.course,
                work.exercise,
                read_submission(work.ref),
                _sandbox(self.config, work.course),
                self.language(work),
            )
        return self._checked

    def language(self, work: Work) -> str:
        chosen = self.config.getoption("--autograder-lang")
        languages = work.course.languages
        return chosen if chosen in languages else work.course.language


class PublicTest(pytest.Item):
    """A public test of an exercise, named as in the YAML."""

    parent: ExerciseFile

    def __init__(self, *, test: Test, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._test = test

    def runtest(self) -> None:
        checked = self.parent.checked()
        (found,) = (one for one in checked.tests if one.grade.name == self.name)
        if checked.output.strip():
            self.add_report_section("call", "stdout", checked.output)
        if not found.passed:
            raise NotPassed(found, checked)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from autograder.errors import AutograderError
        from autograder.student.check_text import failure_text

        error = excinfo.value
        if isinstance(error, NotPassed):
            if error.checked.untouched:
                return error.test.grade.message
            language = self.parent.language(self.parent.work())
            return failure_text(error.test, error.checked, language, width=_WIDTH)
        if isinstance(error, AutograderError):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        exercise = self.parent.work().exercise
        origin = exercise.origins.get(f"tests.{self.name}")
        line = None if origin is None else origin.line - 1
        return self.path, line, f"{exercise.assignment}/{exercise.name}: {self.name}"


class NotPassed(Exception):
    """The student's code fails a public test."""

    def __init__(self, test: CheckedTest, checked: CheckedExercise) -> None:
        super().__init__(test.grade.message)
        self.test = test
        self.checked = checked
