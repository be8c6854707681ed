"""The levels of isolation, and what this machine must have for them."""

from __future__ import annotations

import os
import platform
import sys
from typing import Literal, TypeAlias, get_args

from autograder.errors import MachineError
from autograder.text.said import said

Level: TypeAlias = Literal["sandbox", "process"]
LEVELS: tuple[Level, ...] = get_args(Level)

CONFINED = ("files", "network", "processes", "signals", "system-calls", "capabilities")
LIMITED = ("wall-time", "cpu-time", "memory", "open-files", "file-size", "output", "core-dumps")
# At the level ``process``, where root grades: student code is the user nobody's.
DROPPED = "user"


def require_level(level: Level) -> None:
    """Raise :class:`MachineError`, with the mend, where this machine lacks ``level``."""
    if level != "sandbox":
        return
    if sys.platform != "linux":
        raise MachineError(said("error_sandbox_linux"))
    from autograder.sandbox.landlock import MIN_ABI, abi_version
    from autograder.sandbox.seccomp import ARCHITECTURES

    if platform.machine() not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise MachineError(said("error_sandbox_machine", known=known, machine=platform.machine()))
    have = abi_version()
    if have < MIN_ABI:
        key = "error_sandbox_no_landlock" if have < 1 else "error_sandbox_landlock"
        raise MachineError(said(key, needed=MIN_ABI, have=have))


def can_fork() -> bool:
    """Whether a warm process can fork others: on Linux, where it is asked to kill them too."""
    return sys.platform == "linux" and hasattr(os, "fork")
