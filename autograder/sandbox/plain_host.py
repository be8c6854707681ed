"""The level ``process`` where there is no warm process: a subprocess a submission, everywhere.

Pipes cannot be polled on Windows, so a thread each reads the replies, reads what is printed,
and writes. The next process is started while one is in use: importing numpy takes longer than
most tests.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO

from autograder.errors import MachineError
from autograder.sandbox import bootstrap
from autograder.sandbox.clock import Clock
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import HEADER, MalformedReply
from autograder.sandbox.session import (
    Allowance,
    Channel,
    ChannelClosed,
    ReplyTooLarge,
    TimeIsUp,
)
from autograder.text.said import said

START_SECONDS = 60.0  # a virus scanner may look at every file of numpy first
END_SECONDS = 5.0
_CHUNK = 1 << 16
# Chunks that wait to be taken; a reply that nobody wants must not fill the memory.
_WAITING = 64


class PlainHost:
    """Starts processes of student code, one ahead of what is asked for."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next: PlainChannel | None = PlainChannel(limits)

    def wait_until_ready(self) -> None:
        """There is nothing to wait for: each submission has an interpreter of its own."""

    @property
    def pid(self) -> None:
        """There is no process that the others come from."""
        return None

    def open(self) -> PlainChannel:
        """A process that has greeted. Raises :class:`MachineError` where none starts."""
        channel = self._next or PlainChannel(self._limits)
        self._next = None
        reason = channel.wait_for_greeting(START_SECONDS)
        if reason is not None:
            raise MachineError(said("machine_no_process", reason=reason))
        self._next = PlainChannel(self._limits)
        return channel

    def close(self) -> None:
        if self._next is not None:
            self._next.end()
            self._next = None


class PlainChannel(Channel):
    """A subprocess, and the threads on its pipes."""

    def __init__(self, limits: Limits) -> None:
        self._process = _start()
        self._requests: queue.SimpleQueue[bytes | memoryview | None] = queue.SimpleQueue()
        self._replies: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._received = bytearray()
        self._closed = False
        self._printed = bytearray()
        self._limit = limits.output_kib * 1024
        self._end: tuple[int, bytes] | None = None
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        self._threads = [
            threading.Thread(target=target, args=(pipe,), daemon=True)
            for target, pipe in (
                (self._write, stdin),
                (self._read, stdout),
                (self._read_printed, stderr),
            )
        ]
        for thread in self._threads:
            thread.start()
        self._requests.put(bootstrap.plain_bundle(limits))

    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[list[memoryview]]:
        if frames:
            if self._received or not self._replies.empty():
                self._take(clock)  # the end, or what nobody asked for
                raise MalformedReply("a reply before the request")
            self._requests.put(frames)
        for left in range(replies, 0, -1):
            while len(self._received) < HEADER.size:
                self._take(clock)
            size: int = HEADER.unpack_from(self._received)[0]
            if size > allowance.largest:
                raise ReplyTooLarge
            end = HEADER.size + size
            while len(self._received) < end:
                self._take(clock)
            allowance.spend(size)
            payload = memoryview(bytes(self._received[HEADER.size : end]))
            del self._received[:end]
            if left == 1 and self._received:
                raise MalformedReply("more than one reply")
            yield [payload]

    def end(self) -> tuple[int, bytes]:
        if self._end is None:
            self._requests.put(None)
            if self._closed:  # it is ending by itself, and how says why
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(END_SECONDS)
            _kill(self._process)
            status = self._process.wait()
            self._closed = True
            for thread in self._threads:
                while thread.is_alive():
                    with contextlib.suppress(queue.Empty):
                        self._replies.get_nowait()
                    thread.join(0.01)
            self._end = status, bytes(self._printed)
        return self._end

    def _take(self, clock: Clock) -> None:
        """The next bytes of replies."""
        if self._closed:
            raise ChannelClosed
        try:
            chunk = self._replies.get(timeout=max(0.0, clock.left()))
        except queue.Empty:
            raise TimeIsUp from None
        if not chunk:
            self._closed = True
            raise ChannelClosed
        self._received += chunk

    def _write(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            while (frames := self._requests.get()) is not None:
                pipe.write(frames)
                pipe.flush()

    def _read(self, pipe: IO[bytes]) -> None:
        chunk = b"start"
        with contextlib.suppress(OSError, ValueError), pipe:
            while chunk:
                chunk = os.read(pipe.fileno(), _CHUNK)
                self._replies.put(chunk)
        if chunk:
            self._replies.put(b"")

    def _read_printed(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK):
                self._printed += chunk[: self._limit - len(self._printed)]


def _start() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            bootstrap.plain_command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=bootstrap.plain_environment(),
            cwd=os.path.abspath(os.sep),
            start_new_session=os.name == "posix",
            # Else a window opens for it where the caller has none, as under Jupyter on Windows.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise MachineError(said("machine_no_process", reason=error)) from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process, and where the system knows groups of them, what it started."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
