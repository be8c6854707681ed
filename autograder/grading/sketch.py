"""What known mistakes did, in little room: large arrays are kept as a few sums over them.

What a student's code returned is compared with what every known mistake does, and only whether the
two are equal matters. Arrays that are equal have equal sums, with any signs. Of arrays that differ,
sums with random signs are equal where rounding hides the difference, and hardly ever elsewhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.grading.observation import Observation
from autograder.grading.run import ExerciseRun
from autograder.truth.compare import NumpyArray

# Arrays of fewer elements are kept as they are.
SMALLEST = 1024
_SUMS = 4
# A sum of n numbers, each off by no more than some bound, is off by this many times the root of n.
_STRAY = 10.0


class Sketch(Struct, frozen=True, eq=False):
    """A large array: shape, dtype, the largest finite magnitude, where what is not finite lies,
    and sums with random signs of the finite numbers, divided by that magnitude where it is above
    1."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    not_finite: bytes
    sums: NumpyArray

    def agrees(self, other: Sketch, agreement: float) -> bool:
        """Whether the arrays are equal up to ``agreement``, relative to the largest element of
        the other."""
        if self.shape != other.shape or self.not_finite != other.not_finite:
            return False
        own, others = max(self.scale, 1.0), max(other.scale, 1.0)
        if abs(own - others) > agreement * others:
            return False
        stray = _STRAY * agreement * other.scale / others * np.sqrt(np.prod(self.shape))
        return bool(np.all(np.abs(self.sums * (own / others) - other.sums) <= stray))


def sketch(array: NumpyArray | Sketch) -> Sketch:
    """The sketch of an array of real numbers."""
    if isinstance(array, Sketch):
        return array
    flat = np.asarray(array, np.float64).reshape(-1)
    finite = np.isfinite(flat)
    not_finite = b""
    if not finite.all():
        not_finite = np.packbits([np.isnan(flat), flat == np.inf, flat == -np.inf]).tobytes()
        flat = np.where(finite, flat, 0.0)
    scale = float(np.max(np.abs(flat), initial=0.0))
    # Of numbers near the largest that there are the sum would overflow.
    sums = _signs(flat.size) @ (flat / max(scale, 1.0))
    return Sketch(array.shape, array.dtype, scale, not_finite, sums)


@lru_cache(maxsize=4)
def _signs(size: int) -> NumpyArray:
    return np.random.default_rng(size).choice((-1.0, 1.0), (_SUMS, size))


class Sketches:
    """Sketches of runs, in which equal arrays are one: most mistakes leave most results right."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...], bytes], NumpyArray] = {}

    def of(self, run: ExerciseRun) -> ExerciseRun:
        """The run with sketches in the place of large arrays, and without what was timed."""
        return replace(
            run,
            observations={
                name: tuple(map(self._observation, observations))
                for name, observations in run.observations.items()
            },
        )

    def _observation(self, observation: Observation) -> Observation:
        again = observation.again
        return replace(
            observation,
            outputs={name: self._output(one) for name, one in observation.outputs.items()},
            again=None if again is None else {n: self._output(one) for n, one in again.items()},
            timed=None,
        )

    def _output(self, output: Any) -> Any:
        if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiu":
            return output
        if output.size >= SMALLEST:
            return sketch(output)
        content = output.tobytes()  # not a look into all that came with it
        key = output.dtype.str, output.shape, content
        if key not in self._arrays:
            self._arrays[key] = np.ndarray(output.shape, output.dtype, content)
        return self._arrays[key]
