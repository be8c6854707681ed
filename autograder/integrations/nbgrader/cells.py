"""The grade cells of an exercise's notebook: one a test, as far as students may tell them apart."""

from __future__ import annotations

import math
import re
from hashlib import blake2b

from msgspec import Struct

from autograder.course.course import HiddenFeedback
from autograder.course.exercise import Exercise, Test
from autograder.grades.model import ExerciseGrade, TestGrade
from autograder.text.language import Language
from autograder.text.messages import pick, text

STATEMENT = "statement"
ANSWER = "answer"
HIDDEN = "hidden-tests"

# nbgrader's own pattern of a grade_id, the other way round.
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = (STATEMENT, ANSWER, HIDDEN)


class GradeCell(Struct, frozen=True):
    grade_id: str
    title: str
    points: float


def grade_cells(
    exercise: Exercise, policy: HiddenFeedback, language: Language
) -> tuple[GradeCell, ...]:
    """The cells, in the order of the tests that :func:`autograder.grades.feedback.visible` leaves.

    Where students see nothing of hidden tests, these share one cell at the end: a cell each
    would tell their number, names and points.
    """
    shown = [test for test in exercise.tests if policy != "none" or test.visibility == "public"]
    cells = [
        GradeCell(grade_id(test.name), _title(test, language), _points(test)) for test in shown
    ]
    hidden = [test for test in exercise.tests if test not in shown]
    if hidden:
        title = text("hidden_tests", language)
        cells.append(GradeCell(HIDDEN, title, math.fsum(map(_points, hidden))))
    return tuple(cells)


def grade_id(test: str) -> str:
    """A test's name as nbgrader takes it: another one for every name, the same if it fits."""
    fitting = _UNFIT.sub("-", test).strip("-")
    if fitting == test and test not in _RESERVED:
        return test
    tag = blake2b(test.encode(), digest_size=4).hexdigest()
    return f"{fitting[:60] or 'test'}-{tag}"


def test_of_cell(cell: GradeCell, grade: ExerciseGrade) -> TestGrade | None:
    """What became of the test of a cell, in a grade as the student may see it."""
    for test in grade.tests:
        if cell.grade_id == HIDDEN and test.visibility == "hidden":
            return test
        if cell.grade_id == grade_id(test.name):
            return test
    return None


def _title(test: Test, language: Language) -> str:
    # What a hidden test is called in words may say what it tries.
    title = pick(test.title, language) if test.visibility == "public" else ""
    return f"{test.name}: {title}" if title else test.name


def _points(test: Test) -> float:
    return math.fsum(part.points for part in test.parts)
