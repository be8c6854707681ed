"""Wrong answers of the labelled set get a true explanation."""

from __future__ import annotations

import pytest

from tests.diagnosis.measure import measure
from tests.diagnosis.wrong_answers import WRONG

# Of each exercise's answers, at least so many are explained; what is said is true of all.
LEAST = 0.8


def test_the_set_is_large() -> None:
    assert sum(map(len, WRONG.values())) >= 150


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_explained_and_never_falsely(name: str) -> None:
    results = list(measure(name))
    assert not [result for result in results if result.false]
    assert sum(result.explained for result in results) >= LEAST * len(results)
