"""Derivatives from values of a function alone: central differences that know their error.

For a scalar function f and a direction v,

    D(h) = (f(x + h v) - f(x - h v)) / (2 h)  =  f'(x; v) + c h^2 + O(h^4),

so two steps tell how large the truncation error is, and their combination
(4 D(h/2) - D(h)) / 3 removes its first term (Richardson extrapolation). What
remains is weighed against rounding, which grows as h shrinks: about u |f| / h with
the unit roundoff u. Of several steps the one with the smallest sum of both is taken,
and a step that is contradicted by smaller ones is charged with the contradiction:
beyond the scale on which f varies, two large steps can agree and both be wrong.
For functions of degree two or less in x (a linear layer is linear in each of its
arguments) nothing is truncated, and a large step gives nearly full precision.

What no choice of steps can see is a loss inside f that leaves no trace in its values at x
or at 0: (x + 1e20) - 1e20 looks as if it did not depend on x.

Source: Press et al., Numerical Recipes, 3rd ed., section 5.7 (Ridders' method);
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3 (rounding).

Imports numpy and nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"

# The first step, relative to a power of two near the size of x: the golden ratio, far from all
# simple fractions, for at x = 1 a step of 1 sees nothing of sin(2 pi x); to 20 bits, for then
# x + h is exact, and so is much of what f does with it.
FIRST_STEP = 648_055 / 2**20
# Steps go down by this factor, at most this often.
REDUCTION = 1.0 / 16
LEVELS = 14
# Rounding inside f: a few operations per term and their accumulated error.
ROUNDING_FACTOR = 16.0
# Four roundings of x + h.
ARGUMENT_FACTOR = 4.0
# An error of nothing would be too sure of numbers that are smaller than float64 can hold.
SMALLEST = 2.0**-1074


class Estimate(NamedTuple):
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
    ``x`` and ``direction`` have any one shape and a float dtype; all finite. Raises whatever
    ``terms`` raises.
    """
    wide, origin = _prepared(terms, x)
    along = np.asarray(direction, dtype=wide.dtype)
    size = _largest(x, 1.0) / (_largest(direction) or 1.0)
    return _search(
        lambda h: _difference(terms, wide, h * along).summed(),
        size,
        size,
        origin.sum(),
    )


def gradient(terms: Callable[[Floats], Floats], x: Floats) -> Estimate:
    """The gradient of ``sum(terms(x))`` by every element of ``x``, of x's shape."""
    wide, origin = _prepared(terms, x)
    return _by_element(lambda change: _difference(terms, wide, change).summed(), wide, origin.sum())


def jacobian(function: Callable[[Floats], Floats], x: Floats) -> Estimate:
    """d function / d x, of shape ``function(x).shape + x.shape``."""
    wide, origin = _prepared(function, x)
    return _by_element(lambda change: _difference(function, wide, change), wide, origin)


def _by_element(difference: Callable[[Floats], _Difference], x: Floats, origin: Floats) -> Estimate:
    value = np.zeros((*origin.shape, *x.shape))
    error = np.zeros((*origin.shape, *x.shape))
    for index in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[index] = 1.0
        found = _search(
            lambda h, unit=unit: difference(h * unit),  # type: ignore[misc]
            _largest(x, 1.0),
            _largest(x[index], 1.0),
            origin,
        )
        value[(..., *index)] = found.value
        error[(..., *index)] = found.error
    return Estimate(value, error)


class _Difference(NamedTuple):
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


def _search(
    difference: Callable[[float], _Difference], size: float, reach: float, origin: Floats
) -> Estimate:
    """The extrapolated central difference at the step where the estimated error is smallest.

    ``size`` is the largest step to try, ``reach`` the largest that no movement of f can hide
    from, and ``origin`` the magnitude of f at 0. Every element has its own best step.
    """
    step = FIRST_STEP * 2.0 ** float(np.round(np.log2(size)))
    values, errors = [], []
    for _ in range(LEVELS):
        with np.errstate(all="ignore"):
            coarse, fine = difference(step), difference(step / 2)
            wide = coarse.value / (2 * step)
            narrow = fine.value / step
            value = (4 * narrow - wide) / 3
            truncation = np.abs(narrow - wide)
            magnitude = coarse.magnitude + fine.magnitude + origin
            in_f = ROUNDING_FACTOR * magnitude / step
            # x + h is rounded as well, where h is small beside x.
            in_x = ARGUMENT_FACTOR * np.abs(value) * reach / step
            rounding = coarse.unit_roundoff * (in_f + in_x)
            error = truncation + rounding + np.abs(value) * 2.0**-52 + SMALLEST
            # Where rounding hides the slope, f may still move closer to x, as e^(-x^2) does.
            hidden = np.abs(value) <= rounding
            credible = np.isfinite(value) & np.isfinite(error) & (~hidden | (step <= reach))
        values.append(np.where(credible, value, np.nan))
        errors.append(np.where(credible, error, np.inf))
        # Nothing was truncated: smaller steps only round more. Or rounding took over.
        if np.all(truncation <= rounding) and np.all(credible):
            break
        step *= REDUCTION
    return _most_certain(np.asarray(values), np.asarray(errors))


def _most_certain(values: Floats, errors: Floats) -> Estimate:
    """Of estimates by ever smaller steps (axis 0), the most certain one, element by element."""
    for level in range(len(values) - 1):
        with np.errstate(all="ignore"):
            gap = np.abs(values[level] - values[level + 1 :]) - errors[level + 1 :]
        contradiction = np.max(np.nan_to_num(gap, nan=0.0, neginf=0.0), axis=0)
        errors[level] = np.maximum(errors[level], contradiction)
    best = np.argmin(errors, axis=0)[np.newaxis]
    return Estimate(
        np.take_along_axis(values, best, axis=0)[0].astype(np.float64),
        np.take_along_axis(errors, best, axis=0)[0].astype(np.float64),
    )


def _largest(x: Floats, least: float = 0.0) -> float:
    """The largest magnitude in x, or ``least`` if that is larger."""
    return float(np.max(np.abs(x), initial=least))


def _prepared(function: Callable[[Floats], Floats], x: Floats) -> tuple[Floats, Floats]:
    """x in the highest precision that the function takes, and the magnitude of f at 0.

    Linear algebra refuses longdouble. The origin tells of numbers inside f that its value
    at x may hide: log(1 + e) is next to nothing for a small e, and rounds like 1.
    """
    wide = np.asarray(x, dtype=np.longdouble)
    with np.errstate(all="ignore"):
        try:
            value = np.asarray(function(wide))
        except TypeError:
            wide = np.asarray(x, dtype=np.float64)
            value = np.asarray(function(wide))
        try:
            origin = np.abs(function(np.zeros_like(wide)))
        except (ArithmeticError, ValueError):  # f need not be defined there
            origin = np.zeros(value.shape)
    return wide, np.where(np.isfinite(origin), origin, 0.0)
