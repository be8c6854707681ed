"""Work that is shared out among forks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.process import BaseProcess

import pytest

from autograder.errors import CourseError
from autograder.processes.parallel import _shares, parallel_map

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")


@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_come_in_the_order_of_the_items(jobs: int, count: int) -> None:
    assert parallel_map(lambda item: item * item, list(range(count)), jobs) == [
        item * item for item in range(count)
    ]


@linux
def test_as_many_processes_as_jobs_are_at_work() -> None:
    assert len(set(parallel_map(lambda _: os.getpid(), range(8), 3))) == 3
    assert set(parallel_map(lambda _: os.getpid(), range(8), 1)) == {os.getpid()}


def test_the_error_is_that_of_a_loop() -> None:
    def fails(item: int) -> int:
        if item >= 2:
            raise CourseError(f"number {item}")
        return item

    for jobs in (1, 2, 3, 4):
        with pytest.raises(CourseError, match="number 2"):
            parallel_map(fails, range(6), jobs)


def test_another_error_is_that_of_a_loop_too(capfd: pytest.CaptureFixture[str]) -> None:
    def fails(item: int) -> float:
        return 1 / (item - 5)

    with pytest.raises(ZeroDivisionError):
        parallel_map(fails, range(6), 2)
    assert capfd.readouterr() == ("", "")


@linux
def test_what_a_killed_helper_leaves_is_done_all_the_same() -> None:
    us = os.getpid()

    def dies_in_a_helper(item: int) -> int:
        if os.getpid() != us:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert parallel_map(dies_in_a_helper, range(6), 3) == list(range(6))


@linux
def test_an_error_here_leaves_no_helper_behind() -> None:
    us = os.getpid()

    def sleeps_elsewhere(_: int) -> None:
        if os.getpid() != us:
            signal.pause()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel_map(sleeps_elsewhere, range(2), 2)
    assert multiprocessing.active_children() == []


def test_the_dearest_item_does_not_wait_behind_others() -> None:
    assert _shares([1, 1, 1, 30, 1], 2) == [[3], [0, 1, 2, 4]]
    assert _shares([1, 1, 1, 1], 2) == [[0, 2], [1, 3]]


@linux
def test_ctrl_c_while_helpers_start_leaves_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    start = BaseProcess.start

    def interrupted(process: BaseProcess) -> None:
        start(process)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(BaseProcess, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        # More than a pipe holds: they wait for a reader.
        parallel_map(lambda size: bytes(size), [1_000_000] * 4, 4)
    assert multiprocessing.active_children() == []
