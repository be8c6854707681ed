"""``changes.csv``: what another run, or another decision, made of a class's grades."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.changes import Comparison, GradeChange, Outcome
from autograder.grades.grade_file import write_atomically

COLUMNS = (
    *("student", "assignment", "exercise", "test"),
    *("points_before", "points_after", "status_before", "status_after"),
)


def write_changes(path: Path, comparison: Comparison, mark: bytes = b"") -> None:
    """Write the table; ``mark`` comes before it. Raises
    :class:`~autograder.errors.MachineError`."""
    write_atomically(path, mark + table(rows(comparison)))


def rows(comparison: Comparison) -> Iterator[list[str]]:
    """A row for each grade, with neither exercise nor test, and one for each of its tests that
    changed; of grades that are new or gone, the first kind alone."""
    yield list(COLUMNS)
    for change in (*comparison.changed, *comparison.added, *comparison.gone):
        yield _grade(change)
        for test in change.tests:
            yield [
                *(change.student, change.assignment, test.exercise, test.test),
                *(_points(test.before), _points(test.after)),
                *(_status(test.before), _status(test.after)),
            ]


def _grade(change: GradeChange) -> list[str]:
    before, after = change.before, change.after
    return [
        *(change.student, change.assignment, "", ""),
        "" if before is None else points(before.total),
        "" if after is None else points(after.total),
        *("", ""),
    ]


def _points(outcome: Outcome | None) -> str:
    return "" if outcome is None else points(outcome.points)


def _status(outcome: Outcome | None) -> str:
    return "" if outcome is None else outcome.status
