"""``summary.csv``: a row a grade."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.text.tables import from_spreadsheet as from_spreadsheet
from autograder.text.tables import spreadsheet_safe as spreadsheet_safe

COLUMNS = ("student", "assignment", "score", "max_score", "isolation")
LATE_COLUMNS = ("late_seconds", "penalty", "final_score")
"""There only where an assignment has a due date."""
ADJUSTED = "adjusted"
"""The points that count; there only where people decided about some."""


def write_summary(path: Path, grades: Iterable[Grade], encoding: str = "utf-8") -> None:
    """Write the summary of ``grades``, ordered by student and assignment."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    ordered = sorted(grades, key=lambda grade: (grade.student, grade.assignment))
    has_due_dates = any(grade.final_score is not None for grade in ordered)
    has_adjustments = any(grade.adjusted is not None for grade in ordered)
    header = COLUMNS + LATE_COLUMNS if has_due_dates else COLUMNS
    writer.writerow((*header, ADJUSTED) if has_adjustments else header)
    for grade in ordered:
        writer.writerow(
            [
                spreadsheet_safe(grade.student),
                grade.assignment,
                points(grade.score),
                points(grade.max_score),
                grade.isolation,
                *(_lateness(grade) if has_due_dates else ()),
                *([points(grade.total)] if has_adjustments else ()),
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
