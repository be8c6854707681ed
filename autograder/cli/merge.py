"""``autograder merge``: shards put together as one database of grades."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.batch.folder import FILES, SUMMARY, GradeOptions
from autograder.batch.merging import Merged, merge, numbers
from autograder.cli import EXIT_FAILED
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.cli.reading import find_loaded
from autograder.course.adjustments import FILE as ADJUSTMENTS
from autograder.course.adjustments import Adjustment
from autograder.course.course import Course
from autograder.course.loading.adjustments import load_adjustments
from autograder.course.roster import course_roster
from autograder.errors import UsageError
from autograder.exports.files import write_files
from autograder.exports.summary import write_summary
from autograder.grades.store import DATABASE, read_folder
from autograder.text.said import said


@click.command("merge", help=say("help_merge"))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help=say("option_merge_quiet"))
@click.option(
    "--adjustments", type=click.Path(path_type=Path), help=say("option_grade_adjustments")
)
@course_option
@language_option
def command(
    out: Path, quiet: bool, adjustments: Path | None, course: Path | None, language: str | None
) -> int:

    if not out.is_dir():
        raise UsageError(said("error_no_folder", option="OUT", path=out))
    return _merged(out, find_loaded(course), adjustments, quiet=quiet)


def put_together(options: GradeOptions, course: Course, *, quiet: bool) -> int:
    """Merge what was just graded, of all of a class, and return the exit code."""
    return _merged(options.out, course, options.adjustments, quiet=quiet)


def _merged(out: Path, loaded: Course | None, adjustments: Path | None, *, quiet: bool) -> int:
    if adjustments is not None and loaded is None:
        raise UsageError(said("error_merge_adjustments"))
    decided = None if loaded is None else _decided(loaded, adjustments)
    late = None if loaded is None else loaded.late
    merged = merge(out, late=late, adjustments=decided)
    if not quiet:
        found = read_folder(out)
        roster = None if loaded is None else course_roster(loaded.root)
        write_summary(out / SUMMARY, found.grades, roster=roster)
        write_files(out / FILES, found.grades)
    click.echo(say("merge_done", n=merged.grades, of=merged.of, file=out / DATABASE))
    _say_missing(merged)
    return 0 if merged.is_complete else EXIT_FAILED


def _decided(course: Course, given: Path | None) -> tuple[Adjustment, ...]:
    if given is None and not (course.root / ADJUSTMENTS).exists():
        return ()
    return load_adjustments(course, given)


def _say_missing(merged: Merged) -> None:
    """A line for the shards that nobody has begun, and one an assignment for those at work."""
    if merged.missing:
        shards = numbers(merged.missing)
        click.echo(say("merge_missing", n=len(merged.missing), shards=shards), err=True)
    for assignment, unfinished in merged.unfinished.items():
        if unfinished:
            shards = numbers(unfinished)
            key = "merge_unfinished" if assignment else "merge_begun"
            values = {"n": len(unfinished), "shards": shards, "assignment": assignment}
            click.echo(say(key, **values), err=True)
