"""The formats that grades can be exported to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from autograder.exports import (
    canvas,
    classroom,
    github,
    gradescope,
    junit,
    markdown,
    moodle,
    table_csv,
)
from autograder.exports.context import Context
from autograder.grades.feedback import visible
from autograder.grades.model import Grade


class ClassFormat(Struct, frozen=True):
    """One file for all grades."""

    file_name: str
    for_students: bool
    """Whether students get to see it, so that it may not tell what hidden tests check."""
    write: Callable[[Sequence[Grade], Context], bytes]


class GradeFormat(Struct, frozen=True):
    """A file a grade, for systems that ask for one student's result."""

    file_name: str
    for_students: bool
    write: Callable[[Grade, Context], bytes]


FORMATS: Final[Mapping[str, ClassFormat | GradeFormat]] = {
    "csv": ClassFormat("grades.csv", False, table_csv.write),
    "junit": ClassFormat("junit.xml", True, junit.write),
    "gradescope": GradeFormat("results.json", True, gradescope.write),
    "github": ClassFormat("annotations.txt", True, github.write),
    "classroom": GradeFormat("classroom.txt", True, classroom.write),
    "canvas": ClassFormat("canvas.csv", False, canvas.write),
    "moodle": ClassFormat("moodle.csv", True, moodle.write),
    "markdown": ClassFormat("grades.md", True, markdown.write),
}


def for_format(name: str, grades: Sequence[Grade], context: Context) -> list[Grade]:
    """The grades as the readers of a format may see them, ordered by student and assignment."""
    ordered = sorted(grades, key=lambda grade: (grade.student, grade.assignment))
    if not FORMATS[name].for_students:
        return ordered
    return [
        visible(grade, context.feedback, after_due=grade.assignment in context.past_due)
        for grade in ordered
    ]


def export(name: str, grades: Sequence[Grade], context: Context) -> bytes:
    """The grades in a format; a :class:`GradeFormat` takes exactly one."""
    readable = for_format(name, grades, context)
    chosen = FORMATS[name]
    if isinstance(chosen, ClassFormat):
        return chosen.write(readable, context)
    (grade,) = readable
    return chosen.write(grade, context)
