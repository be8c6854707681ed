"""Canvas' gradebook import: students, then a column an assignment.

https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.exports.context import Context, by_student
from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.model import Grade

# As Canvas writes it: four spaces.
POINTS_POSSIBLE = "    Points Possible"
IDS = ("ID", "SIS User ID", "SIS Login ID")
COLUMNS = ("Student", *IDS, "Section")


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """The roster's students with its IDs, or the students' names as SIS Login ID. Who is on
    the roster and has no grade gets empty cells, which Canvas leaves as they are."""
    graded = by_student(grades)
    assignments = sorted({grade.assignment for grade in grades})
    highest = {
        assignment: points(max(one.max_score for one in grades if one.assignment == assignment))
        for assignment in assignments
    }
    people = {student: {"SIS Login ID": student} for student in graded}
    if context.roster is not None:
        context.roster.require(graded, IDS, "Canvas")
        people = context.roster.rows
    rows = [
        [*COLUMNS, *context.columns(assignments)],
        [POINTS_POSSIBLE, "", "", "", "", *(highest[assignment] for assignment in assignments)],
    ]
    for student, person in people.items():
        scores = (graded.get(student, {}).get(assignment) for assignment in assignments)
        rows.append(
            [
                person.get("Student") or student,
                *(person.get(column, "") for column in COLUMNS[1:]),
                *("" if grade is None else points(grade.total) for grade in scores),
            ]
        )
    return table(rows)
