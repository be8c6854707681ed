"""One process of student code, seen from the grader: ask, wait, never trust.

Such processes are started in :mod:`autograder.sandbox.zygote_host`, and where there is no fork in
:mod:`autograder.sandbox.plain_host`.
"""

from __future__ import annotations

import math
import secrets
import signal
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct

from autograder.sandbox.clock import Clock
from autograder.sandbox.protocol import (
    HEADER,
    NUMERIC_DTYPES,
    Again,
    Answer,
    Argument,
    Array,
    Call,
    Callback,
    CallbackResult,
    Done,
    Endless,
    Frame,
    Function,
    Items,
    Known,
    Leaf,
    Listed,
    Load,
    MalformedReply,
    Missing,
    Plain,
    Raised,
    Read,
    RemoteRef,
    Request,
    Returned,
    decode_reply,
    encode,
    pack_array,
    view_array,
)


class Died(Struct, frozen=True):
    """The process is gone, and with it every answer to come.

    ``timeout``: killed when its time was up; ``detail`` is how long that was, in seconds.
    ``endless``: ended, by its own account, since the loop in the line ``at`` never ends.
    ``cpu``: used up its CPU time. ``crashed``: ended by itself; ``detail`` is a signal's name or
    ``exit code N``. ``malformed``:
    killed because it sent something else than a reply. ``oversized``: killed because it
    sent too much.
    """

    reason: Literal["timeout", "endless", "cpu", "crashed", "malformed", "oversized"]
    detail: str = ""
    at: Frame | None = None


Outcome: TypeAlias = Done | Returned | Raised | Missing | Died
GraderFunction: TypeAlias = Callable[..., Any]

# Elements that an array handed to a function of the grader may always have.
_SMALL_ARRAY = 1024
# Bytes that the first message of a process may have.
_GREETING = 1024
# All results that are kept at a time, in results of the largest size.
_LARGEST_REPLIES = 4


def question(
    target: str,
    arguments: Sequence[Any] | None = None,
    *,
    keep: str | None = None,
    inspect: bool = False,
    holds: bool = False,
    in_place: bool = False,
    follows: bool = False,
) -> Question:
    """A call of ``target`` with ``arguments``; without them, a look at it. See
    :meth:`Session.call` for ``arguments``, ``keep`` and ``inspect``, and
    :class:`~autograder.sandbox.protocol.Call` for ``holds``, ``in_place`` and ``follows``."""
    functions = Functions()
    if arguments is None:
        return Question(Read(0, target, keep, follows), functions)
    packed = _pack_arguments(arguments, functions)
    call = Call(0, target, packed, keep, inspect, holds=holds, in_place=in_place, follows=follows)
    return Question(call, functions)


class Script:
    """The questions of several tests, encoded once to be asked of many processes."""

    def __init__(self, tests: Sequence[Sequence[Question]]) -> None:
        number = _new_number()
        self.numbers: list[range] = []
        """Of the questions, by test."""
        self.tests: list[list[Question]] = []
        """The questions, with their numbers, by test."""
        for questions in tests:
            self.numbers.append(range(number, number + len(questions)))
            self.tests.append(
                [
                    Question(msgspec.structs.replace(one.request, number=of_one), one.functions)
                    for of_one, one in zip(self.numbers[-1], questions, strict=True)
                ]
            )
            number += len(questions)

    @cached_property
    def _encoded(self) -> tuple[bytes, list[int]]:
        """All questions, and where those of each test begin."""
        frames = bytearray()
        begins: list[int] = []
        for questions in self.tests:
            begins.append(len(frames))
            for one in questions:
                frames += _frame(one.request)
        return bytes(frames), begins

    def frames(self, first: int) -> memoryview:
        """What asks the questions of all the tests from the one with the number ``first`` on."""
        frames, begins = self._encoded
        return memoryview(frames)[begins[first] :]


class ChannelClosed(Exception):
    """The process closed its end, which it does by ending."""


class ZygoteEnded(Exception):
    """What starts the processes is gone; a new one can take its place."""


class TimeIsUp(Exception):
    """The time was up before a whole reply had come."""


class EndlessLoop(Exception):
    """The process says that a loop never ends, the one at ``frame``."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.frame = frame


class ReplyTooLarge(Exception):
    """A reply is announced that is larger than what is left of the :class:`Allowance`."""


class Allowance:
    """How many bytes of results the grader takes, each and together.

    Results are kept until an exercise is judged. A reply a test of the largest size would
    otherwise add up to more memory than the machine has.
    """

    def __init__(self, reply_bytes: int) -> None:
        self._reply_bytes = reply_bytes
        self._left = _LARGEST_REPLIES * reply_bytes
        self.largest = reply_bytes
        """The size of the largest payload that is still to be taken."""

    def spend(self, size: int) -> None:
        self._left -= size
        self.largest = self._reply_bytes if self._left > self._reply_bytes else self._left

    def give_back(self, size: int) -> None:
        """For a payload that was not kept."""
        self.spend(-size)


class Channel(ABC):
    """How frames get to a process of student code and back, and how it is ended."""

    pid: int | None = None
    """As the process said before it had seen any student code."""

    @abstractmethod
    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[list[memoryview]]:
        """Send ``frames`` and yield the payloads of the ``replies`` frames that come back, as many
        at a time as have come.

        The payloads are taken from ``allowance``. Raises :class:`ChannelClosed`, :class:`TimeIsUp`,
        :class:`ReplyTooLarge`, :class:`MalformedReply`.
        """

    @abstractmethod
    def end(self) -> tuple[int, bytes]:
        """End the process, if need be by force: its wait status and what it printed.

        May be called again, with the same result.
        """

    def take_output(self) -> bytes:
        """What the process printed since this was asked last; unless it can go on, it is ended."""
        return self.end()[1]

    def processor_seconds(self) -> float | None:
        """The processor time that the process has used, as the system tells it; None where it
        does not."""
        return None

    def wait_for_greeting(self, seconds: float) -> str | None:
        """Wait until the process can be asked, and return None. Where it never can, end it, and
        return what it said last."""
        try:
            ((payload,),) = self.exchange(b"", 1, Clock(seconds), Allowance(_GREETING))
            self.pid = decode_reply(payload).number
        except (MalformedReply, ReplyTooLarge, TimeIsUp, ChannelClosed):
            return last_line(self.end()[1].decode("utf-8", "replace"))
        return None


def last_line(complaint: str) -> str:
    """The end of what a process complained of, for an error of one line."""
    lines = complaint.strip().splitlines()
    return lines[-1] if lines else "no reason given"


class Session:
    """Student code that has been started. Not shared between threads.

    Every method returns an :data:`Outcome`; once that is :class:`Died`, every later
    call returns the same. Use as a context manager, so that the process ends.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        wall_seconds: float,
        reply_bytes: int,
        is_first: bool = True,
        goes_on: bool = False,
        is_short: bool = False,
    ) -> None:
        self._channel = channel
        self.is_first = is_first
        """Whether no other code has been loaded in this process before."""
        self.is_short = is_short
        """Whether who takes long is run again elsewhere, and need not be waited for."""
        self._goes_on = goes_on
        self.is_over = False
        """Whether its :meth:`output` has been asked for, after which nothing else is."""
        self._wall_seconds = wall_seconds
        self.allowance = Allowance(reply_bytes)
        """May be shared with the sessions before and after this one."""
        self._died: Died | None = None
        self._clock = Clock(wall_seconds)
        self._used = 0.0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.end()

    @property
    def died(self) -> Died | None:
        """How the process ended; None while it can still be asked."""
        return self._died

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._died is None

    def start_clock(self, seconds: float | None = None, call_seconds: float | None = None) -> None:
        """Give what follows, up to the next call of this, the time of one test, or ``seconds``;
        and each call in it ``call_seconds`` of processor time, where that is less."""
        self._used += self._clock.spent()
        self._clock.start(self._wall_seconds if seconds is None else seconds, call_seconds)

    def used(self) -> float:
        """Seconds that have passed on the clock, however often it was started."""
        return self._used + self._clock.spent()

    def spent(self) -> float:
        """Seconds that have passed on the clock since it was started."""
        return self._clock.spent()

    def load(self, entry: str, files: Mapping[str, str]) -> Outcome:
        """Run the module ``entry`` of the submission ``files`` (name to source)."""
        return self._ask(Load(_new_number(), entry, dict(files)), Functions())

    def call(
        self,
        target: str,
        arguments: Sequence[Any],
        *,
        keep: str | None = None,
        inspect: bool = False,
        count: int = 0,
    ) -> Outcome:
        """Call a function of the module, or a method of a kept object.

        Arguments are arrays, Python scalars, functions (which stay here and are called
        back), :class:`~autograder.sandbox.protocol.RemoteRef`, or lists and tuples of them.
        ``count`` counts lines, see :class:`~autograder.sandbox.protocol.Call`; the number comes
        from the student's process, which may lie about it.
        """
        functions = Functions()
        packed = _pack_arguments(arguments, functions)
        request = Call(_new_number(), target, packed, keep, inspect, count)
        return self._ask(request, functions)

    def ask_all(
        self, script: Script, first: int = 0, call_seconds: Sequence[float | None] = ()
    ) -> Iterator[Replies]:
        """The replies to one test of the script after the other, from the one with the number
        ``first`` on; each test has the time of one, and a call ``call_seconds``, which are given by
        test.

        All the questions are sent at once: that saves a wait for each. Where the process dies,
        the last replies are those to the test that it died of.
        """
        numbers = script.numbers[first:]
        asked = list(chain.from_iterable(script.tests[first:]))
        replies = self._channel.exchange(
            script.frames(first), len(asked), self._clock, self.allowance
        )
        come: list[memoryview] = []
        for number, of_test in enumerate(numbers, first):
            self.start_clock(call_seconds=call_seconds[number] if call_seconds else None)
            try:
                while len(come) < len(of_test):
                    new = next(replies)
                    result = self._called_back(asked[len(new) - 1], new[-1])
                    if result is not None:
                        del new[-1]
                        replies = self._channel.exchange(
                            _frame(result), len(asked) - len(new), self._clock, self.allowance
                        )
                    if new:
                        del asked[: len(new)]
                        self._clock.start_call()
                    come += new
            except (MalformedReply, ReplyTooLarge, TimeIsUp, ChannelClosed) as error:
                self.die(error)
            payloads, come = come[: len(of_test)], come[len(of_test) :]
            yield Replies(self, of_test, payloads)
            if self._died is not None:
                return

    def _called_back(self, question: Question, payload: memoryview) -> CallbackResult | None:
        """The result of the function that student code calls; None where the payload is something
        else, such as the reply to the question."""
        if not question.functions.by_number:
            return None
        reply = decode_reply(payload)
        if not isinstance(reply, Callback) or reply.number != question.request.number:
            return None
        self.allowance.give_back(len(payload))
        return CallbackResult(reply.number, call_back(reply, question.functions))

    def read(self, target: str, *, keep: str | None = None) -> Outcome:
        """The kept object ``target``, or its attribute after a dot, or a name of the module."""
        return self._ask(Read(_new_number(), target, keep), Functions())

    def seconds(self) -> float:
        """A clock for what student code does: the processor time of its process, by which it does
        not matter how busy the machine is; the wall time where the system does not tell."""
        spent = self._channel.processor_seconds()
        return time.perf_counter() if spent is None else spent

    def output(self) -> str:
        """What student code printed, cut at the limit. Ends the process, unless that is to go on
        with other code."""
        self.is_over = True
        goes_on = self._goes_on and self._died is None
        printed = self._channel.take_output() if goes_on else self._channel.end()[1]
        return printed.decode("utf-8", "replace")

    def _ask(self, request: Request, functions: Functions) -> Outcome:
        if self._died is not None:
            return self._died
        self._clock.start_call()
        try:
            while True:
                ((payload,),) = self._channel.exchange(
                    _frame(request), 1, self._clock, self.allowance
                )
                reply = _reply_to(request, payload)
                if not isinstance(reply, Callback):
                    return reply
                self.allowance.give_back(len(payload))
                result = call_back(reply, functions)
                request = CallbackResult(request.number, result)
        except (MalformedReply, ReplyTooLarge, TimeIsUp, ChannelClosed, EndlessLoop) as error:
            return self.die(error)

    def die(self, error: Exception) -> Died:
        """End the process because of ``error``, and say how it died."""
        status, _ = self._channel.end()
        if isinstance(error, TimeIsUp):
            self._died = Died("timeout", f"{self._clock.limit:g}")
        elif isinstance(error, ReplyTooLarge):
            self._died = Died("oversized")
        elif isinstance(error, EndlessLoop):
            self._died = Died("endless", at=error.frame)
        elif isinstance(error, MalformedReply):
            self._died = Died("malformed", str(error))
        else:
            self._died = _cause_of_death(status)
        return self._died


class Replies:
    """The replies to several questions, as they came.

    They are read when they are asked for. Who has read the same ``content`` before need not.
    """

    def __init__(
        self, session: Session, numbers: Sequence[int], payloads: list[memoryview]
    ) -> None:
        self._session = session
        self._numbers = numbers
        self._payloads = payloads

    def content(self) -> tuple[memoryview, ...] | None:
        """The replies as they are; None where some are missing."""
        if len(self._payloads) < len(self._numbers):
            return None
        return tuple(self._payloads)

    def keep(self) -> tuple[bytearray, ...]:
        """A copy of the replies, which :meth:`outcomes` then looks into: what came with them in
        the same buffer need not be kept."""
        kept = tuple(map(bytearray, self._payloads))
        self._payloads = [memoryview(one) for one in kept]
        return kept

    def outcomes(self) -> list[Outcome]:
        """What the replies say. Shorter than the questions by what was not tried after the
        process died."""
        outcomes: list[Outcome] = []
        try:
            for number, payload in zip(self._numbers, self._payloads, strict=False):
                outcomes.append(_answer_to(number, payload))
        except (MalformedReply, EndlessLoop) as error:
            return [*outcomes, self._session.die(error)]
        died = self._session.died
        return outcomes if died is None else [*outcomes, died]


def _new_number() -> int:
    """One that nobody can predict: a reply written before its request was sent cannot match."""
    return secrets.randbits(62)


def _frame(request: Request) -> bytes:
    payload = encode(request)
    return HEADER.pack(len(payload)) + payload


def _reply_to(request: Request, payload: memoryview) -> Answer:
    reply = _reply_number(request.number, payload)
    expected = Done if isinstance(request, Load) else (Returned, Callback)
    if not isinstance(reply, (Raised, Missing)) and not isinstance(reply, expected):
        raise MalformedReply("a reply of the wrong kind")
    return reply


def _reply_number(number: int, payload: memoryview) -> Answer:
    reply = decode_reply(payload)
    if reply.number != number:
        raise MalformedReply("a reply to something that was not asked")
    if isinstance(reply, Endless):
        raise EndlessLoop(reply.frame)
    return reply


def _answer_to(number: int, payload: memoryview) -> Outcome:
    """The reply to a question."""
    reply = _reply_number(number, payload)
    if isinstance(reply, Done):
        raise MalformedReply("a reply of the wrong kind")
    if isinstance(reply, Callback):
        raise MalformedReply("calls a function that it was not given")
    return reply


class Functions:
    """The grader's functions that one call hands over, and what they may be called with.

    They run here, on what student code sends. An array of a shape that the call did not have,
    on which broadcasting makes a larger one still, could use up the grader's memory, and whole
    numbers without bounds its time.
    """

    def __init__(self) -> None:
        self.by_number: list[GraderFunction] = []
        self._shapes: set[tuple[int, ...]] = set()

    def saw(self, array: np.ndarray[Any, Any]) -> None:
        """Note an array among the arguments of the call."""
        self._shapes.add(array.shape)

    def admitted(self, argument: Any) -> Any:
        """The argument as a function may have it. Raises :class:`TypeError` where it may not."""
        if isinstance(argument, np.ndarray):
            # Lengths of 0 count as 1: the sum over one axis of an empty array has all the others.
            size = math.prod(length or 1 for length in argument.shape)
            if size <= _SMALL_ARRAY or argument.shape in self._shapes:
                return argument
        elif isinstance(argument, (bool, int, float)):
            return np.asarray(argument)[()]  # of fixed width; an object where it has none
        raise TypeError("not an array that the call is about, nor a number")


class Question(Struct, frozen=True, eq=False):
    """What is asked in a :class:`Script`, which gives it its number, and the functions that are
    handed over with it."""

    request: Call | Read
    functions: Functions


def _pack_arguments(arguments: Sequence[Any], functions: Functions) -> tuple[Argument, ...]:
    """The arguments as they travel; one array that is several arguments arrives as one."""
    packed: list[Argument] = []
    places: dict[int, int] = {}
    for position, argument in enumerate(arguments):
        before = places.setdefault(id(argument), position)
        packed.append(
            Again(before)
            if before < position and isinstance(argument, np.ndarray)
            else pack_argument(argument, functions)
        )
    return tuple(packed)


def pack_argument(argument: Any, functions: Functions) -> Argument:
    """The argument as it travels; a function is entered in ``functions`` under its number."""
    if isinstance(argument, np.ndarray):
        functions.saw(argument)
        return pack_array(argument)
    if isinstance(argument, RemoteRef):
        return argument
    if isinstance(argument, (list, tuple)):
        items = tuple(pack_argument(item, functions) for item in argument)
        if any(isinstance(item, (Function, Listed)) for item in items):
            raise TypeError("a list among the arguments holds arrays, numbers and objects only")
        kind: Literal["list", "tuple"] = "tuple" if isinstance(argument, tuple) else "list"
        return Listed(kind, items)  # type: ignore[arg-type]
    if callable(argument):
        functions.by_number.append(argument)
        number = len(functions.by_number) - 1
        return Function(number, parameters_of(argument), _known(argument, number, functions))
    return Plain(argument)


def _known(function: GraderFunction, number: int, functions: Functions) -> tuple[Known, ...]:
    """What the function returns for the arrays that it has as ``foreseen``."""
    known = []
    for arrays in getattr(function, "foreseen", ()):
        leaves = tuple(pack_array(np.ascontiguousarray(array)) for array in arrays)
        result = call_back(Callback(0, number, leaves), functions)
        if result is not None:
            known.append(Known(leaves, result))
    return tuple(known)


def parameters_of(function: GraderFunction) -> tuple[str, ...]:
    """The names of a function's arguments, or what it has as ``parameters``; none where it is not
    written in Python."""
    known = getattr(function, "parameters", None)
    if known is not None:
        return tuple(known)
    code = getattr(function, "__code__", None)
    return () if code is None else tuple(code.co_varnames[: code.co_argcount])


def call_back(callback: Callback, functions: Functions) -> Array | Plain | Items | None:
    """Call the grader's own function on what student code handed it."""
    if not 0 <= callback.function < len(functions.by_number):
        raise MalformedReply("calls a function that it was not given")
    function = functions.by_number[callback.function]
    try:
        arguments = [functions.admitted(unpack_leaf(leaf)) for leaf in callback.arguments]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = function(*arguments)
        if isinstance(result, tuple):
            return Items("tuple", tuple(_pack_result(item) for item in result))
        return _pack_result(result)
    except Exception:
        # Our function, the student's arguments: a wrong shape, or too few.
        return None


def _pack_result(result: Any) -> Array | Plain:
    """Raises :class:`TypeError` for what is neither an array nor a number that travels."""
    array = np.asarray(result)
    if array.dtype.str not in NUMERIC_DTYPES:
        raise TypeError(array.dtype.name)
    if array.ndim:
        return pack_array(array)
    if array.dtype.kind == "c":
        raise TypeError("a complex number does not travel by itself")
    return Plain(array.item())


def unpack_leaf(leaf: Leaf) -> Any:
    """A numeric array, a Python scalar, or the description of what is neither."""
    if isinstance(leaf, Plain):
        return leaf.value
    if isinstance(leaf, Array) and leaf.dtype in NUMERIC_DTYPES:
        return view_array(leaf)
    return leaf


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
