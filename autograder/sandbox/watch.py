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
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from autograder.sandbox.endless_loops import PURE, Loop, is_opaque, loops_around

# Seconds of processor time between two looks at what is running.
LOOK_SECONDS: Final = 0.01
# Lines that are traced in the first look, or instructions; in later ones more.
_EVENTS: Final = 300
# Functions that are looked at, the last that were called.
_MAX_FRAMES: Final = 50
_MAX_FILES: Final = 16
_MAX_ITEMS: Final = 16

_SCALARS: Final = (bool, int, float, complex, str, type(None))
_MODULES: Final = ("math", "numpy")
_BUILTINS: Final = dict(vars(builtins))
_ABSENT: Final = object()

Place: TypeAlias = tuple[str, int]
State: TypeAlias = tuple[Any, ...]


class EndlessLoopError(BaseException):
    """Ends the call in which the loop is."""


class Suspect(NamedTuple):
    """A loop that came back to a place in the same state."""

    frame: FrameType
    loop: Loop
    place: Place
    state: State

    def is_elsewhere(self, other: Suspect) -> bool:
        """Whether they are the same loop at different places."""
        is_same = self.frame is other.frame and self.loop == other.loop
        return is_same and self.place != other.place


class Watch:
    """Looks now and then at what runs in this process, and ends what never will by itself."""

    def __init__(self) -> None:
        self.files: Mapping[str, str] = {}
        """The texts of student code that has run, by the names that it was compiled with."""
        self.found: tuple[str, int] | None = None
        """The file and the line of the loop that was ended."""
        self._is_looking = False
        self._ticks = 0
        self._traced: dict[FrameType, list[Visited]] = {}
        self._events = 0
        self._suspect: Suspect | None = None

    def start(self) -> None:
        """Look every :data:`LOOK_SECONDS` of this process's time, where the system has a clock for
        that."""
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, LOOK_SECONDS, LOOK_SECONDS)

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Do not look meanwhile, where somebody counts what this process does."""
        is_on = hasattr(signal, "setitimer") and signal.getitimer(signal.ITIMER_PROF)[1] > 0
        if is_on:
            signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            yield
        finally:
            if is_on:
                self.start()

    def rest(self) -> None:
        """Forget what was seen: the call is over."""
        if self._ticks:
            self._ticks = 0
            self._stop()
            self._suspect = None

    def _tick(self, _: int, frame: FrameType | None) -> None:
        # This comes in the middle of anything: of itself, of code that is deep in calls or has no
        # memory left.
        if self._is_looking:
            return
        self._is_looking = True
        try:
            self._ticks += 1
            # To be traced makes code slow for a while, so that is done less and less often.
            if self._suspect is not None or self._ticks & (self._ticks - 1) == 0:
                self._look(frame)
        except (RecursionError, MemoryError):
            self._stop()
        finally:
            self._is_looking = False

    def _look(self, frame: FrameType | None) -> None:
        self._stop()
        if sys.gettrace() is not None:  # somebody else's
            return
        if len(self.files) > _MAX_FILES or any(map(is_opaque, self.files.values())):
            return
        for _ in range(_MAX_FRAMES):
            if frame is None:
                break
            source = self.files.get(frame.f_code.co_filename)
            around = [] if source is None else _loops_around(source, frame)
            if around and _is_plain_function(frame):
                self._traced[frame] = [Visited(loop) for loop in around]
                frame.f_trace = self._trace
                frame.f_trace_opcodes = any(loop.is_bare for loop in around)
            frame = frame.f_back
        if self._traced:
            self._events = _EVENTS * self._ticks
            sys.settrace(_leave_alone)

    def _stop(self) -> None:
        traced, self._traced = self._traced, {}  # the next look may come meanwhile
        for frame in traced:
            frame.f_trace = None
            frame.f_trace_opcodes = False
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
        """Whether a loop is where it was before, with all that it follows from, and was so when
        this last looked: what ends by an error, after few rounds, is not taken for endless."""
        self._events -= 1
        if event == "return":
            self._traced.pop(frame, None)  # and with it what its function holds
        if not self._traced or self._events < 0:
            self._stop()
            self._suspect = None
            return False
        for visited in self._traced.get(frame, ()):
            state = visited.comes_back(frame, event)
            if state is None:
                continue
            suspect = Suspect(frame, visited.loop, (event, frame.f_lasti), state)
            if suspect == self._suspect:
                self.found = frame.f_code.co_filename, visited.loop.first
                return True
            if self._suspect is None or not suspect.is_elsewhere(self._suspect):
                self._suspect = suspect
                self._stop()
                return False
        return False


class Visited:
    """A loop while it is traced, and the state in which it was seen at each place."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._states: dict[Place, State] = {}

    def comes_back(self, frame: FrameType, event: str) -> State | None:
        """The state, where the loop was seen in the same one at the same place."""
        line = frame.f_lineno
        if line is None:
            return None
        if event == "exception" or not self.loop.first <= line <= self.loop.last:
            self._states.clear()
        elif line in self.loop.looked_at:
            # A line and its first instruction are told of one after the other.
            place, state = (event, frame.f_lasti), _state(self.loop, frame)
            if state is not None and self._states.get(place) == state:
                return state
            if state is not None:
                self._states[place] = state
        return None


def _is_plain_function(frame: FrameType) -> bool:
    """Whether it is that of a function that somebody wrote as such, whose names nobody else sets,
    or of a module."""
    code = frame.f_code
    return code.co_name == "<module>" or not code.co_name.startswith("<")


def _loops_around(source: str, frame: FrameType) -> list[Loop]:
    """The loops that a function is in at the moment; where the instruction has no line, as a jump
    back has none at times, those of the function."""
    line = frame.f_lineno
    if line is not None:
        return loops_around(source, line)
    lines = sorted({line for *_, line in frame.f_code.co_lines() if line})
    found = {loop.first: loop for line in lines for loop in loops_around(source, line)}
    return [found[first] for first in sorted(found, reverse=True)]


def _leave_alone(*_: Any) -> None:
    """Traces nothing of a function that is called."""


def _state(loop: Loop, frame: FrameType) -> State | None:
    """What the loop follows from; None where that cannot be told from a few numbers."""
    own, code = frame.f_locals, frame.f_code
    if not all(_is_fixed(own.get(name, _outer(frame, name)), name) for name in loop.fixed):
        return None
    names = (*loop.names, *loop.indices)
    # What is a function's around it, or a module's, others may set.
    if names and (code.co_name == "<module>" or any(name in code.co_freevars for name in names)):
        return None
    state = []
    for name in names:
        value = own.get(name, _ABSENT)
        if name in loop.lengths and type(value) is np.ndarray:
            state.append(value.shape)
        elif _is_plain(value):
            state.append(_described(value))
        else:
            return None
    return tuple(state)


def _outer(frame: FrameType, name: str) -> Any:
    return frame.f_globals.get(name, _BUILTINS.get(name, _ABSENT))


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
