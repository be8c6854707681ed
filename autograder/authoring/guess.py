"""Shapes and gradients of a new exercise, guessed from its signature and its forward pass.

In: ``gelu_backward(x, dy) -> dx`` and the statements of the forward pass. Out: what each argument
is, how long its axes are, and what each result is the gradient of. The names say which gradient is
whose: ``dx`` of ``x``, ``dW`` of ``W``, an upstream ``dY`` of ``Y``. The shapes are those with
the most dimensions of their own for which the forward pass runs: it is run with lengths that are
different primes, so that axes which must be equal show.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course import lengths
from autograder.course.declaration import FUNCTION
from autograder.course.exercise import Array, Gradient, Signature
from autograder.errors import UsageError
from autograder.truth.forward import run_forward

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"
Shape: TypeAlias = tuple[str | int, ...]

# So many assignments of dimensions to axes are tried.
MAX_TRIES = 10_000
MAX_DIMENSIONS = 7
# So many choices of how many axes each array has are tried where there are more of them.
MANY_AXES_TRIES = 30
# So many more after the first for which the forward pass runs, where that leaves numbers unused.
FURTHER_TRIES = 500

# Sets of lengths: what holds for all of them is no coincidence. The first dimensions are the
# longest, since a kernel is shorter than what it runs over.
_PRIMES = ((23, 17, 13, 11, 7, 5, 3), (31, 23, 19, 13, 11, 7, 2), (41, 29, 17, 11, 13, 5, 7))

_SCALARS = {
    "eps": "10.0 ** integers(-5, -1)",
    "epsilon": "10.0 ** integers(-5, -1)",
    **dict.fromkeys(
        (
            *("alpha", "lam", "lr", "margin", "momentum", "rate", "slope", "tau", "temperature"),
            *("decay", "delta", "c"),
        ),
        "0.1 + uniform",
    ),
    **dict.fromkeys(
        ("keep", "keep_prob", "drop", "drop_prob", "dropout", "p_drop", "prob"),
        "0.2 + 0.6 * uniform",
    ),
}
_COUNTS = {
    "stride": "integers(1, 2)",
    "dilation": "integers(1, 2)",
    "pad": "integers(0, 2)",
    "padding": "integers(0, 2)",
}
_LABELS = ("labels", "targets", "classes", "ids", "idx", "index", "indices", "tokens")
_MASKS = ("mask", "M")
# Where a mask is an argument, this is the probability with which it was drawn.
_PROBABILITY = "p"
# A whole number that the forward pass counts with, as the width of a window: from 2 on, as 1
# leaves out what the layer does.
_COUNTED = "integers(2, 3)"
# Of the largest scale of the standard battery; a result that changes by so much is not known.
_LARGEST = 1e8
_ROUNDING = 2e-16
_ROUNDING_TRIES = 60
_DECIDES = 1e-3
# What takes the place of the battery's special values where zeros alone are not allowed.
ONE_ZERO = "normal * (np.arange(ones.size) > 0).reshape(ones.shape)"
EQUAL = "1.5 * ones"
_JACOBIANS = ("J", "jacobian")
_VECTORS = ("b", "bias", "beta", "gamma", "gain", "mean", "var", "std", "mu")
# How the axes of an array are called, by how many there are; of others, by their case.
_AXES: dict[str, dict[int, tuple[str, ...]]] = {
    "W": {1: ("n",), 2: ("m", "n")},
    "w": {1: ("k",), 2: ("m", "n")},
    "b": {1: ("m",)},
    "bias": {1: ("m",)},
    "Q": {2: ("T", "d")},
    "K": {2: ("S", "d")},
    "V": {2: ("S", "e")},
    "logits": {1: ("C",), 2: ("N", "C")},
    "scores": {1: ("C",), 2: ("N", "C")},
}
_UPPER = {1: ("n",), 2: ("N", "n"), 3: ("N", "T", "n"), 4: ("N", "C", "h", "w")}
_LOWER = {1: ("n",), 2: ("m", "n"), 3: ("N", "m", "n")}
_POOL = ("n", "m", "k", "d", "e", "p", "q", "r", "s", "t", "u", "v", "N", "M", "L", "S", "T")


class Guess(Struct, frozen=True):
    """What a new exercise is about. ``forward`` may have a line more than was given: the loss of
    several upstream gradients. ``remarks`` say, in words, what was guessed."""

    signature: Signature
    forward: str
    arrays: dict[str, Array]
    auxiliary: dict[str, Array]
    gradients: dict[str, Gradient]
    remarks: tuple[str, ...]

    @property
    def everything(self) -> dict[str, Array]:
        return {**self.arrays, **self.auxiliary}

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Those that a test must draw."""
        return lengths.dimensions(array.shape for array in self.everything.values())


def parse_signature(written: str) -> Signature:
    """The signature that ``written`` is. Raises :class:`UsageError`."""
    match = re.match(FUNCTION, written.strip())
    if match is None:
        raise UsageError(
            f"'{written}' is not a signature; write it as 'gelu_backward(x, dy) -> dx'"
        )
    parameters, outputs = (
        tuple(name.strip() for name in match[group].split(",") if name.strip()) for group in (2, 3)
    )
    for name in (match[1], *parameters, *outputs):
        if keyword.iskeyword(name) or name == "np":
            raise UsageError(f"'{written}': nothing can be called '{name}'; use another name")
    for names in (parameters, outputs):
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"'{written}': '{name}' is there twice; use another name")
    if not parameters:
        raise UsageError(f"'{written}': a backward pass takes arguments; name them")
    return Signature(match[1], parameters, outputs)


def guess(signature: Signature, forward: str, shapes: Mapping[str, Shape] | None = None) -> Guess:
    """What the exercise is about. ``shapes`` are known already, and not guessed.

    Raises :class:`UsageError` where nothing fits.
    """
    assigned, read = _names(forward)
    both = [name for name in signature.parameters if name in assigned]
    if both:
        raise UsageError(
            f"'{both[0]}' is an argument, and the forward pass computes it as well; use another "
            "name for one of them"
        )
    upstream = _upstreams(signature, assigned, read)
    if len(upstream) > 1:
        terms = " + ".join(f"np.sum({name} * {of})" for name, of in upstream.items())
        loss = _free("L", {*assigned, *signature.parameters, *read})
        forward = f"{forward.rstrip()}\n{loss} = {terms}"
        assigned, read = _names(forward)
    gradients = dict(_gradients(signature, assigned, read, upstream))
    inputs = [name for name in signature.parameters if name not in upstream or len(upstream) > 1]
    auxiliary = [name for name in read if name not in signature.parameters]
    arrays = _arrays(forward, upstream, inputs, auxiliary, dict(shapes or {}))
    found = Guess(
        signature,
        forward,
        {name: arrays[name] for name in signature.parameters},
        {name: arrays[name] for name in auxiliary},
        gradients,
        (),
    )
    return replace(found, remarks=tuple(_remarks(found, upstream)))


def assigned_names(forward: str) -> list[str]:
    """What the statements of a forward pass assign, without the names of loops."""
    return _names(forward)[0]


def _names(forward: str) -> tuple[list[str], list[str]]:
    """What the statements assign, and what they read without it: their inputs."""
    try:
        tree = ast.parse(forward)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "nested too deeply"
        raise UsageError(
            f"--forward is not Python: {reason}; write assignments such as 'y = W @ x'"
        ) from None
    nodes = sorted(
        (node for node in ast.walk(tree) if isinstance(node, ast.Name)),
        key=lambda node: (node.lineno, node.col_offset),
    )
    bound = {arg.arg for node in ast.walk(tree) for arg in [node] if isinstance(arg, ast.arg)}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add((other or name).partition(".")[0])
    loops = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.comprehension, ast.For))
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    stored = [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
    assigned = [name for name in dict.fromkeys(stored) if name not in loops]
    if not assigned:
        raise UsageError("--forward assigns nothing; write it as 'y = W @ x'")
    read = [
        node.id
        for node in nodes
        if isinstance(node.ctx, ast.Load)
        and node.id not in {*assigned, *loops, *bound, "np"}
        and not hasattr(builtins, node.id)
    ]
    return assigned, list(dict.fromkeys(read))


_AFFIXES = (
    *(("dL_d", ""), ("dLd", ""), ("grad_", ""), ("d_", ""), ("g_", ""), ("d", "")),
    *(("", "_grad"), ("", "_bar")),
)


def _whose(name: str, known: Sequence[str]) -> str | None:
    """The array whose gradient is called ``name``: ``x`` of ``dx``, ``grad_x``, ``x_grad``."""
    for fold in (str, str.casefold):
        for before, after in _AFFIXES:
            if name.startswith(before) and name.endswith(after):
                core = name[len(before) : len(name) - len(after)]
                for one in known:
                    if core and fold(core) == fold(one):
                        return one
    return None


def _upstreams(
    signature: Signature, assigned: Sequence[str], read: Sequence[str]
) -> dict[str, str]:
    """The arguments that are upstream gradients, and of what: those that the forward pass does
    not read."""
    left = [name for name in signature.parameters if name not in read]
    found: dict[str, str] = {}
    for name in left:
        of = _whose(name, assigned)
        if of is None and len(left) == 1:
            of = assigned[-1]
        if of is None:
            raise UsageError(
                f"the forward pass does not use '{name}', and it is the gradient of nothing that "
                f"is computed there ({', '.join(assigned)}); call it d{assigned[-1]}, or leave it "
                "out"
            )
        found[name] = of
    return found


def _gradients(
    signature: Signature, assigned: Sequence[str], read: Sequence[str], upstream: Mapping[str, str]
) -> Iterator[tuple[str, Gradient]]:
    single = next(iter(upstream.items())) if len(upstream) == 1 else (None, assigned[-1])
    for output in signature.outputs:
        if output in assigned:
            continue
        wrt = _whose(output, read)
        if wrt is None and (len(read) == 1 or output in _JACOBIANS):
            wrt = "x" if "x" in read else read[-1]
        if wrt is None:
            raise UsageError(
                f"nothing says which gradient '{output}' is; name it after what the forward pass "
                f"reads ({', '.join(f'd{name}' for name in read)}), or compute it there"
            )
        yield output, Gradient(output, single[1], wrt, single[0])


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


# Shapes


def _arrays(
    forward: str,
    upstream: Mapping[str, str],
    inputs: Sequence[str],
    auxiliary: Sequence[str],
    known: dict[str, Shape],
) -> dict[str, Array]:
    several = len(upstream) > 1
    read = [*inputs, *auxiliary]
    if several:  # what they are upstream of says their shape
        read = [name for name in read if name not in upstream]
        forward = forward.rpartition("\n")[0]
    arrays = _shapes_of(forward, read, known)
    arrays |= {name: replace(array, draw=_draw(name, array)) for name, array in arrays.items()}
    arrays |= _label_bounds(forward, arrays)
    arrays |= _inside_domain(forward, arrays)
    for name, of in upstream.items():
        shape = known.get(name)
        if shape is None:
            shape = _shape_of_result(forward, arrays, of)
        if shape is None:
            raise UsageError(
                f"the lengths of '{of}' follow from none of {', '.join(arrays)} in a way that can "
                f"be guessed; say the shape of its gradient: --shape '{name}: [n - k + 1]'"
            )
        arrays[name] = Array(name, shape)
    return arrays


def _shapes_of(forward: str, names: Sequence[str], known: Mapping[str, Shape]) -> dict[str, Array]:
    """The arrays with the most dimensions of their own for which the forward pass runs."""
    numbers = _numbers(forward, names)
    labels = _labels(forward, names)
    free = [name for name in names if name not in known and name not in numbers]
    if free and not known and _is_elementwise(forward, names, free, numbers, labels):
        any_shape: dict[str, Shape] = {name: ("...",) if name in free else () for name in names}
        return {
            name: _array(name, any_shape[name], numbers, labels, known_draw=False) for name in names
        }
    fixed = list(lengths.dimensions(known.values()))
    tries, most = 0, MAX_TRIES
    first: dict[str, Array] | None = None
    for number, ranks in enumerate(_ranks(free)):
        axes = [
            (name, axis) for name, rank in zip(free, ranks, strict=True) for axis in range(rank)
        ]
        if len(axes) > MAX_DIMENSIONS and not known:
            if number >= MANY_AXES_TRIES or max(ranks) > 3:
                continue
            candidates = _led_by_errors(forward, names, axes, numbers, labels)
        else:
            candidates = _groups(len(axes), len(fixed))
        for groups in candidates:
            tries += 1
            if tries > most:
                break
            shapes = _named(names, axes, groups, known)
            arrays = {name: _array(name, shapes.get(name, ()), numbers, labels) for name in names}
            if all(_runs(forward, arrays, primes) for primes in _PRIMES):
                if _all_matters(forward, arrays):
                    return arrays
                if first is None:
                    first, most = arrays, min(MAX_TRIES, tries + FURTHER_TRIES)
    if first is not None:
        return first
    raise UsageError(
        "the forward pass runs with no shapes that were tried "
        f"({_why_not(forward, names, free, known)}); say some of them, such as "
        f"--shape '{(free or list(names) or ['x'])[0]}: [m, n]'"
    )


def _numbers(forward: str, names: Sequence[str]) -> dict[str, Array]:
    """The arguments that are numbers and no arrays: those that are called so, and those with which
    the forward pass counts."""
    counted = set(_counted(ast.parse(forward)))
    found: dict[str, Array] = {}
    for name in names:
        if name in _COUNTS or name in counted:
            found[name] = Array(name, (), _COUNTS.get(name, _COUNTED), "int64")
        elif name in _SCALARS:
            found[name] = Array(name, (), _SCALARS[name], "float64")
        elif name == _PROBABILITY and any(mask in names for mask in _MASKS):
            found[name] = Array(name, (), _SCALARS["prob"], "float64")
    return found


def _labels(forward: str, names: Sequence[str]) -> list[str]:
    """The arguments that hold indices: those that are called so, and those that index others."""
    indices: set[str] = set()
    for node in ast.walk(ast.parse(forward)):
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            indices |= {part.id for part in parts if isinstance(part, ast.Name)}
    return [name for name in names if name in _LABELS or name in indices]


def _counted(tree: ast.AST) -> Iterator[str]:
    """Names that stand where Python and numpy want whole numbers: in ``range(k)``, in the bounds of
    a slice, among the lengths of ``reshape`` and ``zeros``, on either side of ``//``."""
    for node in ast.walk(tree):
        match node:
            case ast.Slice(lower=lower, upper=upper, step=step):
                parts: list[ast.expr | None] = [lower, upper, step]
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                parts = [left, right]
            case ast.Call(func=ast.Name(id="range"), args=args):
                parts = [*args]
            case ast.Call(func=ast.Attribute(attr=attr, value=ast.Name(id="np")), args=args):
                takes = {"zeros": 1, "ones": 1, "empty": 1, "full": 1, "eye": 3, "arange": 3}
                second = attr in ("repeat", "tile", "roll", "split", "array_split")
                parts = [*args[1:2]] if second else [*args[: takes.get(attr, 0)]]
            case ast.Call(func=ast.Attribute(attr="reshape"), args=args):
                parts = [*args]
            case _:
                continue
        for part in parts:
            yield from _counting(part)


def _counting(node: ast.expr | None) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield name
        case ast.BinOp(left=left, right=right):
            yield from _counting(left)
            yield from _counting(right)
        case ast.UnaryOp(operand=operand):
            yield from _counting(operand)
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _counting(part)
        case _:
            return


def _array(
    name: str,
    shape: Shape,
    numbers: Mapping[str, Array],
    labels: Sequence[str],
    *,
    known_draw: bool = True,
) -> Array:
    if name in numbers and not shape:
        return numbers[name]
    if name in labels:
        return Array(name, shape, "integers(0, 1)" if known_draw else "normal", "int64")
    return Array(name, shape)


def _draw(name: str, array: Array) -> str:
    return "integers(0, 1)" if name in _MASKS and array.draw == "normal" else array.draw


def _ranks(names: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """How many axes each array may have, the likeliest first."""
    choices = [_likely_ranks(name) for name in names]
    numbered = [list(enumerate(choice)) for choice in choices]
    combined = sorted(
        itertools.product(*numbered), key=lambda one: (sum(number for number, _ in one), one)
    )
    for one in combined[:400]:
        yield tuple(rank for _, rank in one)


def _likely_ranks(name: str) -> tuple[int, ...]:
    if name in _VECTORS or name in _LABELS:
        return (1, 2, 0)
    if name == "w":
        return (1, 2, 3, 4)
    if name in _AXES:
        usual = tuple(sorted(_AXES[name], key=lambda rank: -rank))
        return (*usual, *(rank for rank in (3, 4) if rank not in usual))
    if name[0].isupper() or name.startswith(("logits", "scores", "weights", "images")):
        return (2, 3, 1, 4)
    return (1, 2, 0)


def _groups(count: int, fixed: int) -> Iterator[tuple[int, ...]]:
    """Which of ``count`` axes share a dimension: as numbers of dimensions, those below ``fixed``
    are given. The most dimensions come first."""
    if count == 0:
        yield ()
        return
    for distinct in range(min(count, MAX_DIMENSIONS), -1, -1):
        yield from _partitions(count, distinct, fixed)


def _partitions(count: int, distinct: int, fixed: int) -> Iterator[tuple[int, ...]]:
    def extend(prefix: tuple[int, ...], new: int) -> Iterator[tuple[int, ...]]:
        if len(prefix) == count:
            if new == distinct:
                yield prefix
            return
        if new + count - len(prefix) < distinct:
            return
        if new < distinct:
            yield from extend((*prefix, fixed + new), new + 1)
        for one in range(fixed + new):
            yield from extend((*prefix, one), new)

    yield from extend((), 0)


# Larger than the numbers of axes and arguments in numpy's messages.
_MANY_PRIMES = (*(83, 79, 73, 71, 67, 61, 59, 53, 47, 43, 41, 37, 31, 29), *(23, 19, 17, 13, 11))


def _led_by_errors(
    forward: str,
    names: Sequence[str],
    axes: Sequence[tuple[str, int]],
    numbers: Mapping[str, Array],
    labels: Sequence[str],
) -> Iterator[tuple[int, ...]]:
    """Groups of many axes, of which there are too many to try: each axis has a length of its own,
    and two share one where numpy refuses what they are, as its messages name both lengths."""
    waiting = [tuple(range(len(axes)))] if len(axes) <= len(_MANY_PRIMES) else []
    seen = set(waiting)
    for _ in range(MAX_TRIES // 200):
        if not waiting:
            return
        groups = waiting.pop()
        shapes: dict[str, list[str | int]] = {name: [] for name in names}
        for (name, _), group in zip(axes, groups, strict=True):
            shapes[name].append(_MANY_PRIMES[group])
        arrays = {name: _array(name, tuple(shapes[name]), numbers, labels) for name in names}
        try:
            _run(forward, filled(arrays, {}))
        except Exception as error:
            for one, other in reversed(list(_refused(str(error)))):
                merged = tuple(one if group == other else group for group in groups)
                if merged not in seen:
                    seen.add(merged)
                    waiting.append(merged)
            continue
        order = {group: number for number, group in enumerate(dict.fromkeys(groups))}
        if len(order) <= MAX_DIMENSIONS:
            yield tuple(order[group] for group in groups)


def _refused(message: str) -> Iterator[tuple[int, int]]:
    """Pairs of groups whose lengths did not fit, the likeliest first."""
    places = {length: group for group, length in enumerate(_MANY_PRIMES)}
    shapes = [
        [int(length) for length in re.findall(r"\d+", shape)]
        for shape in re.findall(r"\(([\d, ]+)\)", message)
    ]
    if len(shapes) == 2:
        for left, right in zip(reversed(shapes[0]), reversed(shapes[1]), strict=False):
            if left != right and left in places and right in places:
                yield places[left], places[right]
    named = [places[int(one)] for one in re.findall(r"\d+", message) if int(one) in places]
    yield from itertools.combinations(dict.fromkeys(named), 2)


def _named(
    names: Sequence[str],
    axes: Sequence[tuple[str, int]],
    groups: Sequence[int],
    known: Mapping[str, Shape],
) -> dict[str, Shape]:
    """The shapes with names for their dimensions, as one would write them."""
    taken = dict(
        enumerate(dict.fromkeys(d for s in known.values() for d in lengths.dimensions([s])))
    )
    ranks = {name: sum(one == name for one, _ in axes) for name, _ in axes}
    shapes: dict[str, list[str | int]] = {name: list(shape) for name, shape in known.items()}
    for (name, axis), group in zip(axes, groups, strict=True):
        if group not in taken:
            preferred = _preferred(name, ranks[name])[axis : axis + 1]
            choices = (*preferred, *_POOL)
            taken[group] = next(
                one for one in choices if one not in taken.values() and one not in names
            )
        shapes.setdefault(name, []).append(taken[group])
    return {name: tuple(shape) for name, shape in shapes.items()}


def _preferred(name: str, rank: int) -> tuple[str, ...]:
    own = _AXES.get(name, {}).get(rank)
    if own is not None:
        return own
    return (_UPPER if name[0].isupper() else _LOWER).get(rank, ())


def lengths_for(arrays: Mapping[str, Array], primes: Sequence[int]) -> dict[str, int]:
    """A length for each dimension, from ``primes`` in their order."""
    dims = lengths.dimensions(array.shape for array in arrays.values())
    return dict(zip((dim for dim in dims if dim != "..."), primes, strict=False))


def filled(
    arrays: Mapping[str, Array],
    dims: Mapping[str, int],
    leading: tuple[int, ...] = (2,),
    counts: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Numbers of these shapes, such that most functions are defined: between 0.5 and 1.5, and
    whole ones 1 where ``counts`` says nothing else."""
    generator = np.random.default_rng(20_230_917)
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        shape: list[int] = []
        for dim in array.shape:
            if dim == "...":
                shape.extend(leading)
            elif isinstance(dim, int):
                shape.append(dim)
            else:
                shape.append(
                    lengths.evaluate(dim, {**found, **dims})
                    if lengths.is_formula(dim)
                    else dims[dim]
                )
        if array.dtype == "int64":
            value: Any = np.full(tuple(shape), (counts or {}).get(name, 1), np.int64)
        else:
            value = generator.uniform(0.5, 1.5, tuple(shape))
        found[name] = value if shape else value.item()
    return found


def _run(forward: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        return run_forward(forward, numbers)


def _runs(forward: str, arrays: Mapping[str, Array], primes: Sequence[int]) -> bool:
    try:
        dims = lengths_for(arrays, primes)
        found = _run(forward, filled(arrays, dims))
    except Exception:
        return False
    # An array of no elements is what a slice gives that does not fit.
    return all(
        value.size > 0 and value.dtype.kind in "fiub"
        for name, value in found.items()
        if isinstance(value, np.ndarray) and name not in arrays
    )


def _all_matters(forward: str, arrays: Mapping[str, Array]) -> bool:
    """True where the last element of every axis of every array makes a difference: lengths that
    are only long enough are not those that were meant."""
    dims = lengths_for(arrays, _PRIMES[0])
    labels = [name for name, array in arrays.items() if array.dtype == "int64" and array.shape]
    starts: list[dict[str, Any]] = []
    for label in (1, *(length - 1 for length in dims.values())) if labels else (1,):
        for size in (1.0, 0.05):  # among small numbers, functions that saturate do not yet
            given = filled(arrays, dims)
            for name, array in arrays.items():
                if name in labels:
                    given[name] = np.full_like(given[name], label)
                elif array.shape:
                    given[name] = size * given[name]
            starts.append(given)
    return all(
        any(_matters(forward, given, name, (*(slice(None),) * axis, -1)) for given in starts)
        for name, array in arrays.items()
        if name not in labels
        for axis in range(len(array.shape))
    )


def _matters(forward: str, given: Mapping[str, Any], name: str, at: tuple[Any, ...]) -> bool:
    """True where other numbers at that place change what comes out."""
    for change in (0.3, 7.0, -7.0):
        changed = np.array(given[name])
        part = changed[at]
        # Unlike at each place: a softmax sees no difference that all scores share.
        changed[at] += change * np.linspace(0.3, 1.0, np.size(part)).reshape(np.shape(part))
        try:
            before = _run(forward, given)
            after = _run(forward, {**given, name: changed})
        except Exception:
            continue
        if not all(np.array_equal(before[one], after[one]) for one in _final(forward)):
            return True
    return False


def _final(forward: str) -> list[str]:
    """What the statements assign and do not go on with."""
    tree = ast.parse(forward)
    assigned, _ = _names(forward)
    loaded = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return [name for name in assigned if name not in loaded] or assigned[-1:]


def _why_not(
    forward: str, names: Sequence[str], free: Sequence[str], known: Mapping[str, Shape]
) -> str:
    ranks = next(_ranks(free), ())
    axes = [(name, axis) for name, rank in zip(free, ranks, strict=True) for axis in range(rank)]
    shapes = _named(names, axes, (0,) * len(axes), known)
    numbers, labels = _numbers(forward, names), _labels(forward, names)
    try:
        arrays = {name: _array(name, shapes.get(name, ()), numbers, labels) for name in names}
        _run(forward, filled(arrays, lengths_for(arrays, _PRIMES[0])))
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:160]
    return "its results are empty"


def _is_elementwise(
    forward: str,
    names: Sequence[str],
    free: Sequence[str],
    scalars: Mapping[str, Array],
    labels: Sequence[str],
) -> bool:
    """True where every array may have any shape, one for all, and each number of the result
    follows from those at its place."""
    assigned, _ = _names(forward)
    for shape in ((3,), (2, 3), (2, 2, 3)):
        shapes: dict[str, Shape] = {name: ("...",) if name in free else () for name in names}
        arrays = {name: _array(name, shapes[name], scalars, labels) for name in names}
        try:
            numbers = filled(arrays, {}, shape)
            if any(arrays[name].dtype == "int64" for name in free):
                return False
            before = _run(forward, numbers)[assigned[-1]]
            for name in free:
                changed = numbers[name].copy()
                changed[(0,) * len(shape)] += 0.25
                after = _run(forward, {**numbers, name: changed})[assigned[-1]]
                same = np.asarray(before == after)
                same[(0,) * len(shape)] = True
                if np.shape(before) != shape or not same.all():
                    return False
        except Exception:
            return False
    return True


def _label_bounds(forward: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Labels with the dimension that they index: the highest one is allowed, and one more not."""
    found: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.dtype != "int64" or not array.shape:
            continue
        dims = lengths_for(arrays, _PRIMES[0])
        for dim, length in dims.items():
            numbers = filled(arrays, dims)
            fits = {**numbers, name: np.full_like(numbers[name], length - 1)}
            beyond = {**numbers, name: np.full_like(numbers[name], length)}
            if _works(forward, fits) and not _works(forward, beyond):
                found[name] = replace(array, draw=f"integers(0, {dim} - 1)")
    return found


def _works(forward: str, numbers: Mapping[str, Any]) -> bool:
    try:
        _run(forward, numbers)
    except Exception:
        return False
    return True


def _inside_domain(forward: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays that are drawn positive, as below a root or a logarithm."""
    free = [name for name, one in arrays.items() if one.draw == "normal" and one.dtype is None]
    if _is_finite(forward, arrays, {}):
        return {}
    for count in (1, 2, len(free)):
        for some in itertools.combinations(free, min(count, len(free))):
            positive = {name: replace(arrays[name], draw="0.5 + uniform") for name in some}
            if _is_finite(forward, arrays, positive):
                return positive
    return {}


def _is_finite(forward: str, arrays: Mapping[str, Array], positive: Mapping[str, Array]) -> bool:
    generator = np.random.default_rng(20_230_918)
    numbers = filled(arrays, lengths_for(arrays, _PRIMES[0]))
    for name, array in arrays.items():
        if array.draw == "normal" and name not in positive and np.ndim(numbers[name]):
            numbers[name] = generator.standard_normal(np.shape(numbers[name]))
    try:
        found = _run(forward, numbers)
    except Exception:
        return False
    values = [value for value in found.values() if isinstance(value, (np.ndarray, float))]
    return all(bool(np.all(np.isfinite(v))) for v in values if np.asarray(v).dtype.kind == "f")


def groups_left_out(found: Guess) -> tuple[str, ...]:
    """The groups of the standard battery in which nothing would be right."""
    found_out = {"scales": _rounding_decides(found), "special-values": _fails_at_zeros(found)}
    return tuple(group for group, applies in found_out.items() if applies)


def _fails_at_zeros(found: Guess) -> bool:
    """True where the forward pass is not defined for zeros that may be drawn."""
    return len(defined_for(found, "zeros")) < len(_free_arrays(found))


def defined_for(found: Guess, draw: str) -> tuple[str, ...]:
    """The arrays for which the forward pass has a value where one of them is drawn like this,
    ``zeros``, :data:`ONE_ZERO` or :data:`EQUAL`."""
    return tuple(name for name in _free_arrays(found) if _is_defined(found, name, draw))


def _is_defined(found: Guess, name: str, draw: str) -> bool:
    numbers = filled(found.everything, lengths_for(found.everything, _PRIMES[0]))
    old = numbers[name]
    words = {"zeros": np.zeros_like(old), "ones": np.ones_like(old), "normal": old}
    try:
        results = _run(found.forward, {**numbers, name: eval(draw, {"np": np}, words)})
    except Exception:
        return False
    values = (np.asarray(results[one]) for one in _final(found.forward))
    return all(np.all(np.isfinite(value)) for value in values if value.dtype.kind == "f")


def _free_arrays(found: Guess) -> list[str]:
    return [
        name
        for name, array in found.everything.items()
        if array.draw == "normal" and array.dtype is None and array.shape
    ]


def _rounding_decides(found: Guess) -> bool:
    """True where all arrays as large as the battery's largest scale leave nothing of the result:
    inputs that differ by rounding give others, as where an exponential takes a product of them."""
    if any("..." in array.shape for array in found.everything.values()):
        return False
    forward, generator = found.forward, np.random.default_rng(20_230_925)
    free = _free_arrays(found)
    for _ in range(_ROUNDING_TRIES):
        numbers = filled(found.everything, lengths_for(found.everything, (5, 4, 3, 2, 3, 4, 5)))
        for name in free:
            numbers[name] = _LARGEST * generator.standard_normal(np.shape(numbers[name]))
        rounded = {
            name: value * (1 + _ROUNDING * generator.choice((-1, 1), np.shape(value)))
            if name in free
            else value
            for name, value in numbers.items()
        }
        try:
            results = _run(forward, numbers), _run(forward, rounded)
        except Exception:
            return False
        for name in _final(forward):
            one, other = (np.asarray(result[name], dtype=float) for result in results)
            largest = np.max(np.abs(one), initial=0.0)
            if np.any(np.abs(one - other) > _DECIDES * largest):
                return True
    return False


# The shape of what the forward pass computes


def _shape_of_result(forward: str, arrays: Mapping[str, Array], of: str) -> Shape | None:
    if any("..." in array.shape for array in arrays.values()):
        return _shape_with_leading(forward, arrays, of)
    seen: list[tuple[dict[str, int], tuple[int, ...]]] = []
    counted = [name for name, one in arrays.items() if one.dtype == "int64" and not one.shape]
    for primes, first in zip(_PRIMES, (2, 3, 1), strict=True):
        dims = lengths_for(arrays, primes)
        counts = {name: first + number % 2 for number, name in enumerate(counted)}
        try:
            result = _run(forward, {**filled(arrays, dims), **counts})[of]
        except Exception:
            return None
        seen.append(({**dims, **counts}, np.shape(result)))
    if len({len(shape) for _, shape in seen}) > 1:
        return None
    known = [lengths_of for lengths_of, _ in seen]
    found: list[str | int] = []
    for axis in zip(*(shape for _, shape in seen), strict=True):
        dim = _formula(known, axis)
        if dim is None:
            return None
        found.append(dim)
    return tuple(found)


def _shape_with_leading(forward: str, arrays: Mapping[str, Array], of: str) -> Shape | None:
    dims = lengths_for(arrays, _PRIMES[0])
    leading = (2, 4)
    shape = np.shape(_run(forward, filled(arrays, dims, leading))[of])
    if shape[:2] != leading:
        return () if shape == () else None
    rest = [_formula([dims], [one]) for one in shape[2:]]
    if None in rest:
        return None
    return ("...", *(dim for dim in rest if dim is not None))


def _formula(known: Sequence[Mapping[str, int]], found: Sequence[int]) -> str | int | None:
    """How a length follows from others: ``found`` has it for each set of them."""
    names = list(known[0])
    for text in (
        *names,
        *(f"{a} - {b} + 1" for a, b in itertools.permutations(names, 2)),
        *(f"{factor} * {a}" for a in names for factor in (2, 3, 4)),
        *(f"{a} // {factor}" for a in names for factor in (2, 3, 4)),
        *(f"{a} {sign} {number}" for a in names for sign in "-+" for number in (1, 2, 3)),
        *(f"{a} {sign} {b}" for a, b in itertools.permutations(names, 2) for sign in "*+-"),
        *(f"{a} + {b} - 1" for a, b in itertools.combinations(names, 2)),
        *(f"{a} // {b}" for a, b in itertools.permutations(names, 2)),
        *(f"{a} + 2 * {p} - {b} + 1" for a, b, p in itertools.permutations(names, 3)),
        *(f"({a} - {b}) // {s} + 1" for a, b, s in itertools.permutations(names, 3)),
        *(f"({a} + 2 * {p} - {b}) // {s} + 1" for a, b, p, s in itertools.permutations(names, 4)),
    ):
        if all(_gives(text, one) == length for one, length in zip(known, found, strict=True)):
            return text
    return found[0] if len(set(found)) == 1 else None


def _gives(text: str, known: Mapping[str, int]) -> int | None:
    try:
        return known[text] if text in known else lengths.evaluate(text, known)
    except ZeroDivisionError:
        return None


# In words


def _remarks(found: Guess, upstream: Mapping[str, str]) -> Iterator[str]:
    for array in found.arrays.values():
        shown = shown_shape(array.shape)
        what = {"int64": ", whole numbers", "float64": ", a number"}.get(array.dtype or "", "")
        drawn = f", drawn as {array.draw}" if array.draw != "normal" else ""
        of = f", the upstream gradient of {upstream[array.name]}" if array.name in upstream else ""
        yield f"{array.name}: {shown}{of}{what}{drawn}"
    for array in found.auxiliary.values():
        yield (
            f"{array.name}: {shown_shape(array.shape)}, needed by the forward pass, and no argument"
        )
    for output in found.signature.outputs:
        gradient = found.gradients.get(output)
        if gradient is None:
            yield f"{output}: computed by the forward pass"
        elif gradient.upstream is None:
            yield f"{output}: the derivative of {gradient.of} by {gradient.wrt}"
        else:
            yield (
                f"{output}: the gradient by {gradient.wrt}, where {gradient.upstream} is that by "
                f"{gradient.of}"
            )


def shown_shape(shape: Shape) -> str:
    """As it is written in YAML: ``[m, n]``."""
    quoted = ('"..."' if dim == "..." else str(dim) for dim in shape)
    return f"[{', '.join(quoted)}]"


def parse_shape(written: str) -> tuple[str, Shape]:
    """Name and shape of ``x: [m, n]``. Raises :class:`UsageError`."""
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*[:=]\s*\[([^\]]*)\]\s*", written)
    if match is None:
        raise UsageError(f"--shape '{written}': write it as 'W: [m, n]'")
    shape: list[str | int] = []
    for part in (one.strip().strip("\"'") for one in match[2].split(",") if one.strip()):
        if part.isdigit() and 1 <= int(part) <= lengths.MAX_LENGTH:
            shape.append(int(part))
        elif part == "..." or part.isidentifier():
            shape.append(part)
        elif (formula := lengths.parse(part)) is not None:
            shape.append(formula)
        else:
            raise UsageError(
                f"--shape '{written}': '{part}' is no length; use a name such as n, a number, or "
                "what it follows from, such as n - k + 1"
            )
    return match[1], tuple(shape)


def is_small(shape: Sequence[int]) -> bool:
    """True for so few numbers that they can be written out."""
    return math.prod(shape) <= 12
