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

from autograder.batch.cache import CourseCache
from autograder.batch.grading import Graded, Settings, grade_all, keep_what_counts
from autograder.cli import EXIT_FAILED, EXIT_INTERRUPTED
from autograder.cli.exporting import make_context, repository_folders, write_export
from autograder.cli.options import pick_language
from autograder.course.course import Course, HiddenFeedback
from autograder.errors import UsageError
from autograder.exports.context import Context
from autograder.exports.formats import FORMATS, ClassFormat
from autograder.exports.summary import points, write_summary
from autograder.grades.model import Grade
from autograder.processes.parallel import processors
from autograder.sandbox.levels import Level
from autograder.submissions.layouts import AUTO, LAYOUTS, Found
from autograder.submissions.layouts import submissions as find_in_layout
from autograder.submissions.submission import SubmissionRef
from autograder.text.messages import sanitize

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

# Of what is the same kind of complaint, so many lines are shown.
MAX_COMPLAINTS = 20


class Request(Struct, frozen=True, kw_only=True):
    """The options of the command, under their names."""

    submissions: Path
    course: Path
    out: Path
    assignments: tuple[str, ...]
    students: tuple[str, ...]
    jobs: int
    isolation: Level
    layout: str
    formats: tuple[str, ...]
    roster: Path | None
    feedback: HiddenFeedback | None
    fail_under: float | None
    force: bool
    quiet: bool
    language: str | None


def grade(request: Request, origin: WarmProcess | None) -> int:
    """Grade, report, and return the exit code. Raises
    :class:`~autograder.errors.AutograderError`."""
    cache = CourseCache(request.course, anew=request.force)
    course = _load(cache, request.course)
    _refuse_unknown(request.assignments, course)
    language = pick_language(request.language, course)
    context = make_context(
        course, language=language, feedback=request.feedback, roster=request.roster
    )
    with find_in_layout(
        request.submissions,
        course,
        layout=request.layout,
        assignments=request.assignments,
        students=request.students,
    ) as found:
        _refuse_places(request, found.layout)
        _say_what_was_found(found, request.layout)
        private = (request.course, request.submissions, request.out, found.folder)
        settings = Settings(
            course,
            request.out.absolute(),
            request.isolation,
            language,
            private=tuple(dict.fromkeys(path.absolute() for path in private)),
        )
        graded, left = _grade(found.refs, settings, request, origin, cache)
    _report(graded, settings, left=left, quiet=request.quiet)
    _recall_unmatched(found)
    if left is not None:
        return EXIT_INTERRUPTED
    if request.formats:
        context = replace(context, folders=repository_folders([one.ref for one in graded]))
    for name in request.formats:
        _write_format(name, graded, context, settings.out)
    return _hold_against(request.fail_under, graded)


def _load(cache: CourseCache, root: Path) -> Course:
    entries = cache.get(["course"])
    if not entries:
        from autograder.course.loading import load_course  # it takes a while

        entries = {"course": load_course(root, jobs=processors())}
        cache.put(entries)
    course: Course = entries["course"]
    return course


def _refuse_unknown(assignments: tuple[str, ...], course: Course) -> None:
    for assignment in assignments:
        if assignment not in course.assignments:
            known = ", ".join(course.assignments)
            raise UsageError(f"--assignment {assignment}: the course has {known}")


def _refuse_places(request: Request, layout: str) -> None:
    """Where folders would be taken for students that are none. A folder of grades around the
    submissions does no harm, nor does one in the work of the only student."""
    submissions, out = request.submissions, request.out
    folder = submissions.resolve()
    if out.resolve() == folder:
        raise UsageError(f"--out {out}: is the folder of the submissions; name another one")
    if out.resolve() == request.course.resolve():
        raise UsageError(f"--out {out}: is the course itself; name another folder")
    if layout == "repository":
        return
    if folder == request.course.resolve():
        raise UsageError(
            f"{submissions}: is the course itself; give the folder that holds the submissions"
        )
    if out.resolve().is_relative_to(folder):
        raise UsageError(
            f"--out {out}: lies in the folder of the submissions, {submissions}, where it would "
            "be taken for a student's; name one outside of it"
        )


def _grade(
    refs: Sequence[SubmissionRef],
    settings: Settings,
    request: Request,
    origin: WarmProcess | None,
    cache: CourseCache,
) -> tuple[list[Graded], int | None]:
    """What is graded, and where that was interrupted, how many submissions are left."""
    graded: list[Graded] = []
    try:
        with _progress(len(refs)) as advance:
            for one in grade_all(
                refs, settings, jobs=request.jobs, force=request.force, origin=origin, cache=cache
            ):
                graded.append(one)
                advance()
    except KeyboardInterrupt:
        # Which of several attempts counts is not known yet.
        return [one for one in graded if not one.ref.attempt], len(refs) - len(graded)
    return keep_what_counts(graded, settings), None


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
            f"Below {percent:g} %: {sanitize(student)}, {assignment}: "
            f"{points(total)} of {points(most)} points"
            for student, assignment, total, most in below
        ],
        f"below {percent:g} %: {len(below)} of {len(graded)} grades",
    )
    return EXIT_FAILED if below else 0


def _complain(lines: Sequence[str], in_all: str = "") -> None:
    """The first few lines, on standard error, and what there is in all where that is more."""
    for line in lines[:MAX_COMPLAINTS]:
        click.echo(line, err=True)
    more = len(lines) - MAX_COMPLAINTS
    if more > 0:
        click.echo(f"and {more} more" + (f"; {in_all}" if in_all else ""), err=True)


def _say_what_was_found(found: Found, layout: str) -> None:
    if layout == AUTO:
        click.echo(f"Layout: {found.layout} ({LAYOUTS[found.layout].expected})")
    for name in found.left_out:
        click.echo(f"Left out of the zip, as it is no ordinary file in it: {name}", err=True)
    _complain(found.unmatched)


def _recall_unmatched(found: Found) -> None:
    """Once more at the end, where somebody reads it: grades may be missing."""
    count = len(found.unmatched)
    if count:
        what = "1 warning" if count == 1 else f"{count} warnings"
        click.echo(f"{what} about submissions that were not found; see above.", err=True)


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

    columns = TextColumn("grading"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("grading", total=total)
        yield lambda: progress.advance(task)


def _import_the_report() -> None:
    """While the workers are busy, and not before they start."""

    import autograder.exports.table  # noqa: F401


def _report(graded: list[Graded], settings: Settings, *, left: int | None, quiet: bool) -> None:
    grades = [one.grade for one in graded]
    write_summary(settings.out / "summary.csv", grades)
    if not quiet and grades:
        _show(grades)
    fresh = sum(one.fresh for one in graded)
    kept = len(graded) - fresh
    line = f"{fresh} graded" + (f", {kept} unchanged" if kept else "")
    if left is not None:
        line = f"Interrupted: {line}, {left} left; run it again to go on"
    click.echo(f"{line}. Grades in {settings.out}")


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
