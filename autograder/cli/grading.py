"""What ``autograder grade`` does, when its options have been read."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.folder import ClassFolder, GradeOptions, open_class
from autograder.batch.grading import Graded, Settings, keep_what_counts
from autograder.cli import EXIT_FAILED, EXIT_INTERRUPTED
from autograder.cli.exporting import repository_folders, write_export
from autograder.cli.language import say
from autograder.course.course import HiddenFeedback
from autograder.exports.context import Context, make_context
from autograder.exports.formats import FORMATS, ClassFormat
from autograder.exports.summary import points
from autograder.grades.model import Grade
from autograder.submissions.layouts import AUTO, LAYOUTS, Found
from autograder.text.messages import sanitize

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

# Of what is the same kind of complaint, so many lines are shown.
MAX_COMPLAINTS = 20


class Request(Struct, frozen=True, kw_only=True):
    """What the command prints and writes besides the grades: its other options."""

    formats: tuple[str, ...]
    roster: Path | None
    feedback: HiddenFeedback | None
    fail_under: float | None
    quiet: bool


def grade(options: GradeOptions, request: Request, origin: WarmProcess | None) -> int:
    """Grade, report, and return the exit code. Raises
    :class:`~autograder.errors.AutograderError`."""
    with open_class(options) as opened:
        context = make_context(
            opened.course,
            language=opened.settings.language,
            feedback=request.feedback,
            roster=request.roster,
        )
        found = opened.found
        _say_what_was_found(found, options.layout)
        graded, left = _grade(opened, origin)
    opened.write_summary(graded)
    _report(graded, opened.settings, left=left, quiet=request.quiet)
    _recall_unmatched(found)
    if left is not None:
        return EXIT_INTERRUPTED
    if request.formats:
        context = replace(context, folders=repository_folders([one.ref for one in graded]))
    for name in request.formats:
        _write_format(name, graded, context, opened.settings.out)
    return _hold_against(request.fail_under, graded)


def _grade(opened: ClassFolder, origin: WarmProcess | None) -> tuple[list[Graded], int | None]:
    """The grades, and where that was interrupted, how many submissions are left."""
    graded: list[Graded] = []
    count = len(opened.found.refs)
    try:
        with _progress(count) as advance:
            for one in opened.grade(origin):
                graded.append(one)
                advance()
    except KeyboardInterrupt:
        # Which of several attempts counts is not known yet.
        return [one for one in graded if not one.ref.attempt], count - len(graded)
    return keep_what_counts(graded, opened.settings), None


def _hold_against(percent: float | None, graded: list[Graded]) -> int:
    """1 where a grade is below the threshold, with a line about each one."""
    if percent is None:
        return 0
    below = sorted(
        (grade.student, grade.assignment, grade.total, grade.max_score)
        for grade in (one.grade for one in graded)
        if 100 * grade.total < percent * grade.max_score - 1e-9
    )
    _complain(
        [
            say(
                "grade_below",
                percent=f"{percent:g}",
                student=sanitize(student),
                assignment=assignment,
                score=points(total),
                max_score=points(most),
            )
            for student, assignment, total, most in below
        ],
        say("grade_below_in_all", percent=f"{percent:g}", below=len(below), all=len(graded)),
    )
    return EXIT_FAILED if below else 0


def _complain(lines: Sequence[str], in_all: str = "") -> None:
    """The first few lines, on standard error, and what there is in all where that is more."""
    for line in lines[:MAX_COMPLAINTS]:
        click.echo(line, err=True)
    more = len(lines) - MAX_COMPLAINTS
    if more > 0:
        key = "grade_and_more_of" if in_all else "grade_and_more"
        click.echo(say(key, count=more, in_all=in_all), err=True)


def _say_what_was_found(found: Found, layout: str) -> None:
    if layout == AUTO:
        expected = LAYOUTS[found.layout].expected
        click.echo(say("grade_layout", layout=found.layout, expected=expected))
    for name in found.left_out:
        click.echo(say("grade_left_out", name=name), err=True)
    _complain(found.unmatched)


def _recall_unmatched(found: Found) -> None:
    """Once more at the end, where somebody reads it: grades may be missing."""
    count = len(found.unmatched)
    if count:
        click.echo(say("grade_warnings", n=count), err=True)


def _write_format(name: str, graded: list[Graded], context: Context, out: Path) -> None:
    """Write one format to ``out``; annotations go where the runner sees them."""
    grades = [one.grade for one in graded]
    chosen = FORMATS[name]
    if name == "github":
        write_export(name, grades, context, out=None)
    elif isinstance(chosen, ClassFormat) or len(grades) == 1:
        write_export(name, grades, context, out=out / chosen.file_name)
    else:
        write_export(name, grades, context, out=out / name)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; call what it yields once a submission."""
    if not sys.stderr.isatty():
        yield _import_the_report
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn(say("grade_progress")), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _import_the_report() -> None:
    """While the workers are busy, and not before they start."""

    import autograder.exports.table  # noqa: F401


def _report(graded: list[Graded], settings: Settings, *, left: int | None, quiet: bool) -> None:
    grades = [one.grade for one in graded]
    if not quiet and grades:
        _show(grades)
    fresh = sum(one.fresh for one in graded)
    kept = len(graded) - fresh
    key = ("grade_done" if left is None else "grade_interrupted") + ("_kept" if kept else "")
    click.echo(say(key, fresh=fresh, kept=kept, left=left, out=settings.out))


def _show(grades: Sequence[Grade]) -> None:
    from autograder.exports.table import tables

    is_terminal = sys.stdout.isatty()
    # Into a file or a log there is no width to keep to, unless somebody names one.
    width = shutil.get_terminal_size((80 if is_terminal else 140, 24)).columns
    if not (is_terminal or os.environ.get("FORCE_COLOR")):
        for table in tables(grades, width):
            click.echo(f"{table.plain}\n")
        return
    from rich.console import Console

    console = Console(width=width, highlight=False)
    for table in tables(grades, width):
        console.print(table, "", sep="\n", no_wrap=True, overflow="ignore", crop=False)
