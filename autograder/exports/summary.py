"""``summary.csv``: a row a grade."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder.course.roster import Roster
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.grades.view import in_order, totals
from autograder.text.tables import from_spreadsheet as from_spreadsheet
from autograder.text.tables import spreadsheet_safe as spreadsheet_safe

COLUMNS = ("student", "assignment", "score", "max_score", "isolation")
LATE_COLUMNS = ("late_seconds", "penalty", "final_score")
"""There only where an assignment has a due date."""
ADJUSTED = "adjusted"
"""The points that count; there only where people decided about some."""


def write_summary(
    path: Path, grades: Iterable[Grade], encoding: str = "utf-8", roster: Roster | None = None
) -> None:
    """Write the summary of ``grades``, ordered by student and assignment.

    Whoever is on the ``roster`` and handed in nothing for one of the assignments has a row without
    a score.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    ordered = in_order(totals([*grades] if not isinstance(grades, Sequence) else grades))
    has_due_dates = any(grade.final_score is not None for grade in ordered)
    has_adjustments = any(grade.adjusted is not None for grade in ordered)
    header = COLUMNS + LATE_COLUMNS if has_due_dates else COLUMNS
    writer.writerow((*header, ADJUSTED) if has_adjustments else header)
    rows: list[tuple[str, str, list[str]]] = []
    for grade in ordered:
        cells = [
            spreadsheet_safe(grade.student),
            grade.assignment,
            points(grade.score),
            points(grade.max_score),
            grade.isolation,
            *(_lateness(grade) if has_due_dates else ()),
            *([points(grade.total)] if has_adjustments else ()),
        ]
        rows.append((grade.student, grade.assignment, cells))
    if roster is not None:
        rows += _absent(ordered, roster, len(rows[0][2]) if rows else len(COLUMNS))
        rows.sort(key=lambda row: row[:2])
    for _, _, cells in rows:
        writer.writerow(cells)
    write_atomically(path, buffer.getvalue().encode(encoding))


def _absent(
    grades: Sequence[Grade], roster: Roster, width: int
) -> Iterator[tuple[str, str, list[str]]]:
    for assignment in sorted({grade.assignment for grade in grades}):
        own = [grade for grade in grades if grade.assignment == assignment]
        highest = points(max(grade.max_score for grade in own))
        for student in roster.absent(grade.student for grade in own):
            cells = [spreadsheet_safe(student), assignment, "", highest]
            yield student, assignment, cells + [""] * (width - len(cells))


def _lateness(grade: Grade) -> tuple[str, str, str]:
    if grade.final_score is None:
        return "", "", points(grade.score)
    return str(grade.late_seconds), points(grade.penalty or 0.0), points(grade.final_score)


def points(value: float) -> str:
    """Points without a trailing ``.0``."""
    return f"{value:.10g}"
