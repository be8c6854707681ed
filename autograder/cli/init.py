"""``autograder init``: a new course that grades."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.authoring.new_course import TEMPLATES, course_files, write_course
from autograder.cli.language import cli_language, say
from autograder.errors import UsageError


@click.command("init", help=say("help_init"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--lang", "languages", help=say("option_init_lang", default=cli_language()))
@click.option(
    "--template",
    type=click.Choice(TEMPLATES),
    default="empty",
    show_default=True,
    help=say("option_init_template"),
)
@click.option("--from", "source", type=click.Path(path_type=Path), help=say("option_init_from"))
def command(folder: Path, languages: str | None, template: str, source: Path | None) -> int:

    if source is not None and template == "empty":
        raise UsageError(say("init_from_what"))
    chosen = [one.strip() for one in (languages or cli_language()).split(",") if one.strip()]
    files = course_files(template, list(dict.fromkeys(chosen)) or [cli_language()], source)
    course = write_course(folder, files)
    exercises = sum(len(one.exercises) for one in course.assignments.values())
    names = ", ".join(course.assignments)
    click.echo(say("init_done", folder=folder, exercises=exercises, assignments=names))
    click.echo(say("init_next", folder=folder, assignment=next(iter(course.assignments))))
    return 0
