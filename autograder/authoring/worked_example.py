"""An example with small whole numbers, worked out from the forward pass by finite differences."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.authoring.guess import Guess, filled
from autograder.course.exercise import Array
from autograder.errors import UsageError
from autograder.truth.cases import is_trivial
from autograder.truth.finite_differences import Measured
from autograder.truth.forward import run_forward

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# So many sets of numbers are tried for results that are easy to check by hand.
TRIES = 150
# The numbers go from half of it below zero up to one of these.
HIGHEST = (5, 3, 2)
# Every so many sets are tenths of whole numbers, for layers that saturate.
_TENTHS = 5
# Decimals that are written where results are no decimals: enough to tell a wrong answer.
DECIMALS = 6
# So near to fewer decimals is exact, and the rest is rounding.
EXACT = 1e-8
# Numbers of a scalar argument that keep results round.
_SCALARS = (2.0, 1.0, 0.5, 3.0)
_BELOW_ONE = (0.5, 0.25, 0.75)
_STEP = 1e-3
_KINK = 1e-5


class WorkedExample(Struct, frozen=True):
    """``given`` and ``expect`` as they are written in YAML: numbers in lists.

    ``equals_argument`` where a right answer is an argument, whatever the numbers are, as the
    Jacobian of y = W x is W.
    """

    given: dict[str, Any]
    expect: dict[str, Any]
    equals_argument: bool = False


def work_out(found: Guess) -> WorkedExample:
    """Numbers for the arguments, of which the results have the fewest digits.

    Raises :class:`UsageError` where the forward pass is defined for none that were tried.
    """
    for equals_argument in (False, True):
        for inputs in _likely(found, may_equal=equals_argument):
            precise, errors = _precise(found, inputs)
            if any(_misleads(precise[name], error) for name, error in errors.items()):
                continue
            given = {name: _written(inputs[name]) for name in found.everything}
            expect = {name: _written(precise[name]) for name in found.signature.outputs}
            return WorkedExample(given, expect, equals_argument)
    raise UsageError(
        "no small numbers were found for which the forward pass has a value and its gradients are "
        "neither zeros nor ones; check --forward"
    )


def _misleads(value: NumpyArray, error: NumpyArray) -> bool:
    """True where something would be written as a whole number and is none."""
    away = np.abs(value - np.round(value))
    whole = np.round(value, DECIMALS) == np.round(value)
    return bool(np.any(whole & (away > 4.0 * error + 1e-13)))


def _likely(found: Guess, *, may_equal: bool) -> list[dict[str, Any]]:
    """Inputs whose results are easiest to check, the easiest first."""
    generator = np.random.default_rng(20_230_924)
    seen: list[tuple[float, dict[str, Any]]] = []
    dims, leading = _lengths(found)
    for number in range(TRIES):
        try:
            inputs = _draw(found, dims, leading, HIGHEST[number % len(HIGHEST)], generator)
            if number % _TENTHS == _TENTHS - 1:
                inputs = _tenths(found, inputs)
            results = _results(found, inputs)
        except Exception:
            continue
        cost = _cost(found, inputs, results, may_equal)
        if cost is not None:
            seen.append((cost, inputs))
    return [inputs for _, inputs in sorted(seen, key=lambda one: one[0])]


def _lengths(found: Guess) -> tuple[dict[str, int], tuple[int, ...]]:
    """Small lengths, of which no two that matter are equal where that is possible."""
    dims = [dim for dim in found.dimensions if dim != "..."]
    best: tuple[tuple[int, int], dict[str, int]] | None = None
    counts = {
        name: most(array)
        for name, array in found.everything.items()
        if array.dtype == "int64" and not array.shape
    }
    tried = (2, 3, 4, 6) if counts else (2, 3, 4)
    for lengths in itertools.product(tried, repeat=min(len(dims), 5)):
        chosen = dict(zip(dims, (*lengths, *itertools.repeat(2, len(dims))), strict=False))
        try:
            numbers = filled(found.everything, chosen, counts=counts)
            run_forward(found.forward, numbers)
        except Exception:
            continue
        if not all(np.size(value) for value in numbers.values()):
            continue
        axes = {
            dim: length
            for name, array in found.everything.items()
            if "..." not in array.shape
            for dim, length in zip(array.shape, np.shape(numbers[name]), strict=True)
        }
        equal = len(axes) - len(set(axes.values()))
        single = sum(length == 1 for length in axes.values())
        cost = (sum(axes.values()) + equal + (6 if counts else 4) * single, equal)
        if best is None or cost < best[0]:
            best = cost, chosen
    if best is None:
        raise UsageError("the forward pass runs for no small lengths; check --shape")
    return best[1], (2,)


def _draw(
    found: Guess,
    dims: Mapping[str, int],
    leading: tuple[int, ...],
    highest: int,
    generator: np.random.Generator,
) -> dict[str, Any]:
    counts = {
        name: _number(array, (), dims, highest, generator)
        for name, array in found.everything.items()
        if array.dtype == "int64" and not array.shape
    }
    numbers = filled(found.everything, dims, leading, counts)
    return {
        name: counts[name]
        if name in counts
        else _number(array, np.shape(numbers[name]), dims, highest, generator)
        for name, array in found.everything.items()
    }


def _tenths(found: Guess, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: np.round(0.1 * value, 1) if _is_free(found.everything[name]) else value
        for name, value in inputs.items()
    }


def _is_free(array: Array) -> bool:
    return array.draw == "normal" and array.dtype is None and bool(array.shape)


def _may_exceed_one(array: Array) -> bool:
    """False of probabilities: what is drawn from 0 to below 1."""
    drawn = re.fullmatch(r"([\d.]+) \+ ([\d.]+) \* uniform", array.draw)
    return drawn is None or float(drawn[1]) + float(drawn[2]) > 1


def most(array: Array) -> int:
    """The largest of the whole numbers that are drawn."""
    drawn = re.fullmatch(r"integers\(-?\d+, (\d+)\)", array.draw)
    return 1 if drawn is None else int(drawn[1])


def _number(
    array: Array,
    shape: tuple[int, ...],
    dims: Mapping[str, int],
    highest: int,
    generator: np.random.Generator,
) -> Any:
    if not shape and array.dtype != "int64":
        return float(generator.choice(_SCALARS if _may_exceed_one(array) else _BELOW_ONE))
    if array.dtype == "int64" or array.draw.startswith("integers"):
        words = {"integers": lambda low, high: generator.integers(low, high, shape, endpoint=True)}
        value = np.asarray(eval(array.draw, {"np": np}, {**words, **dims}))
        return int(value) if not shape else value * (1 if array.dtype else 1.0)
    low = 1 if array.draw != "normal" else -((highest + 1) // 2)
    value = generator.integers(low, highest, shape, endpoint=True)
    return np.asarray(value, dtype=np.float64)


def _results(found: Guess, inputs: Mapping[str, Any]) -> dict[str, NumpyArray]:
    """Every output, gradients by differences of two steps, which is enough to choose by."""
    with np.errstate(all="ignore"):
        forward = run_forward(found.forward, inputs)
        results: dict[str, NumpyArray] = {}
        for output in found.signature.outputs:
            gradient = found.gradients.get(output)
            if gradient is None:
                results[output] = np.asarray(forward[output], dtype=np.float64)
                continue
            results[output] = _difference(found, inputs, output)
    return results


def _terms(found: Guess, inputs: Mapping[str, Any], output: str) -> Any:
    """The function that the output is the derivative of, of the array that it is by."""
    gradient = found.gradients[output]

    def terms(x: NumpyArray) -> Any:
        value = run_forward(found.forward, {**inputs, gradient.wrt: x})[gradient.of]
        return value if gradient.upstream is None else inputs[gradient.upstream] * value

    return terms


def _difference(found: Guess, inputs: Mapping[str, Any], output: str) -> NumpyArray:
    gradient = found.gradients[output]
    terms = _terms(found, inputs, output)
    x = np.asarray(inputs[gradient.wrt], dtype=np.float64)
    total = gradient.upstream is not None
    shape = () if total else np.shape(terms(x))
    value = np.zeros((*shape, *x.shape))
    middle = terms(x)
    for index in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[index] = _STEP
        points = [terms(x + factor * unit) for factor in (1.0, -1.0, 0.5, -0.5)]
        bends = [
            np.abs(points[at] - 2 * middle + points[at + 1]) / step
            for at, step in ((0, _STEP), (2, _STEP / 2))
        ]
        # Half as much for half the step where the function is smooth, and as much at a kink.
        if np.any((bends[1] > 0.75 * bends[0]) & (bends[1] > _KINK)):
            raise ValueError("at a kink")
        sums = [np.sum(point) if total else point for point in points]
        wide, narrow = (sums[0] - sums[1]) / (2 * _STEP), (sums[2] - sums[3]) / _STEP
        value[(..., *index)] = (4 * narrow - wide) / 3
    return value


def _precise(
    found: Guess, inputs: Mapping[str, Any]
) -> tuple[dict[str, NumpyArray], dict[str, NumpyArray]]:
    """Every output, and how far gradients may be off."""
    results, errors = _results(found, inputs), {}
    for output, gradient in found.gradients.items():
        x = np.asarray(inputs[gradient.wrt], dtype=np.float64)
        measured = Measured(_terms(found, inputs, output), x, total=gradient.upstream is not None)
        estimate = measured.gradient()
        results[output] = estimate.value
        errors[output] = np.broadcast_to(estimate.error, np.shape(estimate.value))
    return results, errors


def _cost(
    found: Guess, inputs: Mapping[str, Any], results: Mapping[str, NumpyArray], may_equal: bool
) -> float | None:
    """How hard the example is to check by hand; None where it proves nothing."""
    arrays = {
        name: np.asarray(inputs[name], dtype=np.float64) for name in found.signature.parameters
    }
    cost = 0.0
    for value in results.values():
        others = {} if may_equal else arrays
        if not np.all(np.isfinite(value)) or is_trivial(value, others, 1e-7):
            return None
        cost += sum(_digits(float(number)) for number in value.flat)
        # Numbers that are all alike, or vanish, tell less.
        cost += 4.0 * (value.size - np.unique(np.round(value, 6)).size)
        cost += 20.0 * int(np.sum(np.abs(value) < 1e-3))
        cost -= 8.0 * int(np.sum(np.abs(value) < 1e-12))  # a real zero, as beside a maximum
    for name, array in arrays.items():
        if found.everything[name].dtype != "int64":
            cost += 10.0 * (array.size - np.unique(array).size) + 10.0 * int(np.sum(array == 0))
            cost += float(np.sum(array != np.round(array)))
    return cost


def _digits(number: float) -> float:
    """Two for each decimal and one for each digit before the point."""
    for decimals in range(4):
        if abs(number * 10**decimals - round(number * 10**decimals)) < 1e-6:
            return 2.0 * decimals + math.log10(1 + abs(number))
    return 1.5 * DECIMALS


def _written(value: Any) -> Any:
    """Numbers as a person writes them: whole ones without a point."""
    array = np.asarray(value)
    if array.ndim:
        return [_written(one) for one in array]
    number = float(array)
    for decimals in range(4):
        if abs(number * 10**decimals - round(number * 10**decimals)) < EXACT:
            number = round(number, decimals)
            break
    else:
        number = round(number, DECIMALS)
    return int(number) if float(number).is_integer() else number
