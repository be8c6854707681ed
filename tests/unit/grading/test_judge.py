"""Points for outputs that are right, and where that proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from autograder.course.exercise import Drawing, GradientTest, Part
from autograder.grading.judge import Judgement, judge_test, without_unproven
from autograder.grading.observation import Observation, Output
from autograder.truth.expected import Expected

RIGHT = {"dx": np.array([3.0, 4.0]), "db": np.array([5.0])}


def judged(
    name: str, *, trivial: Sequence[str] = (), wrong: Sequence[str] = (), cases: int = 2
) -> Judgement:
    """A test of dx and db with a point each: in all its cases those of ``trivial`` are zeros, and
    those of ``wrong`` come back wrong."""
    truth: dict[str, Expected] = {}
    outputs: dict[str, Output] = {}
    for output, value in RIGHT.items():
        right = 0 * value if output in trivial else value
        truth[output] = Expected(
            value.shape, right, 0 * value, "reference", is_trivial=output in trivial
        )
        outputs[output] = right + (output in wrong)
    test = GradientTest(
        name=name,
        visibility="hidden",
        parts=(Part(("dx",), 1.0), Part(("db",), 1.0)),
        steps=(),
        against=("reference",),
        inputs=Drawing(cases=cases),
    )
    return judge_test(test, [truth] * cases, [Observation(outputs)] * cases)


@pytest.mark.parametrize(
    ("tests", "scores"),
    [
        # Nothing else is asked of db, of which zeros are right: nobody has proved anything.
        ([judged("one", trivial=["db"])], [(1, 0)]),
        # Another test proves it, in whatever order.
        ([judged("one", trivial=["db"]), judged("two")], [(1, 1), (1, 1)]),
        ([judged("one"), judged("two", trivial=["dx", "db"])], [(1, 1), (1, 1)]),
        # The other test finds it wrong.
        ([judged("one", trivial=["db"]), judged("two", wrong=["db"])], [(1, 0), (1, 0)]),
        ([judged("one", trivial=["dx", "db"]), judged("two", wrong=["dx"])], [(0, 1), (0, 1)]),
        # Wrong even where zeros would have been right, and right elsewhere.
        ([judged("one", trivial=["db"], wrong=["db"]), judged("two")], [(1, 0), (1, 1)]),
        # A program that returns zeros: wrong in every test that says something.
        (
            [judged("one", trivial=["dx", "db"]), judged("two", wrong=["dx", "db"])],
            [(0, 0), (0, 0)],
        ),
    ],
)
def test_what_proves_nothing_by_itself_counts_together_with_others(
    tests: list[Judgement], scores: list[tuple[int, int]]
) -> None:
    assert [judgement.scores for judgement in without_unproven(tests)] == scores
