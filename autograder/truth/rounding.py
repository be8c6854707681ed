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

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.truth.noisy import LeftNumpy, Noise, row

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"
Evaluate: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]

SAMPLES = 6


class Sizes(Struct, frozen=True):
    """The size S of what is rounded, by output, as float64 arrays of the outputs' shapes.

    ``everywhere`` says whether every operation was sampled; False where the program left numpy.
    """

    of: Mapping[str, NumpyArray]
    everywhere: bool
    least_precise: float = 0.0
    """The largest unit roundoff of the types that the program asked for by name; 0 for none."""


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
        for subnormal in (False, True):
            source = Noise(seed, noise, smallest, samples, subnormal=subnormal)
            try:
                with np.errstate(all="ignore"):
                    changes = attempt(evaluate, inputs, value, source)
            except LeftNumpy:
                break
            except (Exception, SystemExit):
                # An array that only behaves like numpy's is not enough for everything.
                if attempt is _inputs_alone:
                    raise
                break
            if not subnormal and (source.underflow or _any_near(value, smallest)):
                continue  # with subnormal numbers, which few programs meet
            return Sizes(
                {name: _root_mean_square(change, noise) for name, change in changes.items()},
                attempt is _together,
                source.least_precise,
            )
    raise AssertionError("plain numbers cannot leave numpy")


def _any_near(value: Mapping[str, NumpyArray], smallest: float) -> bool:
    """Whether a number is so small that subnormal ones may have led to it."""
    limit = smallest * 2.0**100
    return any(bool(np.any((np.abs(one) < limit) & (one != 0))) for one in value.values())


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
        return np.asarray(row(outputs, 1))

    return coarse


def _together(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, NumpyArray]:
    """All samples in one run."""
    outputs = evaluate({name: noise.of_input(array) for name, array in inputs.items()})
    return {
        name: np.array([_as_float(row(outputs[name], k)) - right for k in noise.numbers])
        for name, right in value.items()
    }


def _one_by_one(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, NumpyArray]:
    """One run for each sample, whose numbers may leave."""
    samples = noise.samples
    noise.samples, noise.may_leave = 1, True
    runs = [_together(evaluate, inputs, value, noise) for _ in range(samples)]
    return {name: np.concatenate([run[name] for run in runs]) for name in value}


def _inputs_alone(
    evaluate: Evaluate, inputs: Mapping[str, Any], value: Mapping[str, Any], noise: Noise
) -> dict[str, NumpyArray]:
    """Plain arrays, of which only the inputs are changed."""
    runs = [
        evaluate({name: noise.changed(array) for name, array in inputs.items()})
        for _ in noise.numbers
    ]
    return {
        name: np.array([_as_float(run[name]) - right for run in runs])
        for name, right in value.items()
    }


def _root_mean_square(changes: NumpyArray, noise: float) -> NumpyArray:
    """Over axis 0, in units of the noise."""
    with np.errstate(all="ignore"):
        sizes = np.abs(np.asarray(changes, dtype=np.float64)) / noise
        # By hypot, for squares of what a saturated softmax gives would underflow.
        total = np.hypot.reduce(sizes, axis=0)
        if np.isnan(total).any():
            # A sample may lie outside of a domain on whose edge the value is: sqrt(1 - 1).
            known = len(sizes) - np.count_nonzero(np.isnan(sizes), axis=0)
            total = np.hypot.reduce(np.where(np.isnan(sizes), 0.0, sizes), axis=0)
            return np.asarray(total / np.sqrt(known))
        return np.asarray(total / math.sqrt(len(sizes)))


def _as_float(value: Any) -> NumpyArray:
    array = np.asarray(value)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
