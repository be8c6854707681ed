"""A grade: the score of one submission, test by test."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from autograder.course.exercise import Visibility
from autograder.submissions.found_at import FoundAt

Status: TypeAlias = Literal["passed", "partial", "failed", "error", "timeout", "crashed", "missing"]


class TestGrade(Struct, frozen=True):
    name: str
    visibility: Visibility
    score: float
    max_score: float
    status: Status
    message: str
    mistake: str | None = None
    hint: str | None = None
    file: str | UnsetType = UNSET
    """The student's file that the message is about, where it is about one line of it."""
    line: int | UnsetType = UNSET
    computed: str | UnsetType = UNSET
    """For instructors: the expression that each wrong output is, where one was found."""


class FileUse(Struct, frozen=True, omit_defaults=True):
    """A file that was handed in: the names that it was graded under, or why it was not used."""

    path: str
    used_as: tuple[str, ...] = ()
    reason: str = ""
    """As :data:`autograder.submissions.choice.Unused`; empty where it was used."""
    meant: str = ""
    """The file that it may be, or that counts instead."""
    fault: str = ""
    """Of what cannot be read, what a parser failed on, for instructors."""


class ExerciseGrade(Struct, frozen=True):
    name: str
    score: float
    max_score: float
    tests: tuple[TestGrade, ...]
    output: str = ""
    file: str = ""
    """The file that was graded, as it was handed in; empty where there is none."""


class Timing(Struct, frozen=True):
    """The one part of a grade that differs from run to run."""

    graded_at: str
    seconds: float


class Grade(Struct, frozen=True, omit_defaults=True):
    """One student's result for one assignment; the content of a grade file.

    ``score`` is what the tests gave. The fields from ``submitted`` on are there only where
    the assignment has a due date; ``final_score`` is what is left after the penalty.
    """

    student: str
    assignment: str
    score: float
    max_score: float
    isolation: str
    language: str
    exercises: tuple[ExerciseGrade, ...]
    fingerprint: str
    timing: Timing
    enforced: tuple[str, ...] = ()
    """What the level ``isolation`` held student code to on the machine that graded it."""
    student_is: str | None = None
    """What kind of name ``student`` is, where that is known: ``canvas_id``."""
    found_at: FoundAt | None = None
    """Where the work lay, if that is not where it should."""
    files: tuple[FileUse, ...] = ()
    """Everything that was handed in."""
    submitted: str | None = None
    known_by: str | None = None
    """What tells when it was handed in, as :data:`autograder.submissions.submission_time.Source`;
    ``submitted`` is not there where that is no time."""
    known_by_note: str | None = None
    """The name of a time zone that several have, or the text that is no time."""
    late_seconds: int | None = None
    penalty: float | None = None
    final_score: float | None = None

    seal: str = ""
    """A hash of all this but ``timing``, by which a grade edited by hand is noticed."""

    @property
    def total(self) -> float:
        """The points that count."""
        return self.score if self.final_score is None else self.final_score


def clamp(score: float, highest: float) -> float:
    """``score`` within 0 and ``highest``, free of rounding dust; 0 where it is NaN."""
    if math.isnan(score):
        return 0.0
    return min(max(round(score, 9), 0.0), highest)
