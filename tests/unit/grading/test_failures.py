"""What follows from a failure."""

from __future__ import annotations

from typing import get_args

import pytest

from autograder.grading import failures
from autograder.grading.failures import MAX_EXHAUSTING, Failure, FailureKind
from autograder.grading.observation import Observation
from autograder.grading.run import exhaustion


def test_the_table_names_failures_that_there_are() -> None:
    assert failures._CONSEQUENCES.keys() < set(get_args(FailureKind))


@pytest.mark.parametrize(
    ("kinds", "untimed", "timed"),
    [
        ([], 0, 0),
        (["exception", "crashed"], 0, 0),
        (["memory"], 1, 1),
        (["memory", "oversized"], 1, 1),
        (["timeout"], MAX_EXHAUSTING, 1),
        (["exception", "memory", "cpu"], MAX_EXHAUSTING, 1),
    ],
)
def test_endless_code_exhausts_at_once_unless_it_is_timed(
    kinds: list[FailureKind], untimed: int, timed: int
) -> None:
    seen = [Observation(), *(Observation(failure=Failure(kind)) for kind in kinds)]
    assert exhaustion(seen) == untimed
    assert exhaustion(seen, is_timed=True) == timed


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_process_that_is_lost_is_no_clue_to_a_mistake(kind: FailureKind) -> None:
    follows = Failure(kind).consequences
    assert not (follows.ends_process and follows.is_explainable)
