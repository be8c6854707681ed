"""A process of student code that was started and not forked: for the level ``process`` where
there is no warm process to fork from, as on Windows and macOS.

Requests come on standard input, replies go to what was standard output, and what is printed
goes to standard error. Is sent by the grader; nothing here is there on Unix alone.
"""

from __future__ import annotations

import contextlib
import os
import sys

import msgspec

# Imported before the clock of the first test starts: numpy loads these lazily.
import numpy.fft
import numpy.linalg
import numpy.random  # noqa: F401
from msgspec import Struct

from autograder.sandbox import child

MIB = 1 << 20


class PlainLimits(Struct, frozen=True):
    """What the system lets a process bound by itself; Windows nothing of it."""

    cpu_seconds: int
    memory_mib: int
    file_size_mib: int


def main(limits: object) -> None:
    """Serve until standard input is closed."""
    reader, writer = os.dup(0), os.dup(1)
    for descriptor in (reader, writer):
        _set_binary(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    child.open_output()
    child.keep_axes()
    _limit(msgspec.convert(limits, PlainLimits))
    server = child.Server(reader, writer)
    server.watch.start()
    server.greet()
    try:
        server.serve()
    finally:
        os._exit(0)


def _set_binary(descriptor: int) -> None:
    """Windows changes line ends in what it takes for text."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)


def _limit(limits: PlainLimits) -> None:
    try:
        import resource
    except ImportError:
        return
    bounds = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (limits.file_size_mib * MIB,) * 2,
        # SIGXCPU first, which tells the reason.
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
    }
    have = _virtual_memory()
    if have:
        bounds[resource.RLIMIT_AS] = (have + limits.memory_mib * MIB,) * 2
    for name, value in bounds.items():
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(name, value)


def _virtual_memory() -> int:
    """Bytes of address space; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
