"""``autograder worksheet``: exercises for pencil and paper, with numbers for each student."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.language import say
from autograder.cli.options import (
    course_option,
    find_course,
    language_option,
    pick_assignment,
    refuse_inside_course,
)
from autograder.course.course import pick_language
from autograder.course.loading import load_course
from autograder.course.roster import STUDENT, course_roster, read_roster
from autograder.errors import UsageError
from autograder.grades.grade_file import write_atomically
from autograder.release.worksheet import make_worksheets
from autograder.text.messages import sanitize
from autograder.text.said import said


@click.command("worksheet", help=say("help_worksheet"))
@click.argument("assignment")
@click.option("--out", type=click.Path(path_type=Path), required=True, help=say("option_sheet_out"))
@click.option("--students", type=click.Path(path_type=Path), help=say("option_sheet_students"))
@click.option("--student", "names", multiple=True, help=say("option_sheet_student"))
@course_option
@language_option
def command(
    assignment: str,
    out: Path,
    students: Path | None,
    names: tuple[str, ...],
    course: Path | None,
    language: str | None,
) -> int:

    root = find_course(course)
    loaded = load_course(root, only=[assignment])
    chosen = pick_assignment(assignment, loaded, root)
    refuse_inside_course(out, root)
    people = _people(root, students, names)
    made = make_worksheets(loaded, chosen, people, pick_language(language, loaded))
    for name, content in made.files.items():
        write_atomically(out / name, content)
    for name, content in made.forms.items():
        path = out / name
        if path.exists() and path.read_bytes() != content:
            click.echo(say("sheet_kept", path=path), err=True)
            continue
        write_atomically(path, content)
    click.echo(say("sheet_done", n=len(people), page=out / f"{assignment}.html"))
    return 0


def _people(root: Path, file: Path | None, names: tuple[str, ...]) -> dict[str, str]:
    """Students by name, with what else they are called: those named, those of the file, or those
    on the course's roster. Raises :class:`UsageError`."""
    if names:
        return _distinct(dict.fromkeys(names, ""), "--student")
    if file is None:
        roster = course_roster(root)
        return {} if roster is None else {one: roster.display_name(one) for one in roster.rows}
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(said("error_unreadable", path=file, reason=error.strerror)) from None
    if file.suffix.casefold() == ".csv":
        roster = read_roster(content, str(file))
        people = {one: roster.display_name(one) for one in roster.rows}
    else:
        try:
            lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
        except UnicodeError:
            raise UsageError(said("error_students_text", path=file)) from None
        names = tuple(line for line in lines if line and not line.startswith("#"))
        if names[:1] == (STUDENT,):  # the first line of a table with that column alone
            names = names[1:]
        people = dict.fromkeys(names, "")
    if not people:
        raise UsageError(said("error_students_empty", path=file))
    return _distinct(people, str(file))


def _distinct(people: dict[str, str], place: str) -> dict[str, str]:
    """The people; two of one name, but for spaces and capitals, would have the same numbers."""
    seen: dict[str, str] = {}
    for name in people:
        plain = " ".join(name.casefold().split())
        if not plain or not name.isprintable():
            raise UsageError(said("error_student_name", place=place, name=sanitize(name, 60)))
        if plain in seen:
            one, other = sanitize(seen[plain], 60), sanitize(name, 60)
            raise UsageError(said("error_students_same", place=place, one=one, other=other))
        seen[plain] = name
    return people
