"""The formats that grades can be exported to, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from autograder.course.course import Course, HiddenFeedback
from autograder.errors import UsageError
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
from autograder.exports.context import Context, make_context
from autograder.grades.feedback import visible
from autograder.grades.model import Grade
from autograder.grades.view import changed, in_order
from autograder.submissions.submission import storable
from autograder.text.language import Language
from autograder.text.said import said


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


def for_format(name: str, grades: Sequence[Grade], context: Context) -> Sequence[Grade]:
    """The grades as the readers of a format may see them, ordered by student and assignment."""
    ordered = in_order(grades)
    if not FORMATS[name].for_students:
        return ordered
    return changed(
        ordered,
        lambda grade: visible(
            grade, context.feedback, after_due=grade.assignment in context.past_due
        ),
    )


def export_bytes(name: str, grades: Sequence[Grade], context: Context) -> bytes:
    """The grades in a format; a :class:`GradeFormat` takes exactly one."""
    readable = for_format(name, grades, context)
    chosen = FORMATS[name]
    if isinstance(chosen, ClassFormat):
        return chosen.write(readable, context)
    (grade,) = readable
    return chosen.write(grade, context)


def export_files(name: str, grades: Sequence[Grade], context: Context) -> dict[str, bytes]:
    """The grades in a format, as the content of each file by its name. Of a format with a file
    a grade, the names are ``<student>/<assignment>/<file>``, unless there is one grade only."""
    chosen = FORMATS[name]
    if isinstance(chosen, ClassFormat) or len(grades) == 1:
        return {chosen.file_name: export_bytes(name, grades, context)}
    return {
        f"{storable(grade.student)}/{grade.assignment}/{chosen.file_name}": export_bytes(
            name, [grade], context
        )
        for grade in grades
    }


def export(
    grades: Iterable[Grade],
    format: str,
    *,
    course: Course | None = None,
    lang: Language | None = None,
    feedback: HiddenFeedback | None = None,
    roster: Path | None = None,
) -> dict[str, bytes]:
    """Grades in the format of another system, as the content of each file by its name.

    ``format`` is one of :data:`FORMATS`: ``csv``, ``junit``, ``gradescope``, ``github``,
    ``classroom``, ``canvas``, ``moodle`` or ``markdown``. ``course`` gives titles, due dates and
    the policy for feedback; ``feedback`` overrides that, and ``lang`` is the language of titles.
    ``roster`` is a CSV file with the columns that Canvas and Moodle ask for. Raises
    :class:`~autograder.errors.UsageError` for an unknown format and for a roster that does not
    fit.

    >>> list(export([], "csv"))
    ['grades.csv']
    """
    if format not in FORMATS:
        raise UsageError(said("error_no_format", format=format, known=", ".join(FORMATS)))
    context = make_context(course, language=lang, feedback=feedback, roster=roster)
    return export_files(format, list(grades), context)
