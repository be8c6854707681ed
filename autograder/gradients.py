"""Derivatives from values of a function alone: central differences that know their error.

For a scalar function f and a direction v,

    D(h) = (f(x + h v) - f(x - h v)) / (2 h)  =  f'(x; v) + c h^2 + O(h^4),

so two steps tell how large the truncation error is, and their combination
(4 D(h/2) - D(h)) / 3 removes its first term (Richardson extrapolation). What
remains is weighed against rounding, which grows as h shrinks: about u |f| / h with
the unit roundoff u. Of several steps the one with the smallest sum of both is taken.
For functions of degree two or less in x (a linear layer is linear in each of its
arguments) nothing is truncated, and a large step gives nearly full precision.

Source: Press et al., Numerical Recipes, 3rd ed., section 5.7 (Ridders' method);
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3 (rounding).

Imports numpy and nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"

# Steps go down by this factor, at most this often.
REDUCTION = 1.0 / 16
LEVELS = 14
# Rounding inside f: a few operations per term and their accumulated error.
ROUNDING_FACTOR = 16.0


@dataclass(frozen=True)
class Estimate:
    """A derivative and a bound, never far below the truth, on its absolute error.

    Both are float64 arrays of the same shape.
    """

    value: Floats
    error: Floats


def directional_derivative(
    terms: Callable[[Floats], Floats], x: Floats, direction: Floats
) -> Estimate:
    """d/dh of ``sum(terms(x + h direction))`` at h = 0, of shape ``()``.

    ``terms`` maps an array of x's shape to the terms whose sum is differentiated. Terms, not
    their sum, because differences of terms do not suffer from the cancellation between them.
    ``x`` and ``direction`` have any one shape and a float dtype; all finite.
    """
    wide = _widen(x)
    along = _widen(direction)
    return _search(lambda h: _difference(terms, wide, h * along).summed(), _scale(x, direction))


def gradient(terms: Callable[[Floats], Floats], x: Floats) -> Estimate:
    """The gradient of ``sum(terms(x))`` by every element of ``x``, of x's shape."""
    return _by_element(
        x,
        lambda change, scale: _search(
            lambda h: _difference(terms, _widen(x), h * change).summed(), scale
        ),
        (),
    )


def jacobian(function: Callable[[Floats], Floats], x: Floats) -> Estimate:
    """d function / d x, of shape ``function(x).shape + x.shape``."""
    shape = np.shape(function(x))
    return _by_element(
        x,
        lambda change, scale: _search(
            lambda h: _difference(function, _widen(x), h * change), scale
        ),
        shape,
    )


def _by_element(
    x: Floats, estimate: Callable[[Floats, float], Estimate], shape: tuple[int, ...]
) -> Estimate:
    value = np.zeros((*shape, *x.shape))
    error = np.zeros((*shape, *x.shape))
    for index in np.ndindex(x.shape):
        change = np.zeros(x.shape, dtype=_widen(x).dtype)
        change[index] = 1.0
        found = estimate(change, _scale(x, change))
        value[(..., *index)] = found.value
        error[(..., *index)] = found.error
    return Estimate(value, error)


@dataclass(frozen=True)
class _Difference:
    """f(x + change) - f(x - change), and the size of what was subtracted."""

    value: Floats
    magnitude: Floats
    unit_roundoff: float

    def summed(self) -> _Difference:
        return _Difference(
            np.asarray(self.value.sum()), np.asarray(self.magnitude.sum()), self.unit_roundoff
        )


def _difference(function: Callable[[Floats], Floats], x: Floats, change: Floats) -> _Difference:
    above, below = np.asarray(function(x + change)), np.asarray(function(x - change))
    # A function may compute in less than it was given; its result tells.
    unit_roundoff = float(np.finfo(above.dtype).eps) / 2 if above.dtype.kind == "f" else 2.0**-53
    return _Difference(above - below, np.abs(above) + np.abs(below), unit_roundoff)


def _search(difference: Callable[[float], _Difference], scale: float) -> Estimate:
    """The extrapolated central difference at the step where the estimated error is smallest."""
    best: Estimate | None = None
    best_total = np.inf
    step = scale
    for _ in range(LEVELS):
        with np.errstate(all="ignore"):
            coarse, fine = difference(step), difference(step / 2)
            wide = coarse.value / (2 * step)
            narrow = fine.value / step
            rounding = (
                ROUNDING_FACTOR * coarse.unit_roundoff * (coarse.magnitude + fine.magnitude) / step
            )
            truncation = np.abs(narrow - wide)
            value = (4 * narrow - wide) / 3
            error = truncation + rounding + np.abs(value) * 2.0**-52
            total = float(np.sum(error))
        if np.isfinite(total) and (best is None or total < best_total):
            best = Estimate(
                np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64)
            )
            best_total = total
        # Nothing was truncated: smaller steps only round more. Or rounding took over.
        if np.all(truncation <= rounding):
            break
        step *= REDUCTION
    if best is None:
        shape = np.shape(difference(scale).value)
        return Estimate(np.full(shape, np.nan), np.full(shape, np.inf))
    return best


def _scale(x: Floats, direction: Floats) -> float:
    """The first step: as large as x itself, a power of two so that steps are exact."""
    size = float(np.max(np.abs(x), initial=0.0)) or 1.0
    along = float(np.max(np.abs(direction), initial=0.0)) or 1.0
    return float(2.0 ** np.round(np.log2(size / along)))


def _widen(x: Floats) -> Floats:
    return np.asarray(x, dtype=np.longdouble)
