"""Classical test theory: how hard a test was, and whether it tells who knows from who does not.

Pure functions over scores. A matrix of scores has a row for each student and a column for each
item, here a test, in points; every function leaves it as it is.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

Scores: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

Z95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


class Estimate(Struct, frozen=True):
    """A number with the bounds of its 95 % interval; these are None where ``n`` students are too
    few to give any."""

    value: float
    low: float | None
    high: float | None
    n: int


class ItemStatistics(Struct, frozen=True):
    """Of one item: ``facility``, from 0 (nobody) to 1 (everybody); ``discrimination``, the
    correlation with the rest of the score; ``efficiency``, Moodle's discriminative efficiency, at
    most 1. None where everybody got the same, so that there is nothing to correlate."""

    facility: Estimate
    discrimination: Estimate | None
    efficiency: float | None


def item_statistics(scores: Scores, highest: Scores) -> list[ItemStatistics]:
    """The statistics of each column of ``scores``, of shape (students, items). ``highest``, of
    shape (items,), are the highest points of the items, above 0."""
    total = scores.sum(axis=1)
    return [
        ItemStatistics(
            facility(scores[:, item] / highest[item]),
            correlation(scores[:, item], total - scores[:, item]),
            discriminative_efficiency(scores[:, item], total - scores[:, item]),
        )
        for item in range(scores.shape[1])
    ]


def facility(shares: Scores) -> Estimate:
    """The mean of ``shares``, of shape (students,), each from 0 to 1, with Wilson's interval.

    Wilson's interval is that of a proportion. Shares between 0 and 1 vary less than zeros and ones
    of the same mean, so that it is not too narrow for partial points.
    Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    n = len(shares)
    if n == 0:
        return Estimate(0.0, None, None, 0)
    mean = float(np.clip(shares.mean(), 0.0, 1.0))
    denominator = 1 + Z95**2 / n
    centre = (mean + Z95**2 / (2 * n)) / denominator
    half = Z95 / denominator * math.sqrt(mean * (1 - mean) / n + Z95**2 / (4 * n**2))
    return Estimate(mean, max(0.0, centre - half), min(1.0, centre + half), n)


def correlation(one: Scores, other: Scores) -> Estimate | None:
    """Pearson's correlation of two arrays of shape (students,), with the interval of Fisher's
    z-transformation; None where one of them does not vary.

    Of an item and the rest of the score it is the corrected item-total correlation: the item
    itself is not in what it is correlated with.
    """
    n = len(one)
    if n < 2 or not (_varies(one) and _varies(other)):
        return None
    a, b = one - one.mean(), other - other.mean()
    value = float(np.clip(a @ b / math.sqrt(float(a @ a) * float(b @ b)), -1.0, 1.0))
    if n <= 3 or abs(value) == 1.0:
        return Estimate(value, None, None, n)
    z, half = math.atanh(value), Z95 / math.sqrt(n - 3)
    return Estimate(value, math.tanh(z - half), math.tanh(z + half), n)


def discriminative_efficiency(one: Scores, rest: Scores) -> float | None:
    """The covariance of an item with the rest of the score, as a share of the largest that these
    points can have: that of both in order. None where that is 0.

    https://docs.moodle.org/dev/Quiz_statistics_calculations#Discriminative_efficiency
    """
    if len(one) < 2:
        return None
    most = _covariance(np.sort(one), np.sort(rest))
    if most <= 1e-12 * max(1.0, float(np.abs(one).max()) * float(np.abs(rest).max())):
        return None
    return _covariance(one, rest) / most


def cronbach_alpha(scores: Scores) -> Estimate | None:
    """Cronbach's alpha of ``scores``, of shape (students, items): how much of the variation of the
    total is common to its items. Of items that are right or wrong it is Kuder and Richardson's
    formula 20. None for fewer than two items or students, and where nobody differs.

    k / (k - 1) * (1 - sum of the items' variances / variance of the total). The interval is that
    of the cube root of 1 - alpha, which is nearly normal (Hakstian and Whalen, A k-sample
    significance test for independent alpha coefficients, 1976).
    """
    n, items = scores.shape
    if n < 2 or items < 2 or not _varies(scores.sum(axis=1)):
        return None
    variances = scores.var(axis=0, ddof=1)
    alpha = items / (items - 1) * (1 - variances.sum() / scores.sum(axis=1).var(ddof=1))
    root = np.cbrt(1 - alpha)
    spread = math.sqrt(18 * items * (n - 1) / (items - 1)) / (9 * n - 11) * abs(root)
    centre = root * (9 * n - 9) / (9 * n - 11)
    low, high = (float(1 - (centre + sign * Z95 * spread) ** 3) for sign in (1, -1))
    return Estimate(float(alpha), low, high, n)


def quantiles(values: Scores) -> tuple[float, float, float]:
    """The quartiles of at least one value."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float(low), float(median), float(high)


def histogram(shares: Scores, bins: int = 10) -> list[int]:
    """How many of ``shares``, each from 0 to 1, are in each of ``bins`` equal parts. A share on
    the border of two is in the upper one, and 1 in the last."""
    places = np.minimum(np.floor(shares * bins + 1e-9).astype(int), bins - 1)
    return [int(one) for one in np.bincount(places, minlength=bins)]


def _varies(values: Scores) -> bool:
    spread = float(np.ptp(values))
    return spread > 1e-9 * max(1.0, float(np.abs(values).max()))


def _covariance(one: Scores, other: Scores) -> float:
    return float((one - one.mean()) @ (other - other.mean()) / (len(one) - 1))
