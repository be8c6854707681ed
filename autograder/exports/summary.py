"""``summary.csv``: a row a grade."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade

COLUMNS = ("student", "assignment", "score", "max_score", "isolation")
LATE_COLUMNS = ("late_seconds", "penalty", "final_score")
"""There only where an assignment has a due date."""

# What makes a spreadsheet take a cell for a formula; some look behind a line break, or take
# full-width signs for plain ones.
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")


def write_summary(path: Path, grades: Iterable[Grade], encoding: str = "utf-8") -> None:
    """Write the summary of ``grades``, ordered by student and assignment."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    ordered = sorted(grades, key=lambda grade: (grade.student, grade.assignment))
    has_due_dates = any(grade.final_score is not None for grade in ordered)
    writer.writerow(COLUMNS + LATE_COLUMNS if has_due_dates else COLUMNS)
    for grade in ordered:
        writer.writerow(
            [
                spreadsheet_safe(grade.student),
                grade.assignment,
                points(grade.score),
                points(grade.max_score),
                grade.isolation,
                *(_lateness(grade) if has_due_dates else ()),
            ]
        )
    write_atomically(path, buffer.getvalue().encode(encoding))


def _lateness(grade: Grade) -> tuple[str, str, str]:
    if grade.final_score is None:
        return "", "", points(grade.score)
    return str(grade.late_seconds), points(grade.penalty or 0.0), points(grade.final_score)


def points(value: float) -> str:
    """Points without a trailing ``.0``."""
    return f"{value:.10g}"


def spreadsheet_safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: those get an apostrophe in front."""
    return f"'{cell}" if cell.startswith(_TRIGGERS) else cell


def from_spreadsheet(cell: str) -> str:
    """What :func:`spreadsheet_safe` was given: the apostrophe in front is taken away."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_TRIGGERS) else cell
