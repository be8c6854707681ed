"""Sees, while student code runs, that a loop never ends, and ends it.

Now and then, by the processor time of the process, it looks at which functions are running. Where
one of them is in a loop of which :mod:`autograder.sandbox.endless_loops` tells what it follows
from, some lines are traced: when these names come back as they were, nothing will ever be
different. To be believed like all that this process says: a student who lies about it harms
nobody else.

Runs inside the sandbox, sent by the grader.
"""

from __future__ import annotations

import builtins
import contextlib
import signal
import sys
from collections.abc import Mapping
from types import FrameType, ModuleType
from typing import Any, Final, TypeAlias

import numpy as np

from autograder.sandbox.endless_loops import PURE, Loop, loops_in

# Seconds of processor time between two looks at what is running.
LOOK_SECONDS: Final = 0.01
# Lines that are traced, or instructions, before it is left to the next look.
_MAX_EVENTS: Final = 300
_MAX_ITEMS: Final = 16

_SCALARS: Final = (bool, int, float, complex, str, type(None))
_MODULES: Final = ("math", "numpy")
_BUILTINS: Final = dict(vars(builtins))
_ABSENT: Final = object()

Place: TypeAlias = tuple[str, int]
State: TypeAlias = tuple[Any, ...]


class EndlessLoopError(BaseException):
    """Ends the call in which the loop is."""


class Watch:
    """Looks now and then at what runs in this process, and ends what never will by itself."""

    def __init__(self) -> None:
        self.files: Mapping[str, str] = {}
        """The texts of student code by the names that it was compiled with."""
        self.found: tuple[str, int] | None = None
        """The file and the line of the loop that was ended."""
        self._traced: dict[FrameType, list[tuple[Loop, dict[Place, State]]]] = {}
        self._events = 0
        self._is_looking = False

    def start(self) -> None:
        """Look every :data:`LOOK_SECONDS` of this process's time, where the system has a clock for
        that."""
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGPROF, self._look)
            signal.setitimer(signal.ITIMER_PROF, LOOK_SECONDS, LOOK_SECONDS)

    def _look(self, _: int, frame: FrameType | None) -> None:
        # This comes in the middle of anything: of itself, of code that is deep in calls or has no
        # memory left.
        if not self._is_looking:
            self._is_looking = True
            with contextlib.suppress(RecursionError, MemoryError):
                self._look_around(frame)
            self._is_looking = False

    def _look_around(self, frame: FrameType | None) -> None:
        self._stop()
        if sys.gettrace() is not None:  # somebody else's, such as the count of lines
            return
        while frame is not None:
            source, line = self.files.get(frame.f_code.co_filename), frame.f_lineno or 0
            loops = () if source is None else loops_in(source)
            around = [loop for loop in loops if loop.first <= line <= loop.last]
            if around:
                self._traced[frame] = [(loop, {}) for loop in around]
                frame.f_trace = self._trace
                frame.f_trace_opcodes = any(loop.is_bare for loop in around)
            frame = frame.f_back
        if self._traced:
            self._events = 0
            sys.settrace(_leave_alone)

    def _stop(self) -> None:
        for frame in self._traced:
            frame.f_trace = None
            frame.f_trace_opcodes = False
        self._traced.clear()
        if sys.gettrace() is _leave_alone:
            sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        try:
            is_endless = self._comes_back(frame, event)
        except (RecursionError, MemoryError, ValueError):
            self._stop()
            return None
        if is_endless:
            self._stop()
            raise EndlessLoopError
        return self._trace if self._traced else None

    def _comes_back(self, frame: FrameType, event: str) -> bool:
        """Whether a loop is where it was before, with all that it follows from."""
        self._events += 1
        if event == "return":
            self._traced.pop(frame, None)  # and with it what its function holds
        if not self._traced or self._events > _MAX_EVENTS:
            self._stop()
            return False
        line = frame.f_lineno or 0
        for loop, states in self._traced.get(frame, ()):
            if event == "exception" or not loop.first <= line <= loop.last:
                states.clear()
            elif line in loop.looked_at:
                # A line and its first instruction are told of one after the other.
                place, state = (event, frame.f_lasti), _state(loop, frame)
                if state is not None and states.get(place) == state:
                    self.found = frame.f_code.co_filename, loop.first
                    return True
                if state is not None:
                    states[place] = state
        return False


def _leave_alone(*_: Any) -> None:
    """Traces nothing of a function that is called."""


def _state(loop: Loop, frame: FrameType) -> State | None:
    """What the loop follows from; None where that cannot be told from a few numbers."""
    own, around = frame.f_locals, frame.f_globals

    def found(name: str) -> Any:
        return own.get(name, around.get(name, _BUILTINS.get(name, _ABSENT)))

    if not all(_is_fixed(found(name), name) for name in loop.fixed):
        return None
    state = []
    for name in loop.names:
        value = found(name)
        if name in loop.lengths and type(value) is np.ndarray:
            state.append(value.shape)
        elif _is_plain(value):
            state.append(_described(value))
        else:
            return None
    return tuple(state)


def _is_fixed(value: Any, name: str) -> bool:
    """Whether it is a module of functions, or the function of Python that has this name."""
    if type(value) is ModuleType:
        return value.__name__ in _MODULES
    return name in PURE and value is _BUILTINS[name]


def _is_plain(value: Any) -> bool:
    """Whether it is a number, a text, or a short tuple of them."""
    if type(value) is tuple:
        return len(value) <= _MAX_ITEMS and all(type(one) in _SCALARS for one in value)
    return type(value) in _SCALARS or isinstance(value, np.number | np.bool_)


def _described(value: Any) -> tuple[Any, ...]:
    """What tells it from others; unlike the value itself, equal for two that are not numbers."""
    if isinstance(value, np.generic):
        return type(value), value.tobytes()
    if isinstance(value, float | complex | tuple):
        return type(value), repr(value)
    return type(value), value
