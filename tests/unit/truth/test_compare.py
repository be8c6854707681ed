"""Verdicts: what is accepted, and the reason for everything that is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.truth.compare import NotAnArray, Reason, compare
from autograder.truth.expected import Expected

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
        (VALUE + np.array([0, 0, 1e-6]), Reason.precision_lost),
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
