"""A sandbox as the grader has it: one process of student code at a time, each a session."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import MachineError
from autograder.sandbox.levels import CONFINED, DROPPED, LIMITED, Level, can_fork, require_level
from autograder.sandbox.session import Channel, Session, ZygoteEnded

if TYPE_CHECKING:
    from autograder.sandbox.launch import Launcher, WarmProcess
    from autograder.sandbox.limits import Limits
    from autograder.sandbox.plain_host import PlainHost
    from autograder.sandbox.zygote_host import Zygote


class Sandbox:
    """Starts processes of student code, one at a time. Use as a context manager.

    ``private`` are the folders that student code must not read; at the level
    ``sandbox`` it is an error (:class:`MachineError`) if one of them lies where
    student code must be able to read, beside the Python installation. ``origin`` is a
    :func:`~autograder.sandbox.launch.warm_process` of the same level, to begin with a fork of it.
    """

    measures_time = True
    """Whether times can be held against each other, such as that of an answer against that of the
    forward pass."""

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
        self._lent: tuple[Session, Channel] | None = None

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

    def wait_until_ready(self) -> int | None:
        """Wait for the warm process that forks those of student code. Its PID; None where there
        is none. Raises :class:`MachineError` where it does not start."""
        self.warm_up()
        assert self._zygote is not None
        with contextlib.suppress(ZygoteEnded):  # the next session starts another one
            self._zygote.wait_until_ready()
        return self._zygote.pid

    @property
    def enforced(self) -> tuple[str, ...]:
        """What holds for student code at this level on this machine; see docs/security.md."""
        if not can_fork():
            return ("wall-time", "output")  # the rest as far as the system has it
        if self.level == "sandbox":
            return (*CONFINED, *LIMITED)
        return (*LIMITED, DROPPED) if getattr(self._zygote, "drops_user", False) else LIMITED

    def session(self) -> Session:
        """A new process for one submission's code, confined, with nothing loaded yet."""
        return self._session(self._open())

    def lend(self, *, is_short: bool = True) -> Session:
        """A process that goes on when its output has been taken, for the next who asks for one
        to lend: for code of one submission only, and not for public and hidden tests both. It ends
        with :meth:`end_lent`, when it must, and when another process is asked for. ``is_short``
        is for who is not the first in it, see :class:`~autograder.sandbox.session.Session`.

        Where processes cannot go on, it is a new one each time.
        """
        if self._lent is not None:
            before, channel = self._lent
            if before.is_over and before.alive:
                session = self._session(channel, is_first=False, goes_on=True, is_short=is_short)
                self._lent = session, channel
                return session
        if not can_fork():
            return self.session()
        channel = self._open()
        session = self._session(channel, goes_on=True)
        self._lent = session, channel
        return session

    @property
    def is_lending(self) -> bool:
        """Whether there is a process that was lent and can go on."""
        return self._lent is not None and self._lent[0].alive

    def end_lent(self) -> None:
        """End the process that was lent, if there is one."""
        if self._lent is not None:
            _, channel = self._lent
            self._lent = None
            channel.end()

    def _session(
        self,
        channel: Channel,
        *,
        is_first: bool = True,
        goes_on: bool = False,
        is_short: bool = False,
    ) -> Session:
        return Session(
            channel,
            wall_seconds=self._limits.wall_seconds,
            reply_bytes=self._limits.reply_mib << 20,
            is_first=is_first,
            goes_on=goes_on,
            is_short=is_short,
        )

    def _open(self) -> Channel:
        """A new process; there is one at a time."""
        self.end_lent()
        for _ in range(3):
            self.warm_up()
            assert self._zygote is not None
            try:
                return self._zygote.open()
            except ZygoteEnded:
                # A submission that used up the whole sandbox's memory took it along.
                self.close()
        raise MachineError("the sandbox ends as soon as it has started")

    def close(self) -> None:
        self.end_lent()
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def _launcher(self) -> Launcher:
        from autograder.sandbox.launch import (
            ForkingLauncher,
            PlainLauncher,
            SelfConfiningLauncher,
        )

        if self.level == "sandbox":
            self._refuse_readable_secrets()
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
