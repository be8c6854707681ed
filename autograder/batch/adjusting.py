"""Decisions of people, brought into a folder of grades without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from autograder.batch.grading import Graded
from autograder.course.adjustments import Adjustment, normal
from autograder.course.policy import Late
from autograder.grades.adjust import adjust
from autograder.grades.grade_file import FolderOfGrades, grade_path, read_folder, rewrite_grade


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


def adjust_folder(folder: Path, adjustments: Sequence[Adjustment], late: Late) -> FolderOfGrades:
    """The grades in ``folder`` with ``adjustments`` and no others, in their files too.

    A file that somebody edited stays known as such.
    """
    found = read_folder(folder)
    grades = []
    for grade, file in zip(found.grades, found.files, strict=True):
        adjusted = adjust(grade, adjustments, late)
        if adjusted != grade:
            rewrite_grade(file, adjusted)
        grades.append(adjusted)
    return replace(found, grades=tuple(grades))


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
