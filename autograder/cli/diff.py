"""``autograder diff``: two folders of grades compared."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.changes import change_lines, summary_line
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.exports.changes import write_changes
from autograder.grades.changes import compare
from autograder.grades.store import read_grades


@click.command("diff", help=say("help_diff"))
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help=say("option_diff_out"))
@course_option
@language_option
def command(
    old: Path, new: Path, out: Path | None, course: Path | None, language: str | None
) -> int:

    comparison = compare(read_grades(old), read_grades(new))
    for line in change_lines(comparison):
        click.echo(line)
    click.echo(summary_line(comparison))
    if out is not None:
        write_changes(out, comparison)
    return 0
