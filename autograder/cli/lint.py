"""``autograder lint``: is every exercise right, complete and well tested?"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path, PurePath

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from autograder.authoring.leaks import Leak
from autograder.authoring.lint import Linting, Report, find_leaks, find_weak_seed, lint_exercises
from autograder.authoring.mutation import described
from autograder.cli import EXIT_FAILED, EXIT_USAGE, printable
from autograder.cli.language import cli_language, say
from autograder.cli.options import course_option, find_course
from autograder.course.battery import PREFIX
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.course.loading.adjustments import load_adjustments
from autograder.errors import CourseError, UsageError
from autograder.sandbox.levels import require_level
from autograder.text.said import said, worded
from autograder.text.words import nearest, shorten
from autograder.truth.cases import draw_cases

# How often --watch looks at the files, in seconds.
POLL = 0.3
# What an exercise consists of, besides what lies beside it.
_TREES = ("assignments", "solutions", "tests/hidden")


@click.command("lint", help=say("help_lint"))
@click.argument("assignments", nargs=-1, metavar=say("argument_lint"))
@click.option("--watch", is_flag=True, help=say("option_lint_watch"))
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help=say("option_lint_seeds"))
@click.option("--mutants/--no-mutants", default=True, help=say("option_lint_mutants"))
@click.option("--jobs", type=click.IntRange(1, 256), help=say("option_lint_jobs"))
@click.option("--json", "as_json", is_flag=True, help=say("option_lint_json"))
@click.option("--show-battery", is_flag=True, help=say("option_lint_show_battery"))
@course_option
def command(
    assignments: tuple[str, ...],
    watch: bool,
    seeds: int | None,
    mutants: bool,
    jobs: int | None,
    as_json: bool,
    show_battery: bool,
    course: Path | None,
) -> int:

    require_level("sandbox")
    root = find_course(course)
    how = _How(seeds or 0, mutants, jobs or os.cpu_count() or 1, as_json)
    if watch:
        return _watch(root, assignments, how)
    try:
        loaded = load_course(root)
        load_adjustments(loaded)
    except CourseError as error:
        _complain(error)
        return EXIT_USAGE
    exercises = chosen_exercises(loaded, assignments)
    if show_battery:
        _show_battery(loaded, exercises)
        return 0
    return _lint(root, loaded, exercises, how)


class _How(Struct, frozen=True):
    """What the options say."""

    seeds: int
    mutants: bool
    jobs: int
    as_json: bool


def _complain(error: CourseError) -> None:
    for one in (error, *error.more):
        click.echo(say("error", message=printable(worded(one, cli_language()))), err=True)


def chosen_exercises(course: Course, names: Sequence[str]) -> list[Exercise]:
    """The exercises that are named: of an assignment all, ``assignment/exercise`` or the exercise
    alone, or one by the path of a file of it; without names, all. Raises :class:`UsageError`."""
    every = [one for assignment in course.assignments.values() for one in assignment.exercises]
    chosen: dict[tuple[str, str], Exercise] = {}
    for name in names:
        path = PurePath(name)
        place = path.parent.name, path.stem if path.suffix in (".yaml", ".py") else path.name
        found = [
            one
            for one in every
            if one.assignment == name.rstrip("/")
            or (one.assignment, one.name) == place
            or one.name == name
        ]
        if not found:
            near = nearest(place[1], [one.name for one in every])
            key = "error_course_has_near" if near else "error_course_has"
            known = ", ".join(course.assignments)
            raise UsageError(said(key, name=name, known=known, near=near))
        chosen |= {(one.assignment, one.name): one for one in found}
    return list(chosen.values()) if names else every


def _lint(root: Path, course: Course, exercises: Sequence[Exercise], how: _How) -> int:
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    flaws = [] if (flaw := find_weak_seed(course, exercises)) is None else [flaw]
    for flaw in () if how.as_json else flaws:
        console.print(Text(f"✗ {flaw}", "red"))
    reports = []
    lint = Linting(course, root.absolute(), with_mutants=how.mutants, seeds=how.seeds)
    for report in lint_exercises(lint, exercises, how.jobs):
        failed += bool(report.problems)
        reports.append(report)
        if not how.as_json:
            _print(console, report)
    leaks = _leaks(course, exercises)
    if how.as_json:
        click.echo(msgspec.json.encode({"course": flaws, "exercises": reports, "leaks": leaks}))
    for leak in () if how.as_json else leaks:
        console.print(
            Text(f"✗ {leak.public}: contains '{shorten(leak.text, 80)}' of {leak.secret}", "red")
        )
    return EXIT_FAILED if failed or leaks or flaws else 0


def _leaks(course: Course, exercises: Sequence[Exercise]) -> list[Leak]:
    """Those of whole assignments, and of single exercises what their files give away or hold."""
    found = []
    for name in dict.fromkeys(one.assignment for one in exercises):
        chosen = {one.name for one in exercises if one.assignment == name}
        every = len(chosen) == len(course.assignments[name].exercises)
        found += [
            leak
            for leak in find_leaks(course, name)
            if every or chosen & {Path(leak.public).stem, Path(leak.secret.split(" (")[0]).stem}
        ]
    return found


# Watching


def _watch(root: Path, names: Sequence[str], how: _How) -> int:
    """Lint, and again whenever a file has changed, those exercises of which one has; until
    Ctrl-C."""
    code = 0
    before: dict[Path, tuple[int, int]] = {}
    try:
        while True:
            now = _state(root)
            changed = {path for path in now | before if now.get(path) != before.get(path)}
            first, before = not before, now
            try:
                loaded = load_course(root)
                chosen = chosen_exercises(loaded, names)
                if not first and root / "config.yaml" not in changed:
                    stems = {
                        (path.parent.name, path.stem.removeprefix("test_")) for path in changed
                    }
                    chosen = [
                        one
                        for one in chosen
                        if any(
                            folder == one.assignment and stem.startswith(one.name)
                            for folder, stem in stems
                        )
                    ]
                code = _lint(root, loaded, chosen, how) if chosen else code
            except CourseError as error:  # it may be mended in the next moment
                _complain(error)
                code = EXIT_USAGE
            click.echo(say("lint_watching"))
            while _state(root) == before:
                time.sleep(POLL)
            click.echo(f"\n──── {time.strftime('%H:%M:%S')} ────")
    except KeyboardInterrupt:
        click.echo("", err=True)
        return code


def _state(root: Path) -> dict[Path, tuple[int, int]]:
    """Every file that lint may depend on, with its time of change and size."""
    found: dict[Path, tuple[int, int]] = {}
    for path in (root / "config.yaml", *(p for tree in _TREES for p in (root / tree).rglob("*.*"))):
        if path.suffix in (".py", ".yaml", ".yml", ".md"):
            with contextlib.suppress(OSError):  # gone between two looks
                status = path.stat()
                found[path] = status.st_mtime_ns, status.st_size
    return found


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
        if mutation.asked:
            line += f", {mutation.explained} of {mutation.asked} explained"
    if report.idle:
        line += f"; idle: {', '.join(report.idle)}"
    console.print(Text(line, style))
    for problem in report.problems:
        console.print(Text(f"    {problem}"))
    for note in report.notes:
        console.print(Text(f"    note: {note}", "dim"))
