"""What functions that are handed over are likely to be called with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.grading.foreseen import MAX_ELEMENTS, foresee

X, W = np.array([1.0, 2.0]), np.array([[3.0, 4.0]])
H = np.array(0.3)


def points(function: Any, **inputs: np.ndarray[Any, Any]) -> list[list[Any]]:
    return [[array.tolist() for array in call] for call in foresee(function, inputs).foreseen]


def test_it_is_the_function_and_has_the_names_of_its_arguments() -> None:
    handed = foresee(lambda x, W: W @ x, {"x": X, "W": W})
    assert handed(X, W) == [11.0]
    assert handed.parameters == ("x", "W")


def test_by_their_names_it_is_given_the_arrays_of_the_case() -> None:
    assert points(lambda W, x: 0, x=X, W=W, dy=X) == [[W.tolist(), X.tolist()]]


def test_one_array_is_given_whatever_it_is_called() -> None:
    assert points(lambda z: 0, x=X)[0] == [X.tolist()]


def test_neighbours_are_a_step_away_in_one_element() -> None:
    near = points(lambda x: 0, x=np.array([1.0]), h=H)
    up, down = 1.0 + 0.3, 1.0 - 0.3
    assert near[2:] == [[[up]], [[down]], [[up - 2 * 0.3]]]
    assert up - 2 * 0.3 != down  # it rounds otherwise
    of_matrix = [call[0] for call in points(lambda x: 0, x=W, h=H)]
    assert [[3.0, 4.3]] in of_matrix
    assert [[3.3, 4.3]] not in of_matrix


@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_neighbours_are_float64(dtype: str) -> None:
    array = X.astype(dtype)
    first, *near = foresee(lambda x: 0, {"x": array, "h": H}).foreseen
    assert first[0].dtype == dtype
    assert {call[0].dtype for call in near} == {np.dtype("float64")}
    assert near[1][0].tolist() == [float(array[0]) + 0.3, 2.0]


@pytest.mark.parametrize("number", [np.array(1j), np.array("a"), np.array(True)])
def test_what_is_no_step_is_none(number: np.ndarray[Any, Any]) -> None:
    assert len(points(lambda x: 0, x=X, h=number)) == 2
    assert len(points(lambda x: 0, x=X, h=number, k=H)) == 2 + 3 * X.size


def test_inputs_stay_as_they_are() -> None:
    array = np.asfortranarray(W)
    foresee(lambda x: 0, {"x": array, "h": H})
    assert array.tolist() == W.tolist()


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (lambda x, h: 0, {"x": X, "h": H}),  # a number among its arguments
        (lambda a, b: 0, {"x": X, "W": W}),  # which is which?
        (lambda z: 0, {"x": X, "W": W}),
        (lambda: 0, {"h": H}),
        (np.sum, {"x": X}),  # it does not say what it takes
        (lambda x: 0, {"x": np.ones(10_000), "h": H}),
    ],
)
def test_nothing_is_foreseen(function: Any, inputs: dict[str, Any]) -> None:
    assert not any(foresee(function, inputs).foreseen)


def test_of_many_elements_no_neighbours_are_foreseen() -> None:
    assert len(points(lambda x: 0, x=np.ones(MAX_ELEMENTS), h=H)) == 2 + 3 * MAX_ELEMENTS
    assert len(points(lambda x: 0, x=np.ones(MAX_ELEMENTS + 1), h=H)) == 2
    assert len(points(lambda x: 0, x=np.array(["a"]), h=H)) == 1
