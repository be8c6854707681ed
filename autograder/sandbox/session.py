"""One process of student code, seen from the grader: ask, wait, never trust.

The levels start such processes; see :mod:`autograder.sandbox.zygote_host`.
"""

from __future__ import annotations

import secrets
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct

from autograder.sandbox.protocol import (
    HEADER,
    NUMERIC_DTYPES,
    Argument,
    Array,
    Call,
    Callback,
    CallbackResult,
    Done,
    Function,
    Items,
    Kept,
    Leaf,
    Load,
    MalformedReply,
    Missing,
    Opaque,
    PackedCall,
    Plain,
    Raised,
    Read,
    Reply,
    Request,
    Returned,
    decode_reply,
    encode,
    pack_array,
    view_array,
)


class Died(Struct, frozen=True):
    """The process is gone, and with it every answer to come.

    ``timeout``: killed when its time was up. ``cpu``: used up its CPU time. ``crashed``:
    ended by itself; ``detail`` is a signal's name or ``exit code N``. ``malformed``:
    killed because it sent something else than a reply.
    """

    reason: Literal["timeout", "cpu", "crashed", "malformed"]
    detail: str = ""


Outcome: TypeAlias = Done | Returned | Raised | Missing | Died
GraderFunction: TypeAlias = Callable[..., Any]

# Elements that an array handed to a function of the grader may always have.
_SMALL_ARRAY = 1024


class Question(Struct, frozen=True):
    """A call of ``target`` with packed arguments; without arguments, a look at it."""

    target: str
    arguments: msgspec.Raw | None = None
    keep: str | None = None
    inspect: bool = False

    def request(self, number: int) -> PackedCall | Read:
        if self.arguments is None:
            return Read(number, self.target)
        return PackedCall(number, self.target, self.arguments, self.keep, self.inspect)


class ChannelClosed(Exception):
    """The process closed its end, which it does by ending."""


class TimeIsUp(Exception):
    """The deadline passed before a whole reply had come."""


class Channel(ABC):
    """How frames get to a process of student code and back, and how it is ended."""

    @abstractmethod
    def exchange(
        self, frames: bytes, replies: int, deadline: float, limit: int
    ) -> Iterator[memoryview]:
        """Send ``frames`` and yield the payloads of the ``replies`` frames that come back.

        ``deadline`` is on :func:`time.monotonic`'s clock; ``limit`` bounds each payload
        in bytes. Raises :class:`ChannelClosed`, :class:`TimeIsUp`, :class:`MalformedReply`.
        """

    @abstractmethod
    def end(self) -> tuple[int, bytes]:
        """End the process, if need be by force: its wait status and what it printed.

        May be called again, with the same result.
        """


class Session:
    """Student code that has been started. Not shared between threads.

    Every method returns an :data:`Outcome`; once that is :class:`Died`, every later
    call returns the same. Use as a context manager, so that the process ends.
    """

    def __init__(self, channel: Channel, *, wall_seconds: float, reply_bytes: int) -> None:
        self._channel = channel
        self._wall_seconds = wall_seconds
        self._reply_bytes = reply_bytes
        self._died: Died | None = None
        self._deadline = time.monotonic() + wall_seconds
        # Unpredictable numbers: a reply written before its request was sent cannot match.
        self._number = secrets.randbits(62)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.end()

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._died is None

    def start_clock(self) -> None:
        """Give what follows, up to the next call of this, the wall time of one test."""
        self._deadline = time.monotonic() + self._wall_seconds

    def load(self, entry: str, files: Mapping[str, str]) -> Outcome:
        """Run the module ``entry`` of the submission ``files`` (name to source)."""
        return self._ask(Load(self._next(), entry, dict(files)), Functions())

    def call(
        self,
        target: str,
        arguments: Sequence[Any],
        *,
        keep: str | None = None,
        inspect: bool = False,
    ) -> Outcome:
        """Call a function of the module, or a method of a kept object.

        Arguments are arrays, Python scalars, functions (which stay here and are called
        back) or :class:`~autograder.sandbox.protocol.Kept`.
        """
        functions = Functions()
        packed = tuple(pack_argument(argument, functions) for argument in arguments)
        request = Call(self._next(), target, packed, keep, inspect)
        return self._ask(request, functions)

    def ask_all(self, questions: Sequence[Question]) -> list[Outcome]:
        """The outcomes of the questions, sent all at once, which saves a wait for each.

        Shorter than ``questions`` by what was not tried after the process died.
        """
        first = self._next()
        requests = [question.request(first + i) for i, question in enumerate(questions)]
        outcomes: list[Outcome] = []
        if self._died is not None:
            return [self._died]
        try:
            frames = b"".join(map(_frame, requests))
            replies = self._channel.exchange(
                frames, len(requests), self._deadline, self._reply_bytes
            )
            for request, payload in zip(requests, replies, strict=True):
                outcomes.append(_answer_to(request, payload))
        except (MalformedReply, TimeIsUp, ChannelClosed) as error:
            outcomes.append(self._die(error))
        return outcomes

    def read(self, target: str) -> Outcome:
        """The kept object ``target``, or its attribute after a dot."""
        return self._ask(Read(self._next(), target), Functions())

    def output(self) -> str:
        """What student code printed, cut at the limit. Ends the process."""
        return self._channel.end()[1].decode("utf-8", "replace")

    def _next(self) -> int:
        self._number = secrets.randbits(62)
        return self._number

    def _ask(self, request: Request, functions: Functions) -> Outcome:
        if self._died is not None:
            return self._died
        try:
            while True:
                (payload,) = self._channel.exchange(
                    _frame(request), 1, self._deadline, self._reply_bytes
                )
                reply = _reply_to(request, payload)
                if not isinstance(reply, Callback):
                    return reply
                result = _call_back(reply, functions)
                request = CallbackResult(request.number, result)
        except (MalformedReply, TimeIsUp, ChannelClosed) as error:
            return self._die(error)

    def _die(self, error: Exception) -> Died:
        status, _ = self._channel.end()
        if isinstance(error, TimeIsUp):
            self._died = Died("timeout")
        elif isinstance(error, MalformedReply):
            self._died = Died("malformed", str(error))
        else:
            self._died = _cause_of_death(status)
        return self._died


def pack_arguments(arguments: Sequence[Any]) -> msgspec.Raw:
    """The arguments of a call, encoded once to be sent many times. No functions."""
    return msgspec.Raw(
        encode(tuple(pack_argument(argument, Functions()) for argument in arguments))
    )


def _frame(request: Request | PackedCall) -> bytes:
    payload = encode(request)
    return HEADER.pack(len(payload)) + payload


def _reply_to(request: Request | PackedCall, payload: memoryview) -> Reply:
    reply = decode_reply(payload)
    if reply.number != request.number:
        raise MalformedReply("a reply to something that was not asked")
    expected = Done if isinstance(request, Load) else (Returned, Callback)
    if not isinstance(reply, (Raised, Missing)) and not isinstance(reply, expected):
        raise MalformedReply("a reply of the wrong kind")
    return reply


def _answer_to(request: PackedCall | Read, payload: memoryview) -> Outcome:
    reply = _reply_to(request, payload)
    if isinstance(reply, Callback):
        raise MalformedReply("calls a function that it was not given")
    return reply


class Functions:
    """The grader's functions that one call hands over, and how large an array they take.

    They run here. An array far larger than those of the call, on which broadcasting makes
    one larger still, could use up the grader's memory.
    """

    def __init__(self) -> None:
        self.by_number: list[GraderFunction] = []
        self._largest = _SMALL_ARRAY

    def saw(self, array: np.ndarray[Any, Any]) -> None:
        """Note an array among the arguments of the call."""
        self._largest = max(self._largest, array.size)

    def take(self, argument: Any) -> bool:
        """Whether a function may be called with this."""
        if isinstance(argument, np.ndarray):
            return argument.size <= self._largest
        return not isinstance(argument, (Array, Opaque))


def pack_argument(argument: Any, functions: Functions) -> Argument:
    """The argument as it travels; a function is entered in ``functions`` under its number."""
    if isinstance(argument, np.ndarray):
        functions.saw(argument)
        return pack_array(argument)
    if isinstance(argument, Kept):
        return argument
    if callable(argument):
        functions.by_number.append(argument)
        return Function(len(functions.by_number) - 1)
    return Plain(argument)


def _call_back(callback: Callback, functions: Functions) -> Array | Plain | Items | None:
    """Call the grader's own function on what student code handed it."""
    if not 0 <= callback.function < len(functions.by_number):
        raise MalformedReply("calls a function that it was not given")
    function = functions.by_number[callback.function]
    arguments = [unpack_leaf(leaf) for leaf in callback.arguments]
    if not all(functions.take(argument) for argument in arguments):
        return None
    try:
        with np.errstate(all="ignore"):
            result = function(*arguments)
    except Exception:
        # Our function, the student's arguments: a wrong shape, or too few.
        return None
    if isinstance(result, tuple):
        return Items("tuple", tuple(_pack_result(item) for item in result))
    return _pack_result(result)


def _pack_result(result: Any) -> Array | Plain:
    if isinstance(result, (np.ndarray, np.generic)) and np.ndim(result):
        return pack_array(np.asarray(result))
    return Plain(result.item() if isinstance(result, (np.ndarray, np.generic)) else result)


def unpack_leaf(leaf: Leaf) -> Any:
    """A numeric array, a Python scalar, or the description of what is neither."""
    if isinstance(leaf, Plain):
        return leaf.value
    if isinstance(leaf, Array) and leaf.dtype in NUMERIC_DTYPES:
        return view_array(leaf)
    return leaf


def unpack_items(items: Items) -> list[Any]:
    return [unpack_leaf(leaf) for leaf in items.items]


def _cause_of_death(status: int) -> Died:
    if status < 0:  # a signal
        number = -status
        if number == signal.SIGXCPU:
            return Died("cpu")
        try:
            return Died("crashed", signal.Signals(number).name)
        except ValueError:
            return Died("crashed", f"signal {number}")
    return Died("crashed", f"exit code {status}")
