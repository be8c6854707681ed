"""The processor that a worker shares with the processes that it talks to (Linux)."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# So long a worker stays where it is before the kernel may move it.
_SECONDS = 1.0


class Processor:
    """Holds a worker and its processes on one processor.

    A worker and the process of student code that it talks to are hardly ever busy at the
    same time. On one processor they hand over to each other without waking another one, which
    saves a tenth of the processor time. As batch work, neither interrupts the other for every
    message: answers are read when all of a test's have come.

    Which processor is the kernel's choice: other commands and containers grade on the same machine.
    Every second, all may go anywhere for one submission, and stay where that has led. Only workers
    that start together have one each at first, by their ``place`` among themselves.

    ``others`` tells the processes that belong to the worker: the one that forks those of student
    code, which inherit all this, and the one that reads what was handed in.
    """

    def __init__(self, others: Callable[[], Iterable[int]], place: int | None = None) -> None:
        self._others = others
        self._place = place
        self._until = 0.0
        self._is_bound = False
        self._allowed: set[int] = set()
        if hasattr(os, "sched_getaffinity"):
            self._allowed = os.sched_getaffinity(0)
            for pid in (0, *others()):
                with contextlib.suppress(OSError):  # a hint: in some containers it is refused
                    os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))

    def settle(self) -> None:
        """Stay here, or let go when that is due; to be called between two submissions."""
        if len(self._allowed) < 2:
            return
        if not self._is_bound:
            with contextlib.suppress(OSError, IndexError, ValueError):  # there is no /proc
                self._may_run_on({self._next()})
            self._until = time.monotonic() + _SECONDS
            self._is_bound = True
        elif time.monotonic() >= self._until:
            self._may_run_on(self._allowed)
            self._is_bound = False

    def _next(self) -> int:
        """The processor to stay on."""
        place, self._place = self._place, None
        processors = sorted(self._allowed)
        return _current() if place is None else processors[place % len(processors)]

    def _may_run_on(self, processors: set[int]) -> None:
        for pid in (0, *self._others()):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(pid, processors)


def _current() -> int:
    """The processor that runs this."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[36])
