"""How large is what a program rounds? Measured, by Monte Carlo arithmetic.

A program that computes in floating point loses up to one unit roundoff u of the size of every
intermediate result, and what that does to its outputs depends on the program: the 1 of p - 1
is larger than the difference, and a term may cancel another that is a thousand times as large.
So the program is run on arrays that carry, besides their values, several samples in which
every result of every operation was changed by a relative r 2^-26, with r random of variance 1
(the inputs too). The root mean square change of an output, divided by 2^-26, is the size S of
what is rounded on the way to it: a right program loses about u S, however small the output is.

Everything that *decides* (comparisons, floor, argmax, conversions to integers) is decided on
the unchanged values, so that all samples go the same way. Operations that do not round (a
maximum, a minus sign, a transposed matrix) change nothing. Subnormal numbers, whose spacing
does not shrink with them, are changed by 2^-26 of the smallest normal number.

What leaves numpy, and what is done about it:

- ufuncs with all their methods and ``out=``, functions of numpy (``einsum``, ``where``, all of
  ``linalg``), operators in place, views, indexing, Python loops over elements, functions and
  classes that are handed over: every operation is sampled.
- ``math.erf(x[i])``, ``float(x)``, ``np.asarray(x)``, storing into an array that ``np.zeros``
  made: a plain float or array cannot carry samples. The program is run once for each sample
  instead, on numbers of that sample; they stay changed on the other side, but nothing more is
  added to them until they meet an array again (:attr:`Sizes.everywhere` is False).
- what does not run on such arrays at all is run on plain ones with changed inputs.

Sources: Parker, Monte Carlo Arithmetic (UCLA CSD-970002, 1997); Denis, de Oliveira Castro and
Petit, Verificarlo (ARITH 2016). Sampling instead of shadowing by higher precision sees what
happens to be rounded right as well.

Imports numpy and nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"
Evaluate: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]

SAMPLES = 6
# Uniform rather than signs, which leave two terms that cancel as they are too often; of variance 1.
_WIDTH = 3.0**0.5
_POOL = 1 << 14

# These results are one of the operands, or one with another sign: nothing is rounded.
_EXACT = {
    np.negative, np.positive, np.absolute, np.fabs, np.maximum, np.minimum, np.fmax, np.fmin,
    np.copysign, np.conjugate,
}  # fmt: skip
# These are constant but for jumps, and where they jump the unchanged values decide.
_STEPS = {np.floor, np.ceil, np.trunc, np.rint, np.sign, np.heaviside, np.floor_divide}
# What these make too small is not exactly zero.
_POSITIVE = {np.exp, np.exp2}
# Functions that move numbers or choose among them.
_MOVING = {
    np.transpose, np.reshape, np.ravel, np.squeeze, np.expand_dims, np.swapaxes, np.moveaxis,
    np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.split,
    np.array_split, np.hsplit, np.vsplit, np.broadcast_to, np.broadcast_arrays, np.where,
    np.take, np.take_along_axis, np.choose, np.compress, np.extract, np.select, np.diag,
    np.diagonal, np.diagflat, np.tril, np.triu, np.roll, np.rot90, np.flip, np.fliplr, np.flipud,
    np.repeat, np.tile, np.pad, np.sort, np.partition, np.max, np.min, np.amax, np.amin,
    np.copy, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.atleast_1d,
    np.atleast_2d, np.atleast_3d, np.block, np.append, np.insert, np.delete, np.clip, np.real,
    np.imag, np.nan_to_num, np.meshgrid, np.rollaxis, np.resize, np.nanmax, np.nanmin,
    np.lib.stride_tricks.as_strided, np.lib.stride_tricks.sliding_window_view,
}  # fmt: skip
_MOVING_METHODS = {
    "transpose", "reshape", "ravel", "flatten", "squeeze", "swapaxes", "take", "choose",
    "compress", "diagonal", "repeat", "max", "min", "copy", "clip", "conj", "conjugate",
}  # fmt: skip
# These write into their first argument.
_WRITING = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
_WRITING_METHODS = {"sort", "fill", "partition", "put", "resize", "setflags"}


class Sizes(Struct, frozen=True):
    """The size S of what is rounded, by output, as float64 arrays of the outputs' shapes.

    ``everywhere`` says whether every operation was sampled; False where the program left numpy.
    """

    of: Mapping[str, NumpyArray]
    everywhere: bool
    least_precise: float = 0.0
    """The largest unit roundoff of the types that the program asked for by name; 0 for none."""


class _LeftNumpy(BaseException):
    """Samples were asked for what only one number can be. No program catches this one."""


def rounding_sizes(
    evaluate: Evaluate,
    inputs: Mapping[str, NumpyArray],
    value: Mapping[str, NumpyArray],
    seed: int,
    *,
    noise: float = 2.0**-40,
    smallest: float = 2.0**-1022,
    samples: int = SAMPLES,
) -> Sizes:
    """The size of what ``evaluate`` rounds on its way to each output.

    ``inputs`` are float arrays by name. ``evaluate`` is called with arrays of their shapes, of a
    class that behaves like numpy's, and gives the outputs by name; ``value`` has what it gives for
    the inputs themselves. ``smallest`` is the smallest normal number of the precision that right
    programs may use. The same ``seed`` gives the same sizes. Raises what ``evaluate`` raises for
    plain arrays with inputs that are changed a little.
    """
    for attempt in (_together, _one_by_one, _inputs_alone):
        source = Noise(seed, noise, smallest, samples)
        try:
            with np.errstate(all="ignore"):
                changes = attempt(evaluate, inputs, value, source)
        except _LeftNumpy:
            continue
        except (Exception, SystemExit):
            # An array that only behaves like numpy's is not enough for everything.
            if attempt is _inputs_alone:
                raise
            continue
        return Sizes(
            {name: _root_mean_square(change, noise) for name, change in changes.items()},
            attempt is _together,
            source.least_precise,
        )
    raise AssertionError("plain numbers cannot leave numpy")


def rounded_coarsely(
    program: Callable[[Mapping[str, Any]], Any], seed: int, noise: float, smallest: float
) -> Callable[[Mapping[str, NumpyArray]], NumpyArray]:
    """``program``, with every operation rounded to a relative ``noise``, in the same way at each
    call: a program that differs from it as other right programs do, and is as smooth.

    What does not run like that is given inputs that are changed in the same way at each call.
    """
    source = Noise(seed, noise, smallest, 1)
    source.may_leave = True

    def coarse(arrays: Mapping[str, NumpyArray]) -> NumpyArray:
        source.begin_again()
        try:
            outputs = program({name: source.of_input(array) for name, array in arrays.items()})
        except (Exception, SystemExit):
            source.begin_again()
            outputs = program({name: source.changed(array) for name, array in arrays.items()})
        return np.asarray(_row(outputs, 1))

    return coarse


def _together(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, list[NumpyArray]]:
    """All samples in one run."""
    noisy = {name: noise.of_input(array) for name, array in inputs.items()}
    outputs = evaluate(noisy)
    return {
        name: [_as_float(_row(outputs[name], k)) - right for k in range(1, noise.samples + 1)]
        for name, right in value.items()
    }


def _one_by_one(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, list[NumpyArray]]:
    """One run for each sample, whose numbers may leave."""
    samples = noise.samples
    noise.samples, noise.may_leave = 1, True
    changes: dict[str, list[NumpyArray]] = {name: [] for name in value}
    for _ in range(samples):
        outputs = evaluate({name: noise.of_input(array) for name, array in inputs.items()})
        for name, right in value.items():
            changes[name].append(_as_float(_row(outputs[name], 1)) - right)
    return changes


def _inputs_alone(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, list[NumpyArray]]:
    """Plain arrays, of which only the inputs are changed."""
    changes: dict[str, list[NumpyArray]] = {name: [] for name in value}
    for _ in range(noise.samples):
        outputs = evaluate({name: noise.changed(array) for name, array in inputs.items()})
        for name, right in value.items():
            changes[name].append(_as_float(outputs[name]) - right)
    return changes


def _root_mean_square(changes: Sequence[NumpyArray], noise: float) -> NumpyArray:
    """In units of the noise. By hypot, for squares of what a saturated softmax gives would
    underflow."""
    total, known = np.zeros(np.shape(changes[0])), np.zeros(np.shape(changes[0]))
    with np.errstate(all="ignore"):
        for change in changes:
            size = np.asarray(change, dtype=np.float64) / noise
            # A sample may lie outside of a domain on whose edge the value is: sqrt(1 - 1).
            total = np.hypot(total, np.where(np.isnan(size), 0.0, size))
            known = known + ~np.isnan(size)
        return np.asarray(total / np.sqrt(known))


class Noise:
    """The random changes of one measurement. ``may_leave`` lets a single sample become a plain
    number."""

    def __init__(self, seed: int, relative: float, smallest: float, samples: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._width = _WIDTH * relative
        self._smallest = smallest
        self.samples = samples
        self.may_leave = False
        self.least_precise = 0.0
        self._pool = np.empty(0)
        self._next = 0
        self._turn = 1
        self._again = False

    def of_input(self, array: NumpyArray) -> Noisy:
        rows = [np.array(array)]
        rows += [self.changed(array) for _ in range(self.samples)]
        return Noisy(rows, self)

    def changed(self, array: NumpyArray) -> NumpyArray:
        changed = np.array(array)
        self.change(changed)
        return changed

    def change(self, array: NumpyArray, *, never_zero: bool = False) -> None:
        """Round it coarsely, in place."""
        random = self._random(array.size).reshape(array.shape)
        small = np.abs(array)
        if never_zero:
            array += np.where(small < self._smallest, np.abs(random) * self._smallest, 0.0)
        elif small.size and small.min() < self._smallest:
            tiny = (small < self._smallest) & (small > 0)
            if tiny.any():
                array += np.where(tiny, random * self._smallest, 0.0)
        array += array * random

    def begin_again(self) -> None:
        """From now on, the same changes again and again."""
        self._again = True
        self._next = 0
        if not self._pool.size:
            self._pool = self._generator.uniform(-self._width, self._width, _POOL)

    def _random(self, size: int) -> NumpyArray:
        if size > _POOL // 8:
            if self._again:
                return np.resize(self._pool, size)
            return self._generator.uniform(-self._width, self._width, size)
        if self._next + size > len(self._pool):
            if not self._again:
                self._pool = self._generator.uniform(-self._width, self._width, _POOL)
            self._next = 0
        self._next += size
        return self._pool[self._next - size : self._next]

    def anew(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """The operands, as if each had been worked out by itself: their samples change places."""
        if self.samples == 1:
            return tuple(args)
        return tuple(
            Noisy(self._turned(one._rows), self) if type(one) is Noisy else one for one in args
        )

    def _turned(self, rows: list[NumpyArray]) -> list[NumpyArray]:
        self._turn = (self._turn * 1103515245 + 12345) % 2**31
        first = 1 + (self._turn >> 8) % self.samples
        return [rows[0], *rows[first:], *rows[1:first]]

    def ask_for(self, dtype: np.dtype[Any]) -> None:
        """The program wants numbers of this type; less precise ones cannot carry samples."""
        if dtype.kind == "f":
            self.least_precise = max(self.least_precise, float(np.finfo(dtype).eps) / 2)
            if dtype.itemsize < 8:
                self.leave()

    def leave(self) -> None:
        """What is asked for cannot carry samples."""
        if not self.may_leave:
            raise _LeftNumpy


class Noisy(np.lib.mixins.NDArrayOperatorsMixin):
    """An array with its value in row 0 and a sample of its roundings in each other row.

    It behaves like numpy's arrays without being one, so that nothing inside numpy can take the
    value and lose the samples without asking. Only float and complex arrays are of this class:
    what an operation makes of other types is decided on the value.
    """

    __slots__ = ("_noise", "_rows")

    def __init__(self, rows: list[NumpyArray], noise: Noise) -> None:
        self._rows = rows
        self._noise = noise

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class that it says it is, to isinstance()."""
        return np.ndarray if self._rows[0].ndim else np.float64

    # What numpy calls

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method == "at":
            return self._write(lambda *row: ufunc.at(*row), inputs, {}, rounded=True)
        self._refuse_less_precision(kwargs)
        inputs = self._noise.anew(inputs)
        operation = getattr(ufunc, method)
        exact = ufunc in _EXACT
        if out is not None:
            return self._into(out, operation, inputs, kwargs, exact or ufunc in _STEPS)
        first = operation(*_rows(inputs, 0), **kwargs)
        if ufunc in _STEPS:
            return self._constant(first)
        if ufunc is np.remainder:
            steps = np.floor(np.true_divide(*_rows(inputs, 0)))
            return self._all(
                first, lambda k: np.subtract(_row(inputs[0], k), steps * _row(inputs[1], k)), False
            )
        return self._all(
            first,
            lambda k: operation(*_rows(inputs, k), **kwargs),
            not exact,
            never_zero=ufunc in _POSITIVE,
        )

    def __array_function__(self, function: Any, _types: Any, args: Any, kwargs: Any) -> Any:
        self._refuse_less_precision(kwargs)
        if function in _WRITING:
            return self._write(function, args, kwargs)
        out = kwargs.get("out")
        moving = function in _MOVING
        if not moving:
            args = self._noise.anew(args)
        if out is not None:
            rest = {name: value for name, value in kwargs.items() if name != "out"}
            return self._into((out,), function, args, rest, moving)
        first = function(*_rows(args, 0), **_named(kwargs, 0))
        return self._all(
            first, lambda k: function(*_rows(args, k), **_named(kwargs, k)), not moving
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NumpyArray:
        if dtype is not None:
            self._noise.ask_for(np.dtype(dtype))
        self._noise.leave()
        return np.array(self._rows[-1], dtype=dtype)

    # What Python calls

    def __float__(self) -> float:
        self._noise.leave()
        return float(self._rows[-1])

    def __complex__(self) -> complex:
        self._noise.leave()
        return complex(self._rows[-1])

    def __int__(self) -> int:
        return int(self._rows[0])

    def __bool__(self) -> bool:
        return bool(self._rows[0])

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            return round(float(self._rows[0]))
        return np.round(self, digits)

    def __len__(self) -> int:
        return len(self._rows[0])

    def __iter__(self) -> Iterator[Any]:
        if self._rows[0].ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __hash__(self) -> int:
        return hash(self._rows[0][()])

    def __repr__(self) -> str:
        return repr(self._rows[0])

    def __format__(self, how: str) -> str:
        return format(self._rows[0][()], how)

    def __copy__(self) -> Noisy:
        return Noisy([row.copy() for row in self._rows], self._noise)

    def __deepcopy__(self, _memo: Any) -> Noisy:
        return self.__copy__()

    def __getitem__(self, index: Any) -> Noisy:
        return Noisy([np.asarray(row[index]) for row in self._rows], self._noise)

    def __setitem__(self, index: Any, value: Any) -> None:
        for k, row in enumerate(self._rows):
            row[index] = _row(value, k)

    def __getattr__(self, name: str) -> Any:
        first = getattr(self._rows[0], name)
        if name == "flat":
            return Noisy([row.reshape(-1) for row in self._rows], self._noise)
        if name in ("data", "ctypes", "base") or name.startswith("__array_"):
            raise AttributeError(name)
        if not callable(first):
            return self._all(first, lambda k: getattr(self._rows[k], name), False)

        def method(*args: Any, **kwargs: Any) -> Any:
            if name in _WRITING_METHODS:
                for k, row in enumerate(self._rows):
                    getattr(row, name)(*_rows(args, k), **_named(kwargs, k))
                return None
            self._refuse_less_precision(kwargs)
            function = getattr(np.ndarray, name)
            moving = name in _MOVING_METHODS
            if (out := kwargs.pop("out", None)) is not None:
                return self._into((out,), function, (self, *args), kwargs, moving)
            return self._all(
                function(self._rows[0], *_rows(args, 0), **_named(kwargs, 0)),
                lambda k: function(self._rows[k], *_rows(args, k), **_named(kwargs, k)),
                not moving,
            )

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__slots__:
            object.__setattr__(self, name, value)
        else:
            for k, row in enumerate(self._rows):
                setattr(row, name, _row(value, k))

    def item(self, *index: Any) -> Noisy:
        """An element, which goes on carrying samples."""
        return Noisy([np.asarray(row.item(*index)) for row in self._rows], self._noise)

    def tolist(self) -> Any:
        """Nested lists of such elements."""
        return [one.tolist() for one in self] if self._rows[0].ndim else self.item()

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = np.dtype(dtype)
        if wanted.kind not in "fc":
            return self._rows[0].astype(wanted, *args, **kwargs)
        self._refuse_less_precision({"dtype": wanted})
        if wanted.kind == "f" and wanted.itemsize < 8:
            wanted = self._rows[0].dtype
        return Noisy([row.astype(wanted, *args, **kwargs) for row in self._rows], self._noise)

    # How results come about

    def _all(
        self, first: Any, other: Callable[[int], Any], rounded: bool, *, never_zero: bool = False
    ) -> Any:
        """The result whose value is ``first`` and whose sample k is ``other(k)``."""
        if isinstance(first, (tuple, list)):
            if not any(_is_float(one) for one in first):
                return first
            others = [other(k) for k in range(1, len(self._rows))]
            parts = [
                self._all(one, lambda k, place=place: others[k - 1][place], rounded)  # type: ignore[misc]
                for place, one in enumerate(first)
            ]
            return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
        if not _is_float(first):
            return first
        rows = [np.asarray(first)]
        for k in range(1, len(self._rows)):
            row = np.asarray(other(k))
            if rounded:
                if not row.flags.writeable or row.base is not None:
                    row = row.copy()
                self._noise.change(row, never_zero=never_zero)
            rows.append(row)
        return Noisy(rows, self._noise)

    def _constant(self, first: Any) -> Any:
        if not _is_float(first):
            return first
        return Noisy([np.array(first) for _ in self._rows], self._noise)

    def _into(
        self, out: tuple[Any, ...], operation: Any, args: Any, kwargs: Any, exact: bool
    ) -> Any:
        """The operation with its results in ``out``, a plain array of which takes one sample."""
        target = out[0]
        if len(out) != 1 or not isinstance(_row(target, 0), np.ndarray):
            raise TypeError("several outputs in place")
        if type(target) is not Noisy:
            self._noise.leave()
            operation(*_rows(args, -1), out=target, **_named(kwargs, -1))
            if not exact and target.dtype.kind in "fc":
                self._noise.change(target)
            return target
        if target._rows[0].ndim == 0:  # x += 1 for a number x, which other names keep
            return self._all(
                operation(*_rows(args, 0), **_named(kwargs, 0)),
                lambda k: operation(*_rows(args, k), **_named(kwargs, k)),
                not exact,
            )
        for k, row in enumerate(target._rows):
            operation(*_rows(args, k), out=row, **_named(kwargs, k))
            if k and not exact:
                self._noise.change(row)
        return target

    def _write(self, function: Any, args: Any, kwargs: Any, *, rounded: bool = False) -> None:
        """A function that changes its first argument."""
        target = args[0]
        if type(target) is not Noisy:
            self._noise.leave()
            function(*_rows(args, -1), **_named(kwargs, -1))
            return
        for k, row in enumerate(target._rows):
            function(*_rows(args, k), **_named(kwargs, k))
            if k and rounded:
                self._noise.change(row)

    def _refuse_less_precision(self, kwargs: Mapping[str, Any]) -> None:
        if kwargs.get("dtype") is not None:
            self._noise.ask_for(np.dtype(kwargs["dtype"]))


def _row(value: Any, k: int) -> Any:
    """Sample k of anything, which may have arrays inside."""
    kind = type(value)
    if kind is Noisy:
        return value._rows[k]
    if kind is tuple or kind is list:
        return kind(_row(one, k) for one in value)
    return value


def _rows(args: Sequence[Any], k: int) -> tuple[Any, ...]:
    return tuple(_row(one, k) for one in args)


def _named(kwargs: Mapping[str, Any], k: int) -> dict[str, Any]:
    return {name: _row(one, k) for name, one in kwargs.items()}


def _is_float(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc"
    if isinstance(value, (tuple, list)):
        return any(_is_float(one) for one in value)
    return isinstance(value, (float, complex))


def _as_float(value: Any) -> NumpyArray:
    array = np.asarray(value)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
