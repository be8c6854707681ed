"""Finite differences: right, and never surer of themselves than they may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.truth.finite_differences import Estimate, directional_derivative, gradient, jacobian

scales = st.sampled_from([1e-8, 1e-3, 1.0, 1e3, 1e8])
seeds = st.integers(0, 2**32 - 1)


def wide(array: Any) -> Any:
    """In the highest precision there is, to be more exact than what is tested."""
    return np.asarray(array, dtype=np.longdouble)


def within(estimate: Estimate, truth: Any, slack: float = 1.0) -> bool:
    """The true error is no larger than the estimated one."""
    return bool(np.all(np.abs(estimate.value - truth) <= slack * estimate.error))


@given(seeds, scales, scales)
@settings(max_examples=40)
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
    "gauss": (lambda v: np.exp(-(v**2)), lambda v: -2 * v * np.exp(-(v**2))),
    "periodic": (lambda v: np.sin(2 * np.pi * v), lambda v: 2 * np.pi * np.cos(2 * np.pi * v)),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(seed=seeds)
@settings(max_examples=25)
def test_the_error_of_smooth_functions_is_not_underestimated(name: str, seed: int) -> None:
    function, derivative = SMOOTH[name]
    x = np.random.default_rng(seed).standard_normal(5)
    estimate = gradient(function, x)
    assert within(estimate, derivative(wide(x)))
    assert np.all(estimate.error < 1e-6 * (1 + np.abs(derivative(x))))


# What overflows or repeats a thousand times within one step of x has no place at 1e8.
@pytest.mark.parametrize("name", sorted(set(SMOOTH) - {"exp", "periodic"}))
@given(seed=seeds, of_x=scales)
@settings(max_examples=25)
def test_nor_at_other_scales(name: str, seed: int, of_x: float) -> None:
    function, derivative = SMOOTH[name]
    x = of_x * np.random.default_rng(seed).standard_normal(3)
    estimate = gradient(function, x)
    # The derivative that it is held against has roundings of its own.
    own = 1e-18 * np.abs(derivative(wide(x))) * (1 + np.abs(x))
    assert np.all(np.abs(estimate.value - derivative(wide(x))) <= estimate.error + own)


def cross_entropy(z: Any) -> Any:
    """Of a softmax, for class 0."""
    return np.reshape(np.log(np.exp(z - z[0]).sum()), 1)


@given(seed=seeds, of_z=st.sampled_from([1e-8, 1.0, 5.0, 30.0, 300.0]))
@settings(max_examples=40)
def test_saturated_softmax_is_not_taken_for_exact(seed: int, of_z: float) -> None:
    z = of_z * np.random.default_rng(seed).standard_normal(5)
    exponentials = np.exp(wide(z) - z.max())
    truth = exponentials / exponentials.sum() - (np.arange(5) == 0)
    estimate = gradient(cross_entropy, z)
    assert np.all(np.abs(estimate.value - truth) <= estimate.error + 2.0**-62)
    assert np.all(estimate.error < 1e-6)


@given(seed=seeds, of_A=scales, of_x=scales)
@settings(max_examples=25)
def test_chains_of_matrix_products_are_exact(seed: int, of_A: float, of_x: float) -> None:
    rng = np.random.default_rng(seed)
    A, B = of_A * rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    x, v = of_x * rng.standard_normal(5), rng.standard_normal(5)
    estimate = directional_derivative(lambda u: B @ (A @ u), x, v)
    assert within(estimate, (wide(B) @ (wide(A) @ wide(v))).sum())
    assert estimate.error <= 1e-14 * (np.abs(B) @ (np.abs(A) @ np.abs(v))).sum()


def test_every_element_has_a_scale_of_its_own() -> None:
    x = np.array([1e8, 0.1, -3.0])
    estimate = gradient(lambda v: np.maximum(v, 0), x)
    assert within(estimate, (x > 0).astype(float))
    assert np.all(estimate.error < 1e-6)


def test_a_function_that_stands_still_far_away_may_move_at_x() -> None:
    x = np.array([5.0, 0.1, -331.0])
    estimate = gradient(lambda v: np.exp(-(v**2)), x)
    truth = -2 * wide(x) * np.exp(-(wide(x) ** 2))
    assert within(estimate, truth)
    assert estimate.error[0] < 1e-3 * abs(truth[0])


def test_functions_that_refuse_longdouble_get_float64() -> None:
    A = np.array([[2.0, 1.0], [0.0, 4.0]])
    estimate = gradient(lambda v: np.linalg.solve(A, v), np.array([1.0, 3.0]))
    assert within(estimate, np.linalg.inv(A).sum(axis=0))
    assert np.all(estimate.error < 1e-12)


def test_a_function_need_not_be_defined_at_zero() -> None:
    def inverse(v: Any) -> Any:
        return np.array([[1 / float(v[0])]])

    estimate = gradient(inverse, np.array([2.0]))
    assert within(estimate, -0.25)


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


def test_kinks_at_many_distances_are_charged_to_the_error() -> None:
    """What a large step finds across kinks says nothing of what a smaller one may hide."""
    generator = np.random.default_rng(5)
    for _ in range(400):
        count = generator.integers(1, 12)
        at = 10.0 ** generator.uniform(-9, 1, count) * generator.choice([-1, 1], count)
        bends = 10.0 ** generator.uniform(-4, 8, count) * generator.choice([-1, 1], count)
        slope = 10.0 ** generator.uniform(0, 9)

        def ramps(x: Any, at: Any = at, bends: Any = bends, slope: Any = slope) -> Any:
            return slope * x + (bends * np.maximum(x[..., None] - at, 0.0)).sum(-1)

        found = gradient(ramps, np.zeros(1))
        assert abs(found.value[0] - slope - bends[at < 0].sum()) <= 8 * found.error[0]
