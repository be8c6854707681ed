"""``autograder adjust``: a decision about points, written down and applied."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from autograder.batch.adjusting import adjust_folder, without_effect
from autograder.batch.folder import SUMMARY
from autograder.cli.changes import change_lines, summary_line, unused_line
from autograder.cli.language import say
from autograder.cli.options import course_option, find_course, language_option
from autograder.course.adjustments import FILE, Adjustment, Decision
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.course.loading.adjustments import (
    load_adjustments,
    unknown_students,
    with_adjustment,
)
from autograder.course.roster import course_roster
from autograder.errors import CourseError, UsageError
from autograder.exports.summary import write_summary
from autograder.grades.changes import compare
from autograder.grades.grade_file import FolderOfGrades, write_atomically
from autograder.grades.model import Grade
from autograder.grades.store import is_database, read_folder, read_grades
from autograder.grades.view import keys


@click.command("adjust", help=say("help_adjust"))
@click.argument("names", nargs=-1, metavar="STUDENT ASSIGNMENT [EXERCISE [TEST]]")
@click.option("--all", "everybody", is_flag=True, help=say("option_adjust_all"))
@click.option("--add", type=float, metavar="POINTS", help=say("option_adjust_add"))
@click.option("--set", "points", type=float, metavar="POINTS", help=say("option_adjust_set"))
@click.option("--excuse", is_flag=True, help=say("option_adjust_excuse"))
@click.option("--comment", default="", help=say("option_adjust_comment"))
@click.option("--by", default="", help=say("option_adjust_by"))
@click.option("--grades", type=click.Path(path_type=Path), help=say("option_adjust_grades"))
@click.option("--adjustments", type=click.Path(path_type=Path), help=say("option_adjust_file"))
@course_option
@language_option
def command(
    names: tuple[str, ...],
    everybody: bool,
    add: float | None,
    points: float | None,
    excuse: bool,
    comment: str,
    by: str,
    grades: Path | None,
    adjustments: Path | None,
    course: Path | None,
    language: str | None,
) -> int:

    loaded = load_course(find_course(course))
    file = adjustments or loaded.root / FILE
    before = None if grades is None else _read(grades)
    if names:
        given = {"add": add, "set": points, "excuse": excuse, "comment": comment, "by": by}
        adjustment = _adjustment(names, everybody=everybody, **given)
        _write(loaded, file, adjustment, before)
        click.echo(say("adjust_written", file=file))
    elif before is None:
        raise UsageError(say("adjust_nothing"))
    if grades is None or before is None:
        click.echo(say("adjust_not_applied"))
        return 0
    decided = load_adjustments(loaded, file) if file.exists() else ()
    changed: list[tuple[Grade, Grade]] = []
    found = adjust_folder(grades, decided, loaded.late, lambda was, now: changed.append((was, now)))
    folder = grades if grades.is_dir() else grades.parent
    write_summary(folder / SUMMARY, found.grades, roster=course_roster(loaded.root))
    comparison = replace(
        compare([was for was, _ in changed], [now for _, now in changed]), both=len(found.grades)
    )
    for line in change_lines(comparison):
        click.echo(line)
    click.echo(summary_line(comparison))
    for pair in without_effect(decided, found):
        click.echo(unused_line(*pair), err=True)
    return 0


def _read(grades: Path) -> FolderOfGrades:
    """The grades in the folder. Raises :class:`UsageError` where there are none."""
    if not (grades.is_dir() or is_database(grades)):
        raise UsageError(f"--grades {grades}: is not a folder; give the one that 'grade' wrote")
    read_grades(grades)
    return read_folder(grades)


def _adjustment(names: tuple[str, ...], *, everybody: bool, **given: object) -> Adjustment:
    students = None if everybody else (names[0],)
    about = names if everybody else names[1:]
    if not 1 <= len(about) <= 3:
        raise UsageError(say("adjust_names"))
    assignment, exercise, test = (*about, "", "")[:3]
    decision = Decision(exercise=exercise, test=test, **given)  # type: ignore[arg-type]
    return Adjustment(assignment, decision, students)


def _write(
    course: Course, file: Path, adjustment: Adjustment, before: FolderOfGrades | None
) -> None:
    """Add the adjustment to the file, where the whole file is right with it; else leave the file as
    it is. Raises :class:`~autograder.errors.AutograderError`."""
    old = file.read_bytes() if file.exists() else b""
    try:
        new = with_adjustment(old.decode("utf-8-sig"), adjustment)
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8; save it as UTF-8") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    try:
        _check(load_adjustments(course, file, new), course, before)
    except CourseError as error:
        if error.line is not None and error.line <= len(old.splitlines()):
            raise
        raise UsageError(error.message) from None  # it is about this call
    write_atomically(file, new.encode())


def _check(
    adjustments: tuple[Adjustment, ...], course: Course, before: FolderOfGrades | None
) -> None:
    roster = course_roster(course.root)
    if before is None and roster is None:
        return  # it is not known who there is; grading checks
    known = [] if before is None else [student for student, _ in keys(before.grades)]
    known += [] if roster is None else roster.rows
    for error in unknown_students(adjustments[-1:], known):
        raise error
