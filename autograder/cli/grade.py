"""``autograder grade``: a folder of submissions in, grades out."""

from __future__ import annotations

import math
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from autograder.cli.choices import FEEDBACK, FORMATS, LAYOUTS
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option
from autograder.sandbox.launch import warm_process
from autograder.sandbox.levels import LEVELS, Level, require_level


def _comparable(_: click.Context, __: click.Parameter, percent: float | None) -> float | None:
    if percent is not None and math.isnan(percent):  # it is neither below 0 nor above 100
        raise click.BadParameter("nan is not in the range 0<=x<=100.")
    return percent


@click.command("grade", help=say("help_grade"))
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help=say("option_grade_out"),
)
@click.option("--assignment", "assignments", multiple=True, help=say("option_only_this"))
@click.option("--student", "students", multiple=True, help=say("option_only_this"))
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help=say("option_grade_jobs"),
)
@click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default="sandbox",
    show_default=True,
    help=say("option_grade_isolation"),
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="nbgrader",
    show_default=True,
    help=say("option_grade_layout"),
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help=say("option_grade_format"),
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help=say("option_grade_roster"),
)
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACK),
    help=say("option_grade_feedback"),
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    callback=_comparable,
    metavar="PERCENT",
    help=say("option_grade_fail_under"),
)
@click.option("--force", is_flag=True, help=say("option_grade_force"))
@click.option("--quiet", is_flag=True, help=say("option_grade_quiet"))
@click.option("--times", type=click.Path(path_type=Path), help=say("option_grade_times"))
@click.option(
    "--adjustments", type=click.Path(path_type=Path), help=say("option_grade_adjustments")
)
@click.option("--dry-run", is_flag=True, help=say("option_grade_dry_run"))
@click.option("--excel", is_flag=True, help=say("option_excel"))
@click.option("--shard", metavar="N/OF", help=say("option_grade_shard"))
@click.option("--scheduler", metavar="ADDRESS", help=say("option_grade_scheduler"))
@click.option("--prune", is_flag=True, help=say("option_grade_prune"))
@course_option
@language_option
def command(
    *,
    course: Path | None,
    jobs: int | None,
    isolation: Level,
    shard: str | None,
    scheduler: str | None,
    **given: Any,
) -> int:

    require_level(isolation)
    root = find_course(course)
    if scheduler is not None:  # workers name it so in its cache
        root = root.absolute()
    # It starts while everything else is imported and the course is loaded. Workers of a cluster
    # have theirs.
    with warm_process(isolation) if scheduler is None else nullcontext() as origin:
        from autograder.batch.folder import GradeOptions
        from autograder.cli.grading import Request, grade

        printed = {name: given.pop(name) for name in Request.__struct_fields__}
        options = GradeOptions(
            course=root, jobs=jobs or os.cpu_count() or 1, isolation=isolation, **given
        )
        if shard is not None or scheduler is not None:
            from autograder.cli.sharding import grade_part

            return grade_part(shard, options, Request(**printed), origin, scheduler)
        return grade(options, Request(**printed), origin)
