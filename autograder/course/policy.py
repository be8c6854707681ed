"""What a course lays down about late work and several attempts: keys of ``config.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

# More than any term, to catch a number that was meant to be something else.
_MAX_DAYS = 366
_MAX_MINUTES = 7 * 24 * 60
_MAX_ATTEMPTS = 1000


class Late(Struct, frozen=True, forbid_unknown_fields=True):
    """The price of being late."""

    penalty_per_day: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="percent of the assignment's highest score, for each day begun",
        ),
    ] = 0.0
    at_most_days: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=_MAX_DAYS,
                description="more days late, there are no points; by default there is no such end",
            ),
        ]
        | None
    ) = None
    grace_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=_MAX_MINUTES,
            description="up to so many minutes late nothing happens; beyond them, days count from "
            "the due date",
        ),
    ] = 0.0


class Attempts(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of several submissions counts."""

    keep: Annotated[
        Literal["best", "last"], Meta(description="which submission counts: `best` or `last`")
    ] = "last"
    at_most: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=_MAX_ATTEMPTS,
                description="only so many count, the first ones; by default all do",
            ),
        ]
        | None
    ) = None
