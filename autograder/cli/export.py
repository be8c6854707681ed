"""``autograder export``: grades in the formats of other systems."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from autograder.cli.exporting import select, write_export
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.cli.reading import find_loaded, in_readers_language, read_grade_files
from autograder.course.course import Course, HiddenFeedback, pick_language
from autograder.errors import UsageError
from autograder.exports.context import make_context
from autograder.exports.formats import FORMATS
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
    found = select(read_grade_files(grades), students, assignments, grades)
    loaded = find_loaded(course)
    if language is not None:
        _refuse_unknown(language, loaded)
        found = in_readers_language(found, language)
    context = make_context(
        loaded,
        language=language,
        feedback=feedback,
        titles=titles,
        roster=roster,
        folder=folder,
        whole=not students,
    )
    write_export(name, found, context, out=out, excel=excel)
    return 0


def _refuse_unknown(language: Language, course: Course | None) -> None:
    if course is not None:
        pick_language(language, course)
    elif language not in languages():
        known = ", ".join(languages())
        raise UsageError(said("error_no_language", language=language, known=known))
