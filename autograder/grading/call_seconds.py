"""How much processor time a call of student code may take, told from what the reference does.

Nothing is timed: the limit is the same on every machine and in every run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.course.exercise import EfficiencyTest, Exercise, RunTest
from autograder.grading.plan import inputs_of
from autograder.sandbox.limits import Limits
from autograder.truth.cases import Case
from autograder.truth.witnesses import Reference, run_steps

# A call may take so many times what the reference does at the least: a line of Python takes a
# tenth of a microsecond, a number that numpy reads a billionth of a second.
TIMES = 20_000
LINE_SECONDS = 1e-7
NUMBER_SECONDS = 1e-9


class _EnoughError(Exception):
    """Ends a run of the reference of which enough is known."""


def call_seconds(
    exercise: Exercise,
    test: RunTest,
    cases: Sequence[Case],
    reference: Reference,
    limits: Limits,
) -> float:
    """The processor seconds that a call of ``test`` may take: :data:`TIMES` times those that the
    reference's lines and the numbers handed to it take for the most expensive case, from
    ``limits.call_seconds`` to ``limits.wall_seconds``. Rounded upwards to two digits."""
    most = limits.wall_seconds
    if isinstance(test, EfficiencyTest):
        return most
    seconds = limits.call_seconds
    for case in cases:
        if seconds >= most:
            break
        seconds = max(seconds, _seconds(exercise, test, case, reference, most))
    return min(most, seconds if seconds == limits.call_seconds else _rounded(seconds))


def _seconds(
    exercise: Exercise, test: RunTest, case: Case, reference: Reference, most: float
) -> float:
    """What a call may take that is about ``case``, up to ``most``."""
    inputs: dict[str, Any] = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in inputs_of(case).items()
    }
    numbers = sum(value.size for value in inputs.values() if isinstance(value, np.ndarray))
    left = most / TIMES - numbers * NUMBER_SECONDS
    lines = _lines(exercise, test, inputs, reference, math.ceil(left / LINE_SECONDS))
    return most if lines is None else TIMES * (lines * LINE_SECONDS + numbers * NUMBER_SECONDS)


def _lines(
    exercise: Exercise, test: RunTest, inputs: dict[str, Any], reference: Reference, most: int
) -> int | None:
    """How many lines of Python the reference executes; None where that are more than ``most``, or
    where it fails."""
    lines = 0

    def trace(*_: Any) -> Any:
        nonlocal lines
        lines += 1
        if lines > most:
            raise _EnoughError
        return trace

    if most <= 0:
        return None
    before = sys.gettrace()
    try:
        with np.errstate(all="ignore"):
            sys.settrace(trace)
            run_steps(exercise, test.steps, reference, inputs)
    except Exception:  # whose fault it is is said where the truth is worked out
        return None
    finally:
        sys.settrace(before)
    return lines


def _rounded(seconds: float) -> float:
    step = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return math.ceil(seconds / step - 1e-9) * step
