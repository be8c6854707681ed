"""Processor time and sleep count, and a busy machine does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from autograder.sandbox import clock as clocks
from autograder.sandbox.clock import STALLED, UNTOLD, Clock, ProcessMeter, Usage

SECONDS, CALL = 2.0, 0.25


class Machine(ProcessMeter):
    """A process on a machine whose times are made up; it goes on as :meth:`passes` says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = 100.0
        self.processor = self.waited = self.late = 0.0
        self.tells = True
        self.runs = False
        monkeypatch.setattr("autograder.sandbox.clock.time.monotonic", lambda: self.wall)

    @property
    def tells_waiting(self) -> bool:
        return self.tells

    def usage(self) -> Usage | None:
        return Usage(self.wall, self.processor, self.processor + self.waited, self.late)

    def is_running(self) -> bool:
        return self.runs

    def passes(
        self, seconds: float, *, busy: float = 0, waiting: float = 0, late: float = 0
    ) -> None:
        """So much time, of which ``busy`` in a processor and ``waiting`` for one; ``late``: in
        which the grader waited for one."""
        self.wall += seconds
        self.processor += busy
        self.waited += waiting
        self.late += late


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def rounds(
    clock: Clock, machine: Machine, *, busy: float = 0, waiting: float = 0, late: float = 0
) -> float:
    """Wait by the clock, in rounds of which these parts pass, until the time is up; up to a
    thousand rounds. The wall time that it took."""
    start = machine.wall
    for _ in range(1000):
        left = clock.left(machine)
        if left <= 0:
            break
        machine.passes(left, busy=busy * left, waiting=waiting * left, late=late * left)
        clock.has_waited(machine)
    return machine.wall - start


@pytest.mark.parametrize(
    ("parts", "seconds", "limit"),
    [
        ({"busy": 1.0}, CALL, CALL),
        ({"busy": 0.1, "waiting": 0.9}, 10 * CALL, CALL),  # ten processes to a processor
        ({}, SECONDS, SECONDS),  # sleeps
        ({"waiting": 0.5}, 2 * SECONDS, SECONDS),
        ({"late": 0.5}, 2 * SECONDS, SECONDS),
        ({"waiting": 1.0}, STALLED * SECONDS, SECONDS),  # nobody waits for ever
    ],
)
def test_processor_time_and_sleep_have_limits(
    machine: Machine, parts: dict[str, float], seconds: float, limit: float
) -> None:
    clock = Clock(SECONDS)
    clock.start(SECONDS, CALL)
    taken = rounds(clock, machine, **parts)
    assert seconds <= taken + 1e-6
    assert taken <= seconds + clocks.UNMEASURED + clocks.LOOK_SECONDS
    assert clock.limit == limit


def test_calls_have_limits_and_all_of_a_test_together(machine: Machine) -> None:
    clock = Clock(SECONDS)
    clock.start(SECONDS, CALL)
    calls = 0
    while clock.left(machine) > 0 and calls < 100:
        for _ in range(4):
            if clock.left(machine) <= 0:
                break
            machine.passes(0.05, busy=0.05)
            clock.has_waited(machine)
        clock.start_call()
        calls += 1
    assert SECONDS / 0.2 - 1 <= calls <= SECONDS / 0.2 + 2
    assert clock.limit == SECONDS


def test_the_limit_of_a_call_is_no_higher_than_that_of_a_test(machine: Machine) -> None:
    clock = Clock(SECONDS)
    clock.start(SECONDS, 60.0)
    assert rounds(clock, machine, busy=1.0) <= SECONDS + 2 * clocks.UNMEASURED


def test_a_wait_that_is_told_late_is_made_up_for(machine: Machine) -> None:
    """Linux tells how long a process waited once it has a processor again."""
    clock = Clock(SECONDS)
    machine.runs = True
    for _ in range(10):
        assert clock.left(machine) > 0
        machine.passes(0.3)
        clock.has_waited(machine)
    machine.passes(0.0, waiting=3.0)
    machine.runs = False
    assert clock.left(machine) > 0


def test_answers_meanwhile_do_not_hide_sleep(machine: Machine) -> None:
    """A process that calls a function of the grader now and then is still in the same call."""
    clock = Clock(SECONDS)
    waits = 0
    while clock.left(machine) > 0 and waits < 1000:
        machine.passes(0.02)
        clock.has_waited(machine)
        waits += 1
    assert waits <= (SECONDS + clocks.UNMEASURED) / 0.02 + 2


def test_where_waiting_is_not_told_sleep_may_be_waiting(machine: Machine) -> None:
    machine.tells = False
    clock = Clock(SECONDS)
    assert rounds(clock, machine) + 1e-6 >= UNTOLD * SECONDS


def test_without_a_meter_wall_time_counts(machine: Machine) -> None:
    clock = Clock(SECONDS)
    machine.passes(1.5)
    assert clock.left() == pytest.approx(0.5)
    assert clock.spent() == pytest.approx(1.5)


def test_what_was_spent_is_processor_time_and_sleep(machine: Machine) -> None:
    clock = Clock(60.0)
    assert clock.left(machine) > 0
    machine.passes(30.0)  # answered in time; the grader looked late
    assert clock.spent() == clocks.UNMEASURED
    for _ in range(10):
        assert clock.left(machine) > 0
        machine.passes(1.0, busy=0.2, waiting=0.5)
        clock.has_waited(machine)
    assert clock.spent() == pytest.approx(5.0 + clocks.UNMEASURED)


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells them")
def test_times_of_a_real_process() -> None:
    source = "import sys\nprint('ready', flush=True)\nsys.stdin.read(1)\nwhile True: pass\n"
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        meter = ProcessMeter(process.pid)
        try:
            before = _asleep(meter)
            time.sleep(0.05)
            after = meter.usage()
            assert after is not None
            assert after.processor - before.processor < 0.02
            process.stdin.write("x")
            process.stdin.flush()
            end = time.monotonic() + 60
            while (meter.processor_seconds() or 0) < after.processor + 0.05:
                assert time.monotonic() < end
            assert meter.is_running()
        finally:
            process.kill()
    assert meter.usage() is None
    assert not meter.is_running()
    meter.close()
    own = ProcessMeter(os.getpid())
    assert own.usage() is not None
    own.close()


def _asleep(meter: ProcessMeter) -> Usage:
    end = time.monotonic() + 60
    while meter.is_running():
        assert time.monotonic() < end
        time.sleep(0.01)
    usage = meter.usage()
    assert usage is not None
    return usage
