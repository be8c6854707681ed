"""Canvas' gradebook import: students, then a column an assignment.

https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.exports.context import Context, by_student
from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.model import Grade
from autograder.grades.view import totals

# As Canvas writes it: four spaces.
POINTS_POSSIBLE = "    Points Possible"
IDS = ("ID", "SIS User ID", "SIS Login ID")
COLUMNS = ("Student", *IDS, "Section")


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """The roster's students with its IDs; without one, the students' names as SIS Login ID, or as
    ID where the submissions came from Canvas, which calls students by it. Who is on the roster
    and has no grade gets empty cells, which Canvas leaves as they are."""
    grades = totals(grades)
    graded = by_student(grades)
    assignments = sorted({grade.assignment for grade in grades})
    highest = {
        assignment: points(
            max(of[assignment].max_score for of in graded.values() if assignment in of)
        )
        for assignment in assignments
    }
    from_canvas = {grade.student for grade in grades if grade.student_is == "canvas_id"}
    people = {
        student: {"ID" if student in from_canvas else "SIS Login ID": student} for student in graded
    }
    scored = graded
    roster = context.roster_for(IDS)
    if roster is not None:
        roster.ids(IDS, "Canvas")
        people = roster.rows
        scored = {key: graded[s] for s in graded if (key := roster.key(s)) is not None}
    rows = [
        [*COLUMNS, *context.columns(assignments)],
        [POINTS_POSSIBLE, "", "", "", "", *(highest[assignment] for assignment in assignments)],
    ]
    for student, person in people.items():
        scores = (scored.get(student, {}).get(assignment) for assignment in assignments)
        rows.append(
            [
                person.get("Student") or person.get("name") or student,
                *(person.get(column, "") for column in COLUMNS[1:]),
                *("" if grade is None else points(grade.total) for grade in scores),
            ]
        )
    return table(rows)
