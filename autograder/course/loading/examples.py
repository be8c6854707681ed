"""Inputs and outputs that a test writes out by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_args

import numpy as np

from autograder.course import lengths as formulas
from autograder.course.exercise import Array, Dtype, Example, Gradient, Layout
from autograder.course.loading.node import Node, brief
from autograder.course.loading.syntax import is_whole_number

DTYPES = get_args(Dtype)
LAYOUTS = get_args(Layout)

# The number of axes from which on an array can lie in memory in another way.
_AXES: dict[Layout, int] = {"C": 0, "F": 2, "strided": 1, "reversed": 1}

# By dimension: its length (for "...", the lengths of all leading axes), and the array that says so.
# A whole number among the arguments, from which lengths may follow, says so itself.
Lengths: TypeAlias = dict[str, tuple[int | tuple[int, ...], str]]
Functions: TypeAlias = dict[str, tuple[str, ...]]


class ExampleReader:
    """Reads the examples of one exercise: what is given must fit together and be complete.

    ``read_functions`` reads the functions among the inputs from the entries of a test.
    """

    def __init__(
        self,
        arrays: Mapping[str, Array],
        auxiliary: Mapping[str, Array],
        gradients: Mapping[str, Gradient],
        read_functions: Callable[[Mapping[str, Node]], Functions],
    ) -> None:
        self._arrays = arrays
        self._everything = {**arrays, **auxiliary}
        self._gradients = gradients
        self._read_functions = read_functions

    def read(self, entries: Mapping[str, Node]) -> Example:
        """The example in the ``entries`` of a test."""
        dtype: Dtype = "float64"
        if "dtype" in entries:
            entries["dtype"].choice(DTYPES)
            dtype = entries["dtype"].value
        given = entries["given"].mapping(self._everything) if "given" in entries else {}
        lengths = self._check_given(entries, given, dtype)
        expect = entries["expect"].mapping() if "expect" in entries else {}
        self._check_expected(expect, lengths)
        return Example(
            given={name: entry.value for name, entry in given.items()},
            expect={name: entry.value for name, entry in expect.items()},
            dtype=dtype,
            layouts=self._layouts(entries, given),
            functions=self._read_functions(entries),
            differentiable=self._differentiable(entries, expect),
        )

    def _check_given(
        self, entries: Mapping[str, Node], given: Mapping[str, Node], dtype: Dtype
    ) -> Lengths:
        """The lengths of the dimensions, which the given arrays fix."""
        lengths: Lengths = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, array in self._everything.items():
            if name in given:
                numbers = _numbers(given[name])
                _check_dtype(given[name], numbers, array.dtype or dtype)
                _check_shape(given[name], array, numbers.shape, lengths)
                shapes[name] = numbers.shape
                if is_whole_number(array):
                    lengths.setdefault(name, (int(numbers), name))
                continue
            where = entries.get("given") or entries["name"]
            if name in self._arrays:
                raise where.error(f"the example does not give '{name}'; add it to 'given'")
            for dim in array.shape:
                for part in formulas.parts(dim):
                    if part not in lengths:
                        raise where.error(
                            f"the example does not give '{name}', and nothing before it fixes its "
                            f"dimension '{part}'; add '{name}' to 'given'"
                        )
        for name, shape in shapes.items():
            _check_formulas(given[name], self._everything[name], shape, lengths)
        return lengths

    def _check_expected(self, expect: Mapping[str, Node], lengths: Lengths) -> None:
        for name, entry in expect.items():
            shape = () if isinstance(entry.value, bool) else _numbers(entry).shape
            gradient = self._gradients.get(name)
            if gradient is None or gradient.upstream is None:
                continue
            wanted = _known_shape(entry, self._everything[gradient.wrt], lengths)
            if shape != wanted:
                raise entry.error(
                    f"'{name}' has shape {shape}, but it is a gradient by '{gradient.wrt}', "
                    f"whose shape is {wanted}; change the one or the other"
                )

    def _layouts(
        self, entries: Mapping[str, Node], given: Mapping[str, Node]
    ) -> tuple[Layout, ...]:
        if "layouts" not in entries:
            return ("C",)
        shown = [_numbers(given[name]) for name in self._arrays if name in given]
        axes = max((numbers.ndim for numbers in shown), default=0)
        return read_layouts(entries["layouts"], axes, "given")

    def _differentiable(self, entries: Mapping[str, Node], expect: Mapping[str, Node]) -> bool:
        if "differentiable" not in entries or entries["differentiable"].truth():
            return True
        if not expect:
            raise entries["differentiable"].error(
                "where nothing is differentiable, 'expect' alone says what is right; add it"
            )
        if not expect.keys() & self._gradients.keys():
            raise entries["differentiable"].error(
                "'differentiable: false' silences finite differences, which have nothing to say "
                f"about {' and '.join(map(repr, expect))}; remove it"
            )
        return False


def read_choices(node: Node, known: tuple[str, ...]) -> Any:
    """A list of words that are ``known``, or one of them for a list of one."""
    words = tuple(item.choice(known) for item in node.several())
    if not words:
        raise node.error(f"{node.name} is empty; use some of {', '.join(known)}")
    return words


def read_layouts(node: Node, axes: int, where: str) -> tuple[Layout, ...]:
    """The layouts, of arrays with at most so many ``axes``, which ``where`` says."""
    layouts: tuple[Layout, ...] = read_choices(node, LAYOUTS)
    for layout in layouts:
        if axes < _AXES[layout]:
            raise node.error(
                f"no array in '{where}' has {_AXES[layout]} or more axes, without which "
                f"'{layout}' is nothing special; remove it, or give such an array"
            )
    return layouts


def _check_shape(node: Node, array: Array, shape: tuple[int, ...], lengths: Lengths) -> None:
    """The given array has the axes that its dimensions say, all of one length each."""
    names = array.shape
    found: list[int | tuple[int, ...]] = [*shape]
    if names[:1] == ("...",) and len(shape) >= len(names) - 1:
        leading = len(shape) - (len(names) - 1)
        found = [shape[:leading], *shape[leading:]]
    if len(names) != len(found):
        raise node.error(
            f"'{array.name}' has shape {shape}, which does not fit "
            f"[{', '.join(map(str, names))}]; write a list in a list for every axis"
        )
    if 0 in shape:
        raise node.error(f"'{array.name}' has no numbers; give at least one along every axis")
    for dim, length in zip(names, found, strict=True):
        if formulas.is_formula(dim):
            continue  # until all dimensions are known
        if isinstance(dim, int):
            if dim != length:
                raise node.error(
                    f"'{array.name}' has length {length} where 'arrays' says {dim}; change "
                    "the one or the other"
                )
            continue
        known, source = lengths.setdefault(dim, (length, array.name))
        if known != length:
            raise node.error(
                f"the dimension {dim} is {length} in '{array.name}' and {known} in "
                f"'{source}'; give them the same length"
            )


def _check_formulas(node: Node, array: Array, shape: tuple[int, ...], lengths: Lengths) -> None:
    """The given array has the lengths that follow from those of others."""
    for dim, length in zip(reversed(array.shape), reversed(shape), strict=False):
        if not formulas.is_formula(dim):
            continue
        follows = _length(node, str(dim), lengths)
        if follows != length:
            parts = ", ".join(f"{name} = {lengths[name][0]}" for name in formulas.names(str(dim)))
            raise node.error(
                f"'{array.name}' has length {length} where 'arrays' says {dim}, which is "
                f"{follows} for {parts}; change the one or the other"
            )


def _length(node: Node, formula: str, lengths: Lengths) -> int:
    """What the formula gives, where all that it follows from is known."""
    known = {name: length for name, (length, _) in lengths.items() if isinstance(length, int)}
    try:
        length = formulas.evaluate(formula, known)
    except ZeroDivisionError:
        raise node.error(f"'{formula}' divides by zero; give other numbers") from None
    if length < 1:
        raise node.error(f"'{formula}' is {length}; give numbers for which it is at least 1")
    return length


def _known_shape(node: Node, array: Array, lengths: Lengths) -> tuple[int, ...]:
    """The shape that the given arrays fix."""
    shape: list[int] = []
    for dim in array.shape:
        if formulas.is_formula(dim):
            shape.append(_length(node, str(dim), lengths))
            continue
        length = dim if isinstance(dim, int) else lengths[dim][0]
        shape.extend(length if isinstance(length, tuple) else (length,))
    return tuple(shape)


def _check_dtype(node: Node, numbers: np.ndarray[Any, Any], dtype: Dtype) -> None:
    """Numbers that the dtype would silently change are not those of the example."""
    if dtype == "int64":
        if np.any(numbers != np.rint(numbers)) or np.any(np.abs(numbers) >= 2.0**63):
            raise node.error(f"{node.name} is int64 here; write whole numbers below 2**63")
    elif np.any(np.abs(numbers) > np.finfo(dtype).max):
        raise node.error(f"{node.name} is {dtype} here, which cannot hold numbers this large")


def _numbers(node: Node) -> np.ndarray[Any, Any]:
    """The array that nested lists of numbers make."""
    _check_numbers(node)
    try:
        array = np.array(node.value, dtype=np.float64)
    except ValueError:
        raise node.error(
            f"the rows of {node.name} differ in length; give them all the same"
        ) from None
    return array


def _check_numbers(node: Node) -> None:
    if isinstance(node.value, list):
        for item in node.items():
            _check_numbers(item)
    elif isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        wanted = "a number" if isinstance(node.keys[-1], int) else "a number or a list of numbers"
        raise node.error(f"{node.name} must be {wanted}, not {node.kind()}")
    elif not abs(node.value) <= sys.float_info.max:
        raise node.error(f"{node.name} is {brief(node.value)}; write a number below 1.8e308")
