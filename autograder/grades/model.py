"""A grade: the score of one submission, test by test."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from autograder.course.adjustments import Decision
from autograder.course.exercise import Visibility
from autograder.submissions.found_at import FoundAt
from autograder.text.sentences import Sentence

PASSED: Final = Sentence(key="passed")
"""What is said about a test that passed."""

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
    said: Sentence | UnsetType = UNSET
    """What ``message`` says, in no language; see :mod:`autograder.grades.wording`. Left out where
    it says that the test passed."""
    hint_said: Sentence | UnsetType = UNSET
    """What ``hint`` says."""
    adjusted: float | UnsetType = UNSET
    """The points that count instead of ``score``, where a person decided so."""
    excused: bool | UnsetType = UNSET
    """True where the test does not count: ``adjusted`` is what the rest makes of its points."""

    @property
    def total(self) -> float:
        """The points that count."""
        return self.score if self.adjusted is UNSET else self.adjusted


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
    adjusted: float | UnsetType = UNSET
    """The points that count instead of ``score``, where a person decided about them."""
    excused: bool | UnsetType = UNSET
    """As of a test."""

    @property
    def total(self) -> float:
        """The points that count."""
        return self.score if self.adjusted is UNSET else self.adjusted


class Timing(Struct, frozen=True):
    """The one part of a grade that differs from run to run."""

    graded_at: str
    seconds: float


class Grade(Struct, frozen=True, omit_defaults=True):
    """One student's result for one assignment; the content of a grade file.

    ``score`` is what the tests gave. The fields from ``submitted`` to ``final_score`` are there
    only where the assignment has a due date. ``penalty`` and ``final_score``, what is left after
    it, follow from the points of the exercises with what people decided about them; ``adjusted``
    is what counts in the end, and there only where people decided something.
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
    adjusted: float | None = None
    adjustments: tuple[Decision, ...] = ()
    """What people decided about this grade; see :mod:`autograder.grades.adjust`."""

    seal: str = ""
    """A hash of all this but ``timing``, by which a grade edited by hand is noticed."""

    @property
    def total(self) -> float:
        """The points that count."""
        if self.adjusted is not None:
            return self.adjusted
        return self.score if self.final_score is None else self.final_score


def clamp(score: float, highest: float) -> float:
    """``score`` within 0 and ``highest``, free of rounding dust; 0 where it is NaN."""
    if math.isnan(score):
        return 0.0
    return min(max(round(score, 9), 0.0), highest)
