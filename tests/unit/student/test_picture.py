"""Arrays as tables: what is shown of them, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.student.checking import Compared
from autograder.student.picture import Grid, compared_grids, grid_of, short
from autograder.truth.expected import Expected


def compared(returned: Any, value: Any, tolerance: float = 1e-9) -> Compared:
    array, right = np.asarray(returned), np.asarray(value)
    expected = Expected(right.shape, right, np.full(right.shape, tolerance), "example")
    wrong = None
    if array.shape == right.shape:
        wrong = ~(np.abs(array - right) <= tolerance)
    return Compared("dx", array, expected, wrong)


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def grids(one: Compared, rows: int = 6, columns: int = 8) -> tuple[Grid, Grid]:
    returned, expected = compared_grids(one, rows=rows, columns=columns)
    assert isinstance(returned, Grid)
    assert expected is not None
    return returned, expected


def test_wrong_elements_are_marked_and_hotter_the_further_off() -> None:
    returned, expected = grids(compared([1.0, 2.5, 9.0], [1.0, 2.0, 4.0]))
    right, near, far = returned.rows[0]
    assert not right.wrong
    assert 0 < near.heat < far.heat == 1
    assert [cell.right_one for cell in expected.rows[0]] == [False, True, True]


@pytest.mark.parametrize("off", [1e-3, 1e-6, 1e-9, 1e-13])
def test_as_many_digits_as_show_the_difference(off: float) -> None:
    returned, expected = grids(compared([1.0 + off, 2.0], [1.0, 2.0], off / 10))
    assert texts(returned)[0][0] != texts(expected)[0][0]
    assert len(texts(returned)[0][0]) <= 18


def test_nan_and_infinity() -> None:
    returned, expected = grids(compared([np.nan, np.inf, 1.0], [0.0, 0.0, 1.0]))
    assert texts(returned) == [["nan", "inf", "1"]]
    assert [cell.wrong for cell in returned.rows[0]] == [True, True, False]
    assert texts(expected) == [["0", "0", "1"]]


def test_the_part_with_the_worst_element_is_shown() -> None:
    value = np.zeros((50, 60))
    wrong = value.copy()
    wrong[40, 55] = 5.0
    wrong[2, 3] = 1.0
    returned, expected = grids(compared(wrong, value))
    assert any(cell.text == "5" for row in returned.rows for cell in row)
    assert not any(cell.text == "1" for row in returned.rows for cell in row)
    assert len(returned.rows) == 6 + 2  # and dots above and below
    assert {len(row) for row in returned.rows} == {8 + 2}
    assert texts(returned)[0] == ["…"] * 10
    assert [[c.text == "…" for c in row] for row in returned.rows] == [
        [c.text == "…" for c in row] for row in expected.rows
    ]


def test_of_more_axes_a_slice_is_shown() -> None:
    value = np.zeros((4, 3, 2, 2))
    wrong = value.copy()
    wrong[2, 1, 0, 1] = 7.0
    returned, _ = grids(compared(wrong, value))
    assert returned.part == "[2, 1, :, :]"
    assert texts(returned) == [["0", "7"], ["0", "0"]]
    assert returned.shape == (4, 3, 2, 2)


def test_shapes_that_differ_are_shown_as_they_are() -> None:
    returned, expected = grids(compared([[1.0], [2.0]], [1.0, 2.0]))
    assert texts(returned) == [["1"], ["2"]]
    assert texts(expected) == [["1", "2"]]
    assert not any(cell.wrong for row in returned.rows for cell in row)


@pytest.mark.parametrize(
    ("array", "rows"),
    [
        (np.float64(2.5), [["2.5"]]),
        (np.zeros(0), []),
        (np.zeros((3, 0)), []),
        (np.array([[1, -2], [30, 4]]), [["1", "-2"], ["30", "4"]]),
        (np.array([True, False]), [["True", "False"]]),
        (np.array([1 + 2j]), [["1+2j"]]),
    ],
)
def test_arrays_of_every_kind(array: Any, rows: list[list[str]]) -> None:
    assert texts(grid_of(np.asarray(array), rows=6, columns=8)) == rows


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1 + 0.2, "0.3"), (-0.0, "0"), (3.0, "3"), (1234567.0, "1.235e+06"), (1e-12, "1e-12")],
)
def test_short_numbers(number: float, text: str) -> None:
    assert short(number, 4) == text
