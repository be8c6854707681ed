"""``autograder grade``: a folder of submissions in, grades out."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from autograder.cli.choices import FEEDBACK, FORMATS, LAYOUTS
from autograder.cli.options import course_option, find_course, language_option
from autograder.sandbox.launch import warm_process
from autograder.sandbox.levels import LEVELS, Level, require_level


def _comparable(_: click.Context, __: click.Parameter, percent: float | None) -> float | None:
    if percent is not None and math.isnan(percent):  # it is neither below 0 nor above 100
        raise click.BadParameter("nan is not in the range 0<=x<=100.")
    return percent


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
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Submissions graded at a time; default: one per core.",
)
@click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default="sandbox",
    show_default=True,
    help="How student code is kept apart.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="nbgrader",
    show_default=True,
    help="How the submissions lie in the folder, or in a zip.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="Also write the grades in this format, to OUT; repeatable.",
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="For --format canvas and moodle: see 'autograder export --help'.",
)
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACK),
    help="For --format: what students see of hidden tests; default: as the course says.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    callback=_comparable,
    metavar="PERCENT",
    help="End with 1 where a grade is below this share of the points.",
)
@click.option(
    "--force", is_flag=True, help="Grade again what is graded and unchanged; read the course anew."
)
@click.option("--quiet", is_flag=True, help="No table.")
@course_option
@language_option
def command(*, course: Path | None, jobs: int | None, isolation: Level, **given: Any) -> int:
    """Grade every submission in SUBMISSIONS/<student>/<assignment>/, or as --layout says.

    Ends with 0 when every submission has a grade, whatever its score, unless --fail-under sets
    a threshold. What is graded and unchanged is kept, so an interrupted run goes on where it
    stopped.
    """
    require_level(isolation)
    root = find_course(course)
    # It starts while everything else is imported and the course is loaded.
    with warm_process(isolation) as origin:
        from autograder.batch.folder import GradeOptions
        from autograder.cli.grading import Request, grade

        printed = {name: given.pop(name) for name in Request.__struct_fields__}
        options = GradeOptions(
            course=root, jobs=jobs or os.cpu_count() or 1, isolation=isolation, **given
        )
        return grade(options, Request(**printed), origin)
