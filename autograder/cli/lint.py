"""``autograder lint``: is every exercise right, complete and well tested?"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from autograder.authoring.lint import Report, find_leaks, lint_exercise
from autograder.cli import EXIT_FAILED
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import require_level


@click.command("lint", help=say("help_lint"))
@click.argument("assignments", nargs=-1)
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help=say("option_lint_seeds"))
@course_option
def command(assignments: tuple[str, ...], seeds: int | None, course: Path | None) -> int:

    require_level("sandbox")
    root = find_course(course)
    loaded = load_course(root)
    for name in assignments:
        if name not in loaded.assignments:
            raise UsageError(f"{name}: the course has {', '.join(loaded.assignments)}")
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    if not loaded.has_seed:
        console.print(Text(_NO_SEED, "yellow"))
    with Sandbox("sandbox", loaded.limits, [root.absolute()]) as sandbox:
        for name in assignments or loaded.assignments:
            for exercise in loaded.assignments[name].exercises:
                report = lint_exercise(loaded, exercise, sandbox, seeds or 0)
                _print(console, report)
                failed += bool(report.problems)
            leaks = find_leaks(loaded, name)
            for leak in leaks:
                console.print(
                    Text(f"✗ {leak.public}: contains '{_short(leak.text)}' of {leak.secret}", "red")
                )
            failed += bool(leaks)
    return EXIT_FAILED if failed else 0


_NO_SEED = (
    "warning: config.yaml has no 'seed', so that the hidden cases are those of every course "
    "without one; add a line 'seed: ' with a number that only you know"
)


def _print(console: Console, report: Report) -> None:
    mark, style = ("✗", "red") if report.problems else ("✓", "green")
    line = (
        f"{mark} {report.exercise}: {report.points:g} points, {report.tests} tests, "
        f"{report.cases} cases, {report.caught} of {report.mistakes} mistakes caught "
        f"({report.mutation_score:.0%})"
    )
    if report.idle:
        line += f"; idle: {', '.join(report.idle)}"
    console.print(Text(line, style))
    for problem in report.problems:
        console.print(Text(f"    {problem}"))
    for note in report.notes:
        console.print(Text(f"    note: {note}", "dim"))


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
