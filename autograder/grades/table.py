"""Grades as a tidy table: a row for each student and test."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, overload

from msgspec import UNSET, Struct
from msgspec.structs import asdict

from autograder.course.exercise import Visibility
from autograder.errors import UsageError
from autograder.grades.model import Grade, Status
from autograder.grades.store import read_grades


class GradeRow(Struct, frozen=True):
    """A test of a grade. ``points`` are those that count, ``score`` those that were computed;
    ``total``, ``total_max_score`` and ``late_seconds`` are of the whole grade, and the same in each
    of its rows."""

    student: str
    assignment: str
    exercise: str
    test: str
    visibility: Visibility
    score: float
    points: float
    max_score: float
    status: Status
    mistake: str | None
    computed: str | None
    message: str
    hint: str | None
    total: float
    total_max_score: float
    late_seconds: int | None


@overload
def load_grades(path: str | Path, *, as_frame: Literal[False] = False) -> list[GradeRow]: ...
@overload
def load_grades(path: str | Path, *, as_frame: Literal[True]) -> Any: ...
def load_grades(path: str | Path, *, as_frame: bool = False) -> Any:
    """The grades in a folder that ``autograder grade`` wrote, or in one file, as a row for each
    student and test, ordered by student and assignment; ``as_frame`` gives a pandas ``DataFrame``
    with the same columns.

    Raises :class:`~autograder.errors.UsageError` where there are none or one cannot be understood,
    and where a frame is asked for without pandas.
    """
    rows = [row for grade in read_grades(Path(path)) for row in rows_of(grade)]
    if not as_frame:
        return rows
    try:
        import pandas
    except ImportError:
        raise UsageError("a frame needs pandas; install it, or leave out as_frame") from None
    return pandas.DataFrame([asdict(row) for row in rows], columns=GradeRow.__struct_fields__)


def rows_of(grade: Grade) -> list[GradeRow]:
    """A row for each test of the grade."""
    return [
        GradeRow(
            student=grade.student,
            assignment=grade.assignment,
            exercise=exercise.name,
            test=test.name,
            visibility=test.visibility,
            score=test.score,
            points=test.total,
            max_score=test.max_score,
            status=test.status,
            mistake=test.mistake,
            computed=None if test.computed is UNSET else test.computed,
            message=test.message,
            hint=test.hint,
            total=grade.total,
            total_max_score=grade.max_score,
            late_seconds=grade.late_seconds,
        )
        for exercise in grade.exercises
        for test in exercise.tests
    ]
