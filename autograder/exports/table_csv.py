"""``grades.csv``: a row a student, a column a test, and totals. For instructors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain

from autograder.exports.context import Context, each_student, shown
from autograder.exports.summary import points, spreadsheet_safe
from autograder.grades.model import Grade


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """Columns ``assignment/exercise/test``, then of each assignment ``score`` and ``max_score``,
    with due dates ``final_score`` and, where people decided about points, ``adjusted``; then
    ``score`` and ``max_score`` of all. Tests have the points that count. Whoever handed in nothing
    has empty cells."""
    tests: dict[tuple[str, str, str], None] = {}
    assignments: list[str] = []
    due: set[str] = set()
    adjusted: set[str] = set()
    for grade in grades:
        tests |= dict.fromkeys(
            (grade.assignment, exercise.name, test.name)
            for exercise in grade.exercises
            for test in exercise.tests
        )
        if grade.assignment not in assignments:
            assignments.append(grade.assignment)
        due |= set() if grade.final_score is None else {grade.assignment}
        adjusted |= set() if grade.adjusted is None else {grade.assignment}
    assignments.sort()
    header = ["student", *("/".join(test) for test in tests)]
    for assignment in assignments:
        kinds = ["score", "max_score"]
        kinds += ["final_score"] if assignment in due else []
        kinds += ["adjusted"] if assignment in adjusted else []
        header += [f"{assignment}/{kind}" for kind in kinds]

    def graded_rows() -> Iterator[list[str]]:
        for student, graded in each_student(grades):
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
            highest = sum(grade.max_score for grade in graded.values())
            yield [*row, points(total), points(highest)]

    absent = sorted([one, *[""] * (len(header) + 1)] for one in context.absent(grades))
    rows = merge(graded_rows(), absent, key=lambda row: row[0])
    return table(chain([[*header, "score", "max_score"]], rows))


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
