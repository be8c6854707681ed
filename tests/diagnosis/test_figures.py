"""A sample of the labelled wrong answers gets true explanations; ``make diagnosis`` has all."""

from __future__ import annotations

import pytest

from tests.diagnosis.gallery_answers import BLIND, FIRST
from tests.diagnosis.measure import measure
from tests.diagnosis.wrong_answers import WRONG

# Of each exercise's answers, at least so many are explained; what is said is true of all.
LEAST = 0.75
# One exercise of each kind, and every so manieth of its answers.
SAMPLE = ("affine_backward", "softmax_cross_entropy", "layernorm_backward", "conv1d_backward")
EVERY = 3


def test_the_set_is_large() -> None:
    assert sum(map(len, WRONG.values())) >= 150
    assert sum(map(len, FIRST.values())) >= 80
    assert sum(map(len, BLIND.values())) >= 40


@pytest.mark.parametrize("name", SAMPLE)
def test_wrong_answers_are_explained_and_never_falsely(name: str) -> None:
    results = list(measure(name, every=EVERY))
    assert not [result for result in results if result.false]
    assert sum(result.explained for result in results) >= LEAST * len(results)
