"""Grades, their course and what was handed in, for commands that look at grades."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec import Struct

from autograder.batch.origin import HandedIn, Origin, open_work, read_origin
from autograder.cli.language import say
from autograder.cli.options import find_course
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.course.roster import Roster, course_roster
from autograder.errors import AutograderError, UsageError
from autograder.grades.deadline import all_due
from autograder.grades.model import Grade
from autograder.grades.store import database_in, read_folder, read_grades
from autograder.grades.view import changed
from autograder.grades.wording import in_language, is_frozen
from autograder.submissions.submission import Submission
from autograder.text.catalogue import languages
from autograder.text.language import Language
from autograder.text.said import said

Reader = Callable[[Grade], Submission | None]


class Reading(Struct, frozen=True):
    """What a command reads: grades in the reader's language, the course and the roster where there
    is one."""

    grades: Sequence[Grade]
    language: Language
    course: Course | None
    roster: Roster | None

    @property
    def past_due(self) -> frozenset[str]:
        """The assignments whose due date has passed for everybody."""
        if self.course is None:
            return frozenset()
        now = datetime.now(UTC)
        return frozenset(name for name, one in self.course.assignments.items() if all_due(one, now))


def read_all(grades: Path, course: Path | None, language: Language | None) -> Reading:
    """The grades in a folder or a file, in ``language`` or the course's. A file that is no grade is
    named, and costs nobody else anything. Raises :class:`~autograder.errors.AutograderError`."""
    loaded = find_loaded(course)
    if language is not None and language not in languages():
        raise UsageError(said("error_no_language", language=language, known=", ".join(languages())))
    found = read_grade_files(grades)
    chosen = language or (found[0].language if loaded is None else loaded.language)
    return Reading(
        grades=in_readers_language(found, chosen),
        language=chosen,
        course=loaded,
        roster=None if loaded is None else course_roster(loaded.root),
    )


def in_readers_language(grades: Sequence[Grade], language: Language) -> Sequence[Grade]:
    """The grades in the language. Where an earlier version made some, a line says what stays in
    another one."""
    frozen = [one for one in grades if one.language != language and is_frozen(one)]
    if frozen:
        others = ", ".join(sorted({one.language for one in frozen}))
        click.echo(
            say("export_frozen", language=language, others=others, n=len(frozen), all=len(grades)),
            err=True,
        )
    return changed(grades, lambda one: in_language(one, language))


def read_grade_files(path: Path) -> Sequence[Grade]:
    """The grades in a folder, or in one file. A file that is no grade any more is named."""
    if not path.is_dir() or database_in(path) is not None:
        return read_grades(path)
    found = read_folder(path)
    if not found.grades:
        return read_grades(path)  # which says what is wrong
    for file in found.damaged:
        click.echo(say("grade_damaged", file=file), err=True)
    return found.grades


def find_loaded(given: Path | None) -> Course | None:
    """The course, or None where none is named and none is around."""
    try:
        root = find_course(given)
    except UsageError:
        if given is not None:
            raise
        return None
    return load_course(root)


@contextlib.contextmanager
def work_behind(
    grades: Path, course: Course | None, submissions: Path | None, layout: str
) -> Iterator[HandedIn | None]:
    """What was handed in: where an option says, or where the folder of grades has it noted. None,
    and a line, where that is not known or not there any more."""
    origin = read_origin(grades)
    if submissions is not None:
        origin = Origin(str(submissions), layout)
    with contextlib.ExitStack() as stack:
        work = None
        if origin is None:
            click.echo(say("work_unknown"), err=True)
        elif course is not None:
            try:
                work = stack.enter_context(open_work(course, origin))
            except AutograderError as error:
                if submissions is not None:
                    raise
                click.echo(say("work_gone", reason=error), err=True)
        yield work


def reader_of(work: HandedIn | None) -> Reader:
    """How to read what was handed in for a grade."""
    return (lambda _: None) if work is None else work.of
