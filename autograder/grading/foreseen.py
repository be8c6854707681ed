"""Foresees the arguments that student code will give to a function that is handed to it.

A call of such a function goes from the process of student code to the grader and back, which takes
hundreds of times as long as the call. So its values where anybody would ask for them are sent
along. They say nothing that student code could not ask for. And they follow from its inputs alone:
to see where the solution asks might tell how it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from autograder.sandbox.session import parameters_of

# Of arrays with more elements, no neighbours are foreseen; of larger ones, nothing is.
MAX_ELEMENTS = 32
MAX_BYTES = 1 << 14


class Foreseen(Struct, frozen=True, eq=False):
    """A function, with ``foreseen``: the arrays, by call, that it is likely to be given."""

    function: Callable[..., Any]
    foreseen: tuple[tuple[np.ndarray[Any, Any], ...], ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        return parameters_of(self.function)

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


def foresee(function: Callable[..., Any], inputs: Mapping[str, np.ndarray[Any, Any]]) -> Foreseen:
    """The function as it is handed over together with ``inputs``: by name, arrays of any shape and
    dtype, of which those of shape ``()`` are numbers. What is foreseen has the shapes of inputs."""
    parameters = parameters_of(function)
    arrays = {name: value for name, value in inputs.items() if value.ndim}
    if set(parameters) <= arrays.keys():
        given = [arrays[name] for name in parameters]
    elif len(parameters) == len(arrays) == 1:
        given = [*arrays.values()]
    else:
        return Foreseen(function, ())
    if sum(value.nbytes for value in given) > MAX_BYTES:
        return Foreseen(function, ())
    foreseen = [tuple(given)]
    if len(given) == 1 and given[0].dtype.kind in "iuf":
        numbers = [value for value in inputs.values() if not value.ndim]
        steps = [float(value) for value in numbers if value.dtype.kind in "iuf"]
        foreseen += [(near,) for near in _neighbours(given[0], steps)]
    return Foreseen(function, tuple(foreseen))


def _neighbours(
    array: np.ndarray[Any, Any], steps: Sequence[float]
) -> Iterator[np.ndarray[Any, Any]]:
    """The array as float64, and with one element a step up, down, and down again from there, which
    rounds otherwise."""
    yield (base := array.astype(np.float64, order="C"))
    if base.size > MAX_ELEMENTS:
        return
    for step in steps:
        for index in np.ndindex(base.shape):
            up, down = base[index] + step, base[index] - step
            for element in (up, down, up - 2 * step):
                near = base.copy()
                near[index] = element
                yield near
