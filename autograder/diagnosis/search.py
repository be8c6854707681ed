"""Look up which expression gives what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.diagnosis.expressions import (
    MAX_ELEMENTS,
    RIGHT,
    Expression,
    Surroundings,
    enumerated,
    evaluate,
)

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# How closely an expression must give what came back, relative to the largest element: far above
# rounding and the error of finite differences, far below what different expressions differ by.
AGREEMENT = 1e-7
AGREEMENT_FLOAT32 = 1e-4
# An explanation must hold on at least so many cases of different lengths.
MIN_CASES = 2
# What came back is looked up in the expressions of at most so many cases.
MAX_INDEXES = 2
# Of the expressions found, so many are tried, the simplest first.
MAX_CANDIDATES = 60
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
    the axis that a sum is missing over, and how its length is called.
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

    def __str__(self) -> str:
        """What was computed, as an instructor reads it."""
        written = _times(self.factor, self.expression)
        if self.added:
            right = f"{RIGHT}{self.output}"
            first = _times(self.added_to, Expression("leaf", name=right))
            written = f"{first} - {written[1:]}" if written[0] == "-" else f"{first} + {written}"
        if self.shape is not None:
            written += f" in shape {self.shape}"
        return " or ".join([written, *map(str, self.others)])

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
    """The expressions of one case, to be found by what they give, up to a factor."""

    def __init__(self, around: Surroundings) -> None:
        singles, self._tables = enumerated(around)
        self._singles = singles
        keys: dict[int, list[NumpyArray]] = {}
        places: dict[int, list[NumpyArray]] = {}
        by_size: dict[int, list[int]] = {}
        for number, found in enumerate(singles):
            by_size.setdefault(found.value.size, []).append(number)
        for size, numbers in by_size.items():
            stacked = [np.asarray(singles[i].value, np.float64).reshape(-1) for i in numbers]
            keys.setdefault(size, []).append(_keys(np.array(stacked)))
            place = np.stack([np.full(len(numbers), -1), np.array(numbers)])
            places.setdefault(size, []).append(place)
        for number, table in enumerate(self._tables):
            values = table.values()
            if values is not None:
                size, count = values.shape[2], values.shape[0] * values.shape[1]
                keys.setdefault(size, []).append(_keys(values.reshape(count, size)))
                place = np.stack([np.full(count, number), np.arange(count)])
                places.setdefault(size, []).append(place)
        self._groups: dict[int, tuple[NumpyArray, NumpyArray]] = {}
        for size, parts in keys.items():
            together, where = np.concatenate(parts), np.concatenate(places[size], axis=1)
            order = np.argsort(together, kind="stable")
            order = order[: int(np.sum(np.isfinite(together)))]
            self._groups[size] = together[order], where[:, order]

    def get(self, value: NumpyArray, agreement: float) -> list[tuple[Expression, int]]:
        """The expressions that may be ``value`` up to a factor."""
        flat = np.asarray(value, dtype=np.float64).reshape(1, -1)
        key = float(_keys(flat)[0])
        if not np.isfinite(key) or flat.size not in self._groups:
            return []
        keys, places = self._groups[flat.size]
        low, high = np.searchsorted(keys, [key - 10 * agreement, key + 10 * agreement])
        return [self._found(*place) for place in places[:, low:high].T]

    def _found(self, table: int, number: int) -> tuple[Expression, int]:
        if table < 0:
            one = self._singles[number]
            return one.expression, one.cost
        return self._tables[table].found(number)


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
        # The most telling case first: arrays large enough, lengths all different.
        self._order = sorted(range(len(cases)), key=lambda i: _telling(cases[i]), reverse=True)

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
        if len(got) < MIN_CASES or len(got) < len(returned) - 1:
            return None
        low = any(
            value.dtype.itemsize < 8 and value.dtype.kind == "f" for value in returned.values()
        )
        agreement = AGREEMENT_FLOAT32 if low else AGREEMENT
        constant = self._constant(output, got)
        if constant is not None:
            return constant
        right = {number: self._cases[number].right[output] for number in got}
        direct = self._best(output, got, agreement)
        if direct is not None and direct[1] <= SIMPLE:
            return self._with_shape(direct[0], got)
        best = direct
        if all(got[number].shape == right[number].shape for number in got):
            scalar = all(value.size == 1 for value in got.values())
            for added_to in self._shared_factors(got)[: 1 if scalar else None]:
                scale = self._values(added_to, got)
                left = {number: got[number] - scale[number] * right[number] for number in got}
                left = {n: _without_dust(left[n], right[n], agreement) for n in got}
                found = self._best(output, left, agreement * 10)
                if found is None:
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
        return None if best is None else self._with_shape(best[0], got)

    def holds(self, found: Explanation, returned: Mapping[int, NumpyArray]) -> bool:
        """Whether the explanation gives what was returned on these cases."""
        for number, value in returned.items():
            case, factors = self._cases[number], self._factors[number]
            flat = np.asarray(value, dtype=np.float64).reshape(-1)
            if found.expression.name in ("0", "1"):
                made = np.full(flat.size, float(found.expression.name))
            else:
                made = evaluate(found.expression, case).reshape(-1) * _value(found.factor, factors)
            if found.added:
                right = case.right[found.output].reshape(-1)
                made = made + right * _value(found.added_to, factors)
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
        self, output: str, got: Mapping[int, NumpyArray], agreement: float
    ) -> tuple[Explanation, int] | None:
        numbers = [n for n in self._order if n in got and np.any(got[n])]
        for number in numbers[:1]:
            candidates = self._candidates(number, got[number], agreement)
            matches: list[tuple[int, bool, str, Expression, tuple[Factor, ...]]] = []
            least: int | None = None
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
                    and more[0].is_one
                    and factors[0].is_one
                    and other.leaves != expression.leaves
                )
                return (
                    Explanation(
                        output, expression, factors[0], factors=factors[1:], others=others[:2]
                    ),
                    cost,
                )
        return None

    def _candidates(
        self, number: int, value: NumpyArray, agreement: float
    ) -> list[tuple[Expression, int]]:
        if number not in self._indexes:
            if len(self._indexes) >= MAX_INDEXES:
                return []
            self._indexes[number] = _Index(self._cases[number])
        index = self._indexes[number]
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
        for number, value in got.items():
            try:
                made = evaluate(expression, self._cases[number])
            except (ValueError, IndexError, KeyError):
                return ()
            flat, other = value.reshape(-1), np.asarray(made, dtype=np.float64).reshape(-1)
            if flat.size != other.size or not np.all(np.isfinite(other)):
                return ()
            largest = np.max(np.abs(flat), initial=0.0)
            square = float(other @ other)
            if square < 1e-20:
                if largest > 1e-9:
                    return ()
                continue
            ratio = float(flat @ other) / square
            if np.max(np.abs(flat - ratio * other), initial=0.0) > agreement * max(largest, 1e-12):
                return ()
            times[number] = ratio
            single = single and flat.size == 1
        if len(times) < MIN_CASES or len({value.shape for value in got.values()}) < 1:
            return ()
        first = next(iter(times))
        named = [
            factor
            for factor in self._factors[first]
            if all(
                abs(self._factors[number].get(factor, np.nan) - value)
                <= 10 * agreement * abs(value)
                for number, value in times.items()
            )
        ]
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
        if (not found.added and found.expression.operation != "leaf") or not found.about_right:
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
    return factors[factor] if factor.value is None else factor.value


def _without_dust(value: NumpyArray, right: NumpyArray, agreement: float) -> NumpyArray:
    """Without what rounding leaves where two equal numbers are subtracted."""
    dust = 1e-6 * agreement * np.max(np.abs(right), initial=0.0)
    return np.where(np.abs(value) <= dust, 0.0, value)


def _telling(case: Surroundings) -> tuple[int, int, int]:
    sizes = [value.size for value in case.right.values()]
    lengths = [int(value) for value in case.dims.values() if float(value).is_integer()]
    distinct = len(set(lengths)) - (1 in lengths)
    enough = min(min(sizes, default=0), 6)
    is_random = sum(bool(np.any(value % 1)) for value in case.arguments.values())
    return is_random, distinct + enough, -sum(sizes)


def _factors(dims: Mapping[str, float]) -> dict[Factor, float]:
    """The factors with a name and their values, the simplest first. A length of 1 is one too."""
    found: dict[Factor, float] = {}

    def add(top: str, bottom: str, value: float) -> None:
        found.setdefault(Factor(top, bottom), value)
        found.setdefault(Factor(top, bottom, True), -value)

    add("1", "1", 1.0)
    add("2", "1", 2.0)
    add("1", "2", 0.5)
    for name, value in dims.items():
        if not value:
            continue
        add(name, "1", value)
        add("1", name, 1 / value)
        add(f"2{name}", "1", 2 * value)
        add("1", f"(2{name})", 0.5 / value)
        add("2", name, 2 / value)
        add(name, "2", value / 2)
        add("1", f"{name}**2", 1 / value**2)
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
