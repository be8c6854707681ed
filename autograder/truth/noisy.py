"""Arrays that carry samples of their rounding: Monte Carlo arithmetic for numpy programs.

A :class:`Noisy` array has its value and, beside it, a few samples in which every result of every
operation was changed by a random relative amount. The samples of an operand change places each
time it is used, as if it had been worked out anew: what cancels because a program uses the same
rounded number twice need not cancel in another right program.

Everything that *decides* (comparisons, floor, argmax, conversions to integers) is decided on
the value, so that all samples go the same way. Operations that do not round (a maximum, a minus
sign, a transposed matrix) change nothing. Subnormal numbers, whose spacing does not shrink with
them, are changed relative to the smallest normal number.

Imports numpy and nothing of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# Uniform rather than signs, which leave two terms that cancel as they are too often; of variance 1.
_WIDTH = 3.0**0.5
_POOL = 1 << 11
_DIFFERENT_ORDERS = 251

# These results are one of the operands, or one with another sign: nothing is rounded.
_EXACT = {
    np.negative, np.positive, np.absolute, np.fabs, np.maximum, np.minimum, np.fmax, np.fmin,
    np.copysign, np.conjugate,
}  # fmt: skip
# These are constant but for jumps, and where they jump the value decides.
_STEPS = {np.floor, np.ceil, np.trunc, np.rint, np.sign, np.heaviside, np.floor_divide}
# These decide.
_DECIDING = {
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isnan,
    np.isfinite, np.isinf, np.signbit, np.logical_and, np.logical_or, np.logical_not,
    np.logical_xor,
}  # fmt: skip
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
# These work along axes, or over all of them.
_REDUCTIONS: dict[Any, Any] = {
    np.sum: np.add.reduce, np.prod: np.multiply.reduce, np.max: np.maximum.reduce,
    np.min: np.minimum.reduce, np.amax: np.maximum.reduce, np.amin: np.minimum.reduce,
    np.mean: np.mean,
}  # fmt: skip
_REDUCING_METHODS: dict[str, Any] = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "mean": np.mean,
}  # fmt: skip
# Methods that give a view, which may be written into.
_VIEWING_METHODS = {"reshape", "transpose", "swapaxes", "squeeze", "ravel"}
_MOVING_METHODS = {
    "flatten", "take", "choose", "compress", "diagonal", "repeat", "clip", "conj", "conjugate",
}  # fmt: skip
# These ask for what the value has.
_ASKING = {np.shape, np.ndim, np.size, np.result_type, np.array_equal, np.allclose, np.isclose}
# These write into their first argument.
_WRITING = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
_WRITING_METHODS = {"sort", "fill", "partition", "put"}


@cache
def _orders(samples: int) -> list[NumpyArray]:
    """Random orders of the rows 1 to ``samples``, with row 0 in its place."""
    generator = np.random.default_rng(20_230_923)
    return [
        np.concatenate([[0], 1 + generator.permutation(samples)]) for _ in range(_DIFFERENT_ORDERS)
    ]


class LeftNumpy(BaseException):
    """Samples were asked for what only one number can be. No program catches this one."""


class Noise:
    """The random changes of one measurement.

    Every result is changed by ``relative`` times a random number of variance 1; there are
    ``samples`` of each. With ``may_leave`` a single sample can become a plain number.
    """

    def __init__(
        self,
        seed: int,
        relative: float,
        smallest: float,
        samples: int,
        *,
        subnormal: bool = True,
    ) -> None:
        self._generator = np.random.default_rng(seed)
        self._width = _WIDTH * relative
        self._smallest = smallest
        self._subnormal = subnormal
        self.samples = samples
        self.may_leave = False
        self.least_precise = 0.0
        self.underflow = False
        self._drawn = np.empty(0)
        self._next = 0
        self._turn = 1
        self._again = False

    @property
    def numbers(self) -> range:
        """The numbers of the samples; number 0 is the value."""
        return range(1, self.samples + 1)

    @cached_property
    def numpy(self) -> Any:
        """numpy, as programs see it during the measurement."""
        return _Namespace(np, self, _creating(self))

    @cached_property
    def math(self) -> Any:
        """math, as programs see it during the measurement."""
        return _Namespace(math, self, {})

    def of_input(self, array: NumpyArray) -> Noisy:
        """The array, with a rounding of its own in every sample."""
        return self.finish(np.array([array] * (self.samples + 1)))

    def exact(self, array: Any) -> Noisy:
        """The array, the same in every sample."""
        return Noisy(np.array([array] * (self.samples + 1)), self)

    def changed(self, array: NumpyArray) -> NumpyArray:
        """A plain array with one sample of a rounding."""
        return np.array(self.finish(np.array([array, array])).stack[1])

    def finish(self, stack: NumpyArray, *, rounded: bool = True, positive: bool = False) -> Noisy:
        """A new result; ``stack`` has its value and samples along axis 0."""
        if rounded:
            self.change(stack, positive=positive)
        return Noisy(stack, self)

    def change(self, stack: NumpyArray, *, positive: bool = False) -> None:
        """Round all samples coarsely, in place."""
        samples = stack[1:]
        random = self._random(samples.size).reshape(samples.shape)
        if positive or self._subnormal:
            tiny = np.abs(stack[0]) < self._smallest
            if tiny.any():
                self.underflow = True
                shift = random
                if positive:  # not exactly zero, either
                    shift = np.abs(shift)
                else:
                    tiny &= stack[0] != 0
                samples += np.where(tiny, shift * self._smallest, 0.0)
        samples += samples * random

    def begin_again(self) -> None:
        """From now on, the same changes again and again."""
        self._again = True
        self._next = 0
        self._turn = 1
        if not self._drawn.size:
            self._drawn = self._draw(_POOL)

    def _draw(self, size: int) -> NumpyArray:
        return self._generator.uniform(-self._width, self._width, size)

    def _random(self, size: int) -> NumpyArray:
        if size > _POOL // 4:
            return np.resize(self._drawn, size) if self._again else self._draw(size)
        if self._next + size > len(self._drawn):
            if not self._again:
                self._drawn = self._draw(_POOL)
            self._next = 0
        self._next += size
        return self._drawn[self._next - size : self._next]

    def anew(self, stack: NumpyArray) -> NumpyArray:
        """The samples in other places, as if they had been worked out by themselves."""
        if self.samples == 1:
            return stack
        self._turn += 1
        orders = _orders(self.samples)
        return stack.take(orders[self._turn % len(orders)], axis=0)

    def ask_for(self, dtype: np.dtype[Any]) -> None:
        """The program wants numbers of this type; less precise ones cannot carry samples."""
        if dtype.kind == "f":
            self.least_precise = max(self.least_precise, float(np.finfo(dtype).eps) / 2)
            if dtype.itemsize < 8:
                self.leave()

    def leave(self) -> None:
        """What is asked for cannot carry samples."""
        if not self.may_leave:
            raise LeftNumpy


class Noisy(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of shape ``stack.shape[1:]``: its value in row 0, a sample in each other row.

    It behaves like numpy's arrays without being one, so that nothing inside numpy can take the
    value and lose the samples without asking. Only float and complex arrays are of this class:
    what an operation makes of other types is decided on the value.
    """

    __slots__ = ("noise", "stack")

    def __init__(self, stack: NumpyArray, noise: Noise) -> None:
        object.__setattr__(self, "stack", stack)
        object.__setattr__(self, "noise", noise)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class that it says it is, to isinstance()."""
        return np.ndarray if self.stack.ndim > 1 else np.float64

    # What numpy calls

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        self._ask_for(kwargs)
        if method == "at":
            return self._write(ufunc.at, inputs, {}, rounded=True)
        if method == "__call__" and "where" in kwargs and out is not None and len(out) == 1:
            mask = kwargs.pop("where")
            result = self.__array_ufunc__(ufunc, method, *inputs, **kwargs)
            return self._into(out, np.where(mask, result, out[0]))
        if ufunc in _DECIDING:
            result = getattr(ufunc, method)(*row(inputs, 0), **kwargs)
        elif method == "__call__" and ufunc.nout == 1:
            result = self._called(ufunc, inputs, kwargs)
        elif method == "reduce":
            result = self._reduced(
                ufunc.reduce, ufunc not in _EXACT, *inputs, **{"axis": 0, **kwargs}
            )
        else:
            result = self._by_row(
                getattr(ufunc, method), self._anew(inputs), kwargs, ufunc not in _EXACT
            )
        return result if out is None else self._into(out, result)

    def _called(self, ufunc: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """An elementwise function or a matrix product."""
        noise = self.noise
        if ufunc in _STEPS:
            value = ufunc(*row(inputs, 0), **kwargs)
            return noise.exact(value) if _is_float(value) else value
        if ufunc is np.remainder:
            one, other = inputs
            return one - other * np.floor(np.true_divide(*row(inputs, 0)))
        if ufunc is np.matmul:
            return self._product(*inputs, **kwargs)
        if ufunc.signature is not None:
            return self._by_row(ufunc, self._anew(inputs), kwargs, True)
        ndim = max(_ndim(one) for one in inputs)
        stack = ufunc(*(self._aligned(one, ndim) for one in inputs), **kwargs)
        if stack.dtype.kind not in "fc":
            return stack[0]
        return noise.finish(stack, rounded=ufunc not in _EXACT, positive=ufunc in _POSITIVE)

    def _product(self, one: Any, other: Any, **kwargs: Any) -> Any:
        left, right = _ndim(one), _ndim(other)
        if left == 0 or right == 0:
            raise ValueError("matmul: Input operand does not have enough dimensions")
        ndim = max(left, right, 2)
        a, b = self._aligned(one, left), self._aligned(other, right)
        if left == 1:
            a = a[..., np.newaxis, :]
        if right == 1:
            b = b[..., :, np.newaxis]
        a, b = _padded(a, one, ndim), _padded(b, other, ndim)
        stack = np.matmul(a, b, **kwargs)
        if right == 1:
            stack = stack[..., 0]
        if left == 1:
            stack = stack[..., 0] if right == 1 else stack[..., 0, :]
        return self.noise.finish(np.array(stack))

    def __array_function__(self, function: Any, _types: Any, args: Any, kwargs: Any) -> Any:
        if function in _ASKING:
            return function(*row(args, 0), **_named(kwargs, 0))
        self._ask_for(kwargs)
        if function in _WRITING:
            return self._write(function, args, kwargs)
        if "out" in kwargs:
            kwargs = dict(kwargs)
            out = kwargs.pop("out")
            result = self.__array_function__(function, _types, args, kwargs)
            return result if out is None else self._into((out,), result)
        if function in _REDUCTIONS and len(args) <= 2 and type(args[0]) is Noisy:
            axis = args[1] if len(args) > 1 else kwargs.get("axis")
            rest = {name: value for name, value in kwargs.items() if name != "axis"}
            operation = _REDUCTIONS[function]
            return self._reduced(operation, function not in _MOVING, args[0], axis=axis, **rest)
        if function is np.where and len(args) == 3:
            ndim = max(_ndim(one) for one in args)
            return Noisy(np.where(*(self._aligned(one, ndim, False) for one in args)), self.noise)
        moving = function in _MOVING
        return self._by_row(function, args if moving else self._anew(args), kwargs, not moving)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NumpyArray:
        if dtype is not None:
            self.noise.ask_for(np.dtype(dtype))
        self.noise.leave()
        return np.array(self.stack[-1], dtype=dtype)

    # What Python calls

    def __float__(self) -> float:
        self.noise.leave()
        return float(self.stack[-1])

    def __complex__(self) -> complex:
        self.noise.leave()
        return complex(self.stack[-1])

    def __int__(self) -> int:
        return int(self.stack[0])

    def __bool__(self) -> bool:
        return bool(self.stack[0])

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            return round(float(self.stack[0]))
        return np.round(self, digits)

    def __len__(self) -> int:
        return len(self.stack[0])

    def __iter__(self) -> Iterator[Any]:
        if self.stack.ndim == 1:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))

    def __hash__(self) -> int:
        return hash(self.stack[0][()])

    def __repr__(self) -> str:
        return repr(self.stack[0])

    def __format__(self, how: str) -> str:
        return format(self.stack[0][()], how)

    def __copy__(self) -> Noisy:
        return Noisy(self.stack.copy(), self.noise)

    def __deepcopy__(self, _memo: Any) -> Noisy:
        return self.__copy__()

    def __getitem__(self, index: Any) -> Noisy:
        parts = index if isinstance(index, tuple) else (index,)
        if all(
            isinstance(part, (int, np.integer, slice)) or part is None or part is Ellipsis
            for part in parts
        ):
            stack = self.stack[(slice(None), *parts)]
            # A number, unlike a view, does not change with the array.
            return Noisy(stack.copy() if stack.ndim == 1 else stack, self.noise)
        return Noisy(np.array([one[index] for one in self.stack]), self.noise)

    def __setitem__(self, index: Any, value: Any) -> None:
        for k, one in enumerate(self.stack):
            one[index] = row(value, k)

    def __getattr__(self, name: str) -> Any:
        if name in ("data", "ctypes", "base") or name.startswith("__"):
            raise AttributeError(name)
        value = self.stack[0]
        if name in _REDUCING_METHODS:
            function = _REDUCING_METHODS[name]
            return lambda *args, **kwargs: function(self, *args, **kwargs)
        if name == "T":
            return Noisy(self.stack.transpose(0, *range(self.stack.ndim - 1, 0, -1)), self.noise)
        if name == "flat":
            return self.reshape(-1)
        if name in ("real", "imag"):
            return Noisy(getattr(self.stack, name), self.noise)
        found = getattr(value, name)
        if not callable(found):
            return found  # a shape, a dtype
        if name in _VIEWING_METHODS:
            return lambda *args, **kwargs: self._viewed(name, args, kwargs)
        return lambda *args, **kwargs: self._method(name, args, dict(kwargs))

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "shape":
            object.__setattr__(self, "stack", self.reshape(value).stack)
        else:
            raise AttributeError(name)

    def _viewed(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Noisy:
        views = [getattr(one, name)(*args, **kwargs) for one in self.stack]
        if not np.may_share_memory(views[0], self.stack):
            return Noisy(np.array(views), self.noise)
        shape = views[0].shape
        strides = (self.stack.strides[0], *views[0].strides)
        return Noisy(
            np.lib.stride_tricks.as_strided(views[0], (len(views), *shape), strides), self.noise
        )

    def _method(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if name in _WRITING_METHODS:
            for k, one in enumerate(self.stack):
                getattr(one, name)(*row(tuple(args), k), **_named(kwargs, k))
            return None
        self._ask_for(kwargs)
        out = kwargs.pop("out", None)
        function = getattr(np.ndarray, name)
        moving = name in _MOVING_METHODS
        operands = (self, *args) if moving else self._anew((self, *args))
        result = self._by_row(function, operands, kwargs, not moving)
        return result if out is None else self._into((out,), result)

    def copy(self, *_order: Any, **_named_order: Any) -> Noisy:
        return self.__copy__()

    def item(self, *index: Any) -> Noisy:
        """An element, which goes on carrying samples."""
        return Noisy(np.array([one.item(*index) for one in self.stack]), self.noise)

    def tolist(self) -> Any:
        """Nested lists of such elements."""
        return [one.tolist() for one in self] if self.stack.ndim > 1 else self.__copy__()

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = np.dtype(dtype)
        if wanted.kind not in "fc":
            return self.stack[0].astype(wanted, *args, **kwargs)
        self.noise.ask_for(wanted)
        if wanted.kind == "f" and wanted.itemsize < 8:
            wanted = self.stack.dtype
        return Noisy(self.stack.astype(wanted, *args, **kwargs), self.noise)

    # How results come about

    def _aligned(self, operand: Any, ndim: int, anew: bool = True) -> Any:
        """The operand with its samples along the first of ``ndim`` + 1 axes."""
        if type(operand) is not Noisy:
            return row(operand, 0) if isinstance(operand, (list, tuple)) else operand
        stack = self.noise.anew(operand.stack) if anew else operand.stack
        return _stretched(stack, ndim)

    def _anew(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            Noisy(self.noise.anew(one.stack), self.noise) if type(one) is Noisy else one
            for one in operands
        )

    def _reduced(self, operation: Any, rounded: bool, array: Any, **kwargs: Any) -> Any:
        if type(array) is not Noisy or any(type(one) is Noisy for one in kwargs.values()):
            return self._by_row(operation, (array,), kwargs, rounded)
        axis = kwargs.pop("axis", None)
        ndim = array.stack.ndim - 1
        if axis is None:
            axis = tuple(range(ndim))
        axes = axis if isinstance(axis, tuple) else (axis,)
        if any(not -ndim <= one < ndim for one in axes):
            raise np.exceptions.AxisError(f"axis {axis} is out of bounds for dimension {ndim}")
        axes = tuple(int(one) % ndim + 1 for one in axes)
        stack = array.stack if not axes else operation(array.stack, axis=axes, **kwargs)
        return self.noise.finish(np.array(stack), rounded=rounded)

    def _by_row(
        self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], rounded: bool
    ) -> Any:
        """What the function makes of the value and of every sample, one after the other."""
        args = tuple(args)
        first = function(*row(args, 0), **_named(kwargs, 0))
        if not _is_float(first):
            return first
        others = [function(*row(args, k), **_named(kwargs, k)) for k in self.noise.numbers]
        return self._gathered([first, *others], rounded)

    def _gathered(self, results: Sequence[Any], rounded: bool) -> Any:
        first = results[0]
        if not _is_float(first):
            return first
        if isinstance(first, (tuple, list)):
            parts = [self._gathered(column, rounded) for column in zip(*results, strict=True)]
            return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
        return self.noise.finish(np.array(results), rounded=rounded)

    def _into(self, out: tuple[Any, ...], result: Any) -> Any:
        """The result, in ``out``; a plain array there takes one sample."""
        (target,) = out
        if type(target) is Noisy:
            if target.stack.ndim == 1:  # x += 1 for a number x, which other names keep
                return result
            target[...] = result
            return target
        if type(result) is Noisy:
            self.noise.leave()
            target[...] = result.stack[-1]
        else:
            target[...] = result
        return target

    def _write(self, function: Any, args: Any, kwargs: Any, *, rounded: bool = False) -> None:
        """A function that changes its first argument."""
        target = args[0]
        if type(target) is not Noisy:
            self.noise.leave()
            function(*row(tuple(args), -1), **_named(kwargs, -1))
            return
        for k in range(len(target.stack)):
            function(*row(tuple(args), k), **_named(kwargs, k))
        if rounded:
            self.noise.change(target.stack)

    def _ask_for(self, kwargs: Mapping[str, Any]) -> None:
        if kwargs.get("dtype") is not None:
            self.noise.ask_for(np.dtype(kwargs["dtype"]))


class _Namespace:
    """A module as a program sees it while its rounding is measured: arrays that it makes carry
    samples, and so do numbers that functions make of numbers with samples."""

    def __init__(self, module: ModuleType, noise: Noise, own: Mapping[str, Any]) -> None:
        self._module = module
        self._noise = noise
        self._own = own

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        found = getattr(self._module, name)
        if self._module is np or not callable(found):
            return found

        def call(*args: Any) -> Any:
            args = tuple(list(one) if isinstance(one, Iterator) else one for one in args)
            if not _has_noise(args):
                return found(*args)
            # Functions of math take numbers, and are as precise as these.
            self._noise.ask_for(np.dtype(np.float64))
            values = [found(*_plain_row(args, k)) for k in range(self._noise.samples + 1)]
            if not _is_float(values[0]):
                return values[0]
            return self._noise.finish(np.array(values))

        return call


def _creating(noise: Noise) -> dict[str, Any]:
    """The functions of numpy that make arrays which a program goes on to fill."""

    def making(function: Any) -> Any:
        def make(*args: Any, **kwargs: Any) -> Any:
            if _has_noise(args):  # np.full(3, x[0])
                filled = [function(*row(args, k), **kwargs) for k in range(noise.samples + 1)]
                return Noisy(np.array(filled), noise)
            array = function(*args, **kwargs)
            if array.dtype.kind not in "fc":
                return array
            noise.ask_for(array.dtype)
            return noise.exact(array)

        return make

    def converting(function: Any) -> Any:
        def convert(value: Any, *args: Any, **kwargs: Any) -> Any:
            if not _has_noise((value,)):
                return function(value, *args, **kwargs)
            dtype = args[0] if args else kwargs.get("dtype")
            array = value
            if type(value) is not Noisy:
                array = Noisy(np.array([row(value, k) for k in range(noise.samples + 1)]), noise)
            elif function is np.array:
                array = value.copy()
            return array if dtype is None else array.astype(dtype)

        return convert

    made = {name: making(getattr(np, name)) for name in ("zeros", "ones", "empty", "full", "eye",
            "identity")}  # fmt: skip
    made |= {
        name: converting(getattr(np, name))
        for name in ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray")
    }
    return made


def noise_of(values: Any) -> Noise | None:
    """The noise of the first array with samples among the values."""
    return next((value.noise for value in values if type(value) is Noisy), None)


@contextmanager
def seen_by(programs: Sequence[Any], noise: Noise | None) -> Iterator[None]:
    """While this lasts, the modules of these functions and classes have numpy and math with
    samples."""
    if noise is None:
        yield
        return
    changed: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for names in _namespaces(programs):
            for name, value in list(names.items()):
                other = _replacement(value, noise)
                if other is not None:
                    changed.append((names, name, value))
                    names[name] = other
            if "float" not in names:
                changed.append((names, "float", None))
                names["float"] = _Float
        yield
    finally:
        for names, name, value in changed:
            if value is None:
                del names[name]
            else:
                names[name] = value


def _namespaces(programs: Sequence[Any]) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for program in programs:
        parts = [program, *vars(program).values()] if isinstance(program, type) else [program]
        for part in parts:
            names = getattr(part, "__globals__", None)
            if isinstance(names, dict):
                found[id(names)] = names
    return list(found.values())


def _replacement(value: Any, noise: Noise) -> Any:
    if value is np:
        return noise.numpy
    if value is math:
        return noise.math
    if getattr(value, "__module__", None) not in ("numpy", "math"):
        return None
    for module, space in ((np, noise.numpy), (math, noise.math)):
        name = getattr(value, "__name__", "")
        if getattr(module, name, None) is value and (module is math or name in space._own):
            return getattr(space, name)
    return None


class _FloatType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, float)


class _Float(metaclass=_FloatType):
    """What ``float`` is to a program whose rounding is measured."""

    dtype = np.dtype(np.float64)  # by which numpy knows it in zeros(3, dtype=float)

    def __new__(cls, value: Any = 0.0) -> Any:
        return value.item() if type(value) is Noisy else float(value)


def row(value: Any, k: int) -> Any:
    """Sample k of anything, which may have arrays inside; number 0 is the value."""
    kind = type(value)
    if kind is Noisy:
        return value.stack[k]
    if kind is tuple or kind is list:
        return kind([row(one, k) for one in value])
    return value


def _plain_row(values: Sequence[Any], k: int) -> list[Any]:
    """Sample k, with numbers as Python's."""
    return [
        one.item() if isinstance(one, np.ndarray) and one.ndim == 0 else one
        for one in (row(value, k) for value in values)
    ]


def _named(kwargs: Mapping[str, Any], k: int) -> dict[str, Any]:
    return {name: row(one, k) for name, one in kwargs.items()}


def _has_noise(values: Sequence[Any]) -> bool:
    return any(
        type(value) is Noisy or (isinstance(value, (list, tuple)) and _has_noise(value))
        for value in values
    )


def _is_float(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc"
    if isinstance(value, (tuple, list)):
        return any(_is_float(one) for one in value)
    return isinstance(value, (float, complex))


def _ndim(operand: Any) -> int:
    return operand.stack.ndim - 1 if type(operand) is Noisy else np.ndim(operand)


def _stretched(stack: NumpyArray, ndim: int) -> NumpyArray:
    missing = ndim + 1 - stack.ndim
    if missing <= 0:
        return stack
    return stack.reshape(stack.shape[0], *[1] * missing, *stack.shape[1:])


def _padded(operand: Any, given: Any, ndim: int) -> Any:
    return _stretched(operand, ndim) if type(given) is Noisy else operand
