"""Look up which expression gives what came back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.diagnosis.changes import Change
from autograder.diagnosis.expressions import (
    MAX_ELEMENTS,
    RIGHT,
    Expression,
    Found,
    Surroundings,
    enumerated,
    evaluate,
)
from autograder.diagnosis.programs import FORWARD, SOLUTION, UPSTREAM, WAY

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# How closely an expression must give what came back, relative to the largest element: far above
# rounding and the error of finite differences, far below what different expressions differ by.
AGREEMENT = 1e-7
AGREEMENT_FLOAT32 = 1e-4
# An explanation must hold on at least so many cases of different lengths.
MIN_CASES = 2
# The expressions of so many cases are kept; of another one, they take the place of those that were
# not asked for the longest time. What is found must not depend on who was asked about before.
MAX_INDEXES = 2
# Of the expressions found, so many are tried, the simplest first.
MAX_CANDIDATES = 60
# What a changed program costs, in operations; one that uses another name costs one more.
CHANGED = 5
# As simple as this, an expression is not held against the right output plus another one.
SIMPLE = 3


class Factor(Struct, frozen=True):
    """What an expression is multiplied by: ``sign`` times ``over[0]`` / ``over[1]`` as they are
    written, or a number. ``value`` is that number where it is the same in all cases."""

    top: str = "1"
    bottom: str = "1"
    negative: bool = False
    value: float | None = None

    @property
    def is_one(self) -> bool:
        return self.top == self.bottom == "1" and not self.negative and self.value is None

    def __str__(self) -> str:
        sign = "-" if self.negative else ""
        return sign + self.top + ("" if self.bottom == "1" else f"/{self.bottom}")


class Explanation(Struct, frozen=True):
    """``factor`` times ``expression`` is what came back for ``output`` on all cases.

    With ``added`` it is what came back less the right output, with ``added_to`` another factor
    that the right output itself got. ``others`` are equally simple expressions that give the
    same on all cases, ``factors`` further factors that do. ``shape`` and ``right_shape`` are those
    of the first case where the shape is another one than that of the expression. ``missing`` is
    the axis that a sum is missing over, and how its length is called. ``change`` is what the
    expression, a leaf, has another program for; ``arguments`` names those of the function then.
    """

    output: str
    expression: Expression
    factor: Factor = Factor()
    added: bool = False
    added_to: Factor = Factor()
    factors: tuple[Factor, ...] = ()
    others: tuple[Expression, ...] = ()
    shape: tuple[int, ...] | None = None
    right_shape: tuple[int, ...] = ()
    missing: str | None = None
    change: Change | None = None
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What was computed, as an instructor reads it."""
        if self.change is not None:
            return self._changed()
        written = _times(self.factor, self.expression)
        if self.added:
            right = f"{RIGHT}{self.output}"
            first = _times(self.added_to, Expression("leaf", name=right))
            written = f"{first} - {written[1:]}" if written[0] == "-" else f"{first} + {written}"
        if self.shape is not None:
            written += f" in shape {self.shape}"
        return " or ".join([written, *map(str, self.others)])

    def _changed(self) -> str:
        change = self.change
        assert change is not None
        program = "the solution" if self.of_solution else "the gradient of the forward pass"
        factor = "" if self.factor.is_one else f"{self.factor} * "
        shape = "" if self.shape is None else f" in shape {self.shape}"
        return (
            f"{factor}{program} with `{change.after}` for `{change.before}` in line {change.line}"
            f"{shape}"
        )

    @property
    def of_solution(self) -> bool:
        """Whether it is what the solution gives with a change."""
        return self.expression.name.startswith(f"{SOLUTION} ")

    @property
    def ways(self) -> tuple[str, ...]:
        """Where it is made of what comes through parts of the forward pass, their names."""
        operands = self.expression.operands or (self.expression,)
        if self.expression.operation not in ("leaf", "+"):
            return ()
        if not all(one.name.startswith(f"{WAY} ") for one in operands):
            return ()
        return tuple(one.name.split(" ", 2)[2] for one in operands)

    @property
    def about_right(self) -> bool:
        """Whether it is the right output itself, apart from factor and shape."""
        return not self.added and self.expression == _right(self.output)


def _right(output: str) -> Expression:
    return Expression("leaf", name=RIGHT + output)


def _times(factor: Factor, expression: Expression) -> str:
    written = str(expression)
    if " + " in written or " - " in written:
        written = f"({written})"
    if factor.is_one:
        return str(expression)
    sign = "-" if factor.negative else ""
    top = "" if factor.top == "1" else f"{factor.top} * "
    return f"{sign}{top}{written}" + ("" if factor.bottom == "1" else f" / {factor.bottom}")


class _Index:
    """The expressions of one case, to be found by what they give, up to a factor. Those of a size
    are sorted when first asked for: an answer is of one size, and there are twenty."""

    def __init__(self, around: Surroundings, ranks_differ: bool) -> None:
        singles, self._tables = enumerated(around, ranks_differ)
        self._singles = [*singles, *_changed_solutions(around)]
        self._of_size: dict[int, list[int]] = {}
        for number, found in enumerate(self._singles):
            self._of_size.setdefault(found.value.size, []).append(number)
        self._tables_of_size: dict[int, list[int]] = {}
        for number, table in enumerate(self._tables):
            if table.size:
                self._tables_of_size.setdefault(table.size, []).append(number)
        self._groups: dict[int, tuple[NumpyArray, NumpyArray]] = {}

    def _group(self, size: int) -> tuple[NumpyArray, NumpyArray]:
        """The keys of all arrays of a size in their order, and where each comes from: the number
        of a table, or -1, and that of an expression in it."""
        if size not in self._groups:
            keys, places, costs = [np.empty(0)], [np.empty((2, 0), np.int64)], [np.empty(0)]
            numbers = self._of_size.get(size, [])
            if numbers:
                stacked = [np.asarray(self._singles[i].value, np.float64) for i in numbers]
                keys.append(_keys(np.array([one.reshape(-1) for one in stacked])))
                places.append(np.stack([np.full(len(numbers), -1), np.array(numbers)]))
                costs.append(np.array([self._singles[i].cost for i in numbers]))
            for number in self._tables_of_size.get(size, ()):
                table = self._tables[number]
                values = table.values()
                keys.append(_keys(values))
                places.append(np.stack([np.full(len(values), number), np.arange(len(values))]))
                costs.append(table.costs())
            together, where = np.concatenate(keys), np.concatenate(places, axis=1)
            order = _simplest(together, np.concatenate(costs))
            self._groups[size] = together[order], where[:, order]
        return self._groups[size]

    def get(self, value: NumpyArray, agreement: float) -> list[tuple[Expression, int]]:
        """The expressions that may be ``value`` up to a factor."""
        flat = np.asarray(value, dtype=np.float64).reshape(1, -1)
        key = float(_keys(flat)[0])
        if not np.isfinite(key):
            return []
        keys, places = self._group(flat.size)
        low, high = np.searchsorted(keys, [key - 10 * agreement, key + 10 * agreement])
        return [self._found(*place) for place in places[:, low:high].T]

    def _found(self, table: int, number: int) -> tuple[Expression, int]:
        if table < 0:
            one = self._singles[number]
            return one.expression, one.cost
        return self._tables[table].found(number)


def _changed_solutions(around: Surroundings) -> list[Found]:
    programs = around.programs
    if programs is None:
        return []
    found = []
    for output in around.right:
        for name, value in programs.solved(output).items():
            cost = CHANGED + (programs.kind(name) in ("name", "direction"))
            if 0 < value.size <= MAX_ELEMENTS:
                found.append(Found(Expression("leaf", name=name), value, cost))
    return found


def _has_ways(expression: Expression) -> bool:
    return expression.operation in ("leaf", "+") and any(
        name.startswith(f"{WAY} ") for name in expression.leaves
    )


def _is_about(expression: Expression, output: str, is_rest: bool) -> bool:
    """Whether what further programs give for one output is compared with that output."""
    if expression.operation not in ("leaf", "+"):
        return True  # they are leaves, and sums of two of these
    for name in expression.leaves:
        kind, _, rest = name.partition(" ")
        if kind in (SOLUTION, FORWARD, UPSTREAM) and (is_rest or rest.split(" ")[-1] != output):
            return False
        if kind == WAY and rest.split(" ")[0] != output:
            return False
    return True


# Of expressions that are equal on a case only so many are kept, the simplest.
MAX_EQUAL = 12


def _simplest(keys: NumpyArray, costs: NumpyArray) -> NumpyArray:
    """The places of the keys that are kept, in the order of the keys."""
    order = np.argsort(keys, kind="stable")[: int(np.sum(np.isfinite(keys)))]
    if not order.size:
        return order
    near = np.diff(keys[order], prepend=-np.inf) > 1e-11
    group = np.cumsum(near)
    by_cost = np.lexsort((costs[order], group))
    first = np.flatnonzero(near)
    rank = np.arange(len(order)) - first[group[by_cost] - 1]
    return np.asarray(order[np.sort(by_cost[rank < MAX_EQUAL])])


def _keys(values: NumpyArray) -> NumpyArray:
    """A number for each row that is the same for arrays that differ by a factor or in shape; the
    logarithm of a single number. NaN for what cannot be looked up, which sorts last."""
    with np.errstate(all="ignore"):
        if values.shape[1] == 1:
            size = np.abs(values[:, 0])
            return np.where(np.isfinite(size) & (size > 1e-12), np.log(size), np.nan)
        norms = np.sqrt(np.einsum("ij,ij->i", values, values))
        keys = np.abs(values @ _weights(values.shape[1])) / norms
        return np.where(np.isfinite(keys) & (norms > 1e-12), keys, np.nan)


_WEIGHTS: dict[int, NumpyArray] = {}


def _weights(size: int) -> NumpyArray:
    if size not in _WEIGHTS:
        _WEIGHTS[size] = 2.0 * np.random.default_rng(size).random(size) - 1.0
    return _WEIGHTS[size]


class Search:
    """The cases of an exercise, to look wrong answers up in. Indexes are built when first needed.

    ``cases`` should differ in their lengths, so that factors can be told apart.
    """

    def __init__(self, cases: Sequence[Surroundings]) -> None:
        self._cases = cases
        self._indexes: dict[int, _Index] = {}
        self._factors = [_factors(case.dims) for case in cases]
        # The same as a table, a row for each case.
        self._names = list(dict.fromkeys(name for one in self._factors for name in one))
        self._named = np.array(
            [[one.get(name, np.nan) for name in self._names] for one in self._factors]
        )
        self._ranks_differ = (
            len({tuple(array.ndim for array in case.arguments.values()) for case in cases}) > 1
        )
        self._along: dict[tuple[int, str], NumpyArray] = {}
        # The most telling case first: arrays large enough, lengths all different.
        self._order = sorted(range(len(cases)), key=lambda i: _telling(cases[i]), reverse=True)
        self._place = {number: place for place, number in enumerate(self._order)}.__getitem__

    def explain(self, output: str, returned: Mapping[int, NumpyArray]) -> Explanation | None:
        """The simplest expression that is ``returned`` on all of these cases (by number), up to
        a factor with a name; None where there is none, or too few cases tell."""
        got = {
            number: np.asarray(value, dtype=np.float64)
            for number, value in returned.items()
            if value.dtype.kind in "fiub"
            and value.size <= MAX_ELEMENTS
            and np.all(np.isfinite(value))
        }
        if len(got) < MIN_CASES or 2 * len(got) < len(returned):
            return None
        low = any(
            value.dtype.itemsize < 8 and value.dtype.kind == "f" for value in returned.values()
        )
        agreement = AGREEMENT_FLOAT32 if low else AGREEMENT
        constant = self._constant(output, got)
        if constant is not None:
            return constant
        direct = self._best(output, got, agreement)
        if direct is not None and direct[1] <= SIMPLE:
            return self._with_shape(direct[0], got)
        best = self._with_added(output, got, direct, agreement)
        if best is None:
            best = self._moved(output, got, agreement)
        if best is None or best[1] > CHANGED:
            best = self._changed_forward(output, got, agreement) or best
        return None if best is None else self._with_shape(best[0], got)

    def _with_added(
        self,
        output: str,
        got: Mapping[int, NumpyArray],
        best: tuple[Explanation, int] | None,
        agreement: float,
    ) -> tuple[Explanation, int] | None:
        """The right output plus an expression, where that is simpler than ``best``."""
        right = {number: self._cases[number].right[output] for number in got}
        if all(got[number].shape == right[number].shape for number in got):
            scalar = all(value.size == 1 for value in got.values())
            for added_to in self._shared_factors(got)[: 1 if scalar else None]:
                scale = self._values(added_to, got)
                left = _Rests(got, scale, right, agreement)
                found = self._best(output, left, agreement * 10, is_rest=True)
                if found is None or found[0].about_right:  # right by another name
                    continue
                explanation, cost = found
                cost += 2 + 2 * (not added_to.is_one)
                if best is None or cost < best[1]:
                    best = (
                        Explanation(
                            output,
                            explanation.expression,
                            explanation.factor,
                            True,
                            added_to,
                            explanation.factors,
                            explanation.others,
                        ),
                        cost,
                    )
        return best

    def _moved(
        self, output: str, got: Mapping[int, NumpyArray], agreement: float
    ) -> tuple[Explanation, int] | None:
        """An argument plus a number times the right output: a step that was taken."""
        first = self._cases[next(iter(got))]
        for name, argument in first.arguments.items():
            arguments = {number: self._cases[number].arguments.get(name) for number in got}
            if argument.dtype.kind != "f" or argument.size < 2:
                continue
            rest = {
                number: got[number] - one
                for number, one in arguments.items()
                if one is not None and one.shape == got[number].shape
            }
            if len(rest) < len(got):
                continue
            factors = self._matching(_right(output), rest, 10 * agreement)
            if factors:
                expression = Expression("leaf", name=name)
                return Explanation(output, expression, added=True, added_to=factors[0]), 4
        return None

    def _changed_forward(
        self, output: str, got: Mapping[int, NumpyArray], agreement: float
    ) -> tuple[Explanation, int] | None:
        """The gradient of a forward pass with a change in one place, and what that costs."""
        number = next((n for n in self._order if n in got and np.any(got[n])), None)
        if number is None:
            return None
        case, value = self._cases[number], got[number].reshape(-1)
        if case.programs is None or value.size != case.right[output].size:
            return None
        weights = _weights(value.size)
        key = number, output
        if key not in self._along:
            self._along[key] = case.programs.along(output, weights)
        found: list[tuple[int, bool, int, Explanation]] = []
        for factor in self._shared_factors(got):
            scale = self._factors[number].get(factor)
            if not scale:
                continue
            wanted = float(weights @ value) / scale
            reach = 10 * agreement * float(np.abs(weights) @ np.abs(value)) / abs(scale)
            with np.errstate(invalid="ignore"):
                near = np.flatnonzero(np.abs(self._along[key] - wanted) <= reach)
            for one in near[:MAX_CANDIDATES]:
                name = f"{FORWARD} {one} {output}"
                expression = Expression("leaf", name=name)
                factors = self._matching(expression, got, agreement)
                if factors:
                    change = case.programs.change(name)
                    is_name = change is not None and change.kind in ("name", "direction")
                    cost = CHANGED + is_name + (not factors[0].is_one)
                    explanation = Explanation(output, expression, factors[0], change=change)
                    found.append((cost, is_name, int(one), explanation))
        if not found:
            return None
        cost, _, _, explanation = min(found, key=lambda one: one[:3])
        return explanation, cost

    def holds(self, found: Explanation, returned: Mapping[int, NumpyArray]) -> bool:
        """Whether the explanation gives what was returned on these cases."""
        for number, value in returned.items():
            case, factors = self._cases[number], self._factors[number]
            flat = np.asarray(value, dtype=np.float64).reshape(-1)
            if found.expression.name in ("0", "1"):
                made = np.full(flat.size, float(found.expression.name))
            else:
                try:
                    made = evaluate(found.expression, case).reshape(-1)
                except (ValueError, IndexError, KeyError):
                    return False
                made = made * _value(found.factor, factors)
            if found.added:
                right = case.right[found.output].reshape(-1)
                made = made + right * _value(found.added_to, factors)
            if not np.all(np.isfinite(flat)) or not np.all(np.isfinite(made)):
                continue  # nothing is said of 0 / 0
            if made.size != flat.size or not np.allclose(
                flat, made, rtol=1e-6, atol=1e-6 * np.max(np.abs(flat), initial=0.0)
            ):
                return False
        return True

    def _constant(self, output: str, got: Mapping[int, NumpyArray]) -> Explanation | None:
        """All zeros or all ones, whatever the case."""
        for value, name in ((0.0, "0"), (1.0, "1")):
            if all(np.all(one == value) for one in got.values()):
                return Explanation(output, Expression("leaf", name=name))
        return None

    def _shared_factors(self, got: Mapping[int, NumpyArray]) -> list[Factor]:
        """The factors that the right output itself may have got: few, so that none is found by
        chance."""
        names = sorted({name for n in got for name in self._cases[n].dims})
        return [
            Factor(),
            Factor(negative=True),
            Factor(top="2"),
            Factor(bottom="2"),
            *(Factor(bottom=name) for name in names),
            *(Factor(top=name) for name in names),
        ]

    def _values(self, factor: Factor, got: Mapping[int, NumpyArray]) -> dict[int, float]:
        return {number: self._factors[number].get(factor, np.nan) for number in got}

    def _best(
        self,
        output: str,
        got: Mapping[int, NumpyArray],
        agreement: float,
        is_rest: bool = False,
    ) -> tuple[Explanation, int] | None:
        number = next((n for n in self._order if n in got and np.any(got[n])), None)
        if number is None:
            return None
        candidates = self._candidates(number, got[number], agreement)
        matches: list[tuple[int, bool, str, Expression, tuple[Factor, ...]]] = []
        least: int | None = None
        candidates = [
            # To be less than the right output is said before being a part of it.
            (one, cost + 4 * (not is_rest and _has_ways(one)))
            for one, cost in candidates
            if _is_about(one, output, is_rest)
        ]
        for expression, cost in sorted(candidates, key=lambda one: one[1])[:MAX_CANDIDATES]:
            if least is not None and cost > least:
                break
            factors = self._matching(expression, got, agreement)
            if not factors:
                continue
            total = cost + (0 if factors[0].is_one else 1 + (factors[0].value is not None))
            if least is None or total < least:
                least = total
            about_right = any(name.startswith(RIGHT) for name in expression.leaves)
            matches.append((total, about_right, str(expression), expression, factors))
        if matches:
            matches.sort(key=lambda one: one[:3])
            cost, _, _, expression, factors = matches[0]
            others = tuple(
                other
                for total, by_right, _, other, more in matches[1:]
                if total == cost
                and not by_right
                and not any(" " in name for name in other.leaves)
                and more[0].is_one
                and factors[0].is_one
                and other.leaves != expression.leaves
            )
            programs = self._cases[number].programs
            change = None if programs is None else programs.change(expression.name)
            explanation = Explanation(
                output,
                expression,
                factors[0],
                factors=factors[1:],
                others=() if change is not None else others[:2],
                change=change,
                arguments=() if change is None else tuple(self._cases[number].arguments),
            )
            return explanation, cost
        return None

    def _candidates(
        self, number: int, value: NumpyArray, agreement: float
    ) -> list[tuple[Expression, int]]:
        index = self._indexes.pop(number, None)
        if index is None:
            if len(self._indexes) >= MAX_INDEXES:
                del self._indexes[next(iter(self._indexes))]
            index = _Index(self._cases[number], self._ranks_differ)
        self._indexes[number] = index
        if value.size > 1:
            return index.get(value, agreement)
        # A single number is every other one up to a factor: factors with a name alone count.
        found: dict[str, tuple[Expression, int]] = {}
        for factor, times in self._factors[number].items():
            if not factor.negative and times:
                for one in index.get(value / times, agreement / 100):
                    found.setdefault(str(one[0]), one)
        return list(found.values())

    def _matching(
        self, expression: Expression, got: Mapping[int, NumpyArray], agreement: float
    ) -> tuple[Factor, ...]:
        """The factors with which the expression gives what came back on all cases, the simplest
        first; none where it does not, or where too few cases tell."""
        times: dict[int, float] = {}
        single = True
        # The case first that expressions were looked up for: its arrays are there already.
        for number in sorted(got, key=self._place):
            value = got[number]
            try:
                made = evaluate(expression, self._cases[number])
            except (ValueError, IndexError, KeyError):
                return ()
            flat, other = value.reshape(-1), np.asarray(made, dtype=np.float64).reshape(-1)
            if flat.size != other.size:
                return ()
            square = float(other @ other)
            if not math.isfinite(square) and not np.all(np.isfinite(other)):
                continue  # nothing is said of 0 / 0
            largest = np.abs(flat).max(initial=0.0)
            if square < 1e-20:
                if largest > 1e-9:
                    return ()
                continue
            ratio = float(flat @ other) / square
            off = np.abs(flat - ratio * other).max(initial=0.0)
            if off > agreement * max(largest, 1e-12):
                return ()
            times[number] = ratio
            single = single and flat.size == 1
        if len(times) < MIN_CASES or len({value.shape for value in got.values()}) < 1:
            return ()
        times = {number: times[number] for number in got if number in times}
        if all(abs(ratio - 1.0) <= 10 * agreement for ratio in times.values()):
            return (Factor(),)
        rows, ratios = self._named[list(times)], np.array([*times.values()])[:, None]
        with np.errstate(invalid="ignore"):
            near = np.abs(rows - ratios) <= 10 * agreement * np.abs(ratios)
        named = [self._names[number] for number in np.flatnonzero(near.all(axis=0))]
        if named:
            best = _complexity(named[0])
            return tuple(one for one in named if _complexity(one) == best)
        values = list(times.values())
        # A number that nobody named, the same in all cases whatever their lengths.
        spread = max(values) - min(values)
        if len(values) > MIN_CASES and not single and spread <= 10 * agreement * abs(values[0]):
            middle = float(np.median(values))
            written = f"{abs(middle):.4g}"
            if abs(float(written) - abs(middle)) <= 1e-6 * abs(middle):
                return (Factor(top=written, negative=middle < 0, value=middle),)
        return ()

    def _with_shape(self, found: Explanation, got: Mapping[int, NumpyArray]) -> Explanation:
        """The explanation with what shapes say: numbers in another shape, a missing sum."""
        output = found.output
        right = {number: self._cases[number].right[output] for number in got}
        if found.change is None and (
            (not found.added and found.expression.operation != "leaf") or not found.about_right
        ):
            missing = self._missing_sum(got, right)
            if missing is not None:
                return replace(found, missing=missing)
        number = next(iter(got))
        for one in got:
            if evaluate_shape(found.expression, self._cases[one]) != got[one].shape:
                number = one
                return replace(found, shape=got[number].shape, right_shape=right[number].shape)
        return found

    def _missing_sum(
        self, got: Mapping[int, NumpyArray], right: Mapping[int, NumpyArray]
    ) -> str | None:
        """How the length is called that a sum over it would make right."""
        if any(got[number].ndim != right[number].ndim + 1 for number in got):
            return None
        for axis in range(next(iter(got.values())).ndim):
            if all(
                got[number].sum(axis).shape == right[number].shape
                and np.allclose(got[number].sum(axis), right[number], rtol=1e-9, atol=1e-9)
                for number in got
            ):
                names = [
                    name
                    for name in self._cases[next(iter(got))].dims
                    if all(
                        self._cases[number].dims.get(name) == got[number].shape[axis]
                        for number in got
                    )
                ]
                return names[0] if names else str(axis)
        return None


def evaluate_shape(expression: Expression, around: Surroundings) -> tuple[int, ...] | None:
    """The shape of its value; None for a constant."""
    if expression.operation == "leaf" and expression.name in ("0", "1"):
        return None
    shape: tuple[int, ...] = evaluate(expression, around).shape
    return shape


def _value(factor: Factor, factors: Mapping[Factor, float]) -> float:
    return factors.get(factor, math.nan) if factor.value is None else factor.value


class _Rests(Mapping[int, NumpyArray]):
    """By case, what came back less ``scale`` times the right output. Worked out when asked for:
    mostly the first tells that no expression gives them."""

    def __init__(
        self,
        got: Mapping[int, NumpyArray],
        scale: Mapping[int, float],
        right: Mapping[int, NumpyArray],
        agreement: float,
    ) -> None:
        self._got, self._scale, self._right, self._agreement = got, scale, right, agreement
        self._known: dict[int, NumpyArray] = {}

    def __getitem__(self, number: int) -> NumpyArray:
        if number not in self._known:
            right = self._right[number]
            rest = self._got[number] - self._scale[number] * right
            self._known[number] = _without_dust(rest, right, self._agreement)
        return self._known[number]

    def __contains__(self, number: object) -> bool:
        return number in self._got

    def __iter__(self) -> Iterator[int]:
        return iter(self._got)

    def __len__(self) -> int:
        return len(self._got)


def _without_dust(value: NumpyArray, right: NumpyArray, agreement: float) -> NumpyArray:
    """Without what rounding leaves where two equal numbers are subtracted."""
    dust = 1e-6 * agreement * np.max(np.abs(right), initial=0.0)
    return np.where(np.abs(value) <= dust, 0.0, value)


def _telling(case: Surroundings) -> tuple[int, int, int, int]:
    sizes = [value.size for value in case.right.values()]
    lengths = [int(value) for value in case.dims.values() if float(value).is_integer()]
    distinct = len(set(lengths)) - (1 in lengths)
    enough = min(min(sizes, default=0), 6)
    is_random = sum(bool(np.any(value % 1)) for value in case.arguments.values())
    return is_random, -lengths.count(1), distinct + enough, -sum(sizes)


# Numbers that formulas have: another base of a logarithm, a normal density.
_CONSTANTS = {
    "np.log(2)": math.log(2),
    "np.log(10)": math.log(10),
    "np.pi": math.pi,
    "np.sqrt(2)": math.sqrt(2),
    "np.sqrt(2 * np.pi)": math.sqrt(2 * math.pi),
}


def _factors(dims: Mapping[str, float]) -> dict[Factor, float]:
    """The factors with a name and their values, the simplest first. A length of 1 is one too."""
    found: dict[Factor, float] = {}

    def add(top: str, bottom: str, value: float) -> None:
        found.setdefault(Factor(top, bottom), value)
        found.setdefault(Factor(top, bottom, True), -value)

    add("1", "1", 1.0)
    add("2", "1", 2.0)
    add("1", "2", 0.5)
    for name, value in _CONSTANTS.items():
        add(name, "1", value)
        add("1", name, 1 / value)
    for name, value in dims.items():
        if 0 <= value < 1:
            add(f"(1 - {name})", "1", 1 - value)
            add("1", f"(1 - {name})", 1 / (1 - value))
        if not value:
            continue
        add(name, "1", value)
        add("1", name, 1 / value)
        if value > 0:
            add(f"np.sqrt({name})", "1", math.sqrt(value))
            add("1", f"np.sqrt({name})", 1 / math.sqrt(value))
        add(f"2{name}", "1", 2 * value)
        add("1", f"(2{name})", 0.5 / value)
        add("2", name, 2 / value)
        add(name, "2", value / 2)
        add("1", f"{name}**2", 1 / value**2)
        if 0 < value < 1:
            add(f"(1 - {name})", name, (1 - value) / value)
            add(name, f"(1 - {name})", value / (1 - value))
            continue
        add(f"({name} - 1)", name, (value - 1) / value)
        add(f"({name} - 1)", "1", value - 1)
        if value != 1:
            add(name, f"({name} - 1)", value / (value - 1))
            add("1", f"({name} - 1)", 1 / (value - 1))
    for (one, first), (other, second) in combinations(dims.items(), 2):
        if first and second:
            add(f"{one}*{other}", "1", first * second)
            add("1", f"({one}*{other})", 1 / (first * second))
            add(one, other, first / second)
            add(other, one, second / first)
    return found


def _complexity(factor: Factor) -> tuple[int, int]:
    return sum(part != "1" for part in (factor.top, factor.bottom)), len(factor.top + factor.bottom)
