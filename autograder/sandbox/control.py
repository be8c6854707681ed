"""What the grader and a zygote say to each other on the control socket.

This module also runs in the zygote, as code that the grader sends along.
"""

from __future__ import annotations

from msgspec import Struct

KILL = b"kill"
FORK = b"fork"
MAX_CONTROL = 4096


class Ready(Struct, frozen=True):
    """Children can be asked for."""

    pid: int
    drops_user: bool = False
    """Children, which nothing else confines, are not root's though this process is."""


class Spawn(Struct, frozen=True):
    """The limits of one child: seconds, bytes and counts; the same for all of a zygote.

    ``memory`` is all of its address space, what it inherits from the zygote included.
    """

    cpu_seconds: int
    memory: int
    open_files: int
    file_size: int


class Exited(Struct, frozen=True):
    """How a child ended: ``status`` as from waitpid(2)."""

    status: int
