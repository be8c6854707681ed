"""``summary.csv``: a row a grade."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from autograder.grade import Grade
from autograder.output.grade_file import write_atomically

COLUMNS = ("student", "assignment", "score", "max_score", "isolation")


def write_summary(path: Path, grades: Iterable[Grade]) -> None:
    """Write the summary of ``grades``, ordered by student and assignment."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for grade in sorted(grades, key=lambda grade: (grade.student, grade.assignment)):
        writer.writerow(
            [
                spreadsheet_safe(grade.student),
                grade.assignment,
                points(grade.score),
                points(grade.max_score),
                grade.isolation,
            ]
        )
    write_atomically(path, buffer.getvalue().encode())


def points(value: float) -> str:
    """Points without a trailing ``.0``."""
    return f"{value:.10g}"


def spreadsheet_safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: those get an apostrophe in front."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else cell
