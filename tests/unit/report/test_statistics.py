"""Statistics of tests against numbers by hand, Python's own statistics, and other formulas."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.report.statistics import (
    correlation,
    cronbach_alpha,
    discriminative_efficiency,
    facility,
    histogram,
    item_statistics,
    quantiles,
)

# Five students, three items of 1, 2 and 4 points.
SCORES = np.array([[1, 2, 4], [1, 2, 1], [1, 0, 2], [0, 1, 0], [0, 0, 0]], dtype=float)
HIGHEST = np.array([1.0, 2.0, 4.0])


def test_items_by_hand() -> None:
    first, second, third = item_statistics(SCORES, HIGHEST)
    assert first.facility.value == pytest.approx(3 / 5)
    assert second.facility.value == pytest.approx(5 / 10)
    assert third.facility.value == pytest.approx(7 / 20)
    rest = [6.0, 3.0, 2.0, 1.0, 0.0]
    assert first.discrimination is not None
    assert first.discrimination.value == pytest.approx(
        statistics.correlation([1, 1, 1, 0, 0], rest)
    )
    # The item is in order already, so that the covariance is the largest it can be.
    assert first.efficiency == pytest.approx(1)
    assert second.efficiency == pytest.approx(
        statistics.covariance([2, 2, 0, 1, 0], [5, 2, 3, 0, 0])
        / statistics.covariance([0, 0, 1, 2, 2], [0, 0, 2, 3, 5])
    )


def test_wilson_by_hand() -> None:
    # 8 of 10: the interval of the textbooks, 0.4902 to 0.9433.
    found = facility(np.array([1.0] * 8 + [0.0] * 2))
    assert found.n == 10
    assert found.value == pytest.approx(0.8)
    assert found.low == pytest.approx(0.4902, abs=1e-4)
    assert found.high == pytest.approx(0.9433, abs=1e-4)
    everybody = facility(np.ones(20))
    assert everybody.value == 1
    assert everybody.high == pytest.approx(1)
    assert everybody.low == pytest.approx(20 / (20 + 1.96**2), abs=1e-3)


def test_fisher_by_hand() -> None:
    # r = 0.5 of 28 students: z = 0.5493, its standard error 1/5.
    x = np.concatenate([np.ones(14), -np.ones(14)])
    y = np.concatenate([np.ones(10), -np.ones(4), np.ones(3), -np.ones(11)])
    found = correlation(x, y)
    assert found is not None
    z, half = math.atanh(found.value), 1.959964 / 5
    assert found.low == pytest.approx(math.tanh(z - half), abs=1e-6)
    assert found.high == pytest.approx(math.tanh(z + half), abs=1e-6)


def test_kr20_by_hand() -> None:
    # Items right or wrong: k/(k-1) * (1 - sum p q / variance), all with n in the denominator.
    answers = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=float)
    sum_pq = 0.75 * 0.25 + 0.5 * 0.5 + 0.25 * 0.75
    variance = statistics.pvariance([3, 2, 1, 0])
    found = cronbach_alpha(answers)
    assert found is not None
    assert found.value == pytest.approx(3 / 2 * (1 - sum_pq / variance))


def test_alpha_of_three_points_items() -> None:
    rows = [[3.0, 4.0, 3.0], [5.0, 4.0, 4.0], [1.0, 2.0, 1.0], [2.0, 2.0, 3.0]]
    items = list(zip(*rows, strict=True))
    totals = [sum(row) for row in rows]
    parts = sum(statistics.variance(item) for item in items) / statistics.variance(totals)
    found = cronbach_alpha(np.array(rows))
    assert found is not None
    assert found.value == pytest.approx(1.5 * (1 - parts))


def test_the_interval_of_alpha_holds_what_is_true_as_often_as_it_says() -> None:
    # Eight parallel items with a common part: alpha is 8 r / (1 + 7 r).
    generator = np.random.default_rng(3)
    r, items, n, runs = 0.3, 8, 60, 400
    true = items * r / (1 + (items - 1) * r)
    held = 0
    for _ in range(runs):
        common = generator.normal(size=(n, 1)) * math.sqrt(r)
        found = cronbach_alpha(common + generator.normal(size=(n, items)) * math.sqrt(1 - r))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    assert 0.92 <= held / runs <= 0.98


def test_nothing_is_said_of_what_does_not_vary() -> None:
    (one, other) = item_statistics(np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones(2))
    assert one.discrimination is None
    assert one.efficiency is None
    assert other.discrimination is None  # the rest does not vary
    assert cronbach_alpha(np.ones((5, 3))) is None
    assert cronbach_alpha(np.ones((5, 1))) is None
    assert cronbach_alpha(np.ones((1, 3))) is None
    assert facility(np.zeros(0)).n == 0
    assert correlation(np.zeros(1), np.zeros(1)) is None
    assert discriminative_efficiency(np.zeros(1), np.zeros(1)) is None


def test_few_students_give_no_interval() -> None:
    found = correlation(np.array([0.0, 1.0, 1.0]), np.array([0.0, 2.0, 1.0]))
    assert found is not None
    assert (found.low, found.high) == (None, None)


def test_histogram_and_quartiles() -> None:
    assert histogram(np.array([0, 0.05, 0.1, 0.3, 0.7, 0.999, 1])) == [2, 1, 0, 1, 0, 0, 0, 1, 0, 2]
    assert quantiles(np.array([1.0, 2.0, 3.0, 4.0])) == (1.75, 2.5, 3.25)


MATRICES = st.integers(2, 30).flatmap(
    lambda n: st.integers(2, 6).flatmap(
        lambda k: st.lists(
            st.lists(st.integers(0, 3).map(float), min_size=k, max_size=k), min_size=n, max_size=n
        )
    )
)


@given(MATRICES)
def test_any_scores_stay_within_what_is_possible(rows: list[list[float]]) -> None:
    scores: Any = np.array(rows)
    for item, found in enumerate(item_statistics(scores, np.full(scores.shape[1], 3.0))):
        assert found.facility.low is not None
        assert found.facility.high is not None
        assert 0 <= found.facility.low <= found.facility.value + 1e-12
        assert found.facility.value - 1e-12 <= found.facility.high <= 1
        rest = [sum(row) - row[item] for row in rows]
        if found.discrimination is not None:
            expected = statistics.correlation([row[item] for row in rows], rest)
            assert found.discrimination.value == pytest.approx(expected, abs=1e-9)
        if found.efficiency is not None:
            assert found.efficiency <= 1 + 1e-9
    alpha = cronbach_alpha(scores)
    assert alpha is None or alpha.value <= 1 + 1e-9
