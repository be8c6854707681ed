"""A class: a folder of submissions in, a grade for each out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from autograder.batch.adjusting import adjust_folder, adjust_graded
from autograder.batch.cache import CourseCache
from autograder.batch.grading import (
    Graded,
    Outlook,
    Settings,
    grade_all,
    keep_what_counts,
    outlook,
)
from autograder.batch.origin import write_origin
from autograder.course.adjustments import FILE as ADJUSTMENTS
from autograder.course.adjustments import Adjustment
from autograder.course.course import Course, pick_language
from autograder.course.roster import Roster, course_roster
from autograder.errors import MachineError, UsageError
from autograder.exports.files import write_files
from autograder.exports.summary import write_summary
from autograder.grades.grade_file import FolderOfGrades
from autograder.grades.model import Grade
from autograder.grades.store import SHARDS, database_in, read_folder
from autograder.grades.view import keys
from autograder.processes.parallel import processors
from autograder.sandbox.levels import Level, require_level
from autograder.submissions.layouts import Found
from autograder.submissions.layouts import submissions as find_in_layout
from autograder.submissions.reader import bounded
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import number_attempts
from autograder.submissions.times import Times, read_times
from autograder.text.language import Language
from autograder.text.said import said

if TYPE_CHECKING:
    from autograder.sandbox.launch import WarmProcess

SUMMARY = "summary.csv"
FILES = "files.csv"
CHANGES = "changes.csv"
PRUNED = ".pruned"


class GradeOptions(Struct, frozen=True, kw_only=True):
    """What to grade, and how; see ``autograder grade --help``."""

    submissions: Path
    course: Path
    out: Path
    assignments: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    jobs: int = 1
    isolation: Level = "sandbox"
    layout: str = "nbgrader"
    language: Language | None = None
    force: bool = False
    times: Path | None = None
    """A CSV of when work was handed in."""
    adjustments: Path | None = None
    """What people decided about grades, where that is not in the course's own file."""


class ClassFolder(Struct, frozen=True, eq=False):
    """An opened class: its course, the submissions that were found, and how they are graded."""

    options: GradeOptions
    course: Course
    found: Found
    settings: Settings
    cache: CourseCache
    adjustments: tuple[Adjustment, ...] = ()
    roster: Roster | None = None
    """The course's roster, where it has one and all of a class was looked at."""

    def grade(self, origin: WarmProcess | None = None) -> Iterator[Graded]:
        """Grade every submission, yielding each when its file is written; of several attempts
        each one. What people decided is applied. See
        :func:`~autograder.batch.grading.grade_all`."""
        for one in grade_all(
            self.found.refs,
            self.settings,
            jobs=self.options.jobs,
            force=self.options.force,
            origin=origin,
            cache=self.cache,
        ):
            yield self._adjusted(one)

    def keep_what_counts(self, graded: Sequence[Graded]) -> list[Graded]:
        """One grade a student and assignment; see
        :func:`~autograder.batch.grading.keep_what_counts`."""
        before = set(map(id, graded))
        kept = keep_what_counts(graded, self.settings)
        return [one if id(one) in before else self._adjusted(one) for one in kept]

    def _adjusted(self, one: Graded) -> Graded:
        return adjust_graded(one, self.adjustments, self.course.late, self.settings.out)

    def outlook(self) -> Iterator[tuple[SubmissionRef, Outlook]]:
        """What :meth:`grade` would do with each submission. Reads, and writes nothing."""
        return outlook(self.found.refs, self.settings, force=self.options.force)

    def write_summary(self, *, excel: bool = False) -> FolderOfGrades:
        """Write the summary of what lies in the folder of grades, and what was handed in for
        each, and return that. Not what this call did: an earlier one may have graded others.
        ``excel`` puts a byte order mark before them."""
        out = self.settings.out
        found = adjust_folder(out, self.adjustments, self.course.late)
        encoding = "utf-8-sig" if excel else "utf-8"
        write_summary(out / SUMMARY, found.grades, encoding, self.roster)
        write_files(out / FILES, found.grades, encoding)
        write_origin(out, self.options.submissions, self.found.layout)
        return found

    def gone(self, found: FolderOfGrades) -> list[Path]:
        """The files of grades that no submission is there for any more: students who are gone or
        were renamed. Only where all of a class was looked at."""
        if self.options.students or self.found.layout == "repository":
            return []
        there = {(ref.student, ref.assignment) for ref in self.found.refs}
        wanted = set(self.options.assignments or self.course.assignments)
        return [
            file
            for grade, file in zip(found.grades, found.files, strict=True)
            if grade.assignment in wanted and (grade.student, grade.assignment) not in there
        ]


def prune(files: Iterable[Path], out: Path) -> None:
    """Move grades out of the way, into ``.pruned`` in the folder of grades, where nothing reads
    them. Raises :class:`MachineError`."""
    for file in files:
        target = out / PRUNED / file.parent.name / file.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            with contextlib.suppress(OSError):  # others of this student are still there
                file.parent.rmdir()
        except OSError as error:
            raise MachineError(
                said("error_cannot_move", path=file, reason=error.strerror)
            ) from None


def open_course(options: GradeOptions) -> tuple[CourseCache, Course, Language]:
    """The course, what was worked out of it, and the language of its grades. Raises
    :class:`~autograder.errors.AutograderError`."""
    cache = CourseCache(options.course, anew=options.force)
    course = load_cached(cache, options.course)
    for assignment in options.assignments:
        if assignment not in course.assignments:
            known = ", ".join(course.assignments)
            raise UsageError(
                said("error_no_assignment", name=f"--assignment {assignment}", known=known)
            )
    return cache, course, pick_language(options.language, course)


@contextmanager
def open_class(options: GradeOptions) -> Iterator[ClassFolder]:
    """Load the course and find the submissions, which can be graded while the context lasts.

    Raises :class:`~autograder.errors.AutograderError` for a course that is wrong, a folder
    without submissions, and folders that must not be the same.
    """
    if database_in(options.out) is not None or (options.out / SHARDS).is_dir():
        raise UsageError(said("error_out_of_shards", out=options.out))
    cache, course, language = open_course(options)
    with (
        bounded(options.submissions if options.submissions.is_dir() else None),
        find_in_layout(
            options.submissions,
            course,
            layout=options.layout,
            assignments=options.assignments,
            students=options.students,
        ) as found,
    ):
        refuse_places(options, found.layout)
        if options.times is not None:
            found = with_times(found, read_class_times(options.times), course)
        private = (options.course, options.submissions, options.out, found.folder)
        settings = Settings(
            course,
            options.out.absolute(),
            options.isolation,
            language,
            private=tuple(dict.fromkeys(path.absolute() for path in private)),
        )
        adjustments = read_adjustments(course, options)
        is_whole = not options.students and found.layout != "repository"
        roster = course_roster(options.course) if is_whole else None
        if is_whole and not options.assignments:
            _refuse_strangers(adjustments, found.refs, options.out, roster)
        yield ClassFolder(options, course, found, settings, cache, adjustments, roster)


def grade(
    folder: str | Path,
    course: str | Path = ".",
    *,
    out: str | Path,
    jobs: int | None = None,
    assignments: tuple[str, ...] = (),
    students: tuple[str, ...] = (),
    isolation: Level = "sandbox",
    layout: str = "nbgrader",
    lang: Language | None = None,
    force: bool = False,
) -> Iterator[Grade]:
    """Grade the submissions in ``folder`` and yield each grade when its file is written.

    ``course`` is the course's folder, ``out`` the folder for the grades
    (``<student>/<assignment>.json`` and, at the end, ``summary.csv``), ``jobs`` the number of
    submissions graded at a time (default: one per processor). What is graded and unchanged is not
    run again, unless ``force``. A grade of which there are several attempts comes last.

    Raises :class:`~autograder.errors.UsageError` for a call that is wrong,
    :class:`~autograder.errors.CourseError` for a course that is, and
    :class:`~autograder.errors.MachineError` where this machine lacks what ``isolation`` needs.
    """
    require_level(isolation)
    options = GradeOptions(
        submissions=Path(folder),
        course=Path(course),
        out=Path(out),
        assignments=assignments,
        students=students,
        jobs=jobs or os.cpu_count() or 1,
        isolation=isolation,
        layout=layout,
        language=lang,
        force=force,
    )
    with open_class(options) as opened:
        graded = []
        try:
            for one in opened.grade():
                graded.append(one.outline())
                if not one.ref.attempt:
                    yield one.grade
        finally:
            counting = opened.keep_what_counts(graded)
            opened.write_summary()
        several = {(one.ref.student, one.ref.assignment) for one in graded if one.ref.attempt}
        for one in counting:
            if (one.ref.student, one.ref.assignment) in several:
                yield one.grade


def read_class_times(path: Path) -> Times:
    """The times in a CSV. Raises :class:`UsageError`."""
    try:
        return read_times(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(said("error_times", path=path, reason=error.strerror)) from None


def with_times(found: Found, times: Times, course: Course) -> Found:
    """The submissions with their times from a CSV, and a line for who is in it alone."""
    refs = [times.apply(ref, course.assignments[ref.assignment].due) for ref in found.refs]
    unknown = times.unknown([ref.student for ref in refs])
    return replace(found, refs=number_attempts(refs), nobody=tuple(unknown))


def read_adjustments(course: Course, options: GradeOptions) -> tuple[Adjustment, ...]:
    """What people decided; see :func:`~autograder.course.loading.adjustments.load_adjustments`."""
    if options.adjustments is None and not (options.course / ADJUSTMENTS).exists():
        return ()
    from autograder.course.loading.adjustments import load_adjustments  # it takes a while

    return load_adjustments(course, options.adjustments)


def _refuse_strangers(
    adjustments: Sequence[Adjustment],
    refs: Iterable[SubmissionRef],
    out: Path,
    roster: Roster | None,
) -> None:
    """Refuse adjustments for students of whom there is no submission, no grade and no line in the
    roster: a typing error would cost somebody the points. Raises :class:`CourseError`."""
    if all(one.students is None for one in adjustments):
        return
    from autograder.course.loading.adjustments import unknown_students

    known = [ref.student for ref in refs]
    known += [student for student, _ in keys(read_folder(out).grades)]
    known += [] if roster is None else roster.rows
    findings = unknown_students(adjustments, list(dict.fromkeys(known)))
    if findings:
        findings[0].more = tuple(findings[1:])
        raise findings[0]


def load_cached(cache: CourseCache, root: Path) -> Course:
    """The course, as it was loaded last time where nothing has changed."""
    entries = cache.get(["course"])
    if not entries:
        from autograder.course.loading import load_course  # it takes a while

        entries = {"course": load_course(root, jobs=processors())}
        cache.put(entries)
    course: Course = entries["course"]
    return course


def refuse_places(options: GradeOptions, layout: str) -> None:
    """Refuse folders that would be taken for students that are none. A folder of grades around
    the submissions does no harm, nor does one in the work of the only student."""
    submissions, out = options.submissions, options.out
    folder = submissions.resolve()
    if out.resolve() == folder:
        raise UsageError(said("error_out_is_submissions", out=out))
    if out.resolve() == options.course.resolve():
        raise UsageError(said("error_out_is_course", out=out))
    if layout == "repository":
        return
    if folder == options.course.resolve():
        raise UsageError(said("error_submissions_are_course", path=submissions))
    if out.resolve().is_relative_to(folder):
        raise UsageError(said("error_out_in_submissions", out=out, submissions=submissions))
