"""The levels of isolation, and what this machine must have for them."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from typing import Literal, TypeAlias, get_args

from autograder.errors import MachineError

Level: TypeAlias = Literal["sandbox", "process"]
LEVELS: tuple[Level, ...] = get_args(Level)

_PIDFD_GETFD = 438  # the same on every architecture

CONFINED = ("files", "network", "processes", "signals", "system-calls", "capabilities")
LIMITED = ("wall-time", "cpu-time", "memory", "open-files", "file-size", "output", "core-dumps")


def require_level(level: Level) -> None:
    """Raise :class:`MachineError`, with the mend, where this machine lacks ``level``."""
    if level != "sandbox":
        return
    mend = "choose a weaker level with --isolation process if you trust the submissions"
    if sys.platform != "linux":
        raise MachineError(f"the level 'sandbox' needs Linux; {mend}")
    from autograder.sandbox.landlock import MIN_ABI, abi_version
    from autograder.sandbox.seccomp import ARCHITECTURES

    if platform.machine() not in ARCHITECTURES:
        raise MachineError(
            f"the level 'sandbox' knows the system calls of {' and '.join(ARCHITECTURES)}, not "
            f"of {platform.machine()}; {mend}"
        )
    have = abi_version()
    if have < MIN_ABI:
        raise MachineError(
            f"the level 'sandbox' needs Landlock ABI {MIN_ABI} (Linux 6.12), this "
            f"{'kernel or container has none' if have < 1 else f'kernel has {have}'}; {mend}"
        )


def can_fork() -> bool:
    """Whether a warm process can fork others: on Linux, where it is asked to kill them too."""
    return sys.platform == "linux" and hasattr(os, "fork")


def require_supervisor() -> None:
    """Raise :class:`MachineError`, with the mend, where sandlock cannot count processes."""
    try:
        import sandlock  # noqa: F401
    except (ImportError, OSError) as error:
        raise MachineError(
            f"limits.processes needs the package sandlock ({error}); set limits.processes to 0, "
            "or install it with 'pip install sandlock'"
        ) from None
    if not can_supervise():
        raise MachineError(
            "limits.processes needs sandlock, and this container refuses it "
            "pidfd_getfd(2); set limits.processes to 0, or start the container with "
            "--cap-add SYS_PTRACE"
        )


def can_supervise() -> bool:
    """Whether sandlock can do its work: Docker's default filter, without the capability
    SYS_PTRACE, refuses it the descriptors of the processes it supervises."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(ctypes.c_long(_PIDFD_GETFD), -1, -1, 0)
    return ctypes.get_errno() == errno.EBADF
