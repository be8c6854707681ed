"""Drawing cases: the same ones every time, as the test asks for them."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from autograder.course.exercise import Array
from autograder.errors import CourseError
from autograder.truth.cases import draw_cases, is_trivial
from tests.support.exercises import example_test, gradient_test, linear_backward_exercise


def test_the_same_seed_draws_the_same_cases_and_another_does_not() -> None:
    test = gradient_test(cases=3)
    exercise = linear_backward_exercise(test)
    one, same, other = (draw_cases(exercise, test, seed) for seed in (1, 1, 2))
    for left, right in zip(one, same, strict=True):
        assert all(np.array_equal(left.inputs[name], right.inputs[name]) for name in left.inputs)
    assert not np.array_equal(one[0].inputs["W"], other[0].inputs["W"])


def test_public_cases_do_not_depend_on_the_seed() -> None:
    """A bundle has the course's public cases without its seed."""
    test = msgspec.structs.replace(gradient_test(cases=3), visibility="public")
    exercise = linear_backward_exercise(test)
    one, other = (draw_cases(exercise, test, seed) for seed in (1, 2))
    for left, right in zip(one, other, strict=True):
        assert all(np.array_equal(left.inputs[name], right.inputs[name]) for name in left.inputs)
    hidden = msgspec.structs.replace(test, visibility="hidden")
    assert not np.array_equal(one[0].inputs["W"], draw_cases(exercise, hidden, 1)[0].inputs["W"])


def test_labels_are_of_the_integers_that_numpy_indexes_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, "intp", np.int32)  # as in a browser
    test = gradient_test(dtypes=("int64",))
    exercise = linear_backward_exercise(test)
    labels = msgspec.structs.replace(exercise.arrays["x"], dtype="int64")
    arrays = {**exercise.arrays, "x": labels}
    (case,) = draw_cases(msgspec.structs.replace(exercise, arrays=arrays), test, 1)
    assert case.inputs["x"].dtype == np.int32
    assert case.inputs["W"].dtype == np.int64


def test_more_cases_leave_the_first_ones_alone() -> None:
    few, many = gradient_test(cases=2), gradient_test(cases=5)
    exercise = linear_backward_exercise(few)
    for left, right in zip(
        draw_cases(exercise, few, 1), draw_cases(exercise, many, 1), strict=False
    ):
        assert np.array_equal(left.inputs["W"], right.inputs["W"])


def test_dimensions_tie_the_arrays_together_and_keep_the_rules() -> None:
    test = gradient_test(
        cases=30, dims={"m": tuple(range(1, 6)), "n": tuple(range(1, 6))}, constraints=("m != n",)
    )
    for case in draw_cases(linear_backward_exercise(test), test, 1):
        m, n = case.inputs["W"].shape
        assert m != n
        assert (case.inputs["dy"].shape, case.inputs["x"].shape) == ((m,), (n,))


def test_rules_that_chance_never_meets_are_met_without_it() -> None:
    """One of 40,000 combinations: under every seed."""
    many = tuple(range(1, 201))
    test = gradient_test(dims={"m": many, "n": many}, constraints=("m == 200", "n == 199"))
    exercise = linear_backward_exercise(test)
    for seed in range(3):
        (case,) = draw_cases(exercise, test, seed)
        assert case.inputs["W"].shape == (200, 199)


def test_rules_that_nothing_satisfies_are_an_error() -> None:
    test = gradient_test(constraints=("m > 100",))
    with pytest.raises(CourseError, match="no lengths in 'dims' satisfy m > 100"):
        draw_cases(linear_backward_exercise(test), test, 1)


def test_dtypes_and_layouts_take_turns() -> None:
    test = gradient_test(
        cases=6,
        dims={"m": (3,), "n": (4,)},
        dtypes=("float64", "int64", "float32"),
        layouts=("C", "F", "strided"),
    )
    cases = draw_cases(linear_backward_exercise(test), test, 1)
    assert [case.inputs["x"].dtype.name for case in cases[:3]] == ["float64", "int64", "float32"]
    flags = [case.inputs["W"].flags for case in cases[:3]]
    assert [(flag.c_contiguous, flag.f_contiguous) for flag in flags] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_an_expression_does_not_decide_how_numbers_lie_in_memory(dtype: str) -> None:
    test = gradient_test(
        dims={"m": (3,), "n": (4,)}, draw={"W": "np.asfortranarray(normal)"}, dtypes=(dtype,)
    )
    (case,) = draw_cases(linear_backward_exercise(test), test, 1)
    assert case.inputs["W"].flags.c_contiguous


@pytest.mark.parametrize(
    ("expression", "check"),
    [
        ("zeros", lambda v: not v.any()),
        ("1e-8 * normal", lambda v: 0 < np.abs(v).max() < 1e-6),
        ("integers(2, 4)", lambda v: set(v) <= {2.0, 3.0, 4.0}),
        ("away_from_zero(0.5)", lambda v: np.abs(v).min() >= 0.5),
        ("signs", lambda v: set(np.abs(v)) == {1.0}),
        ("n * ones", lambda v: np.all(v == v.size)),
    ],
)
def test_draw_expressions(expression: str, check: object) -> None:
    test = gradient_test(dims={"m": (3,), "n": (50,)}, draw={"x": expression})
    (case,) = draw_cases(linear_backward_exercise(test), test, 1)
    assert callable(check)
    assert check(case.inputs["x"])


def test_a_draw_expression_that_fails_is_the_course_s_fault() -> None:
    test = gradient_test(draw={"x": "norml"})
    with pytest.raises(CourseError, match="'norml' fails: NameError"):
        draw_cases(linear_backward_exercise(test), test, 1)


@pytest.mark.parametrize(
    ("expression", "dtype", "message"),
    [
        ("1e308 * 10 * ones", "float64", "gives 'x' nan or inf as float64"),
        ("np.sqrt(-ones)", "float64", "gives 'x' nan or inf as float64"),
        ("1e300 * ones", "float32", "gives 'x' nan or inf as float32"),
        ("np.nan * ones", "int64", "gives 'x' nan or inf as int64"),
        ("np.ones(7)", "float64", r"cannot fill 'x' of \(4,\)"),
        ("'text'", "float64", "cannot fill 'x'"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")
def test_inputs_are_finite_and_fit(expression: str, dtype: str, message: str) -> None:
    test = gradient_test(dims={"m": (3,), "n": (4,)}, draw={"x": expression}, dtypes=(dtype,))
    with pytest.raises(CourseError, match=message):
        draw_cases(linear_backward_exercise(test), test, 1)


def test_examples_are_given() -> None:
    test = example_test({"x": [1, 2], "W": [[3, 4]], "dy": [5]}, {"dx": [15, 20], "dW": [[5, 10]]})
    (case,) = draw_cases(linear_backward_exercise(test), test, 1)
    assert case.inputs["W"].dtype == np.float64
    assert case.dims == {"n": 2, "m": 1}


def test_examples_lie_in_memory_as_asked() -> None:
    given = {"x": [1, 2], "W": [[3, 4], [5, 6]], "dy": [7, 8]}
    test = example_test(given, {}, layouts=("F", "strided"))
    cases = draw_cases(linear_backward_exercise(test), test, 1)
    flags = [case.inputs["W"].flags for case in cases]
    assert [(flag.c_contiguous, flag.f_contiguous) for flag in flags] == [
        (False, True),
        (False, False),
    ]
    assert all(case.inputs["W"].tolist() == given["W"] for case in cases)


def test_leading_axes_may_be_any() -> None:
    test = gradient_test(dims={"...": ((), (2, 3)), "n": (4,), "m": (1,)}, cases=20)
    exercise = msgspec.structs.replace(
        linear_backward_exercise(test),
        arrays={"x": Array("x", ("...", "n")), "W": Array("W", ("n",)), "dy": Array("dy", ("m",))},
    )
    shapes = {case.inputs["x"].shape for case in draw_cases(exercise, test, 1)}
    assert shapes == {(4,), (2, 3, 4)}


@pytest.mark.parametrize(
    ("value", "trivial"),
    [
        (np.zeros(3), True),
        (np.ones(3), True),
        (np.array([1.0, 2.0]), True),
        (np.array([2.0, 1.0]), False),
        (np.array([0.0, 1.0, 1.0]), False),
        (np.array(True), False),
    ],
)
def test_trivial_answers_prove_nothing(value: Any, trivial: bool) -> None:
    assert is_trivial(value, {"x": np.array([1.0, 2.0])}) is trivial


def test_trivial_is_what_would_be_judged_right() -> None:
    nearly = np.array([1.0 + 1e-15, 2.0])
    assert not is_trivial(nearly, {"x": np.array([1.0, 2.0])})
    assert is_trivial(nearly, {"x": np.array([1.0, 2.0])}, np.full(2, 1e-14))
