"""What holds for every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    # Of a shell's job in the background Ctrl-C is ignored, and every process it starts inherits
    # that: tests of interrupts would fail there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
