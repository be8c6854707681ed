"""Lengths that follow from others: what is one, and what it gives."""

from __future__ import annotations

import msgspec
import pytest

from autograder.course import lengths
from autograder.course.exercise import Array
from autograder.errors import CourseError
from autograder.truth.cases import draw_cases
from tests.support.exercises import gradient_test, linear_backward_exercise


@pytest.mark.parametrize(
    ("text", "parsed", "names", "length"),
    [
        ("n - k + 1", "n - k + 1", ("n", "k"), 8),
        ("n-k+1", "n - k + 1", ("n", "k"), 8),
        ("4 * k", "4 * k", ("k",), 12),
        ("k*n", "k * n", ("k", "n"), 30),
        ("n + 2 * p - k + 1", "n + 2 * p - k + 1", ("n", "p", "k"), 12),
        ("(n - k) // s + 1", "(n - k) // s + 1", ("n", "k", "s"), 4),
        ("n - (k - 1)", "n - (k - 1)", ("n", "k"), 8),
        ("1 + -k + n", "1 + -k + n", ("k", "n"), 8),
        ("n + n", "n + n", ("n",), 20),
    ],
)
def test_formulas_of_lengths(text: str, parsed: str, names: tuple[str, ...], length: int) -> None:
    assert lengths.parse(text) == parsed
    assert lengths.is_formula(parsed)
    assert lengths.names(parsed) == names
    assert lengths.evaluate(parsed, {"n": 10, "k": 3, "p": 2, "s": 2}) == length


@pytest.mark.parametrize(
    "text",
    ["n ** 2", "n / 2", "n % 2", "f(n)", "n.real", "n[0]", "n if k else 1", "n == k", "n and k",
     "1 + 2", "2.0 * n", "True + n", "'a' * n", "~n", "n -", "", "n; k", "(n)(k)", "n, k",
     "[n]", "lambda: n", "n := 3", "n\n+ k"],
)  # fmt: skip
def test_what_is_no_length(text: str) -> None:
    assert lengths.parse(text) is None


def test_names_and_numbers_are_no_formulas() -> None:
    assert not lengths.is_formula("n")
    assert not lengths.is_formula("...")
    assert not lengths.is_formula(3)
    assert lengths.dimensions([("...", "n", 3), ("n - k + 1", "k")]) == ("...", "n", "k")
    assert [lengths.parts(dim) for dim in (3, "n", "n - k")] == [(), ("n",), ("n", "k")]


def test_derived_lengths_follow_dimensions_and_whole_numbers() -> None:
    """dy of a convolution: as long as the places that the kernel has."""
    test = gradient_test(cases=40, dims={"m": (1, 2, 3), "n": (3, 4, 5)})
    exercise = linear_backward_exercise(test)
    exercise = msgspec.structs.replace(
        exercise,
        arrays={
            "p": Array("p", (), "integers(0, 2)", "int64"),
            "x": Array("x", ("n",)),
            "W": Array("W", ("m",)),
            "dy": Array("dy", ("n + 2 * p - m + 1",)),
        },
    )
    seen = set()
    for case in draw_cases(exercise, test, 1):
        n, m, p = len(case.inputs["x"]), len(case.inputs["W"]), int(case.inputs["p"])
        assert len(case.inputs["dy"]) == n + 2 * p - m + 1
        seen.add(p)
    assert seen == {0, 1, 2}


def test_a_length_that_divides_by_zero_is_an_error() -> None:
    test = gradient_test(dims={"m": (2,), "n": (3,)})
    exercise = linear_backward_exercise(test)
    arrays = {"s": Array("s", (), "zeros", "int64")} | exercise.arrays
    arrays["dy"] = Array("dy", ("n // s",))
    exercise = msgspec.structs.replace(exercise, arrays=arrays)
    with pytest.raises(CourseError, match=r"'n // s' of 'dy' divides by zero for n = 3, s = 0"):
        draw_cases(exercise, test, 1)
