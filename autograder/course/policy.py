"""What a course lays down about late work and several attempts."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Late(Struct, frozen=True):
    """What being late costs."""

    penalty_per_day: float = 0.0
    """Percent of the assignment's highest score, for each day begun."""
    at_most_days: int | None = None
    """What comes later than this gets no points; None: there is no such end."""
    grace_minutes: float = 0.0
    """So late is not late yet. Beyond it, the days count from the due date itself."""


class Attempts(Struct, frozen=True):
    """Which of several submissions counts."""

    keep: Literal["best", "last"] = "last"
    at_most: int | None = None
    """Only this many count, the first ones; None: all of them."""
