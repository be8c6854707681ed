"""What student code did on one case: plain data, taken from what its process sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.grading.failures import Failure, FailureKind
from autograder.sandbox.protocol import (
    NUMERIC_DTYPES,
    Array,
    Element,
    ExceptionInfo,
    Items,
    Leaf,
    Missing,
    Opaque,
    Plain,
    Raised,
    Returned,
    Value,
    brief,
    view_array,
)
from autograder.sandbox.session import Died, Outcome
from autograder.truth.cases import Case
from autograder.truth.compare import NotAnArray, NumpyArray

Output: TypeAlias = "np.ndarray[Any, Any] | NotAnArray"
Outputs: TypeAlias = dict[str, Output]

# What Python says where a thread is refused.
_NO_THREAD = "can't start new thread"


class Change(Struct, frozen=True):
    """An element of an argument before and after a call."""

    name: str
    index: tuple[int, ...]
    before: float
    after: float


class Observation(Struct, frozen=True):
    """What the student's code did on one case: outputs by name, or a failure.

    ``again`` are the outputs of the second look that a property test takes; ``changed`` are the
    parameters that the call changed, ``change`` the first element of the first of these (None
    where it has another shape or type now), ``shared`` those whose memory a result shares
    although it must be new.
    """

    outputs: Outputs = {}
    failure: Failure | None = None
    again: Outputs | None = None
    changed: tuple[str, ...] = ()
    change: Change | None = None
    shared: tuple[str, ...] = ()
    seconds: float = 0.0
    """For an efficiency test: the processor time of the steps; infinite where they are not timed,
    as the answer is wrong or executes too many lines."""
    lines: int | None = None
    """For an efficiency test: how many lines of Python the steps executed, where the process said;
    one more than are counted where that are more."""
    is_ended: bool = False
    """Whether that was enough to know: the call was ended, and nothing came of it."""
    fewer_lines: int | None = None
    """The same on smaller arrays."""
    timed: Timed | None = None
    """What was timed, where that was not the case itself."""

    @property
    def has_failed(self) -> bool:
        """Whether there is no result: of the case, or of what was timed."""
        timed = self.timed
        return self.failure is not None or (
            timed is not None and timed.observation.failure is not None
        )


class Timed(Struct, frozen=True, eq=False):
    """Inputs that were drawn to be timed, and what came back."""

    case: Case
    observation: Observation


def observation_of(
    outcome: Outcome, names: Sequence[str], *, accept_lists: bool = False
) -> Observation:
    """The outputs ``names`` of an answered question, or why there are none.

    ``accept_lists`` takes a flat list of numbers for an array.
    """
    failure = failure_of(outcome)
    if failure is not None:
        return Observation(failure=failure)
    assert isinstance(outcome, Returned)
    return split_outputs(outcome.value, names, accept_lists=accept_lists)


def split_outputs(value: Value, names: Sequence[str], *, accept_lists: bool = False) -> Observation:
    """The returned value taken apart into the outputs that the signature names."""
    if len(names) == 1:
        output = _array_of(value) if accept_lists and isinstance(value, Items) else None
        return Observation({names[0]: _output(value) if output is None else output})
    if isinstance(value, Items) and len(value.items) == len(names):
        return Observation(
            {name: _output(item) for name, item in zip(names, value.items, strict=True)}
        )
    if isinstance(value, Plain) and value.value is None:
        return Observation(failure=Failure("returned_nothing"))
    count = f"{len(value.items)}" if isinstance(value, Items) else "1"
    return Observation(failure=Failure("wrong_count", count))


def _array_of(items: Items) -> Output | None:
    """The array of a list of numbers; None if it holds anything else."""
    outputs = [_output(item) for item in items.items]
    if all(isinstance(output, np.ndarray) and output.shape == () for output in outputs):
        return np.array(outputs)
    return None


def _output(value: Value) -> Output:
    if isinstance(value, Array) and value.dtype in NUMERIC_DTYPES:
        return view_array(value)
    if isinstance(value, Items):
        items = [_described(item) for item in value.items]
        return NotAnArray(value.kind, brief(items if value.kind == "list" else tuple(items)))
    if isinstance(value, Opaque):
        return NotAnArray(value.type_name, value.text)
    if isinstance(value, Array):
        # A dtype that does not travel: an empty array that has it tells all there is to tell.
        return np.empty(0, dtype=object if value.dtype == "object" else "U1")
    if isinstance(value.value, (bool, int, float)):
        return np.asarray(value.value)
    return NotAnArray(type(value.value).__name__, brief(value.value))


def _described(leaf: Leaf) -> Any:
    """What :func:`brief` can describe: the array or the scalar itself."""
    if isinstance(leaf, Array) and leaf.dtype in NUMERIC_DTYPES:
        return view_array(leaf)
    return leaf.value if isinstance(leaf, Plain) else leaf


def change_of(name: str, array: NumpyArray, element: Element | None) -> Change | None:
    """The element of the argument ``array`` that the student's process says it changed; None
    where it says none, or there is no such one."""
    if element is None or len(element.index) != array.ndim:
        return None
    if any(at >= length for at, length in zip(element.index, array.shape, strict=True)):
        return None
    return Change(name, element.index, array[element.index].item(), element.value)


def failure_of(outcome: Outcome) -> Failure | None:
    match outcome:
        case Died(reason, detail, at):
            return Failure(reason, detail, loop=at)
        case Missing(callable=found):
            return Failure("not_callable" if found else "missing_function")
        case Raised(exception=exception):
            return Failure(_kind(exception), exception=exception)
    return None


def _kind(exception: ExceptionInfo) -> FailureKind:
    name, message = exception.type_name, exception.message
    if name == "MemoryError" or (name == "OSError" and message.startswith("[Errno 12]")):
        return "memory"
    if name == "PermissionError" or (name, message) == ("RuntimeError", _NO_THREAD):
        return "forbidden"
    if name == "RecursionError" and "during" not in message:  # during compilation
        return "recursion"
    if name in ("SyntaxError", "IndentationError", "TabError"):
        return "syntax"
    return "exception"
