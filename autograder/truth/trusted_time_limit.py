"""A limit on what an author's code may take: a loop without an end ends with a message.

Processor time counts, and not the time of a clock, so that a busy machine changes nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Seconds of processor time for one witness of one case. The largest ones of the course take two.
LIMIT = 60.0


class TooLong(BaseException):
    """Raised in code that takes longer; no ``except Exception`` in it stops that."""

    def __init__(self) -> None:
        super().__init__(
            f"takes more than {LIMIT:g} seconds of processor time; does a loop never end?"
        )


@contextmanager
def limited() -> Iterator[None]:
    """Raise :class:`TooLong` where what is inside takes more than :data:`LIMIT` seconds of
    processor time. Inside of another limit, that one counts. Where a system has no such timers,
    and in threads, nothing is limited."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
        or signal.getitimer(signal.ITIMER_PROF)[0]
    ):
        yield
        return
    before = signal.signal(signal.SIGPROF, _raise)
    try:
        # Again and again, lest the code itself catch everything.
        signal.setitimer(signal.ITIMER_PROF, LIMIT, 0.1)
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def _raise(number: int, frame: FrameType | None) -> None:
    raise TooLong()
