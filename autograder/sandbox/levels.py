"""The levels of isolation, and what this machine must have for them."""

from __future__ import annotations

import os
import platform
import sys
from typing import Literal, TypeAlias, get_args

from autograder.errors import MachineError

Level: TypeAlias = Literal["sandbox", "process"]
LEVELS: tuple[Level, ...] = get_args(Level)

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
