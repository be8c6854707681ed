"""Moodle's grade import from CSV: who, and for each assignment a grade and a feedback column.

https://docs.moodle.org/en/Grade_import
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.exports.context import Context, by_student, report
from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.model import Grade

IDS = ("idnumber", "email", "username", "id")


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """One identifying column suffices Moodle; all that the roster has are there, or the
    students' names as ``idnumber``. Who has no grade has no row."""
    graded = by_student(grades)
    assignments = sorted({grade.assignment for grade in grades})
    columns = ["idnumber"]
    people = {student: {"idnumber": student} for student in graded}
    roster = context.roster_for(IDS)
    if roster is not None:
        columns = roster.ids(IDS, "Moodle")
        people = {
            student: roster.rows[key]
            for student in graded
            if (key := roster.key(student)) is not None
        }
    header = list(columns)
    for title in context.columns(assignments):
        header += [title, f"{title} feedback"]
    rows = [header]
    for student, of_student in graded.items():
        if student not in people:
            continue  # the roster does not know who it is
        row = [people[student].get(column, "") for column in columns]
        for assignment in assignments:
            grade = of_student.get(assignment)
            row += ["", ""] if grade is None else [points(grade.total), report(grade)]
        rows.append(row)
    return table(rows)
