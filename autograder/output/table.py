"""The table that ends a grading run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.grade import ExerciseGrade, Grade
from autograder.messages import harmless
from autograder.output.context import late_line
from autograder.output.summary import points

_MAX_NAME = 40
_MAX_REMARK = 150
_MAX_REMARKS = 2


def print_table(console: Console, grades: Sequence[Grade]) -> None:
    """One table an assignment, a row a student: points per exercise, total, what went wrong."""
    for assignment in sorted({grade.assignment for grade in grades}):
        rows = [grade for grade in grades if grade.assignment == assignment]
        console.print(_table(assignment, sorted(rows, key=lambda grade: grade.student)))


def _table(assignment: str, grades: Sequence[Grade]) -> Table:
    table = Table(title=assignment, title_justify="left", show_lines=False)
    table.add_column("student", no_wrap=True)
    for exercise in grades[0].exercises:
        table.add_column(exercise.name, justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what happened", overflow="fold", ratio=1)
    for grade in grades:
        scores = [_points(exercise.score, exercise.max_score) for exercise in grade.exercises]
        table.add_row(
            # Text, not str: names and messages must not be taken for markup.
            Text(harmless(grade.student, _MAX_NAME)),
            *scores,
            _points(grade.total, grade.max_score),
            Text(remark(grade)),
        )
    return table


def _points(score: float, maximum: float) -> Text:
    style = "green" if score >= maximum else "red" if score == 0 else "yellow"
    return Text(points(score), style=style)


def remark(grade: Grade) -> str:
    """What was taken off for being late, and what went wrong, once each: known mistakes by
    name, else the first message; files that are missing come last, where they do not hide what
    the others do."""
    remarks: dict[str, None] = {}
    for exercise in sorted(grade.exercises, key=_is_missing):
        for found in _remarks(exercise):
            remarks[found] = None
    if grade.penalty:
        remarks = {late_line(grade).rstrip("."): None, **remarks}
    shown = list(remarks)[:_MAX_REMARKS]
    return "; ".join(shown) + ("; …" if len(remarks) > _MAX_REMARKS else "") or "✓"


def _is_missing(exercise: ExerciseGrade) -> bool:
    return any(test.status == "missing" for test in exercise.tests)


def _remarks(exercise: ExerciseGrade) -> list[str]:
    lost = [test for test in exercise.tests if test.status != "passed"]
    mistakes = list(dict.fromkeys(test.mistake for test in lost if test.mistake is not None))
    if mistakes:
        return mistakes
    return [harmless(lost[0].message, _MAX_REMARK).rstrip(".")] if lost else []
