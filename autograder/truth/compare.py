"""Comparing what came back with what is expected. Closed by default: only right is right."""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.truth.expected import Expected

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# Lost precision leaves three digits of every element, as float16 does.
NEARLY = 2e-3
# So small a part of its largest element an array is off, in most elements, where derivatives are
# measured by differences. By how much, and where the most, follows from how a machine rounds.
TINY = 1e-7
# Formats that are less precise than float64: the unit roundoff in units of float64's.
_FORMATS = {"float32": (np.float32, 2.0**29), "float16": (np.float16, 2.0**42)}
# So many decimals, or digits, that somebody may have rounded to.
_DIGITS = range(15)
_TRIED_FIRST = 8
# Elements that are off by nearly the same are equally far off, in whatever order sums are taken.
_ALIKE = 1 - 2.0**-20


class NotAnArray(Struct, frozen=True):
    """What came back instead of an array, by the name of its type, and how it looks."""

    type_name: str
    text: str = ""


class Reason(enum.Enum):
    right = enum.auto()
    not_an_array = enum.auto()
    not_a_truth_value = enum.auto()
    object_dtype = enum.auto()
    complex_dtype = enum.auto()
    bool_dtype = enum.auto()
    text_dtype = enum.auto()
    low_precision_dtype = enum.auto()
    wrong_shape = enum.auto()
    not_finite = enum.auto()
    nearly_right = enum.auto()
    precision_lost = enum.auto()
    rounded_to_decimals = enum.auto()
    rounded_to_digits = enum.auto()
    wrong_values = enum.auto()


class Verdict(Struct, frozen=True):
    """Whether an output is right, and if not, why and where.

    ``index`` is the element that is furthest off, relative to what is allowed; ``expected``
    and ``actual`` are its values.
    """

    reason: Reason
    expected_shape: tuple[int, ...] = ()
    actual_shape: tuple[int, ...] = ()
    dtype: str = ""
    wrong: int = 0
    total: int = 0
    index: tuple[int, ...] | None = None
    expected: float | bool | None = None
    actual: float | bool | None = None

    @property
    def ok(self) -> bool:
        return self.reason is Reason.right


_RIGHT = Verdict(Reason.right)

_DTYPE_REASONS = {
    "O": Reason.object_dtype,
    "c": Reason.complex_dtype,
    "b": Reason.bool_dtype,
}


def compare(expected: Expected, actual: NumpyArray | NotAnArray) -> Verdict:
    """The verdict on one output.

    Accepted are float64 of any byte order, integers of any width, and float32 where the
    inputs are float32; the shape must be exact, and every element within the tolerance.
    """
    if expected.is_truth_value:
        return _compare_truth_value(expected, actual)
    if isinstance(actual, NotAnArray):
        return Verdict(Reason.not_an_array, expected.shape, dtype=actual.type_name)
    kind = actual.dtype.kind
    if kind not in "fiu":
        reason = _DTYPE_REASONS.get(kind, Reason.text_dtype)
        return Verdict(reason, expected.shape, dtype=actual.dtype.name)
    if actual.shape != expected.shape:
        return Verdict(Reason.wrong_shape, expected.shape, actual.shape)
    if kind == "f" and actual.dtype.itemsize < expected.itemsize:
        return Verdict(Reason.low_precision_dtype, expected.shape, dtype=actual.dtype.name)
    values = np.asarray(actual, dtype=np.float64)
    if expected.value is not None and not (values != expected.value).any():  # nan differs
        return _RIGHT  # to the last bit, as most right answers are
    return _compare_values(expected, values)


def _compare_truth_value(expected: Expected, actual: NumpyArray | NotAnArray) -> Verdict:
    if isinstance(actual, NotAnArray):
        return Verdict(Reason.not_a_truth_value, dtype=actual.type_name)
    if actual.dtype.kind != "b" or actual.shape != ():
        name = f"numpy.ndarray {actual.shape}" if actual.shape else actual.dtype.name
        return Verdict(Reason.not_a_truth_value, (), actual.shape, name)
    if bool(actual) == bool(expected.value):
        return _RIGHT
    return Verdict(
        Reason.wrong_values,
        wrong=1,
        total=1,
        index=(),
        expected=bool(expected.value),
        actual=bool(actual),
    )


@np.errstate(all="ignore")
def _compare_values(expected: Expected, actual: NumpyArray) -> Verdict:
    if expected.value is not None and expected.tolerance is not None:
        off = np.abs(actual - expected.value)
        inside = off <= expected.tolerance  # false for nan
        if np.count_nonzero(inside) == inside.size:
            return _RIGHT
    if not np.all(np.isfinite(actual)):
        index = _first(~np.isfinite(actual))
        return Verdict(Reason.not_finite, expected.shape, index=index)
    if expected.value is None or expected.tolerance is None:
        return _compare_projections(expected, actual)
    outside = ~inside
    reason, how = _rounding(expected.value, expected.tolerance, actual, outside)
    wrong = int(np.count_nonzero(outside))
    if reason is Reason.wrong_values and _is_tiny(off, np.abs(expected.value), outside):
        return Verdict(Reason.nearly_right, expected.shape, wrong=wrong, total=off.size)
    index = _farthest(off, outside)
    return Verdict(
        reason,
        expected.shape,
        dtype=how,
        wrong=wrong,
        total=outside.size,
        index=index,
        expected=float(expected.value[index]),
        actual=float(actual[index]),
    )


def _rounding(
    value: NumpyArray, tolerance: NumpyArray, actual: NumpyArray, wrong: NumpyArray
) -> tuple[Reason, str]:
    """Whether the wrong elements are the right ones, rounded to a format that somebody uses, and
    to which. Being nearly right is not enough: weight decay and an epsilon are, too."""
    off = np.abs(actual - value)
    if not np.all(off <= NEARLY * np.abs(value)):
        return Reason.wrong_values, ""
    for name, (dtype, factor) in _FORMATS.items():
        # Computed or stored like that: all numbers are of the format, and the right ones are not.
        if (
            np.array_equal(actual, actual.astype(dtype))
            and np.all(value[wrong] != value[wrong].astype(dtype))
            and np.all(off <= factor * tolerance)
        ):
            return Reason.precision_lost, name
    few = np.flatnonzero(wrong)[:_TRIED_FIRST]  # writing every number in digits is slow
    for count in _DIGITS:
        for reason, to in (
            (Reason.rounded_to_decimals, _to_decimals),
            (Reason.rounded_to_digits, _to_digits),
        ):
            if np.all(
                np.abs(actual.flat[few] - to(value.flat[few], count)) <= tolerance.flat[few]
            ) and np.all(np.abs(actual - to(value, count)) <= tolerance):
                return reason, str(count)
    return Reason.wrong_values, ""


def _to_decimals(value: NumpyArray, count: int) -> NumpyArray:
    return np.asarray(np.round(value, count))


def _to_digits(value: NumpyArray, count: int) -> NumpyArray:
    """With ``count`` digits after the first, as ``'%.{count}e'`` writes it."""
    return np.array([float(f"{one:.{count}e}") for one in value.flat]).reshape(value.shape)


def _compare_projections(expected: Expected, actual: NumpyArray) -> Verdict:
    missed = [known for known in expected.projections if not known.is_met_by(actual)]
    if not missed:
        return _RIGHT
    tiny = TINY * np.max(np.abs(actual), initial=0.0)
    is_nearly = all(known.off(actual) <= tiny for known in missed)
    reason = Reason.nearly_right if is_nearly else Reason.wrong_values
    return Verdict(reason, expected.shape, wrong=actual.size, total=actual.size)


def _is_tiny(off: NumpyArray, size: NumpyArray, wrong: NumpyArray) -> bool:
    """Whether all elements are off by little as measured by the largest, and as measured by itself
    half of them, which are wrong."""
    half = np.count_nonzero(wrong & (off <= TINY * size))
    return bool(np.max(off) <= TINY * np.max(size) and 2 * half >= off.size)


def _farthest(off: NumpyArray, outside: NumpyArray) -> tuple[int, ...]:
    """The first of those that are farthest off. Not by how many tolerances: these depend on how
    precise a machine is, and students are to be told of the same element everywhere."""
    far = np.where(outside, off, 0.0)
    return _first(outside & (far >= _ALIKE * np.max(far)))


def _first(mask: NumpyArray) -> tuple[int, ...]:
    return tuple(map(int, np.argwhere(mask)[0]))
