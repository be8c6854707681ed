"""What a course is, and how a directory becomes one."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from autograder.course.exercise import Exercise
from autograder.course.policy import Attempts, Late
from autograder.errors import UsageError
from autograder.sandbox.limits import Limits
from autograder.text.language import Language, Text
from autograder.text.said import said

HiddenFeedback: TypeAlias = Literal["none", "names", "hints", "all"]
"""How much students see of hidden tests; see :mod:`autograder.grades.feedback`."""


HiddenInputs: TypeAlias = Literal["fixed", "per-attempt"]
"""Whether the hidden inputs are those of the course, or other ones for each submission."""


class Assignment(Struct, frozen=True):
    name: str
    title: Text
    exercises: tuple[Exercise, ...]
    due: datetime | None = None
    extensions: dict[str, datetime] = {}
    """Students with a due date of their own."""

    @property
    def max_score(self) -> float:
        return round(math.fsum(exercise.max_score for exercise in self.exercises), 9)


class Course(Struct, frozen=True):
    root: Path
    title: Text
    language: Language
    languages: tuple[Language, ...]
    seed: int
    limits: Limits
    assignments: dict[str, Assignment]
    late: Late = Late()
    attempts: Attempts = Attempts()
    feedback: HiddenFeedback = "hints"
    hand_in: Literal["files", "folder"] = "files"
    """How `autograder submit` packs the files of an assignment."""
    has_seed: bool = True
    """Whether the config says the seed; without one it is 0, which everybody knows."""
    seed_is_public: bool = False
    """Whether the course says that its seed is no secret, as that of an example."""
    hidden_inputs: HiddenInputs = "fixed"


def pick_language(given: Language | None, course: Course) -> Language:
    """The language asked for, or the course's. Raises :class:`UsageError` for an unknown one."""
    if given is None:
        return course.language
    if given not in course.languages:
        languages = ", ".join(course.languages)
        raise UsageError(
            said("error_not_in_language", option=f"--lang {given}", languages=languages)
        )
    return given
