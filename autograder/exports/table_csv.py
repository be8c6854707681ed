"""``grades.csv``: a row a student, a column a test, and totals. For instructors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from autograder.exports.context import Context, by_student, shown
from autograder.exports.summary import points, spreadsheet_safe
from autograder.grades.model import Grade


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """Columns ``assignment/exercise/test``, then of each assignment ``score`` and ``max_score``,
    with due dates ``final_score`` and, where people decided about points, ``adjusted``; then
    ``score`` and ``max_score`` of all. Tests have the points that count. Whoever handed in nothing
    has empty cells."""
    tests = {
        (grade.assignment, exercise.name, test.name): None
        for grade in grades
        for exercise in grade.exercises
        for test in exercise.tests
    }
    assignments = sorted({grade.assignment for grade in grades})
    due = {grade.assignment for grade in grades if grade.final_score is not None}
    adjusted = {grade.assignment for grade in grades if grade.adjusted is not None}
    header = ["student", *("/".join(test) for test in tests)]
    for assignment in assignments:
        kinds = ["score", "max_score"]
        kinds += ["final_score"] if assignment in due else []
        kinds += ["adjusted"] if assignment in adjusted else []
        header += [f"{assignment}/{kind}" for kind in kinds]
    rows = [[*header, "score", "max_score"]]
    for student, graded in by_student(grades).items():
        reached = {
            (grade.assignment, exercise.name, test.name): points(test.total)
            for grade in graded.values()
            for exercise in grade.exercises
            for test in exercise.tests
        }
        row = [student, *(reached.get(test, "") for test in tests)]
        for assignment in assignments:
            row += _totals(graded.get(assignment), assignment in due, assignment in adjusted)
        total = sum(grade.total for grade in graded.values())
        rows.append(
            [*row, points(total), points(sum(grade.max_score for grade in graded.values()))]
        )
    rows += [[one, *[""] * (len(header) + 1)] for one in context.absent(grades)]
    return table([rows[0], *sorted(rows[1:], key=lambda row: row[0])])


def _totals(grade: Grade | None, due: bool, adjusted: bool) -> list[str]:
    if grade is None:
        return [""] * (2 + due + adjusted)
    final = grade.score if grade.final_score is None else grade.final_score
    return [
        points(grade.score),
        points(grade.max_score),
        *([points(final)] if due else []),
        *([points(grade.total)] if adjusted else []),
    ]


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8. Every cell is in quotes, so that a spreadsheet that separates by
    semicolons does not find the beginning of a cell within another; no cell is a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow([spreadsheet_safe(shown(cell)) for cell in row])
    return buffer.getvalue().encode()
