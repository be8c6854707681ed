"""One function of many items, worked out by a few forks of this process (Linux)."""

from __future__ import annotations

import contextlib
import heapq
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from autograder.errors import AutograderError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Elsewhere it is unsafe.
CAN_FORK = sys.platform == "linux" and hasattr(os, "fork")
# To fork more than this takes longer than they would save of what comes before grading.
_MAX_FORKS = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    cost: Callable[[Item], float] = lambda _: 1.0,
) -> list[Result]:
    """``function`` of each item, in their order, with ``jobs`` processes at work on it; this one
    alone where forks are unsafe.

    Results of forks are pickled. Raises the :class:`AutograderError` of the first item that has
    one, as a loop would. ``cost`` says how the items compare in time.
    """
    first, *others = _shares([cost(item) for item in items], jobs if CAN_FORK else 1)
    helpers: list[_Helper[Item, Result]] = []
    try:
        with _interrupts_held():  # a helper that nobody knows of would never be stopped
            for share in others:
                helpers.append(_Helper(function, items, share))
        found = _work_out(function, items, first)
        for helper in helpers:
            found.add(helper.take() or _work_out(function, items, helper.share))
    finally:
        for helper in helpers:
            helper.stop()
    if found.errors:
        raise found.errors[min(found.errors)]
    return [found.results[number] for number in range(len(items))]


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes at the end."""
    if not CAN_FORK:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processors() -> int:
    """How many processes are worth forking for a moment's work, however many grade later."""
    if not CAN_FORK:
        return 1
    return min(len(os.sched_getaffinity(0)), _MAX_FORKS)


def _shares(costs: Sequence[float], jobs: int) -> list[list[int]]:
    """Who is to do what, about as much each: the dearest first, to who has least to do."""
    shares: list[list[int]] = [[] for _ in range(max(min(jobs, len(costs)), 1))]
    heap = [(0.0, number) for number in range(len(shares))]
    for item in sorted(range(len(costs)), key=lambda item: -costs[item]):
        load, number = heapq.heappop(heap)
        shares[number].append(item)
        heapq.heappush(heap, (load + costs[item], number))
    return [sorted(share) for share in shares]


class _Found(Struct, Generic[Result]):
    """Results and errors by the number of their item."""

    results: dict[int, Result]
    errors: dict[int, AutograderError]

    def add(self, other: _Found[Result]) -> None:
        self.results |= other.results
        self.errors |= other.errors


def _work_out(
    function: Callable[[Item], Result], items: Sequence[Item], share: Sequence[int]
) -> _Found[Result]:
    found: _Found[Result] = _Found({}, {})
    for number in share:
        try:
            found.results[number] = function(items[number])
        except AutograderError as error:
            found.errors[number] = error
            break
    return found


class _Helper(Generic[Item, Result]):
    """A fork at work on its share."""

    def __init__(
        self, function: Callable[[Item], Result], items: Sequence[Item], share: Sequence[int]
    ) -> None:
        import multiprocessing  # which there is none of in a browser

        self.share = share
        context: Any = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe(duplex=False)
        arguments = (theirs, os.getpid(), function, items, share)
        self._process = context.Process(target=_help, args=arguments)
        self._process.start()
        theirs.close()

    def take(self) -> _Found[Result] | None:
        """What it has found; None where it was killed, for lack of memory perhaps."""
        with contextlib.suppress(EOFError, OSError):
            found: _Found[Result] = self._connection.recv()
            return found
        return None

    def stop(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()


def _help(
    connection: Connection[_Found[Result], Mapping[str, Any]],
    parent: int,
    function: Callable[[Item], Result],
    items: Sequence[Item],
    share: Sequence[int],
) -> None:
    from autograder.processes.lifetime import exit_with_parent

    exit_with_parent(parent)
    # Ctrl-C reaches every process of the terminal; the main one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(Exception):  # the main one will meet it, too
        connection.send(_work_out(function, items, share))
