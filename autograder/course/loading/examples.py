"""Inputs and outputs that a test writes out by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from autograder.course import lengths as formulas
from autograder.course.declaration import (
    ExampleEntry,
    ExerciseFile,
    WrittenPropertyEntry,
    WrittenTest,
)
from autograder.course.exercise import Array, Dtype, Example, Gradient
from autograder.course.loading.node import Node
from autograder.course.loading.syntax import is_whole_number

# By dimension: its length (for "...", the lengths of all leading axes), and the array that says so.
# A whole number among the arguments, from which lengths may follow, says so itself.
Lengths: TypeAlias = dict[str, tuple[int | tuple[int, ...], str]]
Functions: TypeAlias = dict[str, tuple[str, ...]]


def read_example(
    entry: ExampleEntry | WrittenPropertyEntry,
    arrays: Mapping[str, Array],
    auxiliary: Mapping[str, Array],
    gradients: Mapping[str, Gradient],
    functions: Functions,
) -> Example:
    """The example of a test: what is given fits together and is complete. Raises
    :class:`~autograder.errors.CourseError`."""
    everything = {**arrays, **auxiliary}
    entry.at("given").entries(everything)
    lengths = check_given(entry, arrays, everything)
    expect = entry.expect or {}
    check_expected(entry, expect, everything, gradients, lengths)
    if not entry.differentiable:
        check_kink(entry, expect, gradients)
    return Example(
        given=entry.given,
        expect=expect,
        dtype=entry.dtype,
        layouts=entry.layouts,
        functions=functions,
        differentiable=entry.differentiable,
    )


def check_given(
    entry: WrittenTest | ExerciseFile,
    arrays: Mapping[str, Array],
    everything: Mapping[str, Array],
) -> Lengths:
    """The lengths of the dimensions, which the given arrays fix."""
    lengths: Lengths = {}
    shapes: dict[str, tuple[int, ...]] = {}
    given = entry.given or {}
    for name, array in everything.items():
        if name in given:
            node = entry.at("given", name)
            numbers = _numbers(node)
            _check_dtype(node, numbers, array.dtype or entry.dtype)
            _check_shape(node, array, numbers.shape, lengths)
            shapes[name] = numbers.shape
            if is_whole_number(array):
                lengths.setdefault(name, (int(numbers), name))
            continue
        if name in arrays:
            raise entry.error(f"the example does not give '{name}'; add it to 'given'", "given")
        for part in itertools.chain(*map(formulas.parts, array.shape)):
            if part not in lengths:
                raise entry.error(
                    f"the example does not give '{name}', and nothing before it fixes its "
                    f"dimension '{part}'; add '{name}' to 'given'",
                    "given",
                )
    for name, shape in shapes.items():
        _check_formulas(entry.at("given", name), everything[name], shape, lengths)
    return lengths


def check_expected(
    entry: WrittenTest,
    expect: Mapping[str, Any],
    everything: Mapping[str, Array],
    gradients: Mapping[str, Gradient],
    lengths: Lengths,
) -> None:
    """What is expected is an array, and a gradient has the shape of what it is by."""
    for name, value in expect.items():
        node = entry.at("expect", name)
        shape = () if isinstance(value, bool) else _numbers(node).shape
        gradient = gradients.get(name)
        if gradient is None or gradient.upstream is None:
            continue
        wanted = _known_shape(node, everything[gradient.wrt], lengths)
        if shape != wanted:
            raise node.error(
                f"'{name}' has shape {shape}, but it is a gradient by '{gradient.wrt}', "
                f"whose shape is {wanted}; change the one or the other"
            )


def check_kink(
    entry: WrittenTest, expect: Mapping[str, Any], gradients: Mapping[str, Gradient]
) -> None:
    """Where finite differences are to be silent, they would speak, and the example does."""
    if not expect:
        raise entry.error(
            "where nothing is differentiable, 'expect' alone says what is right; add it",
            "differentiable",
        )
    if not expect.keys() & gradients.keys():
        raise entry.error(
            "'differentiable: false' silences finite differences, which have nothing to say "
            f"about {' and '.join(map(repr, expect))}; remove it",
            "differentiable",
        )


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
    try:
        return np.array(node.value, dtype=np.float64)
    except ValueError:
        raise node.error(
            f"the rows of {node.name} differ in length; give them all the same"
        ) from None
