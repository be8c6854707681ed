"""``autograder feedback``: a file for each student, in the reader's language."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.batch.origin import HandedIn
from autograder.cli.choices import FEEDBACK, LAYOUTS
from autograder.cli.exporting import select
from autograder.cli.language import say
from autograder.cli.options import course_option, language_option
from autograder.cli.reading import Reading, read_all, reader_of, work_behind
from autograder.cli.report import refuse_out
from autograder.course.course import HiddenFeedback
from autograder.grades.feedback import visible
from autograder.grades.grade_file import write_atomically
from autograder.report.feedback_files import (
    Format,
    feedback_files,
    platform_of,
    upload_name,
    upload_zip,
)
from autograder.report.student import Work
from autograder.text.messages import pick


@click.command("feedback", help=say("help_feedback"))
@click.argument("grades", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help=say("option_feedback_out")
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "md"]),
    default="html",
    show_default=True,
    help=say("option_feedback_format"),
)
@click.option("--assignment", "assignments", multiple=True, help=say("option_only_this"))
@click.option("--student", "students", multiple=True, help=say("option_only_this"))
@click.option("--submissions", type=click.Path(path_type=Path), help=say("option_submissions"))
@click.option(
    "--layout", type=click.Choice(LAYOUTS), default="auto", help=say("option_layout_of_those")
)
@click.option("--feedback", type=click.Choice(FEEDBACK), help=say("option_export_feedback"))
@course_option
@language_option
def command(
    grades: Path,
    out: Path,
    kind: Format,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    submissions: Path | None,
    layout: str,
    feedback: HiddenFeedback | None,
    course: Path | None,
    language: str | None,
) -> int:

    refuse_out(out, grades)
    found = read_all(grades, course, language)
    chosen = select(found.grades, students, assignments, grades)
    policy: HiddenFeedback = "hints" if found.course is None else found.course.feedback
    with work_behind(grades, found.course, submissions, layout) as work:
        read = reader_of(work)
        works = [
            Work(
                visible(one, feedback or policy, after_due=one.assignment in found.past_due),
                _title(found, one.assignment),
                read(one),
            )
            for one in chosen
        ]
        names = {}
        if found.roster is not None:
            names = {one.student: found.roster.display_name(one.student) for one in chosen}
        files = feedback_files(works, found.language, kind, names)
        for file, content in files.items():
            write_atomically(out / file, content)
        click.echo(say("feedback_written", n=len(files), out=out))
        for assignment in dict.fromkeys(one.assignment for one in chosen):
            _write_zip(assignment, works, files, work, kind, out)
    return 0


def _title(found: Reading, assignment: str) -> str:
    known = None if found.course is None else found.course.assignments.get(assignment)
    return assignment if known is None else pick(known.title, found.language)


def _write_zip(
    assignment: str,
    works: list[Work],
    files: dict[str, bytes],
    handed_in: HandedIn | None,
    kind: Format,
    out: Path,
) -> None:
    """Of submissions that came from Moodle or Canvas, a zip as these take it back."""
    if handed_in is None:
        return
    platform = platform_of(handed_in.refs_of(assignment))
    if platform is None:
        return
    members: dict[str, bytes] = {}
    for one, content in zip(works, files.values(), strict=True):
        ref = handed_in.ref_of(one.grade) if one.grade.assignment == assignment else None
        if ref is not None:
            members[upload_name(ref, platform, kind)] = content
    path = out / f"{assignment}-{platform}.zip"
    write_atomically(path, upload_zip(members))
    click.echo(say(f"feedback_{platform}", file=path))
