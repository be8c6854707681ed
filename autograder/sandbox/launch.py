"""Starting the warm processes that zygotes are: what confines them, and how they fork. Linux."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator

from autograder.sandbox import bootstrap
from autograder.sandbox.levels import Level, can_fork


class Launcher(ABC):
    """Starts a zygote's process in some confinement."""

    readable: list[str] | None = None
    """What children may read; None where they are not confined."""

    around: list[str] | None = None
    """What the zygote may read, where it has to see to that itself."""

    def bundle(self) -> bytes:
        """What the process has to be told first."""
        return bootstrap.bundle(self.readable, self.around)

    @abstractmethod
    def start(self, control: socket.socket) -> None:
        """Start it, with ``control`` as its standard input."""

    @abstractmethod
    def stop(self) -> str | None:
        """Wait for its end, by force if need be; what it complained of on standard error.
        None where others see to that."""


class PlainLauncher(Launcher):
    """A subprocess, for the level ``process``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, control: socket.socket) -> None:
        self._process = subprocess.Popen(
            bootstrap.command(),
            stdin=control.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=bootstrap.environment(),
            cwd="/",
            start_new_session=True,
        )

    def stop(self) -> str:
        if self._process is None:
            return ""
        try:
            _, complaint = self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, complaint = self._process.communicate()
        return complaint.decode("utf-8", "replace")


class SelfConfiningLauncher(PlainLauncher):
    """A subprocess that confines itself before it forks: no files but the Python installation,
    no TCP, no signals to others. It runs no student code, and each child confines itself
    further."""

    def __init__(self) -> None:
        super().__init__()
        readable = bootstrap.readable_paths()
        self.readable = readable
        self.around = [*readable, *bootstrap.startup_paths()]


class ForkingLauncher(Launcher):
    """A fork of a zygote that has started, confined as that one is: it costs next to nothing."""

    def __init__(self, origin: WarmProcess) -> None:
        self._origin = origin

    def bundle(self) -> bytes:
        return b""

    def start(self, control: socket.socket) -> None:
        self._origin.fork(control)

    def stop(self) -> None:
        """It ends when its control socket is closed, and its parent waits for that."""


class WarmProcess:
    """A process that has imported what student code needs, and forks others."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            if bundle := launcher.bundle():
                # Waits in the socket until the interpreter has started.
                self._control.send(bundle)
            launcher.start(theirs)

    def fork(self, control: socket.socket) -> None:
        """Fork another like it, which takes its orders from ``control``. May be called in a
        fork of the process that started it, and before it is ready."""
        from autograder.sandbox.control import FORK  # at the start there is no time for it

        # A process that has ended says so to whoever asks the fork for something.
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [FORK], [control.fileno()])

    def close(self) -> str | None:
        """End the process; what it complained of, where that is known."""
        self._control.close()
        return self._launcher.stop()


@contextlib.contextmanager
def warm_process(level: Level) -> Iterator[WarmProcess | None]:
    """A warm process for sandboxes that are made later, perhaps in forks of this process. It
    starts while this one does something else; None where there are none."""
    if not can_fork():
        yield None
        return
    warm = WarmProcess(PlainLauncher() if level == "process" else SelfConfiningLauncher())
    try:
        yield warm
    finally:
        warm.close()
