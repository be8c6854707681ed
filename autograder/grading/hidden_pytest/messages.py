"""What the fork that runs pytest and the grader say to each other.

Both sides are the grader, so this may be pickled. What comes from student code has been
checked by the session and is plain values by now.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from msgspec import Struct

from autograder.grading.failures import Failure
from autograder.sandbox.protocol import Array, Items, Leaf, Opaque, Value
from autograder.sandbox.session import unpack_leaf


class Begin(Struct, frozen=True):
    """The case ``number`` begins. Answered with None, or with why it cannot."""

    number: int


class Ask(Struct, frozen=True):
    """Call ``target`` with ``arguments``, or without, look at it; leave it there as ``keep``.

    Answered with :class:`Answered` or :class:`Lost`, or first with :class:`CallBack`.
    """

    target: str
    arguments: tuple[Any, ...] | None
    keep: str


class CallBack(Struct, frozen=True):
    """Student code calls the test's function of that number. Answered with its result in
    :class:`Answered`, or with None where it raised."""

    function: int
    arguments: tuple[Any, ...]


class Answered(Struct, frozen=True):
    """A numeric array, scalar, :class:`~autograder.sandbox.protocol.Opaque`, or tuple or list."""

    value: Any


class Lost(Struct, frozen=True):
    """There is no value."""

    failure: Failure


class Place(Struct, frozen=True):
    """Where in a test file something went wrong, for its author."""

    path: str
    line: int
    column: int = 1


class Ended(Struct, frozen=True):
    """The case that was begun has come to its end: without ``failure``, it passed."""

    failure: Failure | None = None
    place: Place | None = None


FromFork: TypeAlias = Begin | Ask | Answered | Ended | None
FromGrader: TypeAlias = CallBack | Answered | Lost | None


def plain(value: Value) -> Any:
    """What student code returned, as a test may have it: arrays are fresh and writable."""
    if isinstance(value, Items):
        items = [_plain_leaf(item) for item in value.items]
        return tuple(items) if value.kind == "tuple" else items
    return _plain_leaf(value)


Blank: TypeAlias = Literal["no_elements", "not_a_number"]
BLANKS: tuple[Blank, ...] = get_args(Blank)


def blanks_of(target: str, answer: Any) -> frozenset[Blank]:
    """What is blank in the answer, and so compares well with anything.

    `np.allclose([], 5)` holds, `max(0, nan)` is 0, and a loop over nothing finds no fault.
    """
    items = answer if isinstance(answer, (list, tuple)) else [answer]
    arrays = [item for item in items if isinstance(item, (np.ndarray, float, complex))]
    is_empty = (
        len(items) == 0
        or any(isinstance(array, np.ndarray) and not array.size for array in arrays)
        or any(isinstance(item, str) and not item for item in items)
        or (target.endswith(".__len__") and type(answer) is int and answer == 0)
    )
    is_nan = any(np.isnan(array).any() for array in arrays)
    found: dict[Blank, bool] = {"no_elements": is_empty, "not_a_number": is_nan}
    return frozenset(blank for blank in BLANKS if found[blank])


def _plain_leaf(leaf: Leaf) -> Any:
    value = unpack_leaf(leaf)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Array):
        return Opaque(f"array of dtype {value.dtype}")
    return value
