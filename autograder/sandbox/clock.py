"""Time limits of student code that do not depend on how busy the machine is.

The processor time of its process counts, and apart from it the time that it sleeps. Time in which
it waits for a processor, or for the grader, is nobody's fault and does not count.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from msgspec import Struct

# Seconds in which an answer comes as a rule; before they have passed nothing is measured.
UNMEASURED = 0.01
# Nobody waits longer at a time than this before the clock is looked at again.
LOOK_SECONDS = 0.25
SHORTEST_LOOK = 0.002
# A process that gets less of a processor than one such part for so long is ended all the same.
STALLED = 30
# How much longer a process may sleep where the system does not say how long it waited instead.
UNTOLD = 5


class Usage(Struct, frozen=True):
    """What a process has used up to now, in seconds: ``busy`` is processor time and time spent
    waiting for a processor, ``late`` the time that this process itself waited for one."""

    wall: float
    processor: float
    busy: float
    late: float


class ProcessMeter:
    """The times of another process, as Linux tells them. To be closed."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._clock = (~pid << 3) | 2  # of its processor time; see clock_getcpuclockid(3)
        self._theirs = _Schedule(f"/proc/{pid}/schedstat")
        self._own = _Schedule("/proc/thread-self/schedstat")

    @property
    def tells_waiting(self) -> bool:
        """Whether the system says how long the process waited for a processor."""
        return self._theirs.waited() is not None

    def close(self) -> None:
        self._theirs.close()
        self._own.close()

    def processor_seconds(self) -> float | None:
        """None where the system keeps it to itself."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return None

    def usage(self) -> Usage | None:
        """None where the system does not tell the processor time."""
        processor = self.processor_seconds()
        if processor is None:
            return None
        waited = self._theirs.waited() or 0.0
        return Usage(time.monotonic(), processor, processor + waited, self._own.waited() or 0.0)

    def is_running(self) -> bool:
        """Whether it has, or waits for, a processor at this moment."""
        with contextlib.suppress(OSError, IndexError):
            status = (self._folder / "stat").read_text("ascii", "replace")
            return status.rpartition(")")[2].split()[0] == "R"
        return False


class _Schedule:
    """A file in which the system says how long a process waited for a processor. It is opened
    once, as it is read at every step of a call that takes long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def waited(self) -> float | None:
        """In seconds; None where the system does not tell. Of a wait that goes on it does not
        tell yet."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY)
            return int(os.pread(self._descriptor, 100, 0).split()[1]) * 1e-9
        except (OSError, IndexError, ValueError):
            return None

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Clock:
    """How much is left of the time of a test, and of each call in it.

    Where there is a :class:`ProcessMeter` of the process, the test may take ``seconds`` of
    processor time and sleep as long, and a call may take ``call_seconds`` of processor time;
    elsewhere the test may take ``seconds`` of wall time. It may be started anew while somebody
    waits by it.
    """

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float, call_seconds: float | None = None) -> None:
        """Start the time of a test, and of the first call in it."""
        self._seconds = seconds
        self._call_seconds = seconds if call_seconds is None else min(seconds, call_seconds)
        self.limit = seconds
        """What was used up, once something is."""
        self._started = time.monotonic()
        self._first: Usage | None = None
        self._last: Usage | None = None
        self._is_metered = False
        self._looked: Usage | None = None
        self._waited = 0.0
        self.start_call()

    def start_call(self) -> None:
        """Start the time of another call of the same test."""
        self._call_started = time.monotonic()
        self._call_first: Usage | None = None

    def left(self, meter: ProcessMeter | None = None) -> float:
        """Seconds after which to look again, at the latest; 0 or less where the time is up."""
        wall = time.monotonic()
        if meter is None:
            return self._started + self._seconds - wall
        self._is_metered = True
        calm = self._call_started + min(UNMEASURED, self._call_seconds) - wall
        if calm > 0 and self._first is None:
            return calm
        now = self._looked = meter.usage()
        if now is None:
            return self._started + self._seconds - wall
        self._first = self._first or now
        self._call_first = self._call_first or now
        call = self._call_seconds - (now.processor - self._call_first.processor)
        test = self._seconds - (now.processor - self._first.processor)
        sleep = self._seconds * (1 if meter.tells_waiting else UNTOLD) - self._slept(now)
        if sleep <= 0 and meter.is_running():  # its wait for a processor has not been told yet
            sleep = SHORTEST_LOOK
        left = min(call, test, sleep, self._started + STALLED * self._seconds - wall)
        if left <= 0:
            self.limit = self._call_seconds if call <= 0 else self._seconds
            return left
        return min(max(left, SHORTEST_LOOK), LOOK_SECONDS)

    def has_waited(self, meter: ProcessMeter | None) -> None:
        """To be called after the wait that follows :meth:`left`: who slept meanwhile is told by
        it, and not whose answer was late because of the machine."""
        if meter is None or self._looked is None:
            return
        before, self._looked = self._looked, None
        now = meter.usage()
        if now is not None:
            self._last = now
            self._waited += (now.wall - before.wall) - (now.late - before.late)

    def spent(self) -> float:
        """Seconds of the test's time that have been used up so far."""
        wall = time.monotonic() - self._started
        if not self._is_metered:
            return wall
        if self._first is None or self._last is None:
            return min(wall, UNMEASURED)
        processor = self._last.processor - self._first.processor
        return UNMEASURED + processor + max(self._slept(self._last), 0.0)

    def _slept(self, now: Usage) -> float:
        """How long the process slept while it was waited for. A wait for a processor is told when
        it is over, so that this may get less."""
        return self._waited - (now.busy - self._first.busy if self._first else 0.0)
