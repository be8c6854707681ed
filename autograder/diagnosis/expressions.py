"""Small expressions over named arrays: how they are written, evaluated and enumerated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.diagnosis.programs import ARRIVED, WAY, Programs

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"


Axis: TypeAlias = "int | tuple[int, ...] | None"


class Expression(Struct, frozen=True):
    """``operation`` applied to ``operands``; a leaf has the operation ``leaf`` and a ``name``.

    ``axis`` is that of a reduction, a slice or a softmax; a reduction may have several.
    """

    operation: str
    operands: tuple[Expression, ...] = ()
    name: str = ""
    axis: Axis = None

    def __str__(self) -> str:
        return _written(self)

    @property
    def leaves(self) -> frozenset[str]:
        """The names of the arrays in it."""
        if self.operation == "leaf":
            return frozenset((self.name,))
        return frozenset().union(*(operand.leaves for operand in self.operands))


class Surroundings(Struct, frozen=True, eq=False):
    """The named arrays of one case: ``arguments`` of the function, ``forward`` intermediates, and
    the ``right`` outputs. ``upstream`` names the arguments that are incoming gradients, ``dims``
    has the lengths and scalar arguments that a factor may be made of. ``programs`` has what
    further programs give."""

    arguments: Mapping[str, NumpyArray]
    forward: Mapping[str, NumpyArray]
    right: Mapping[str, NumpyArray]
    dims: Mapping[str, float]
    upstream: tuple[str, ...] = ()
    programs: Programs | None = None

    def leaf(self, name: str) -> NumpyArray:
        """The array of that name; that of a right output is called ``right <output>``."""
        if name.startswith(RIGHT):
            return self.right[name.removeprefix(RIGHT)]
        if name in self.arguments:
            return self.arguments[name]
        if name in self.forward or self.programs is None:
            return self.forward[name]
        return self.programs.leaf(name)


RIGHT = "right "


def _convolve(one: NumpyArray, other: NumpyArray) -> NumpyArray:
    return np.convolve(one, other)


def _valid(one: NumpyArray, other: NumpyArray) -> NumpyArray:
    return np.convolve(one, other, "valid")


def _put(ids: NumpyArray, value: NumpyArray, like: NumpyArray) -> NumpyArray:
    """Rows put where ``ids`` say; of those for one place the last stays."""
    made = np.zeros(like.shape)
    made[ids] = value
    return made


def _counts(ids: NumpyArray, like: NumpyArray) -> NumpyArray:
    # As wide as numpy counts: a browser has 32 bits.
    return np.bincount(ids.reshape(-1).astype(np.intp), minlength=len(like)).astype(np.float64)


def _mean_rows(ids: NumpyArray, value: NumpyArray, like: NumpyArray) -> NumpyArray:
    made = np.zeros(like.shape)
    np.add.at(made, ids, value)
    return np.asarray(made / np.maximum(_counts(ids, like), 1)[:, None])


_NAMED: Mapping[str, Callable[..., NumpyArray]] = {
    "put": _put,
    "counts": _counts,
    "mean_rows": _mean_rows,
}


def _onehot(labels: NumpyArray, like: NumpyArray) -> NumpyArray:
    return np.asarray(np.arange(like.shape[-1]) == labels[:, None], dtype=np.float64)


_BINARY: Mapping[str, Callable[[NumpyArray, NumpyArray], NumpyArray]] = {
    "@": np.matmul,
    "*": np.multiply,
    "+": np.add,
    "-": np.subtract,
    "/": np.divide,
    "outer": np.multiply.outer,
    "max of": np.maximum,
    "convolve": _convolve,
    "valid": _valid,
}


def _softmax(array: NumpyArray, axis: Axis) -> NumpyArray:
    powers = np.exp(array - array.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


_UNARY: Mapping[str, Callable[[NumpyArray, Any], NumpyArray]] = {
    "T": lambda a, axis: a.T,
    "> 0": lambda a, axis: (a > 0) * 1.0,
    ">= 0": lambda a, axis: (a >= 0) * 1.0,
    "<= 0": lambda a, axis: (a <= 0) * 1.0,
    "< 0": lambda a, axis: (a < 0) * 1.0,
    "== 0": lambda a, axis: (a == 0) * 1.0,
    "square": lambda a, axis: a * a,
    "abs": lambda a, axis: np.abs(a),
    "sign": lambda a, axis: np.sign(a),
    "sqrt": lambda a, axis: np.sqrt(a),
    "exp": lambda a, axis: np.exp(a),
    "ones": lambda a, axis: np.ones(a.shape),
    "relu": lambda a, axis: np.maximum(a, 0),
    "softmax": _softmax,
    "sum": lambda a, axis: np.asarray(a.sum(axis)),
    "mean": lambda a, axis: np.asarray(a.mean(axis)),
    "1 -": lambda a, axis: 1 - a,
    "1 +": lambda a, axis: 1 + a,
    "reversed": lambda a, axis: np.flip(a, axis),
    "rows": lambda a, axis: a.reshape(-1, a.shape[-1]),
    "cumsum": lambda a, axis: a.cumsum(),
    "max": lambda a, axis: np.asarray(a.max(axis)),
    "min": lambda a, axis: np.asarray(a.min(axis)),
    "first": lambda a, axis: np.asarray(np.take(a, 0, axis)),
    "last": lambda a, axis: np.asarray(np.take(a, -1, axis)),
}


def evaluate(expression: Expression, around: Surroundings) -> NumpyArray:
    """Its value on a case. Raises ValueError, KeyError or IndexError where shapes do not fit."""
    with np.errstate(all="ignore"):
        return _evaluated(expression, around)


def _evaluated(expression: Expression, around: Surroundings) -> NumpyArray:
    if expression.operation == "leaf":
        return around.leaf(expression.name)
    values = [_evaluated(operand, around) for operand in expression.operands]
    return _applied(expression.operation, values, expression.axis)


def _applied(operation: str, values: Sequence[NumpyArray], axis: Axis) -> NumpyArray:
    if operation == "onehot":
        return _onehot(*values)
    if operation in _NAMED:
        return _NAMED[operation](*values)
    if operation in _BINARY:
        return np.asarray(_BINARY[operation](*values))
    return _UNARY[operation](values[0], axis)


# How tightly an operation holds what it is applied to.
_LOOSE, _PRODUCT, _TIGHT = 1, 2, 3


def _written(expression: Expression, outside: int = 0) -> str:
    operation, operands = expression.operation, expression.operands
    if operation == "leaf":
        name = expression.name
        if name.startswith(RIGHT):
            return name if outside < _TIGHT else f"({name})"
        if name.startswith(f"{ARRIVED} "):
            return f"d({name.removeprefix(f'{ARRIVED} ')})"
        if name.startswith(f"{WAY} "):
            return f"through({name.split(' ', 2)[2]})"
        return f"({name})" if " " in name and outside and not _is_call(name) else name
    if operation == "onehot":
        return f"onehot({operands[0]})"
    if operation in ("put", "mean_rows"):
        return f"{operation}({operands[0]}, {operands[1]})"
    if operation == "counts":
        return f"np.bincount({operands[0]})"
    if operation in ("max of", "convolve", "valid"):
        name = "np.maximum" if operation == "max of" else "np.convolve"
        mode = ", 'valid'" if operation == "valid" else ""
        return f"{name}({operands[0]}, {operands[1]}{mode})"
    if operation == "outer":
        return f"np.outer({operands[0]}, {operands[1]})"
    if operation in _BINARY:
        strength = _LOOSE if operation in "+-" else _PRODUCT
        left, right = (_written(operand, strength) for operand in operands)
        if operands[1].operation in _BINARY and strength == _PRODUCT:
            right = f"({operands[1]})" if not right.startswith("(") else right
        written = f"{left} {operation} {right}"
        return f"({written})" if outside > strength else written
    inner = _written(operands[0], _TIGHT)
    if operation == "T":
        return f"{inner}.T"
    if operation in ("> 0", ">= 0", "<= 0", "< 0", "== 0"):
        return f"({inner} {operation})"
    if operation == "square":
        return f"{inner}**2" if outside < _TIGHT else f"({inner}**2)"
    if operation in ("1 -", "1 +"):
        written = f"{operation} {_written(operands[0], _PRODUCT)}"
        return f"({written})" if outside else written
    if operation == "rows":
        return f"{inner}.reshape(-1, {inner}.shape[-1])"
    if operation == "cumsum":
        return f"np.cumsum({operands[0]})"
    if operation == "reversed":
        return f"{inner}[{'..., ::-1, ::-1' if expression.axis == (-2, -1) else '::-1'}]"
    if operation in ("sum", "max", "min", "mean"):
        at = "" if expression.axis is None else f"axis={expression.axis}"
        return f"{inner}.{operation}({at})"
    if operation in ("first", "last"):
        index = "0" if operation == "first" else "-1"
        before = expression.axis if isinstance(expression.axis, int) else 0
        return f"{inner}[{':, ' * before if before >= 0 else '..., '}{index}]"
    if operation == "softmax":
        return f"softmax({operands[0]}, axis={expression.axis})"
    name = {"relu": "relu", "ones": "np.ones_like"}.get(operation, f"np.{operation}")
    return f"{name}({operands[0]})"


def _is_call(name: str) -> bool:
    """Whether it is written as one call: ``np.exp(x + 1)`` and not ``f(x) + g(y)``."""
    depth = 0
    for place, sign in enumerate(name):
        depth += (sign in "([") - (sign in ")]")
        if sign == " " and not depth:
            return False
        if sign in ")]" and not depth and place < len(name) - 1 and name[place + 1] not in ".[(":
            return False
    return True


class Found(Struct, frozen=True, eq=False):
    """An expression, its value on the case it was enumerated for, and how complicated it is."""

    expression: Expression
    value: NumpyArray
    cost: int


# Larger arrays are not looked at: their expressions would take too long.
MAX_ELEMENTS = 4096
MAX_TABLE = 400_000
MAX_LEAVES = 18
# Operations whose results are combined with leaves alone.
_WEAK = frozenset(
    ("exp", "sign", "abs", "sqrt", "first", "last", "max", "min", "< 0", ">= 0", "relu")
)
_CHAIN_STEPS = 3
_MAX_CHAINS = 250


class Table(Struct, frozen=True, eq=False):
    """All ``operation``s on one of ``left`` and one of ``right``, arrays of one shape each."""

    operation: str
    left: Sequence[Found]
    right: Sequence[Found]

    @property
    def size(self) -> int:
        """The elements of each result; 0 where shapes do not fit or there are too many elements."""
        shape = _shape_of(self.operation, self.left[0].value.shape, self.right[0].value.shape)
        size = 0 if shape is None else math.prod(shape)
        is_large = size > MAX_ELEMENTS or size * len(self.left) * len(self.right) > MAX_TABLE
        return 0 if is_large else size

    def values(self) -> NumpyArray:
        """The results, a row for each; there must be a :attr:`size`."""
        one, other = self.left[0].value, self.right[0].value
        lefts = np.array([found.value for found in self.left], dtype=np.float64)
        rights = np.array([found.value for found in self.right], dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.operation == "@":
                made = _all_products(lefts, rights)
            elif self.operation == "outer":
                made = lefts[:, None, :, None] * rights[None, :, None, :]
            else:
                rank = max(one.ndim, other.ndim)
                first = lefts.reshape(-1, 1, *(1,) * (rank - one.ndim), *one.shape)
                second = rights.reshape(1, -1, *(1,) * (rank - other.ndim), *other.shape)
                made = _BINARY[self.operation](first, second)
        return np.asarray(made).reshape(len(self.left) * len(self.right), self.size)

    def costs(self) -> NumpyArray:
        """What each of them costs, counted row by row."""
        left, right = (np.array([one.cost for one in some]) for some in (self.left, self.right))
        return np.asarray((left[:, None] + right + 1 + (self.operation == "/")).reshape(-1))

    def found(self, number: int) -> tuple[Expression, int]:
        """The expression with this number, counted row by row, and its cost."""
        one, other = self.left[number // len(self.right)], self.right[number % len(self.right)]
        expression = Expression(self.operation, (one.expression, other.expression))
        return expression, one.cost + other.cost + 1 + (self.operation == "/")


def _shape_of(
    operation: str, one: tuple[int, ...], other: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The shape of what numpy gives for arrays of these shapes, of which a product has axes; None
    where they do not fit. numpy itself takes ten times as long to say so."""
    if operation == "outer":
        return one + other
    if operation != "@":
        return _broadcast(one, other)
    first = one if len(one) > 1 else (1, *one)
    second = other if len(other) > 1 else (*other, 1)
    leading = _broadcast(first[:-2], second[:-2])
    if leading is None or first[-1] != second[-2]:
        return None
    rows, columns = first[-2:-1] if len(one) > 1 else (), second[-1:] if len(other) > 1 else ()
    return (*leading, *rows, *columns)


def _broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    rank = max(len(one), len(other))
    shape = []
    for a, b in zip(
        (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True
    ):
        if a != b and 1 not in (a, b):
            return None
        shape.append(b if a == 1 else a)
    return tuple(shape)


def _all_products(lefts: NumpyArray, rights: NumpyArray) -> NumpyArray:
    """Every one of ``lefts`` times every one of ``rights``, arrays of any rank above 0 each."""
    one = lefts[:, None, :] if lefts.ndim == 2 else lefts
    other = rights[:, :, None] if rights.ndim == 2 else rights
    rank = max(one.ndim, other.ndim)
    first = one.reshape(len(one), 1, *(1,) * (rank - one.ndim), *one.shape[1:])
    second = other.reshape(1, len(other), *(1,) * (rank - other.ndim), *other.shape[1:])
    return np.asarray(np.matmul(first, second))


def enumerated(around: Surroundings, ranks_differ: bool = False) -> tuple[list[Found], list[Table]]:
    """All small expressions on a case: those that were worked out, and tables of further ones.

    Leaves and right outputs; one operation on these; one operation on two of those; sums of
    elementwise products and squared differences; the ways of a gradient backwards, up to three
    steps, and what becomes of it in the end. The parts of the forward pass and the gradients that
    arrive there are combined with leaves and with each other. With ``ranks_differ`` the axes of
    reductions are counted from the end, too.
    """
    with np.errstate(all="ignore"):
        return _enumerated(around, ranks_differ)


def _enumerated(around: Surroundings, ranks_differ: bool) -> tuple[list[Found], list[Table]]:
    leaves = _leaves(around)
    ones = [one for leaf in leaves for one in _one_operation(leaf, around, ranks_differ)]
    chains = _chains(around, leaves)
    singles = [*leaves, *ones, *chains]
    for chain in chains:
        singles += _ends(chain)
    raw = [leaf for leaf in leaves if not leaf.expression.name.startswith(RIGHT)]
    for pair in _pairs(raw, raw, "-*/"):
        squared = _unary("square", pair)
        further = [squared, _unary("abs", pair), _unary("sign", pair)]
        singles += [one for of in (pair, *further) for one in (of, *_reductions(of))]
        singles.append(_unary("sqrt", _unary("sum", squared)))
    singles += _relative_errors(raw)
    singles += _placed(raw)
    singles += _convolved(raw)
    weak = [one for one in ones if one.expression.operation in _WEAK]
    strong = [*leaves, *(one for one in ones if one.expression.operation not in _WEAK)]
    operations = ("@", "*", "-", "+", "/", "outer")
    matrices = [one for one in raw if one.value.ndim == 2]
    slices = [one for one in weak if one.expression.operation in ("first", "last")]
    ends = [*matrices, *(_unary("relu", one) for one in matrices)]
    parts = _parts(around, leaves)
    beside = [one for part in (*raw, *parts) for one in _turned_too(part)]
    inner = [one for part in parts for one in _turned_too(part)]
    ways = [
        Found(Expression("leaf", name=name), value, 2)
        for output in around.right
        for name, value in _ways(around, output)
    ]
    singles += [*parts, *ways]
    if around.programs is not None:
        for output in around.right:
            for name, value in around.programs.upstreams(output).items():
                singles.append(Found(Expression("leaf", name=name), value, 3))
    for part in parts:
        singles += [_unary("square", part), *_reductions(part)]
        if part.value.ndim == 2:
            singles.append(_unary("T", part))
    for pair in _pairs(raw, parts, "*"):
        singles += _reductions(pair)
    tables = [
        *_tables(strong, strong, operations),
        *_tables(leaves, weak, operations),
        *_tables([_unary("T", one) for one in matrices], weak, ("@",)),
        *_tables(weak, [*raw, *(_unary("T", one) for one in matrices)], ("@",)),
        *_tables(slices, slices, ("outer",)),
        *_tables([_unary("T", one) for one in chains if one.value.ndim == 2], ends, ("@",)),
        *_tables([_unary("T", one) for one in ends], chains, ("@",)),
        *_tables(inner, beside, ("@", "*", "/")),
        *_tables(beside, inner, ("@", "/")),
        *_tables([one for one in leaves if one not in raw], parts, ("*", "/")),
        *_tables(ways, ways, ("+",)),
    ]
    return [one for one in singles if 0 < one.value.size <= MAX_ELEMENTS], tables


# Parts of the forward pass that are combined with others.
MAX_PARTS = 40


def _parts(around: Surroundings, leaves: Sequence[Found]) -> list[Found]:
    """The parts of the forward pass that are no leaves, and the gradients that arrive there."""
    if around.programs is None:
        return []
    known = [one.value for one in leaves]
    found: list[Found] = []
    for name, value in around.programs.parts().items():
        if value.size and not any(
            one.shape == value.shape and np.allclose(one, value, rtol=1e-9) for one in known
        ):
            known.append(value)
            cost = 2 if name.isidentifier() or name.startswith(f"{ARRIVED} ") else 3
            found.append(Found(Expression("leaf", name=name), value, cost))
    return found[:MAX_PARTS]


def _ways(around: Surroundings, output: str) -> list[tuple[str, NumpyArray]]:
    return [] if around.programs is None else list(around.programs.ways(output).items())


def _turned_too(one: Found) -> Iterator[Found]:
    yield one
    if one.value.ndim == 2:
        yield _unary("T", one)


def _relative_errors(raw: Sequence[Found]) -> Iterator[Found]:
    """Differences of two arguments relative to their size, as gradients are compared."""
    arguments = [one for one in raw if one.value.dtype.kind == "f" and one.cost == 1]
    for number, one in enumerate(arguments):
        for other in arguments[number + 1 :]:
            if one.value.shape != other.value.shape:
                continue
            sizes = [_unary("abs", one), _unary("abs", other)]
            sizes += _some(_binary("+", *sizes), _binary("max of", *sizes))
            for difference in _some(_binary("-", one, other)):
                above = _unary("abs", difference)
                norm = _unary("sqrt", _unary("sum", _unary("square", difference)))
                yield _unary("max", above)
                yield _unary("max", _unary("square", difference))
                for size in sizes:
                    for ratio in _some(_binary("/", above, size)):
                        yield from (_unary("max", ratio), _unary("sum", ratio))
                    for of in ("max", "sum"):
                        yield from _some(_binary("/", _unary(of, above), _unary(of, size)))
                norms = [_unary("sqrt", _unary("sum", _unary("square", a))) for a in (one, other)]
                for below in (*norms, *_some(_binary("+", *norms), _binary("max of", *norms))):
                    yield from _some(_binary("/", norm, below))


def _some(*found: Found | None) -> list[Found]:
    return [one for one in found if one is not None]


def _placed(raw: Sequence[Found]) -> Iterator[Found]:
    """Rows put where whole numbers say."""
    for ids in raw:
        if ids.value.dtype.kind not in "iu" or not ids.value.ndim:
            continue
        for like in raw:
            if like.value.ndim != 2 or like.value.dtype.kind != "f":
                continue
            if np.any(ids.value >= len(like.value)) or np.any(ids.value < 0):
                continue
            counted = Expression("counts", (ids.expression, like.expression))
            yield Found(counted, _counts(ids.value, like.value), 3)
            for rows in raw:
                if rows.value.shape == (*ids.value.shape, like.value.shape[1]):
                    operands = ids.expression, rows.expression, like.expression
                    values = ids.value, rows.value, like.value
                    yield Found(Expression("put", operands), _put(*values), 3)
                    yield Found(Expression("mean_rows", operands), _mean_rows(*values), 4)


def _convolved(raw: Sequence[Found]) -> Iterator[Found]:
    rows = [one for one in raw if one.value.ndim == 1 and one.value.dtype.kind == "f"]
    turned = [(one, _unary("reversed", one)) for one in rows if one.value.size]
    for i, (one, _) in enumerate(turned):
        for j, pair in enumerate(turned):
            for other in pair:
                if i != j:
                    for operation in ("convolve", "valid"):
                        made = _some(_binary(operation, one, other))
                        yield from made
                        yield from (_unary("reversed", found) for found in made)


def _tables(
    left: Sequence[Found], right: Sequence[Found], operations: Sequence[str]
) -> Iterator[Table]:
    lefts, rights = _by_shape(left), _by_shape(right)
    for one, some in lefts.items():
        for other, more in rights.items():
            for operation in operations:
                if operation == "@" and (not one or not other or len(one) + len(other) < 3):
                    continue
                if operation == "outer" and not len(one) == len(other) == 1:
                    continue
                if operation in ("*", "+") and one > other:
                    continue  # the same as the other way about
                yield Table(operation, some, more)


def _by_shape(several: Sequence[Found]) -> dict[tuple[int, ...], list[Found]]:
    groups: dict[tuple[int, ...], list[Found]] = {}
    for one in several:
        groups.setdefault(one.value.shape, []).append(one)
    return groups


def _leaves(around: Surroundings) -> list[Found]:
    right = [
        Found(Expression("leaf", name=RIGHT + name), value, 1)
        for name, value in around.right.items()
    ]
    others = [
        Found(Expression("leaf", name=name), value, 1 + (name in around.forward))
        for name, value in (*around.arguments.items(), *around.forward.items())
    ]
    leaves = [one for one in (*right, *others) if one.value.dtype.kind in "fiu"]
    return leaves[:MAX_LEAVES]


def _unary(operation: str, of: Found, axis: Axis = None) -> Found:
    value = _UNARY[operation](of.value, axis)
    return Found(Expression(operation, (of.expression,), axis=axis), value, of.cost + 1)


def _binary(operation: str, one: Found, other: Found) -> Found | None:
    try:
        value = _applied(operation, (one.value, other.value), None)
    except ValueError:
        return None
    expression = Expression(operation, (one.expression, other.expression))
    return Found(expression, value, one.cost + other.cost + 1)


def _one_operation(leaf: Found, around: Surroundings, ranks_differ: bool) -> Iterator[Found]:
    value = leaf.value
    if value.ndim == 0:
        yield from (_unary("square", leaf), _unary("ones", leaf), _unary("sqrt", leaf))
        return
    if value.dtype.kind in "iu" and value.ndim == 1:
        for name, array in around.arguments.items():
            if array.ndim == 2 and array.dtype.kind == "f" and len(array) == len(value):
                expression = Expression("onehot", (leaf.expression, Expression("leaf", name=name)))
                yield Found(expression, _onehot(value, array), 2)
    if value.ndim >= 2:
        yield _unary("T", leaf)
        for axis in (value.ndim - 1, 0):
            softmax = _unary("softmax", leaf, axis)
            yield softmax
            yield from _some(_binary("*", softmax, _unary("1 -", softmax)))
    if value.ndim >= 3:
        yield _unary("rows", leaf)
        yield _unary("T", _unary("rows", leaf))
        yield _unary("reversed", leaf, (-2, -1))
    if value.ndim == 1:
        yield from (_unary("reversed", leaf, 0), _unary("cumsum", leaf))
    names = ("> 0", ">= 0", "<= 0", "< 0", "== 0", "square", "abs", "sign", "relu", "exp", "ones")
    for operation in names:
        yield _unary(operation, leaf)
    if not leaf.expression.name.startswith(RIGHT):
        less = _unary("1 -", leaf)
        yield from (less, _unary("square", less), *_some(_binary("*", leaf, less)))
        yield from (_unary(one, _unary("square", leaf)) for one in ("1 -", "1 +"))
    yield from _reductions(leaf, ranks_differ)
    yield _unary("sum", _unary("square", leaf))
    yield _unary("sqrt", _unary("sum", _unary("square", leaf)))
    for axis in range(value.ndim):
        yield from (_unary("first", leaf, axis), _unary("last", leaf, axis))
        yield from (_unary("max", leaf, axis), _unary("min", leaf, axis))
    yield from (_unary("max", leaf), _unary("min", leaf))


def _reductions(of: Found, ranks_differ: bool = False) -> Iterator[Found]:
    rank = of.value.ndim
    if rank:
        yield _unary("sum", of)
    if rank > 1:
        for axis in range(rank):
            yield _unary("sum", of, axis)
    if ranks_differ and rank:
        yield _unary("sum", of, -1)
        yield from (_unary("first", of, -1), _unary("last", of, -1))
    if rank > 2:
        yield _unary("mean", of)
        for some in range(2, rank + 1):
            for axes in combinations(range(rank), some):
                yield _unary("sum", of, axes)
                yield _unary("mean", of, axes)


def _pairs(left: Sequence[Found], right: Sequence[Found], operations: str) -> Iterator[Found]:
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            for operation in operations:
                fits = i <= j if operation == "*" else i != j
                if fits and (found := _binary(operation, one, other)) is not None:
                    yield found


def _chains(around: Surroundings, leaves: Sequence[Found]) -> list[Found]:
    """The incoming gradient, and what it becomes on the ways backwards."""
    arrays = [one for one in leaves if not one.expression.name.startswith(RIGHT) and one.value.ndim]
    matrices = [one for one in arrays if one.value.ndim == 2]
    factors = [*matrices, *(_unary("T", one) for one in matrices)]
    layer: list[Found] = [one for one in arrays if one.expression.name in around.upstream]
    chains: list[Found] = []
    seen: set[tuple[tuple[int, ...], float]] = set()
    for _ in range(_CHAIN_STEPS):
        following: list[Found] = []
        for gradient in layer:
            steps = [_binary("@", gradient, factor) for factor in factors if _fit(gradient, factor)]
            for array in (*arrays, gradient):
                if array.value.shape == gradient.value.shape:
                    masks = [_unary(name, array) for name in ("> 0", ">= 0", "<= 0")]
                    steps += [_binary("*", gradient, one) for one in (array, *masks)]
            for step in steps:
                if step is None or len(chains) >= _MAX_CHAINS:
                    continue
                numbers = step.value.reshape(-1)
                key = step.value.shape, float(numbers @ np.cos(np.arange(numbers.size)))
                if key not in seen:
                    seen.add(key)
                    following.append(step)
                    chains.append(step)
        layer = following
    return chains


def _fit(one: Found, other: Found) -> bool:
    return one.value.ndim > 0 and one.value.shape[-1] == other.value.shape[0]


def _ends(chain: Found) -> Iterator[Found]:
    yield from _reductions(chain)
    if chain.value.ndim == 2:
        yield from (_unary("last", chain, 0), _unary("first", chain, 0), _unary("T", chain))
