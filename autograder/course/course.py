"""What a course is, and how a directory becomes one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from autograder.exercise import Exercise, Language, Text
from autograder.policy import Attempts, Late

HiddenFeedback: TypeAlias = Literal["none", "names", "hints", "all"]
"""How much students see of hidden tests; see :mod:`autograder.feedback`."""


class Limits(Struct, frozen=True):
    """What one submission may use, per exercise unless said otherwise."""

    wall_seconds: float = 2.0
    """Wall time for the calls of one test."""
    cpu_seconds: int = 5
    """CPU time of one process of student code."""
    memory_mib: int = 512
    """Memory beyond what the interpreter and numpy take."""
    processes: int = 0
    """Further processes and threads that student code may start."""
    open_files: int = 32
    file_size_mib: int = 0
    """Size of any file that student code writes."""
    output_kib: int = 16
    """How much of what is printed is kept."""
    reply_mib: int = 64
    """Size of one returned result on the wire."""


class Assignment(Struct, frozen=True):
    name: str
    title: Text
    exercises: tuple[Exercise, ...]
    due: datetime | None = None
    extensions: dict[str, datetime] = {}
    """Students with a due date of their own."""

    @property
    def max_score(self) -> float:
        return sum(exercise.max_score for exercise in self.exercises)


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
