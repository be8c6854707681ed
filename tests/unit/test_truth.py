"""Tolerances that let every right method pass and no wrong number, and witnesses that agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.cases import Case, draw_cases
from autograder.compare import Reason, compare
from autograder.errors import CourseError
from autograder.truth import Expected, expected_outputs
from tests.unit.exercises import (
    example_test,
    gradient_test,
    linear_backward,
    linear_backward_exercise,
)


def reverse(a: Any, b: Any) -> float:
    total = 0.0
    for one, other in zip(a[::-1], b[::-1], strict=True):
        total += one * other
    return total


# Ways to sum products: in any order, in any grouping.
SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "blas": lambda a, b: a @ b,
    "forwards": lambda a, b: sum(float(x) * float(y) for x, y in zip(a, b, strict=True)),
    "backwards": reverse,
    "pairwise": lambda a, b: np.sum(a * b),
    "exact": lambda a, b: math.fsum(a * b),
    "sorted": lambda a, b: np.sum(np.sort(a * b)),
    "einsum": lambda a, b: np.einsum("i,i->", a, b),
    "longdouble": lambda a, b: float(np.asarray(a, np.longdouble) @ np.asarray(b, np.longdouble)),
}


def one_case(
    seed: int, m: int, n: int, of_W: float, of_dy: float
) -> tuple[Case, dict[str, Expected]]:
    draw = {"W": f"{of_W} * normal", "dy": f"{of_dy} * normal"}
    test = gradient_test(dims={"m": (m,), "n": (n,)}, draw=draw)
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, seed)
    return case, expected_outputs(exercise, test, case, linear_backward)


scales = st.sampled_from([1e-8, 1.0, 1e8])
seeds = st.integers(0, 10**6)
sizes = st.sampled_from([1, 2, 7, 64, 512])


@given(seeds, sizes, scales, scales, st.sampled_from(sorted(SUMS)))
@settings(max_examples=60, deadline=None)
def test_every_order_of_summation_is_right(
    seed: int, m: int, of_W: float, of_dy: float, method: str
) -> None:
    case, expected = one_case(seed, m, 3, of_W, of_dy)
    W, dy = case.inputs["W"], case.inputs["dy"]
    dx = np.array([SUMS[method](column, dy) for column in W.T])
    assert compare(expected["dx"], dx).ok


def test_cancellation_is_no_excuse_to_refuse() -> None:
    """Terms of 1e8 that cancel to 1: orders of summation differ, and all are right."""
    rng = np.random.default_rng(1)
    half = 1e8 * rng.standard_normal(100)
    W = np.concatenate([half, -half, [1.0]])[:, None]
    test = gradient_test(
        dims={"m": (201,), "n": (1,)}, draw={"W": f"np.array({W.tolist()})", "dy": "ones"}
    )
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, linear_backward)
    for method in SUMS.values():
        assert compare(expected["dx"], np.array([method(W[:, 0], np.ones(201))])).ok
    assert not compare(expected["dx"], np.array([1.1])).ok


WRONG: dict[str, Callable[[Any], Any]] = {
    "float32": lambda v: v.astype(np.float32).astype(np.float64),
    "float16": lambda v: (v / np.abs(v).max()).astype(np.float16) * np.abs(v).max(),
    "ten digits": lambda v: np.array([float(f"{x:.9e}") for x in v.flat]).reshape(v.shape),
    "one element, one part in a million": lambda v: (
        v * (1 + 1e-6 * (np.arange(v.size) == 0)).reshape(v.shape)
    ),
    "sign": lambda v: -v,
    "tiny numbers flushed": lambda v: np.where(np.abs(v) < np.abs(v).max(), 0.0, v),
}


@pytest.mark.parametrize("name", WRONG)
@given(seed=seeds, m=st.sampled_from([1, 2, 7, 64]), of_W=scales, of_dy=scales)
@settings(max_examples=15, deadline=None)
def test_no_lost_precision_passes(name: str, seed: int, m: int, of_W: float, of_dy: float) -> None:
    case, expected = one_case(seed, m, 3, of_W, of_dy)
    dx = WRONG[name](linear_backward(**case.inputs)[0])
    verdict = compare(expected["dx"], dx)
    assert verdict.reason in (Reason.wrong_values, Reason.precision_lost)


def test_without_a_solution_finite_differences_decide_as_sharply() -> None:
    test = gradient_test(cases=5)
    exercise = linear_backward_exercise(test)
    for case in draw_cases(exercise, test, 3):
        expected = expected_outputs(exercise, test, case, None)
        assert expected["dx"].witness == "finite differences"
        for output, right in zip(("dx", "dW"), linear_backward(**case.inputs), strict=True):
            assert compare(expected[output], right).ok
            assert not compare(expected[output], right.astype(np.float32).astype(float)).ok


def test_large_layers_are_verified_by_projections() -> None:
    test = gradient_test(dims={"m": (60,), "n": (70,)})
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 3)
    expected = expected_outputs(exercise, test, case, None)["dW"]
    right = linear_backward(**case.inputs)[1]
    assert expected.value is None
    assert compare(expected, right).ok
    wrong = right.copy()
    wrong[5, 7] *= 1.001
    assert not compare(expected, wrong).ok
    assert not compare(expected, right.T).ok


@pytest.mark.parametrize(
    ("solution", "output"),
    [
        (lambda x, W, dy: (W.T @ dy, -np.outer(dy, x)), "dW"),
        (lambda x, W, dy: (W.T @ dy * (1 + 1e-7), np.outer(dy, x)), "dx"),
    ],
)
def test_a_wrong_solution_is_contradicted_by_finite_differences(
    solution: Callable[..., Any], output: str
) -> None:
    test = gradient_test()
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 3)
    for thorough in (False, True):
        with pytest.raises(CourseError, match=f"test 't': witnesses disagree on '?{output}"):
            expected_outputs(exercise, test, case, solution, thorough=thorough)


def test_a_wrong_example_is_contradicted() -> None:
    given = {"x": [9, 10, 11], "W": [[1, 2, 3], [4, 5, 6]], "dy": [7, 8]}
    right = {"dx": [39, 54, 69], "dW": [[63, 70, 77], [72, 80, 88]]}
    for expect, fine in ((right, True), ({**right, "dx": [39, 54, 68]}, False)):
        test = example_test(given, expect)
        exercise = linear_backward_exercise(test)
        (case,) = draw_cases(exercise, test, 0)
        for solution in (linear_backward, None):
            if fine:
                assert expected_outputs(exercise, test, case, solution)["dx"].value is not None
            else:
                with pytest.raises(CourseError, match=r"dx\[2\]: the example says 68"):
                    expected_outputs(exercise, test, case, solution)


def test_decimals_written_by_hand_stand_for_what_they_round() -> None:
    given = {"x": [1, 2], "W": [[0.1, 0.7]], "dy": [0.333]}
    test = example_test(given, {"dx": [0.033, 0.233], "dW": [[0.333, 0.666]]})
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, linear_backward)
    assert compare(expected["dx"], np.array([0.1 * 0.333, 0.7 * 0.333])).ok
    assert not compare(expected["dx"], np.array([0.033, 0.233])).ok


def test_a_solution_that_fails_is_the_course_s_fault() -> None:
    test = gradient_test()
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 0)
    with pytest.raises(CourseError, match="the reference solution fails on it: ZeroDivisionError"):
        expected_outputs(exercise, test, case, lambda x, W, dy: 1 / 0)


def test_float32_inputs_allow_float32_rounding_only() -> None:
    test = gradient_test(dtypes=("float32",))
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, linear_backward)["dx"]
    dx = linear_backward(**case.inputs)[0]
    assert dx.dtype == np.float32
    assert compare(expected, dx).ok
    assert compare(expected, dx.astype(np.float64)).ok
    assert not compare(expected, dx * np.float32(1.001)).ok
    assert compare(expected, dx.astype(np.float16)).reason is Reason.low_precision_dtype
