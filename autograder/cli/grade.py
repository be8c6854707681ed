"""``autograder grade``: a folder of submissions in, grades out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from autograder.batch import Graded, Settings, grade_all
from autograder.cli import EXIT_INTERRUPTED
from autograder.cli.options import course_option, find_course, language_option, pick_language
from autograder.errors import UsageError
from autograder.loading import load_course
from autograder.output.summary import write_summary
from autograder.sandbox import Level, require_level
from autograder.submission import find_submissions


@click.command("grade")
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the grades: OUT/<student>/<assignment>.json and OUT/summary.csv.",
)
@click.option("--assignment", "assignments", multiple=True, help="Only this one; repeatable.")
@click.option("--student", "students", multiple=True, help="Only this one; repeatable.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default: one per core.")
@click.option(
    "--isolation",
    type=click.Choice(get_args(Level)),
    default="sandbox",
    show_default=True,
    help="How student code is kept apart.",
)
@click.option("--force", is_flag=True, help="Grade again what is graded and unchanged.")
@click.option("--quiet", is_flag=True, help="No table.")
@course_option
@language_option
def command(
    submissions: Path,
    out: Path,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    jobs: int | None,
    isolation: Level,
    force: bool,
    quiet: bool,
    course: Path | None,
    language: str | None,
) -> int:
    """Grade every submission in SUBMISSIONS/<student>/<assignment>/.

    Ends with 0 when every submission has a grade, whatever its score. What is graded and
    unchanged is kept, so an interrupted run goes on where it stopped.
    """
    require_level(isolation)
    root = find_course(course)
    loaded = load_course(root)
    for assignment in assignments:
        if assignment not in loaded.assignments:
            known = ", ".join(loaded.assignments)
            raise UsageError(f"--assignment {assignment}: the course has {known}")
    refs = find_submissions(submissions, loaded, assignments=assignments, students=students)
    settings = Settings(
        loaded,
        out.absolute(),
        isolation,
        pick_language(language, loaded),
        private=(root.absolute(), submissions.absolute(), out.absolute()),
    )
    graded: list[Graded] = []
    interrupted = False
    try:
        with _progress(len(refs)) as advance:
            for one in grade_all(refs, settings, jobs=jobs or os.cpu_count() or 1, force=force):
                graded.append(one)
                advance()
    except KeyboardInterrupt:
        interrupted = True
    _report(graded, settings, total=len(refs), quiet=quiet, interrupted=interrupted)
    return EXIT_INTERRUPTED if interrupted else 0


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; call what it yields once a submission."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("grading"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("grading", total=total)
        yield lambda: progress.advance(task)


def _report(
    graded: list[Graded], settings: Settings, *, total: int, quiet: bool, interrupted: bool
) -> None:
    # Imported while the workers are busy, not before they start.
    from rich.console import Console

    from autograder.output.table import print_table

    grades = [one.grade for one in graded]
    summary = settings.out / "summary.csv"
    write_summary(summary, grades)
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    if not quiet and grades:
        print_table(console, grades)
    fresh = sum(one.fresh for one in graded)
    kept = len(graded) - fresh
    line = f"{fresh} graded" + (f", {kept} unchanged" if kept else "")
    if interrupted:
        line = f"Interrupted: {line}, {total - len(graded)} left; run it again to go on"
    console.print(f"{line}. Grades in {settings.out}", markup=False, soft_wrap=True)
