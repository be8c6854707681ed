"""Where student code runs: in a process of its own that knows no truth.

Levels, from strong to weak:

``sandbox``
    Linux. A fork of a warm process that has confined itself; it confines itself further
    before it sees student code: Landlock for files, seccomp for everything else,
    and limits. Where code may start processes, sandlock counts them.
``process``
    A process of its own with limits. For students who run their own code, and for
    systems without Landlock.

A level that is not available is an error; it is never weakened silently.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from autograder.errors import MachineError
from autograder.sandbox.session import Died, Outcome, Session, ZygoteEnded

if TYPE_CHECKING:
    from autograder.course import Limits
    from autograder.sandbox.plain_host import PlainHost
    from autograder.sandbox.zygote_host import Launcher, WarmProcess, Zygote

__all__ = [
    "LEVELS",
    "Died",
    "Level",
    "Outcome",
    "Sandbox",
    "Session",
    "require_level",
    "warm_process",
]

Level: TypeAlias = Literal["sandbox", "process"]
LEVELS: tuple[Level, ...] = get_args(Level)

# sandlock keeps a descriptor of every process that it has supervised; after so many sessions
# it is started anew.
_SUPERVISED = 100

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


@contextmanager
def warm_process(level: Level) -> Iterator[WarmProcess | None]:
    """A warm process for sandboxes that are made later, perhaps in forks of this process. It
    starts while this one does something else; None where there are none."""
    if not can_fork():
        yield None
        return
    from autograder.sandbox.zygote_host import PlainLauncher, SelfConfiningLauncher, WarmProcess

    warm = WarmProcess(PlainLauncher() if level == "process" else SelfConfiningLauncher())
    try:
        yield warm
    finally:
        warm.close()


class Sandbox:
    """Starts processes of student code, one at a time. Use as a context manager.

    ``private`` are the folders that student code must not read; at the level
    ``sandbox`` it is an error (:class:`MachineError`) if one of them lies where
    student code must be able to read, beside the Python installation. ``origin`` is a
    :func:`warm_process` of the same level, to begin with a fork of it.
    """

    def __init__(
        self,
        level: Level,
        limits: Limits,
        private: Sequence[Path] = (),
        origin: WarmProcess | None = None,
    ) -> None:
        require_level(level)
        self.level = level
        self._limits = limits
        self._private = private
        self._origin = origin
        self._zygote: Zygote | PlainHost | None = None
        self._sessions = 0

    def __enter__(self) -> Sandbox:
        self.warm_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm_up(self) -> None:
        """Start the warm process without waiting until it is ready."""
        if self._zygote is None and not can_fork():
            from autograder.sandbox.plain_host import PlainHost

            self._zygote = PlainHost(self._limits)
        elif self._zygote is None:
            from autograder.sandbox.zygote_host import Zygote

            self._zygote = Zygote(self._launcher(), self._limits)

    @property
    def zygote_pid(self) -> int | None:
        """The warm process that forks those of student code; None where there is none."""
        return None if self._zygote is None else self._zygote.pid

    @cached_property
    def enforced(self) -> tuple[str, ...]:
        """What holds for student code at this level on this machine; see docs/security.md."""
        if not can_fork():
            return ("wall-time", "output")  # the rest as far as the system has it
        return LIMITED if self.level == "process" else (*CONFINED, *LIMITED)

    def session(self) -> Session:
        """A new process for one submission's code, confined, with nothing loaded yet."""
        if self._limits.processes and self._sessions % _SUPERVISED == _SUPERVISED - 1:
            self.close()
        self._sessions += 1
        for _ in range(3):
            self.warm_up()
            assert self._zygote is not None
            try:
                channel = self._zygote.open()
            except ZygoteEnded:
                # A submission that used up the whole sandbox's memory took it along.
                self.close()
                continue
            return Session(
                channel,
                wall_seconds=self._limits.wall_seconds,
                reply_bytes=self._limits.reply_mib << 20,
            )
        raise MachineError("the sandbox ends as soon as it has started")

    def close(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def _launcher(self) -> Launcher:
        from autograder.sandbox.zygote_host import (
            ForkingLauncher,
            PlainLauncher,
            SandlockLauncher,
            SelfConfiningLauncher,
        )

        if self.level == "sandbox":
            self._refuse_readable_secrets()
        if self.level == "sandbox" and self._limits.processes:
            _require_supervisor()
            return SandlockLauncher(self._limits)
        # Should that one have ended, the next has to start by itself.
        origin, self._origin = self._origin, None
        if origin is not None:
            return ForkingLauncher(origin)
        return PlainLauncher() if self.level == "process" else SelfConfiningLauncher()

    def _refuse_readable_secrets(self) -> None:
        from autograder.sandbox.bootstrap import readable_paths

        for path in map(Path, readable_paths()):
            for folder in self._private:
                if folder.resolve().is_relative_to(path):
                    raise MachineError(
                        f"{folder} lies inside {path}, which student code must be able to "
                        "read; move it elsewhere"
                    )


def _require_supervisor() -> None:
    from autograder.sandbox.zygote_host import can_supervise

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
