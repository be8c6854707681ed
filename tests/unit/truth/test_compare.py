"""Verdicts: what is accepted, and the reason for everything that is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.truth.compare import NotAnArray, Reason, compare
from autograder.truth.expected import Expected
from autograder.truth.witnesses import Projection

VALUE = np.array([39.0, 54.0, 69.0])
EXPECTED = Expected(VALUE.shape, VALUE, np.full(3, 1e-12), "example")


@pytest.mark.parametrize(
    "actual",
    [
        VALUE.copy(),
        VALUE.astype(">f8"),
        VALUE.astype(np.int64),
        VALUE.astype(np.uint8),
        VALUE.astype(np.longdouble),
        np.stack([VALUE, VALUE], axis=1)[:, 0],
        VALUE[::-1][::-1],
    ],
)
def test_harmless_representations_are_right(actual: Any) -> None:
    assert compare(EXPECTED, actual).ok


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (NotAnArray("list"), Reason.not_an_array),
        (VALUE.astype(object), Reason.object_dtype),
        (VALUE.astype(complex), Reason.complex_dtype),
        (VALUE.astype(bool), Reason.bool_dtype),
        (VALUE.astype(str), Reason.text_dtype),
        (VALUE.astype(np.float32), Reason.low_precision_dtype),
        (VALUE.astype(np.float16), Reason.low_precision_dtype),
        (VALUE[:, None], Reason.wrong_shape),
        (VALUE[None, :], Reason.wrong_shape),
        (VALUE[:2], Reason.wrong_shape),
        (np.array(39.0), Reason.wrong_shape),
        (np.array([39.0, np.nan, 69.0]), Reason.not_finite),
        (np.array([39.0, np.inf, 69.0]), Reason.not_finite),
        (VALUE + np.array([0, 0, 1e-6]), Reason.wrong_values),
        (VALUE + np.array([0, 0, 1.0]), Reason.wrong_values),
        (-VALUE, Reason.wrong_values),
        (np.zeros(3), Reason.wrong_values),
    ],
)
def test_everything_else_has_its_reason(actual: Any, reason: Reason) -> None:
    assert compare(EXPECTED, actual).reason is reason


def test_the_verdict_points_at_the_worst_element() -> None:
    verdict = compare(EXPECTED, VALUE + np.array([0.0, 5.0, -1.0]))
    assert (verdict.wrong, verdict.total, verdict.index) == (2, 3, (1,))
    assert (verdict.expected, verdict.actual) == (54.0, 59.0)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (np.array(True), Reason.right),
        (np.array(False), Reason.wrong_values),
        (np.array(1), Reason.not_a_truth_value),
        (np.array([True]), Reason.not_a_truth_value),
        (NotAnArray("str"), Reason.not_a_truth_value),
    ],
)
def test_truth_values(actual: Any, reason: Reason) -> None:
    expected = Expected((), np.array(True), None, "reference")
    assert compare(expected, actual).reason is reason


def test_scalars_are_arrays_without_axes() -> None:
    expected = Expected((), np.array(2.5), np.array(1e-12), "reference")
    assert compare(expected, np.array(2.5)).ok
    assert compare(expected, np.array([2.5])).reason is Reason.wrong_shape


EXACT = np.array([[1.0 / 3, -2.0 / 7], [0.125 * np.pi, 1e3 * np.e]])
KNOWN = Expected(EXACT.shape, EXACT, 1e-14 * np.abs(EXACT), "reference")


@pytest.mark.parametrize(
    ("actual", "reason", "how"),
    [
        (EXACT.astype(np.float32).astype(float), Reason.precision_lost, "float32"),
        # Computed in float32, and not just stored in it.
        ((EXACT * (1 + 3e-7)).astype(np.float32).astype(float), Reason.precision_lost, "float32"),
        (EXACT.astype(np.float16).astype(float), Reason.precision_lost, "float16"),
        (np.round(EXACT, 5), Reason.rounded_to_decimals, "5"),
        (np.round(EXACT, 10), Reason.rounded_to_decimals, "10"),
        (
            np.array([float(f"{x:.6e}") for x in EXACT.flat]).reshape(2, 2),
            Reason.rounded_to_digits,
            "6",
        ),
    ],
)
def test_a_known_format_is_recognised(actual: Any, reason: Reason, how: str) -> None:
    verdict = compare(KNOWN, actual)
    assert (verdict.reason, verdict.dtype) == (reason, how)


@pytest.mark.parametrize(
    "actual",
    [
        EXACT * (1 + 1e-3),  # another learning rate, weight decay
        EXACT + 1e-5 * np.sign(EXACT),
        EXACT / (1 + 1e-5),  # an epsilon in the denominator
        EXACT * (1 + 1e-6 * np.arange(4).reshape(2, 2)),
        EXACT - 1e-4 * EXACT**2,
        EXACT * (1 + 1e-6 * (np.arange(4).reshape(2, 2) == 2)),
        np.sqrt(EXACT**2 + 1e-5) * np.sign(EXACT),
        EXACT * (1 + 1e-9 * (np.arange(4).reshape(2, 2) == 2)),  # one element
    ],
)
def test_a_formula_that_is_a_little_off_is_wrong_and_not_imprecise(actual: Any) -> None:
    assert compare(KNOWN, actual).reason is Reason.wrong_values


@pytest.mark.parametrize(
    "actual",
    [
        EXACT * (1 + 1e-8 * np.arange(4).reshape(2, 2)),
        EXACT + 1e-10 * np.array([[1, -2], [-1, 3]]),
        np.sqrt(EXACT**2 + 1e-9) * np.sign(EXACT),
    ],
)
def test_of_what_is_off_by_rounding_no_element_is_named(actual: Any) -> None:
    verdict = compare(KNOWN, actual)
    assert (verdict.reason, verdict.index) == (Reason.nearly_right, None)
    directions = np.random.default_rng(3).normal(size=(2, *EXACT.shape))
    projections = tuple(Projection(d, float(np.sum(d * EXACT)), 1e-13) for d in directions)
    large = Expected(EXACT.shape, None, None, "differences", projections=projections)
    assert compare(large, actual).reason is Reason.nearly_right
    assert compare(large, actual + 1e-3).reason is Reason.wrong_values


def test_whole_numbers_that_are_one_off_are_not_called_rounded() -> None:
    whole = Expected((2,), np.array([3000.0, 5000.0]), np.full(2, 1e-9), "reference")
    assert compare(whole, np.array([3001.0, 5000.0])).reason is Reason.wrong_values
