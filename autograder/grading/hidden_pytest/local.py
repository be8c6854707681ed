"""Hidden test files under plain `pytest`, while their author writes them: the solution in place
of a student, in a process of its own, without a fork and without points."""

from __future__ import annotations

from pathlib import Path

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.course.loading.pytest_files import owner_of
from autograder.errors import UsageError
from autograder.grading.hidden_pytest.messages import (
    Answered,
    Ask,
    FromFork,
    FromGrader,
    Lost,
    plain,
)
from autograder.grading.hidden_pytest.student import Link, Student
from autograder.grading.observation import failure_of
from autograder.sandbox.protocol import Returned
from autograder.sandbox.session import Session
from autograder.truth.reference import solution_source


def exercise_of(path: Path) -> tuple[Course, Exercise]:
    """The course and exercise that a hidden test file is about. Raises :class:`UsageError`
    where it is about none, and :class:`~autograder.errors.CourseError`."""
    folder = path.parent
    root = folder.parent.parent.parent
    if folder.parent != root / "tests" / "hidden" or not (root / "config.yaml").is_file():
        raise UsageError(
            f"{path}: the fixture 'student' is for tests/hidden/<assignment>/test_<exercise>.py "
            "of a course"
        )
    course = load_course(root, only=(folder.name,))
    if folder.name not in course.assignments:
        raise UsageError(f"{path}: config.yaml does not list the assignment '{folder.name}'")
    exercises = {one.name: one for one in course.assignments[folder.name].exercises}
    name = owner_of(path.stem, exercises)
    if name is None:
        raise UsageError(f"{path}: belongs to no exercise; there are {', '.join(exercises)}")
    return course, exercises[name]


def solution_in(session: Session, exercise: Exercise) -> Student:
    """The solution as a test holds a student's code."""
    source = solution_source(exercise)
    if source is None:
        raise UsageError(f"{exercise.name}: there is no solution to run the test on")
    session.start_clock()
    failure = failure_of(session.load(exercise.name, {f"{exercise.name}.py": source}))
    if failure is not None:
        raise UsageError(f"{exercise.name}: the solution cannot be loaded ({failure.kind})")

    def exchange(message: FromFork) -> FromGrader:
        assert isinstance(message, Ask)
        session.start_clock()
        if message.arguments is None:
            outcome = session.read(message.target, keep=message.keep)
        else:
            outcome = session.call(message.target, message.arguments, keep=message.keep)
        failure = failure_of(outcome)
        if failure is not None:
            return Lost(failure)
        assert isinstance(outcome, Returned)
        return Answered(plain(outcome.value))

    return Student(Link(exchange, functions_travel=True))
