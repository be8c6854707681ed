"""The time that one submission may use of a class, all exercises and timings together.

Each test has a limit of its own. Code that stays just below it in every test of every exercise, or
crashes in each and sleeps while it is loaded anew, would take hundreds of times as long as others.
As with those limits, processor time counts and sleep: who waits for a processor loses nothing.
"""

from __future__ import annotations


class Budget:
    """Seconds that get less."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def take(self, seconds: float) -> None:
        """Note what was used."""
        self._left -= seconds

    @property
    def is_spent(self) -> bool:
        return self._left <= 0
