"""The wall time that one submission may take of a class, all exercises and timings together.

Each test has a limit of its own. Code that stays just below it in every test of every exercise, or
crashes in each and sleeps while it is loaded anew, would take hundreds of times as long as others.
"""

from __future__ import annotations

import time


class Budget:
    """A clock that runs while student code does, and never is set back."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._started: float | None = None

    def start(self) -> None:
        self._started = time.monotonic()

    def stop(self) -> None:
        """Take off what has passed since the start."""
        if self._started is not None:
            self._left -= time.monotonic() - self._started
            self._started = None

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, now."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._left <= running
