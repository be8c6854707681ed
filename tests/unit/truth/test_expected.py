"""Tolerances that let every right method pass and no wrong number, and witnesses that agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from autograder.course.exercise import (
    Array,
    Dims,
    Drawing,
    ExampleTest,
    Exercise,
    Gradient,
    GradientTest,
    Part,
    Signature,
    Step,
)
from autograder.errors import CourseError
from autograder.truth.cases import Case, draw_cases
from autograder.truth.compare import Reason, compare
from autograder.truth.expected import Expected, expected_outputs
from tests.support.exercises import (
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
@settings(max_examples=60)
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
@settings(max_examples=15)
def test_no_lost_precision_passes(name: str, seed: int, m: int, of_W: float, of_dy: float) -> None:
    case, expected = one_case(seed, m, 3, of_W, of_dy)
    dx = WRONG[name](linear_backward(**case.inputs)[0])
    verdict = compare(expected["dx"], dx)
    assert not verdict.ok
    assert verdict.reason.name in (
        "wrong_values", "precision_lost", "rounded_to_decimals", "rounded_to_digits"
    )  # fmt: skip


@pytest.mark.parametrize("size", [(512, 3), (3, 512), (256, 256)])
def test_ten_decimals_are_too_few_for_large_layers_too(size: tuple[int, int]) -> None:
    case, expected = one_case(5, *size, 1.0, 1.0)
    right = linear_backward(**case.inputs)
    for output, value in zip(("dx", "dW"), right, strict=True):
        assert compare(expected[output], value).ok
        assert not compare(expected[output], np.round(value, 10)).ok


def function_exercise(
    shapes: dict[str, tuple[str | int, ...]], outputs: tuple[str, ...], drawing: Drawing
) -> tuple[Exercise, GradientTest]:
    """A function of arrays of these shapes, without a forward pass."""
    test = replace(
        gradient_test(),
        parts=tuple(Part((output,), 1.0) for output in outputs),
        steps=(Step(outputs, "f", tuple(shapes)),),
        against=("reference",),
        inputs=drawing,
    )
    exercise = replace(
        linear_backward_exercise(test),
        signature=Signature("f", tuple(shapes), outputs),
        arrays={name: Array(name, shape) for name, shape in shapes.items()},
        gradients={},
        forward=None,
    )
    return exercise, test


@pytest.mark.parametrize("data", ["0.1 * ones", "uniform", "1e8 + normal", "normal"])
def test_long_sums_over_several_axes_may_drift(data: str) -> None:
    """Every addition of 0.1 errs the same way: in 60,000 of them the errors add up."""
    drawing = Drawing(dims=Dims({"a": (200,), "b": (300,)}), draw={"X": data})
    exercise, test = function_exercise({"X": ("a", "b")}, ("s",), drawing)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, lambda X: X.sum())["s"]
    terms = case.inputs["X"].ravel()
    for order in (terms, terms[::-1], np.sort(terms)):
        assert compare(expected, np.array(float(np.cumsum(order)[-1]))).ok
    wrong = np.array(float(terms.astype(np.float32).sum(dtype=np.float32)) + 0.0)
    assert not compare(expected, wrong).ok


def test_leading_axes_are_summed_as_one() -> None:
    drawing = Drawing(
        dims=Dims({"...": ((40, 40),), "m": (40,), "n": (40,)}), draw={"X": "0.1 * ones"}
    )
    shapes: dict[str, tuple[str | int, ...]] = {"X": ("...", "n"), "dY": ("...", "m")}
    exercise, test = function_exercise(shapes, ("dW",), drawing)
    (case,) = draw_cases(exercise, test, 0)

    def rows(A: Any) -> Any:
        return A.reshape(-1, A.shape[-1])

    expected = expected_outputs(exercise, test, case, lambda X, dY: rows(dY).T @ rows(X))["dW"]
    one_by_one = np.zeros((40, 40))
    for x, dy in zip(rows(case.inputs["X"]), rows(case.inputs["dY"]), strict=True):
        one_by_one += np.outer(dy, x)
    assert compare(expected, one_by_one).ok
    assert not compare(expected, one_by_one * (1 + 1e-10)).ok


def test_terms_of_scalars_may_cancel_too() -> None:
    drawing = Drawing(draw={"a": "1/3 + 1e-9 * ones", "b": "1/3 * ones"})
    exercise, test = function_exercise({"a": (), "b": ()}, ("g",), drawing)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, lambda a, b: a * a - b * b)["g"]
    a, b = float(case.inputs["a"]), float(case.inputs["b"])
    assert compare(expected, np.array((a - b) * (a + b))).ok
    assert not compare(expected, np.array((a - b) * (a + b) * (1 + 1e-5))).ok


def test_a_whole_scalar_may_be_a_count() -> None:
    exercise, test = function_exercise(
        {"x": ("n",), "k": ()}, ("s",), Drawing(dims=Dims({"n": (6,)}), draw={"k": "3 * ones"})
    )
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, lambda x, k: x[: int(k)].sum())["s"]
    assert not compare(expected, np.array(case.inputs["x"][:2].sum())).ok


def test_numbers_beside_a_truth_value_have_a_tolerance() -> None:
    exercise, test = function_exercise(
        {"x": ("n",)}, ("positive", "total"), Drawing(dims=Dims({"n": (9,)}))
    )
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, lambda x: (x.sum() > 0, x.sum()))
    assert expected["positive"].is_truth_value
    assert compare(expected["total"], np.array(math.fsum(case.inputs["x"]))).ok
    assert compare(expected["total"], np.array(reverse(case.inputs["x"], np.ones(9)))).ok


def test_outputs_as_small_as_a_saturated_softmax_s_have_a_sensitivity() -> None:
    """exp(-500) to the last digit: the exponent's rounding is 500 times as large."""
    drawing = Drawing(dims=Dims({"n": (4,)}), draw={"x": "-500 + normal"})
    exercise, test = function_exercise({"x": ("n",)}, ("p",), drawing)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, np.exp)["p"]
    x = case.inputs["x"]
    assert compare(expected, np.exp(x / 4) ** 4).ok
    assert compare(expected, np.exp(x + 1e-13 * np.abs(x) / 500)).ok
    assert not compare(expected, np.exp(x) * (1 + 1e-6)).ok


@pytest.mark.parametrize("of_z", [1, 5, 20, 40])
def test_a_saturated_softmax_may_lose_the_digits_that_p_minus_1_loses(of_z: int) -> None:
    def dz(z: Any) -> Any:
        p = np.exp(z - z.max())
        return p / p.sum() - (np.arange(len(z)) == 0)

    drawing = Drawing(cases=20, dims=Dims({"n": (2, 10)}), draw={"z": f"{of_z} * normal"})
    exercise, test = function_exercise({"z": ("n",)}, ("dz",), drawing)
    refused = 0
    for case in draw_cases(exercise, test, 0):
        expected = expected_outputs(exercise, test, case, dz)["dz"]
        z = case.inputs["z"]
        target = np.arange(len(z)) == 0
        e = np.exp(z - z.max())
        for p in (e * (1 / e.sum()), np.exp(z) / np.exp(z).sum(), e / math.fsum(e)):
            refused += not compare(expected, p - target).ok
        wrong = np.round(dz(z), 10)
        # Programs that work with log p lose |z| u of it, which is not told from this rounding.
        lost = np.max(np.abs(wrong - dz(z)))
        assert lost < 64 * 2.0**-53 * np.ptp(z) or not compare(expected, wrong).ok
    assert refused == 0


def test_so_close_to_overflow_that_anything_would_pass_is_an_error() -> None:
    exercise, test = function_exercise(
        {"x": ("n",)},
        ("s",),
        Drawing(dims=Dims({"n": (2,)}), draw={"x": "np.finfo(float).max / np.array([1, 2])"}),
    )
    (case,) = draw_cases(exercise, test, 0)
    with pytest.raises(CourseError, match="so close to overflow"):
        expected_outputs(exercise, test, case, lambda x: x * 1.0)


def test_a_forward_pass_cannot_change_the_inputs() -> None:
    test = gradient_test()
    exercise = linear_backward_exercise(test, forward="W *= 2\ny = W @ x")
    (case,) = draw_cases(exercise, test, 0)
    before = case.inputs["W"].copy()
    with pytest.raises(CourseError, match="fails on it, in line 1 of 'forward': ValueError"):
        expected_outputs(exercise, test, case, None)
    assert np.array_equal(case.inputs["W"], before)


def test_a_forward_pass_may_refuse_longdouble() -> None:
    test = gradient_test()
    solve = "y = W @ np.linalg.solve(np.eye(len(x)), x)"
    exercise = linear_backward_exercise(test, forward=solve)
    (case,) = draw_cases(exercise, test, 0)
    for solution in (linear_backward, None):
        expected = expected_outputs(exercise, test, case, solution)
        assert compare(expected["dx"], linear_backward(**case.inputs)[0]).ok


@pytest.mark.parametrize("size", [(2, 3), (60, 70)])
def test_zeros_prove_nothing_however_the_truth_is_known(size: tuple[int, int]) -> None:
    m, n = size
    test = gradient_test(dims={"m": (m,), "n": (n,)}, draw={"dy": "zeros"})
    exercise = linear_backward_exercise(test)
    (case,) = draw_cases(exercise, test, 0)
    for solution in (linear_backward, None):
        expected = expected_outputs(exercise, test, case, solution)
        assert expected["dx"].is_trivial
        assert expected["dW"].is_trivial
    other = gradient_test(dims={"m": (m,), "n": (n,)})
    (case,) = draw_cases(exercise, other, 0)
    assert not expected_outputs(exercise, other, case, None)["dW"].is_trivial


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


def relu_at_zero(dx: list[float], *, differentiable: bool) -> tuple[Exercise, ExampleTest]:
    """An example for the backward pass of ReLU with a number exactly at its kink."""
    test = replace(
        example_test({"x": [0, 2], "dy": [5, 7]}, {"dx": dx}, differentiable=differentiable),
        parts=(Part(("dx",), 1.0),),
        steps=(Step(("dx",), "relu_backward", ("x", "dy")),),
    )
    exercise = replace(
        linear_backward_exercise(test, forward="y = np.maximum(x, 0)"),
        signature=Signature("relu_backward", ("x", "dy"), ("dx",)),
        arrays={name: Array(name, ("n",)) for name in ("x", "dy")},
        gradients={"dx": Gradient("dx", "y", "x", "dy")},
    )
    return exercise, test


def relu_backward(x: Any, dy: Any) -> Any:
    return np.where(x > 0, dy, 0.0)


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("solution", [None, relu_backward])
def test_at_a_kink_the_convention_decides(
    solution: Callable[..., Any] | None, thorough: bool
) -> None:
    exercise, test = relu_at_zero([0, 7], differentiable=False)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, solution, thorough=thorough)["dx"]
    assert compare(expected, np.array([0.0, 7.0])).ok
    for wrong in ([5.0, 7.0], [2.5, 7.0], [0.0, 7.1]):
        assert not compare(expected, np.array(wrong)).ok


def test_at_a_kink_finite_differences_say_that_they_cannot_speak() -> None:
    exercise, test = relu_at_zero([0, 7], differentiable=True)
    (case,) = draw_cases(exercise, test, 0)
    with pytest.raises(CourseError, match=r"cannot speak about 'dx' here, at x\[0\]: the slope"):
        expected_outputs(exercise, test, case, None)


@pytest.mark.parametrize("thorough", [False, True])
def test_where_chance_chose_the_kink_the_reference_speaks_alone(thorough: bool) -> None:
    exercise, test = relu_at_zero([0, 7], differentiable=True)
    test = replace(test, reference_at_kinks=True)
    (case,) = draw_cases(exercise, test, 0)
    expected = expected_outputs(exercise, test, case, relu_backward, thorough=thorough)["dx"]
    assert compare(expected, np.array([0.0, 7.0])).ok
    assert not compare(expected, np.array([5.0, 7.0])).ok
    with pytest.raises(CourseError, match="cannot speak"):
        expected_outputs(exercise, test, case, None)


def test_at_a_kink_the_reference_still_contradicts_a_wrong_example() -> None:
    exercise, test = relu_at_zero([5, 7], differentiable=False)
    (case,) = draw_cases(exercise, test, 0)
    with pytest.raises(CourseError, match=r"dx\[0\]: the example says 5, the reference 0"):
        expected_outputs(exercise, test, case, relu_backward)


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
