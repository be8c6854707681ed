"""What is wrong with a test, as data: messages, lint and pages make their words of it."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from autograder.course.exercise import PropertyName, Yardstick
from autograder.grading.failures import Failure
from autograder.grading.observation import Change
from autograder.grading.source_rules import BrokenRule
from autograder.truth.compare import Verdict


class WrongOutput(Struct, frozen=True):
    """An output differs from what is expected: that of the call, or, where a ``property`` is
    named, that of the second call which the property is about."""

    verdict: Verdict
    property: PropertyName | None = None


class ChangedInputs(Struct, frozen=True):
    """A call changed its arguments ``names``; ``change`` is an element of the first of them,
    None where it has another shape or type now."""

    names: tuple[str, ...]
    change: Change | None = None


class SharedResults(Struct, frozen=True):
    """A result that must be new shares the memory of the parameters ``names``."""

    names: tuple[str, ...]


class WrongWhenTimed(Struct, frozen=True):
    """An answer was right until it was timed, with inputs drawn for that."""


class FollowsFrom(Struct, frozen=True):
    """An answer by hand is wrong and follows from the student's own earlier ``answers``: it
    loses nothing."""

    answers: tuple[str, ...]


class ManyLines(Struct, frozen=True):
    """More than ``most`` lines of Python were executed. Where ``lines`` are more, the call was
    ended there."""

    lines: int
    most: int


class Slow(Struct, frozen=True):
    """A call took so many ``times`` as long as what it is held against."""

    times: float
    than: Yardstick


Fault: TypeAlias = (
    Failure
    | WrongOutput
    | ChangedInputs
    | SharedResults
    | WrongWhenTimed
    | FollowsFrom
    | ManyLines
    | Slow
    | BrokenRule
)


class Finding(Struct, frozen=True):
    """A fault, and the number of the case and the output that show it, where it is about one."""

    fault: Fault
    case: int | None = None
    output: str = ""

    @property
    def failure(self) -> Failure | None:
        """The fault, where it is that there are no outputs."""
        return self.fault if isinstance(self.fault, Failure) else None
