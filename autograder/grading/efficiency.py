"""Whether right answers are slow: by the lines of Python that they execute, then by time.

A loop over the elements of arrays executes lines in proportion to their number, and a matrix
product none. So lines are counted for two sizes of the arrays, which gives the same number however
busy the machine is. Loops that C runs over Python's objects are not seen by that (arrays of
objects, ``map`` with a function of C, ``sum`` over the rows of an array); they are told by the
processor time. They take many times what is allowed, so that there is room for luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from autograder.course.exercise import EfficiencyTest
from autograder.grading.observation import Observation

# Lines by which the number may differ between two sizes without a loop that grows: numpy looks at
# shapes, chooses a way for einsum.
STRAY_LINES = 64
# Lines that have nothing to do with the size of arrays, at the most.
FIXED_LINES = 10_000
# The same where there is no smaller size to compare with.
FIXED_LINES_ALONE = 1000
# How many times as much processor time as is said is allowed: it is measured, lines are counted.
TIME_SLACK = 3.0


class Yardstick(Struct, frozen=True):
    """The lines that what a test is relative to executes for each case."""

    lines: tuple[int, ...]


def growth_allowed(test: EfficiencyTest, number: int, yardstick: Yardstick) -> int:
    """By how many lines an answer to a case may execute more than for a smaller one."""
    if test.lines is not None:
        return test.lines
    return math.ceil(test.at_most * yardstick.lines[number]) + STRAY_LINES


def most_lines(test: EfficiencyTest, number: int, yardstick: Yardstick) -> int:
    """How many lines are counted: who executes more is too slow, whatever a smaller case says."""
    return growth_allowed(test, number, yardstick) + FIXED_LINES


def executes_too_many_lines(
    test: EfficiencyTest, number: int, observation: Observation, yardstick: Yardstick
) -> bool:
    """Whether the lines of the answer to a case grow by too many with its size."""
    lines, fewer = observation.lines, observation.fewer_lines
    if lines is None or observation.failure is not None:
        return False
    fixed = FIXED_LINES_ALONE if fewer is None else min(fewer, FIXED_LINES)
    return lines - fixed > growth_allowed(test, number, yardstick)


def first_too_long(
    test: EfficiencyTest, observations: Sequence[Observation], yardstick: Yardstick
) -> int | None:
    """The number of the first case that executes too many lines."""
    return next(
        (
            number
            for number, observation in enumerate(observations)
            if executes_too_many_lines(test, number, observation, yardstick)
        ),
        None,
    )


def most_times(test: EfficiencyTest) -> float:
    """How many times as much processor time as what it is relative to an answer may take."""
    return TIME_SLACK * test.at_most
