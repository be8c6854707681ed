"""``autograder report``: a class at a glance, as pages that open from the disk."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.choices import FEEDBACK, LAYOUTS
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.cli.reading import read_all, reader_of, work_behind
from autograder.course.course import HiddenFeedback
from autograder.errors import UsageError
from autograder.grades.store import database_in
from autograder.grades.store import is_database as is_sqlite
from autograder.report.gather import gather
from autograder.report.pages import Settings, write_pages
from autograder.report.tables import write_database, write_tables
from autograder.text.said import said


@click.command("report", help=say("help_report"))
@click.argument("grades", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help=say("option_report_out")
)
@click.option("--csv", "with_csv", is_flag=True, help=say("option_report_csv"))
@click.option("--alike", is_flag=True, help=say("option_report_alike"))
@click.option("--submissions", type=click.Path(path_type=Path), help=say("option_submissions"))
@click.option(
    "--layout", type=click.Choice(LAYOUTS), default="auto", help=say("option_layout_of_those")
)
@click.option("--feedback", type=click.Choice(FEEDBACK), help=say("option_report_feedback"))
@course_option
@language_option
def command(
    grades: Path,
    out: Path,
    with_csv: bool,
    alike: bool,
    submissions: Path | None,
    layout: str,
    feedback: HiddenFeedback | None,
    course: Path | None,
    language: str | None,
) -> int:

    is_database = out.suffix == ".sqlite" and not out.is_dir()
    if not is_database:
        refuse_out(out, grades)
    elif out.exists() and (out == database_in(grades) or not is_sqlite(out)):
        raise UsageError(said("error_report_database", out=out))
    found = read_all(grades, course, language)
    report = gather(
        found.grades,
        found.language,
        course=found.course,
        roster=found.roster,
        with_alike=alike,
    )
    if is_database:
        write_database(report, out)
        click.echo(say("report_database", file=out))
        return 0
    policy: HiddenFeedback = "hints" if found.course is None else found.course.feedback
    with work_behind(grades, found.course, submissions, layout) as work:
        settings = Settings(
            course=found.course,
            feedback=feedback or policy,
            past_due=found.past_due,
            work=reader_of(work),
        )
        first, *others = write_pages(report, settings, out)
    if with_csv:
        others += write_tables(report, out)
    click.echo(say("report_written", first=first, n=1 + len(others)))
    return 0


def refuse_out(out: Path, grades: Path) -> None:
    """Refuse a folder for what is written that is a file, or the grades themselves. Raises
    :class:`UsageError`."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; name a folder")
    if out.resolve() == grades.resolve():
        raise UsageError(f"--out {out}: is the folder of grades; name another one")
