"""Decisions of people about grades, as ``adjustments.yaml`` has them: points given, taken, set."""

from __future__ import annotations

import unicodedata

from msgspec import Struct

from autograder.errors import CourseError

FILE = "adjustments.yaml"
"""Where a course has them, beside its configuration."""


class Decision(Struct, frozen=True, omit_defaults=True):
    """Exactly one of ``add``, ``set`` and ``excuse`` about a test, an exercise or, where neither
    is named, a whole assignment."""

    exercise: str = ""
    test: str = ""
    add: float | None = None
    """Points to add; taken off where negative."""
    set: float | None = None
    """Points instead of those that were computed."""
    excuse: bool = False
    """Whether it does not count: it gets the share of points that the rest has reached."""
    comment: str = ""
    """For the student."""
    by: str = ""
    """Who decided, for instructors."""


class Adjustment(Struct, frozen=True):
    """A decision, and whom it concerns: ``students`` is None for everybody. ``path``, ``line`` and
    ``column`` say where it is written."""

    assignment: str
    decision: Decision
    students: tuple[str, ...] | None
    path: str = FILE
    line: int = 1
    column: int = 1

    def concerns(self, student: str) -> bool:
        """Whether it is about this student."""
        if self.students is None or student in self.students:
            return True
        return not student.isascii() and normal(student) in map(normal, self.students)

    def error(self, message: str) -> CourseError:
        """The error that ``message`` is, where the adjustment is written."""
        return CourseError(message, path=self.path, line=self.line, column=self.column)


def normal(student: str) -> str:
    """A student's name in Unicode's normal form C: a Mac writes Hangul in parts."""
    return student if student.isascii() else unicodedata.normalize("NFC", student)
