"""What a page does so that right answers are right where numpy counts in 32 bits."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.student import page

COUNTS = np.array([2, 0, 1, 2])
X = np.arange(12.0).reshape(4, 3)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """numpy as in a browser, as far as its functions say what they were given."""
    asked: list[object] = []
    for name, *_ in page._COUNTING:
        function = getattr(np, name)

        def told(*given, function=function, **named):  # type: ignore[no-untyped-def]
            asked.extend(one.dtype for one in (*given, *named.values()) if hasattr(one, "dtype"))
            return function(*given, **named)

        monkeypatch.setattr(np, name, told)
    monkeypatch.setattr(np, "intp", np.int32)
    page.accept_wide_integers()
    return asked


def test_functions_that_count_are_given_what_they_take(narrow: list[object]) -> None:
    assert np.bincount(COUNTS).tolist() == [1, 1, 2]
    assert np.repeat(X, COUNTS, axis=0).shape == np.repeat(X, repeats=COUNTS, axis=0).shape
    assert np.take(X, COUNTS, axis=0).tolist() == X[COUNTS].tolist()
    assert np.take(X, indices=COUNTS, axis=0).tolist() == X[COUNTS].tolist()
    assert np.choose(COUNTS, X.T).tolist() == X[np.arange(4), COUNTS].tolist()
    np.put(X.copy(), COUNTS, 1.0)
    assert np.dtype(np.int64) not in narrow
    assert narrow.count(np.dtype(np.int32)) == 7


def test_other_arguments_stay_as_they_are(narrow: list[object]) -> None:
    assert np.repeat(COUNTS, 2).dtype == np.int64
    assert np.take(COUNTS, [0]).dtype == np.int64
