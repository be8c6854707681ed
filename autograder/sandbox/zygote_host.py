"""The grader's end of a zygote: start it, have it fork, talk to the child it forked. Linux."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import msgspec

from autograder.course import Limits
from autograder.errors import MachineError
from autograder.sandbox import bootstrap
from autograder.sandbox.control import FORK, KILL, MAX_CONTROL, Exited, Ready, Spawn
from autograder.sandbox.protocol import HEADER, MalformedReply
from autograder.sandbox.session import (
    Allowance,
    Channel,
    ChannelClosed,
    Clock,
    ReplyTooLarge,
    TimeIsUp,
    ZygoteEnded,
)

MIB = 1 << 20
START_SECONDS = 30.0
# How much is taken at a time of what is printed, and of replies of unknown size.
_PRINTED_CHUNK = 1 << 20
_REPLY_CHUNK = 1 << 14
_PIDFD_GETFD = 438  # the same on every architecture


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


class SandlockLauncher(Launcher):
    """A process under sandlock, which counts the processes that student code starts."""

    def __init__(self, limits: Limits) -> None:
        import sandlock

        self.readable = bootstrap.readable_paths()
        self._sandbox = sandlock.Sandbox(
            fs_readable=[*self.readable, *bootstrap.startup_paths()],
            # Children bound their own memory; counting it out here would cost each a millisecond.
            max_processes=2 + limits.processes,
            clean_env=True,
            env=bootstrap.environment(),
            cwd="/",
        )
        self._process: sandlock.Process | None = None

    def start(self, control: socket.socket) -> None:
        from sandlock import StdioMode

        with _as_standard_input(control):
            try:
                self._process = self._sandbox.popen(
                    bootstrap.command(),
                    stdin=StdioMode.INHERIT,
                    stdout=StdioMode.NULL,
                    stderr=StdioMode.PIPED,
                )
            except RuntimeError as error:
                raise MachineError(f"the sandbox does not start: {error}") from None

    def stop(self) -> str:
        if self._process is None:
            return ""
        process, self._process = self._process, None
        complaint = b""
        if process.stderr is not None:
            with process.stderr as stderr:
                complaint = stderr.read()
        process.kill()
        process.wait()
        return bytes(complaint).decode("utf-8", "replace")


@contextlib.contextmanager
def _as_standard_input(control: socket.socket) -> Iterator[None]:
    """Sandlock closes every descriptor but the standard ones, so borrow one of them."""
    try:
        saved = os.dup(0)
    except OSError:  # our own standard input is closed
        saved = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(control.fileno(), 0)
        yield
    finally:
        os.dup2(saved, 0)
        os.close(saved)


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
        # A process that has ended says so to whoever asks the fork for something.
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [FORK], [control.fileno()])

    def close(self) -> str | None:
        """End the process; what it complained of, where that is known."""
        self._control.close()
        return self._launcher.stop()


class Zygote(WarmProcess):
    """A warm process that forks one child at a time."""

    def __init__(self, launcher: Launcher, limits: Limits) -> None:
        super().__init__(launcher)
        self._limits = limits
        self._base_memory = 0
        self.pid: int | None = None
        """Known when the first child has been forked."""

    def open(self) -> ZygoteChannel:
        """Fork a child; it is confined and has greeted when this returns.

        Raises :class:`ZygoteEnded` when the zygote has ended, and :class:`MachineError` when
        it does not start or cannot confine its children.
        """
        self._wait_until_ready()
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        try:
            message = msgspec.msgpack.encode(
                Spawn(
                    cpu_seconds=self._limits.cpu_seconds,
                    memory=self._base_memory + self._limits.memory_mib * MIB,
                    processes=self._limits.processes,
                    open_files=self._limits.open_files,
                    file_size=self._limits.file_size_mib * MIB,
                )
            )
            socket.send_fds(self._control, [message], [theirs.fileno(), writer])
        except OSError:
            ours.close()
            os.close(reader)
            raise ZygoteEnded from None
        finally:
            theirs.close()
            os.close(writer)
        channel = ZygoteChannel(self, ours, reader, self._limits.output_kib * 1024)
        try:
            list(channel.exchange(b"", 1, Clock(START_SECONDS), Allowance(1024)))
        except (ChannelClosed, TimeIsUp, ReplyTooLarge, MalformedReply):
            _, output = channel.end()
            reason = output.decode("utf-8", "replace").strip() or "no reason given"
            raise MachineError(f"the sandbox cannot confine a process: {reason}") from None
        return channel

    def _wait_until_ready(self) -> None:
        if self.pid is not None:
            return
        self._control.settimeout(START_SECONDS)
        try:
            ready = self._control.recv(MAX_CONTROL)
        except OSError:
            ready = b""
        self._control.settimeout(None)
        if not ready:
            complaint = self.close()
            if complaint is None:
                raise ZygoteEnded
            raise MachineError(f"the sandbox does not start: {_last_line(complaint)}")
        self.pid = msgspec.msgpack.decode(ready, type=Ready).pid
        self._base_memory = _virtual_memory(self.pid)

    def wait_for_child(self, *, kill: bool) -> Exited | None:
        """The end of the child, forced when ``kill``; None when the zygote is gone too."""
        try:
            if kill:
                self._control.send(KILL)
            answer = self._control.recv(MAX_CONTROL)
        except OSError:
            answer = b""
        return msgspec.msgpack.decode(answer, type=Exited) if answer else None


def can_supervise() -> bool:
    """Whether sandlock can do its work: Docker's default filter, without the capability
    SYS_PTRACE, refuses it the descriptors of the processes it supervises."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(ctypes.c_long(_PIDFD_GETFD), -1, -1, 0)
    return ctypes.get_errno() == errno.EBADF


def _virtual_memory(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _last_line(complaint: str) -> str:
    lines = complaint.strip().splitlines()
    return lines[-1] if lines else "no reason given"


class Received:
    """Bytes on their way to being replies. A large reply is received in place."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buffer = memoryview(bytearray(_REPLY_CHUNK))
        # The first frame begins at `start`; bytes have come up to `filled`.
        self._start = self._filled = 0

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._buffer[self._filled :]

    def add(self, count: int) -> None:
        self._filled += count

    def is_begun(self) -> bool:
        return self._filled > self._start

    def payloads(self) -> Iterator[memoryview]:
        """Take out those of the frames that are whole; where they are, what has begun keeps
        its place. Raises :class:`ReplyTooLarge`."""
        while self._filled - self._start >= HEADER.size:
            size: int = HEADER.unpack_from(self._buffer, self._start)[0]
            self._allowance.check(size)
            begin = self._start + HEADER.size
            end = begin + size
            if end > self._filled:
                self._make_room(HEADER.size + size)
                return
            self._start = end
            self._allowance.spend(size)
            yield self._buffer[begin:end]
        self._make_room(HEADER.size)

    def _make_room(self, size: int) -> None:
        """See to it that the first frame, of ``size`` bytes, has its place in the buffer."""
        if self._start + size <= len(self._buffer):
            return
        begun = self._buffer[self._start : self._filled]
        # A new one, for payloads in the old one may be in use.
        self._buffer = memoryview(bytearray(max(_REPLY_CHUNK, size)))
        self._buffer[: len(begun)] = begun
        self._start, self._filled = 0, len(begun)


class ZygoteChannel(Channel):
    """The socket to one child, and the pipe that it prints to."""

    def __init__(
        self, zygote: Zygote, channel: socket.socket, output: int, output_limit: int
    ) -> None:
        self._zygote = zygote
        self._channel = channel
        self._output = output
        self._output_limit = output_limit
        self._printed = bytearray()
        self._end: tuple[int, bytes] | None = None
        self._poll = select.poll()
        channel.setblocking(False)
        os.set_blocking(output, False)
        self._poll.register(channel, select.POLLIN)
        self._poll.register(output, select.POLLIN)

    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[memoryview]:
        if frames:
            self._refuse_early_bytes()
        unsent = memoryview(frames)
        received = Received(allowance)
        writing = False
        while replies:
            if unsent:
                unsent = unsent[self._send(unsent) :]
            if bool(unsent) != writing:
                writing = bool(unsent)
                events = select.POLLIN | select.POLLOUT if writing else select.POLLIN
                self._poll.modify(self._channel, events)
            self._wait(clock, received)
            for payload in received.payloads():
                replies -= 1
                if not replies and (received.is_begun() or unsent):
                    raise MalformedReply("more than one reply")
                yield payload

    def _wait(self, clock: Clock, received: Received) -> None:
        """Take in whatever comes first: printed text, a part of a reply, room to write."""
        remaining = clock.left()
        if remaining <= 0:
            raise TimeIsUp
        for descriptor, event in self._poll.poll(remaining * 1000):
            if descriptor == self._output:
                self._drain_output()
            elif event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._receive_into(received)

    def end(self) -> tuple[int, bytes]:
        if self._end is None:
            # Closing our end ends a child that is still serving; a child that is not
            # gets the signal. Its output must flow meanwhile, or it may block on it.
            self._channel.close()
            exited = self._zygote.wait_for_child(kill=True)
            self._drain_output()
            os.close(self._output)
            status = -9 if exited is None else os.waitstatus_to_exitcode(exited.status)
            self._end = status, bytes(self._printed)
        return self._end

    def _send(self, data: memoryview) -> int:
        """How much of it is sent or need not be."""
        try:
            return self._channel.send(data)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            return len(data)  # it has ended; what it answered before that is still to be read

    def _refuse_early_bytes(self) -> None:
        try:
            early = self._channel.recv(1)
        except BlockingIOError:
            return
        except ConnectionResetError:
            early = b""
        if not early:
            raise ChannelClosed
        raise MalformedReply("a reply before the request")

    def _receive_into(self, received: Received) -> None:
        try:
            count = self._channel.recv_into(received.room())
        except BlockingIOError:
            return
        except ConnectionResetError:
            count = 0
        if not count:
            raise ChannelClosed
        received.add(count)

    def _drain_output(self) -> None:
        """Take what was printed; keep only as much as the limit allows."""
        try:
            chunk = os.read(self._output, _PRINTED_CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._output)
        room = self._output_limit - len(self._printed)
        self._printed += chunk[:room]
