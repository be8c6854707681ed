"""``autograder schema``: the JSON Schema of a course's files, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.language import say
from autograder.cli.options import course_option, find_course
from autograder.course.declaration import FILES
from autograder.course.schema import schema_file, schema_files
from autograder.errors import UsageError
from autograder.grades.grade_file import write_atomically


@click.command("schema", help=say("help_schema"))
@click.argument("file", type=click.Choice(list(FILES)), required=False)
@click.option("--write", is_flag=True, help=say("option_schema_write"))
@course_option
def command(file: str | None, write: bool, course: Path | None) -> int:

    if write == (file is not None):
        raise UsageError(say("schema_one_of", known=", ".join(FILES)))
    if file is not None:
        click.echo(schema_file(file), nl=False)
        return 0
    root = find_course(course)
    files = schema_files(root)
    for name, content in files.items():
        write_atomically(root / name, content)
        click.echo(say("schema_written", file=name))
    if not files:
        click.echo(say("schema_current"))
    return 0
