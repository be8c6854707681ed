"""``autograder lint``: is every exercise right, complete and well tested?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.text import Text

from autograder.authoring.lint import Linting, Report, find_leaks, find_weak_seed, lint_exercises
from autograder.authoring.mutation import described
from autograder.cli import EXIT_FAILED, EXIT_USAGE, printable
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course
from autograder.course.battery import PREFIX
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import CourseError, UsageError
from autograder.sandbox.levels import require_level
from autograder.text.words import shorten
from autograder.truth.cases import draw_cases


@click.command("lint", help=say("help_lint"))
@click.argument("assignments", nargs=-1)
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help=say("option_lint_seeds"))
@click.option("--mutants/--no-mutants", default=True, help=say("option_lint_mutants"))
@click.option("--jobs", type=click.IntRange(1, 256), help=say("option_lint_jobs"))
@click.option("--json", "as_json", is_flag=True, help=say("option_lint_json"))
@click.option("--show-battery", is_flag=True, help=say("option_lint_show_battery"))
@course_option
def command(
    assignments: tuple[str, ...],
    seeds: int | None,
    mutants: bool,
    jobs: int | None,
    as_json: bool,
    show_battery: bool,
    course: Path | None,
) -> int:

    require_level("sandbox")
    root = find_course(course)
    try:
        loaded = load_course(root)
    except CourseError as error:
        for one in (error, *error.more):
            click.echo(say("error", message=printable(str(one))), err=True)
        return EXIT_USAGE
    for name in assignments:
        if name not in loaded.assignments:
            raise UsageError(f"{name}: the course has {', '.join(loaded.assignments)}")
    names = assignments or tuple(loaded.assignments)
    exercises = [one for name in names for one in loaded.assignments[name].exercises]
    if show_battery:
        _show_battery(loaded, exercises)
        return 0
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    flaws = [] if (flaw := find_weak_seed(loaded, exercises)) is None else [flaw]
    for flaw in () if as_json else flaws:
        console.print(Text(f"✗ {flaw}", "red"))
    reports = []
    lint = Linting(loaded, root.absolute(), with_mutants=mutants, seeds=seeds or 0)
    for report in lint_exercises(lint, exercises, jobs or os.cpu_count() or 1):
        failed += bool(report.problems)
        reports.append(report)
        if not as_json:
            _print(console, report)
    leaks = [leak for name in names for leak in find_leaks(loaded, name)]
    if as_json:
        click.echo(msgspec.json.encode({"course": flaws, "exercises": reports, "leaks": leaks}))
    for leak in () if as_json else leaks:
        console.print(
            Text(f"✗ {leak.public}: contains '{shorten(leak.text, 80)}' of {leak.secret}", "red")
        )
    return EXIT_FAILED if failed or leaks or flaws else 0


def _show_battery(course: Course, exercises: Sequence[Exercise]) -> None:
    """The cases that the battery of each exercise draws: lengths, dtypes, layouts."""
    for exercise in exercises:
        for test in exercise.run_tests:
            if not test.name.startswith(PREFIX):
                continue
            points = sum(part.points for part in test.parts)
            click.echo(f"{exercise.assignment}/{exercise.name} {test.name} ({points:g})")
            for case in draw_cases(exercise, test, course.seed):
                click.echo(f"    {described(case)}")


def _print(console: Console, report: Report) -> None:
    mark, style = ("✗", "red") if report.problems else ("✓", "green")
    line = (
        f"{mark} {report.exercise}: {report.points:g} points, {report.tests} tests, "
        f"{report.cases} cases, {report.caught} of {report.mistakes} mistakes caught "
        f"({report.mutation_score:.0%})"
    )
    if report.mutation is not None:
        mutation = report.mutation
        wrong = mutation.caught + len(mutation.holes)
        line += f"; mutants {mutation.caught} of {wrong} caught"
        if mutation.equivalent:
            line += f", {len(mutation.equivalent)} equivalent"
    if report.idle:
        line += f"; idle: {', '.join(report.idle)}"
    console.print(Text(line, style))
    for problem in report.problems:
        console.print(Text(f"    {problem}"))
    for note in report.notes:
        console.print(Text(f"    note: {note}", "dim"))
