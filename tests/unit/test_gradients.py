"""Finite differences: right, and never surer of themselves than they may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.gradients import Estimate, directional_derivative, gradient, jacobian

scales = st.sampled_from([1e-8, 1e-3, 1.0, 1e3, 1e8])
seeds = st.integers(0, 2**32 - 1)


def wide(array: Any) -> Any:
    """In the highest precision there is, to be more exact than what is tested."""
    return np.asarray(array, dtype=np.longdouble)


def within(estimate: Estimate, truth: Any, slack: float = 1.0) -> bool:
    """The true error is no larger than the estimated one."""
    return bool(np.all(np.abs(estimate.value - truth) <= slack * estimate.error))


@given(seeds, scales, scales)
@settings(max_examples=40, deadline=None)
def test_linear_functions_are_exact_at_every_scale(seed: int, of_x: float, of_W: float) -> None:
    rng = np.random.default_rng(seed)
    x = of_x * rng.standard_normal(4)
    W = of_W * rng.standard_normal((3, 4))
    dy = rng.standard_normal(3)
    estimate = gradient(lambda v: dy * (W @ v), x)
    truth = wide(W).T @ wide(dy)
    assert within(estimate, truth)
    assert np.all(estimate.error <= 1e-12 * (np.abs(W).T @ np.abs(dy)))


SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "cube": (lambda v: v**3, lambda v: 3 * v**2),
    "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    "reciprocal": (lambda v: 1 / (2 + v**2), lambda v: -2 * v / (2 + v**2) ** 2),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_the_error_of_smooth_functions_is_not_underestimated(name: str, seed: int) -> None:
    function, derivative = SMOOTH[name]
    x = np.random.default_rng(seed).standard_normal(5)
    estimate = gradient(function, x)
    assert within(estimate, derivative(wide(x)))
    assert np.all(estimate.error < 1e-6 * (1 + np.abs(derivative(x))))


def test_kinks_that_are_not_at_hand_do_no_harm() -> None:
    x = np.array([0.1, -0.2, 3.0, -4.0])
    estimate = gradient(lambda v: np.maximum(v, 0), x)
    assert within(estimate, (x > 0).astype(float), slack=2.0)
    assert np.all(estimate.error < 1e-6)


def test_zero_inputs_have_gradients_too() -> None:
    estimate = gradient(lambda v: 3 * v, np.zeros(3))
    assert np.allclose(estimate.value, 3, rtol=1e-14)


def test_a_scalar_is_an_array_without_axes() -> None:
    estimate = gradient(lambda v: v**2, np.array(3.0))
    assert estimate.value.shape == ()
    assert within(estimate, 6.0)


def test_directional_derivatives_are_projections() -> None:
    rng = np.random.default_rng(0)
    x, W, v = rng.standard_normal(6), rng.standard_normal((4, 6)), rng.standard_normal(6)
    estimate = directional_derivative(lambda u: np.sin(W @ u), x, v)
    assert within(estimate, np.cos(wide(W) @ x) @ W @ v)


def test_jacobians_have_the_axes_of_both() -> None:
    rng = np.random.default_rng(0)
    W, x = rng.standard_normal((3, 4)), rng.standard_normal(4)
    estimate = jacobian(lambda v: W @ v, x)
    assert estimate.value.shape == (3, 4)
    assert within(estimate, W)


def test_a_function_in_less_precision_is_noticed() -> None:
    x = np.array([1.0, 2.0])
    estimate = gradient(lambda v: np.asarray(v, dtype=np.float32) ** 2, x)
    assert within(estimate, 2 * x)
    assert np.all(estimate.error > 1e-9)
