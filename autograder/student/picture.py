"""Arrays as tables of short numbers, with the wrong elements marked: what a terminal and a
notebook draw.

An array of one axis is one row; of more than two, the slice with the worst element is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.student.checking import Compared
from autograder.truth.compare import NotAnArray

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

ELLIPSIS = "…"
# Digits to show: as many as it takes to see the difference.
_DIGITS = (4, 6, 8, 10, 12, 14, 17)


class Cell(Struct, frozen=True):
    """``heat`` is 0 for an element that is right, up to 1 for the one that is furthest off;
    ``right_one`` is what belongs in the place of a wrong one."""

    text: str
    heat: float = 0.0
    right_one: bool = False

    @property
    def wrong(self) -> bool:
        return self.heat > 0


class Grid(Struct, frozen=True):
    """What is shown of an array. ``part`` is the slice, such as ``[2, :, :]``, where it is one."""

    rows: tuple[tuple[Cell, ...], ...]
    shape: tuple[int, ...]
    dtype: str
    part: str = ""

    def widths(self) -> list[int]:
        """The width of each column."""
        return [max(len(cell.text) for cell in column) for column in zip(*self.rows, strict=True)]


def grid_of(array: NumpyArray, *, rows: int, columns: int) -> Grid:
    """An input, with at most so many rows and columns."""
    view = _View(array.shape, None, rows, columns)
    return view.grid(array, None, _DIGITS[0])


def compared_grids(
    compared: Compared, *, rows: int, columns: int
) -> tuple[Grid | NotAnArray, Grid | None]:
    """What was returned and what was expected, the same part of both where they have one shape.

    What is not an array stays as it is. The second is None where what is expected is not known
    element by element.
    """
    returned, value = compared.returned, compared.expected.value
    if isinstance(returned, NotAnArray) or value is None or compared.wrong is None:
        shown: Grid | NotAnArray = (
            returned
            if isinstance(returned, NotAnArray)
            else grid_of(returned, rows=rows, columns=columns)
        )
        return shown, None if value is None else grid_of(value, rows=rows, columns=columns)
    heat = _heat(returned, value, compared.wrong)
    worst = np.unravel_index(int(np.argmax(heat)), heat.shape) if heat.size else ()
    view = _View(value.shape, tuple(map(int, worst)), rows, columns)
    digits = next(
        (digits for digits in _DIGITS if view.tells_apart(returned, value, heat, digits)),
        _DIGITS[-1],
    )
    return view.grid(returned, heat, digits), view.grid(value, heat, digits, truth=True)


def _heat(returned: NumpyArray, value: NumpyArray, wrong: NumpyArray) -> NumpyArray:
    """How far off each wrong element is, on a scale that shows small ones too: 0.2 to 1."""
    if returned.dtype.kind == "b":
        return np.asarray(wrong, dtype=np.float64)
    with np.errstate(all="ignore"):
        off = np.abs(np.asarray(returned, dtype=np.float64) - value)
        off = np.where(np.isfinite(off), off, np.inf)
        largest = np.max(off, initial=0.0, where=wrong & np.isfinite(off))
        scaled = np.where(np.isinf(off), 1.0, off / largest if largest > 0 else 1.0)
    return np.where(wrong, 0.2 + 0.8 * np.sqrt(np.clip(scaled, 0.0, 1.0)), 0.0)


class _View:
    """Which part of arrays of a shape is shown."""

    def __init__(
        self, shape: tuple[int, ...], focus: tuple[int, ...] | None, rows: int, columns: int
    ) -> None:
        self.shape = shape
        at = focus or (0,) * len(shape)
        self._leading = at[:-2] if len(shape) > 2 else ()
        self._empty = 0 in shape
        height = shape[-2] if len(shape) > 1 else 1
        width = shape[-1] if shape else 1
        self._rows = _window(height, rows, at[-2] if len(at) > 1 else 0)
        self._columns = _window(width, columns, at[-1] if at else 0)
        self._height, self._width = height, width

    def grid(
        self, array: NumpyArray, heat: NumpyArray | None, digits: int, *, truth: bool = False
    ) -> Grid:
        """The part of ``array``; with ``truth``, where there is heat, it is the right ones."""
        rows: list[tuple[Cell, ...]] = []
        if not self._empty:
            numbers = self._part(array)
            heats = np.zeros(numbers.shape) if heat is None else self._part(heat)
            rows = [
                tuple(
                    Cell(short(number, digits), right_one=bool(warm > 0))
                    if truth
                    else Cell(short(number, digits), float(warm))
                    for number, warm in zip(line, warmth, strict=True)
                )
                for line, warmth in zip(numbers, heats, strict=True)
            ]
            rows = self._with_dots(rows)
        part = ""
        if self._leading:
            part = f"[{', '.join(map(str, self._leading))}, :, :]"
        return Grid(tuple(rows), array.shape, array.dtype.name, part)

    def tells_apart(
        self, one: NumpyArray, other: NumpyArray, heat: NumpyArray, digits: int
    ) -> bool:
        """Whether every wrong element that is shown differs in its first ``digits``."""
        if self._empty:
            return True
        return all(
            short(a, digits) != short(b, digits)
            for line in zip(self._part(one), self._part(other), self._part(heat), strict=True)
            for a, b, warm in zip(*line, strict=True)
            if warm > 0
        )

    def _part(self, array: NumpyArray) -> NumpyArray:
        plane = np.asarray(array)[self._leading].reshape(self._height, self._width)
        return np.asarray(plane[self._rows, self._columns])

    def _with_dots(self, rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
        dots = (Cell(ELLIPSIS),)
        left = dots if self._columns.start > 0 else ()
        right = dots if self._columns.stop < self._width else ()
        lines = [(*left, *row, *right) for row in rows]
        across = dots * len(lines[0])
        above = [across] if self._rows.start > 0 else []
        below = [across] if self._rows.stop < self._height else []
        return [*above, *lines, *below]


def _window(length: int, most: int, focus: int) -> slice:
    """At most ``most`` places of ``length``, with ``focus`` among them."""
    if length <= most:
        return slice(0, length)
    start = min(max(0, focus - most // 2), length - most)
    return slice(start, start + most)


def short(number: Any, digits: int) -> str:
    """The number in so many significant digits, without noise."""
    if isinstance(number, (bool, np.bool_)):
        return str(bool(number))
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    if isinstance(number, (complex, np.complexfloating)):
        return f"{complex(number):.{digits}g}"
    value = float(number)
    if value == 0:
        return "0"
    if value.is_integer() and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.{digits}g}"
