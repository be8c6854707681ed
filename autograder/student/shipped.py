"""What public tests expect, on its way to where working it out takes too long: a browser.

Large arrays that chance drew are drawn again there; no packing makes them smaller.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from autograder.course.exercise import Exercise
from autograder.truth.cases import Drawn, draw
from autograder.truth.witnesses import random_direction

# Smaller arrays are handed on as they are.
_LARGE: Final = 1 << 12
# Another machine's logarithm may round the rarest numbers otherwise.
_AGREEMENT: Final = 1e-9


def pack(drawn: Mapping[str, Sequence[Drawn]], entry: object) -> bytes:
    """The ``entry`` of an exercise, in which ``drawn`` are the cases by test."""
    buffer = io.BytesIO()
    packer = _Packer(buffer, 4)
    packer.names = {
        id(array): (test, number, name)
        for test, cases in drawn.items()
        for number, case in enumerate(cases)
        for name, array in case.arrays.items()
    }
    packer.dump(entry)
    return buffer.getvalue()


def unpack(exercise: Exercise, content: bytes) -> Any:
    """The entry. Raises :class:`ValueError`, or whatever else pickle raises, where it is not for
    this exercise or what is drawn here is something else. The content is trusted."""
    unpacker = _Unpacker(io.BytesIO(content))
    unpacker.exercise = exercise
    return unpacker.load()


class _Packer(pickle.Pickler):
    names: dict[int, tuple[str, int, str]]

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.nbytes < _LARGE:
            return None
        if id(value) in self.names:
            return "drawn", self.names[id(value)], value.shape, _sum(value)
        if np.array_equal(value, random_direction(value.shape)):
            return "direction", None, value.shape, _sum(value)
        return None


class _Unpacker(pickle.Unpickler):
    exercise: Exercise

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._drawn: dict[str, Sequence[Drawn]] = {}

    def persistent_load(self, key: Any) -> Any:
        kind, place, shape, total = key
        value = random_direction(shape) if kind == "direction" else self._array(*place)
        if value.shape != shape or not math.isclose(_sum(value), total, rel_tol=_AGREEMENT):
            raise ValueError(f"{kind} {place}")
        return value

    def _array(self, test: str, number: int, name: str) -> np.ndarray[Any, Any]:
        if test not in self._drawn:
            (found,) = [one for one in self.exercise.run_tests if one.name == test]
            # The inputs of public tests are the same under every seed.
            self._drawn[test] = draw(self.exercise, found, 0)
        return self._drawn[test][number].arrays[name]


def _sum(array: np.ndarray[Any, Any]) -> float:
    return float(np.sum(np.abs(array)))
