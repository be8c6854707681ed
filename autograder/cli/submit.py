"""``autograder submit``: the file to hand in, and what is in it."""

from __future__ import annotations

import getpass
import os
from datetime import datetime
from pathlib import Path

import click

from autograder.cli import EXIT_FAILED
from autograder.cli.language import say
from autograder.cli.options import language_option
from autograder.course.course import pick_language
from autograder.errors import MachineError, UsageError
from autograder.text.said import said


@click.command("submit", help=say("help_submit"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--name", help=say("option_submit_name"))
@click.option("--out", type=click.Path(path_type=Path), help=say("option_submit_out"))
@language_option
def command(
    paths: tuple[Path, ...], name: str | None, out: Path | None, language: str | None
) -> int:

    from rich.console import Console
    from rich.text import Text

    from autograder.grades.grade_file import write_atomically
    from autograder.student.discovery import find_exercises
    from autograder.student.handing_in import counting_files, files_to_hand_in, pack, zip_name
    from autograder.text.messages import text

    works = find_exercises(paths)
    course = works[0].course
    chosen = pick_language(language, course)
    assignments = list(dict.fromkeys(work.exercise.assignment for work in works))
    if len(assignments) > 1:
        known = ", ".join(assignments)
        raise UsageError(said("usage_one_assignment", known=known))
    assignment = course.assignments[assignments[0]]
    student = name or _user()
    try:
        files = files_to_hand_in(works)
    except OSError as error:
        where, reason = error.filename, error.strerror
        raise MachineError(said("machine_file", file=where, reason=reason)) from None
    counting = counting_files(works)
    console = Console(highlight=False)
    marks = {"ready": ("✓", "green"), "not_begun": ("·", "yellow")}
    for one in counting:
        mark, style = marks.get(one.state, ("✗", "bold red"))
        line = text(
            f"submit_{one.state}", chosen, name=one.exercise.name, file=one.file, line=one.line
        )
        console.print(Text.assemble((f"{mark} ", style), line), soft_wrap=True)
    if not any(one.state == "ready" for one in counting):
        raise UsageError(said("usage_nothing_to_hand_in"))
    now = datetime.now().astimezone()
    content, receipt = pack(files, course, assignment, student, now)
    target = out or Path(zip_name(assignment, student))
    if target.is_dir():
        raise UsageError(said("usage_out_is_folder", given=f"--out {target}"))
    write_atomically(target, content)
    for key in ("submit_written", "submit_receipt"):
        shown = text(
            key,
            chosen,
            file=target,
            count=len(files),
            student=receipt.student,
            time=f"{now:%Y-%m-%d %H:%M}",
            code=receipt.code,
        )
        console.print(Text(shown), soft_wrap=True)
    return 0 if all(one.state == "ready" for one in counting) else EXIT_FAILED


def _user() -> str:
    """The name on this computer; empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return os.environ.get("USERNAME", "")
