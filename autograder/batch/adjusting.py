"""Decisions of people, brought into a folder of grades without running anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from autograder.batch.grading import Graded
from autograder.course.adjustments import Adjustment, normal
from autograder.course.policy import Late
from autograder.grades.adjust import adjust
from autograder.grades.grade_file import FolderOfGrades, grade_path, rewrite_grade
from autograder.grades.model import Grade
from autograder.grades.store import store_at


def adjust_graded(
    graded: Graded, adjustments: Sequence[Adjustment], late: Late, out: Path
) -> Graded:
    """The graded submission with what people decided about it, in its file too. One of several
    attempts is left as it is: which of them counts is not known yet."""
    if graded.ref.attempt:
        return graded
    adjusted = adjust(graded.grade, adjustments, late)
    if adjusted != graded.grade:
        rewrite_grade(grade_path(out, graded.ref), adjusted)
    return replace(graded, grade=adjusted)


def adjust_folder(
    folder: Path,
    adjustments: Sequence[Adjustment],
    late: Late,
    changed: Callable[[Grade, Grade], None] = lambda *_: None,
) -> FolderOfGrades:
    """The grades in ``folder``, or in its database, with ``adjustments`` and no others, there too.

    A file that somebody edited stays known as such. ``changed`` is told each grade that was
    another one before, and what it is now.
    """

    def adjusted(grade: Grade) -> Grade:
        after = adjust(grade, adjustments, late)
        if after != grade:
            changed(grade, after)
        return after

    return store_at(folder, write=True).rewrite(adjusted)


def without_effect(
    adjustments: Iterable[Adjustment], found: FolderOfGrades
) -> list[tuple[Adjustment, str]]:
    """The adjustments that name a student whose grades have no such decision, each with the
    student: nothing was handed in, or the grade is older than the test."""
    done = {
        (normal(grade.student), grade.assignment, one)
        for grade in found.grades
        for one in grade.adjustments
    }
    return [
        (one, student)
        for one in adjustments
        for student in one.students or ()
        if (normal(student), one.assignment, one.decision) not in done
    ]
