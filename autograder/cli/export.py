"""``autograder export``: grades in the formats of other systems."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click
from msgspec.structs import replace

from autograder.cli.exporting import select, write_export
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option
from autograder.course.course import Course, HiddenFeedback, pick_language
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.exports.context import make_context
from autograder.exports.formats import FORMATS
from autograder.grades.grade_file import read_folder, read_grades
from autograder.grades.model import Grade
from autograder.text.catalogue import languages
from autograder.text.language import Language
from autograder.text.said import said


@click.command("export", help=say("help_export"))
@click.argument("grades", type=click.Path(path_type=Path))
@click.option(
    "--to", "name", type=click.Choice(list(FORMATS)), required=True, help=say("option_export_to")
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=say("option_export_out"),
)
@click.option("--assignment", "assignments", multiple=True, help=say("option_only_this"))
@click.option("--student", "students", multiple=True, help=say("option_only_this"))
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help=say("option_export_roster"),
)
@click.option(
    "--title",
    "titles",
    multiple=True,
    metavar="ASSIGNMENT=TITLE",
    help=say("option_export_title"),
)
@click.option(
    "--feedback",
    type=click.Choice(get_args(HiddenFeedback)),
    help=say("option_export_feedback"),
)
@click.option(
    "--folder",
    help=say("option_export_folder"),
)
@click.option("--excel", is_flag=True, help=say("option_excel"))
@course_option
@language_option
def command(
    grades: Path,
    name: str,
    out: Path | None,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    roster: Path | None,
    titles: tuple[str, ...],
    feedback: HiddenFeedback | None,
    folder: str | None,
    excel: bool,
    course: Path | None,
    language: str | None,
) -> int:

    if roster is not None and name not in ("canvas", "moodle"):
        raise UsageError(said("error_no_ids", format=name))
    found = select(_read(grades), students, assignments, grades)
    loaded = _course(course)
    if language is not None:
        _refuse_unknown(language, loaded)
        found = _in_language(language, found)
    context = make_context(
        loaded, language=language, feedback=feedback, titles=titles, roster=roster, folder=folder
    )
    write_export(name, found, context, out=out, excel=excel)
    return 0


def _read(path: Path) -> list[Grade]:
    """The grades in a folder, or in one file. A file that is no grade any more is named, and costs
    nobody else the export."""
    if not path.is_dir():
        return read_grades(path)
    found = read_folder(path)
    if not found.grades:
        return read_grades(path)  # which says what is wrong
    for file in found.damaged:
        click.echo(say("grade_damaged", file=file), err=True)
    return list(found.grades)


def _course(given: Path | None) -> Course | None:
    """The course, or None where none is named and none is around."""
    try:
        root = find_course(given)
    except UsageError:
        if given is not None:
            raise
        return None
    return load_course(root)


def _refuse_unknown(language: Language, course: Course | None) -> None:
    if course is not None:
        pick_language(language, course)
    elif language not in languages():
        known = ", ".join(languages())
        raise UsageError(said("error_no_language", language=language, known=known))


def _in_language(language: Language, grades: list[Grade]) -> list[Grade]:
    """The grades with headings in the language. Where they were graded in another one, a line
    says what stays in it."""
    others = [grade.language for grade in grades if grade.language != language]
    if others:
        click.echo(
            f"--lang {language}: what is said about tests stays in {', '.join(sorted({*others}))} "
            f"in {len(others)} of {len(grades)} grades; 'autograder grade --lang {language}' "
            "writes it anew",
            err=True,
        )
    return [replace(grade, language=language) for grade in grades]
