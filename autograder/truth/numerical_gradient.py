"""The gradient of a scalar function by finite differences, with an estimate of its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from autograder.truth import finite_differences

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"


def numerical_gradient(
    f: Callable[[NumpyArray], Any], x: NumpyArray
) -> tuple[NumpyArray, NumpyArray]:
    """The gradient of ``f`` at ``x``, and the estimated error of each of its elements.

    ``f`` takes an array of the shape of ``x`` and returns a number; ``x`` is not changed. Both
    results are float64 of the shape of ``x``. Central differences with Richardson's
    extrapolation; see :mod:`autograder.truth.finite_differences`. Raises what ``f`` raises.

    >>> value, error = numerical_gradient(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
    >>> bool(np.all(np.abs(value - [3.0, 12.0]) <= 8 * error + 1e-12))
    True
    """
    estimate = finite_differences.gradient(f, np.asarray(x, dtype=np.float64))
    return estimate.value, estimate.error
