"""Moodle's grade import from CSV: who, and for each assignment a grade and a feedback column.

https://docs.moodle.org/en/Grade_import
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from autograder.exports.context import Context, each_student, report
from autograder.exports.summary import points
from autograder.exports.table_csv import table
from autograder.grades.model import Grade
from autograder.grades.view import keys

IDS = ("idnumber", "email", "username", "id")


def write(grades: Sequence[Grade], context: Context) -> bytes:
    """One identifying column suffices Moodle; all that the roster has are there, or the
    students' names as ``idnumber``. Who has no grade has no row."""
    assignments = sorted({assignment for _, assignment in keys(grades)})
    roster = context.roster_for(IDS)
    columns = ["idnumber"] if roster is None else roster.ids(IDS, "Moodle")
    header = list(columns)
    for title in context.columns(assignments):
        header += [title, f"{title} feedback"]

    def rows() -> Iterator[list[str]]:
        for student, of_student in each_student(grades):
            person: Mapping[str, str] = {"idnumber": student}
            if roster is not None:
                key = roster.key(student)
                if key is None:
                    continue  # the roster does not know who it is
                person = roster.rows[key]
            row = [person.get(column, "") for column in columns]
            for assignment in assignments:
                grade = of_student.get(assignment)
                row += ["", ""] if grade is None else [points(grade.total), report(grade)]
            yield row

    return table(chain([header], rows()))
