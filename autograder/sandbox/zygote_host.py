"""The grader's end of a zygote: start it, have it fork, talk to the child it forked. Linux."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from autograder.errors import MachineError
from autograder.sandbox.clock import Clock, ProcessMeter
from autograder.sandbox.control import KILL, MAX_CONTROL, Exited, Ready, Spawn
from autograder.sandbox.launch import Launcher, WarmProcess
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import HEADER, MalformedReply
from autograder.sandbox.session import (
    Allowance,
    Channel,
    ChannelClosed,
    ReplyTooLarge,
    TimeIsUp,
    ZygoteEnded,
    last_line,
)

MIB = 1 << 20
START_SECONDS = 30.0
# How much is taken at a time of what is printed, and of replies of unknown size.
_PRINTED_CHUNK = 1 << 20
_REPLY_CHUNK = 1 << 14
# What a socket takes before its reader does: an array of a megabyte, so that who sends it need not
# wait for the other to be awake. The system may grant less.
_SENDING = 1 << 21


class Zygote(WarmProcess):
    """A warm process that forks one child at a time."""

    def __init__(self, launcher: Launcher, limits: Limits) -> None:
        super().__init__(launcher)
        self._limits = limits
        self._base_memory = 0
        self.pid: int | None = None
        """Known when the first child has been forked."""
        self.drops_user = False
        """Whether its children are not root's though it is; known when it is ready."""

    def open(self) -> ZygoteChannel:
        """Fork a child; it is confined and has greeted when this returns.

        Raises :class:`ZygoteEnded` when the zygote has ended, and :class:`MachineError` when
        it does not start or cannot confine its children.
        """
        self.wait_until_ready()
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENDING)
        try:
            message = msgspec.msgpack.encode(
                Spawn(
                    cpu_seconds=self._limits.cpu_seconds,
                    memory=self._base_memory + self._limits.memory_mib * MIB,
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
        reason = channel.wait_for_greeting(START_SECONDS)
        if reason is not None:
            raise MachineError(f"the sandbox cannot confine a process: {reason}")
        return channel

    def wait_until_ready(self) -> None:
        """Raises as :meth:`open` does."""
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
            raise MachineError(f"the sandbox does not start: {last_line(complaint)}")
        said = msgspec.msgpack.decode(ready, type=Ready)
        self.pid, self.drops_user = said.pid, said.drops_user
        self._base_memory = _virtual_memory(self.pid)

    def end_child(self) -> Exited | None:
        """Have the child killed, and wait for its end; None when the zygote is gone too."""
        try:
            self._control.send(KILL)
            answer = self._control.recv(MAX_CONTROL)
        except OSError:
            answer = b""
        return msgspec.msgpack.decode(answer, type=Exited) if answer else None


def _virtual_memory(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Received:
    """Bytes on their way to being replies. A large reply is received in place."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buffer = _buffer(_REPLY_CHUNK)
        # The first frame begins at `start`; bytes have come up to `filled`.
        self._start = self._filled = 0

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._buffer[self._filled :]

    def add(self, count: int) -> None:
        self._filled += count

    def is_begun(self) -> bool:
        return self._filled > self._start

    def payloads(self, most: int) -> list[memoryview]:
        """Take out the frames that are whole, ``most`` of them at the most; what has begun is
        given room. Raises :class:`ReplyTooLarge` where the first frame announces too much."""
        buffer, start, filled = self._buffer, self._start, self._filled
        payloads: list[memoryview] = []
        needed = HEADER.size
        while len(payloads) < most and (begin := start + HEADER.size) <= filled:
            size: int = HEADER.unpack_from(buffer, start)[0]
            if size > self._allowance.largest:
                if not payloads:
                    raise ReplyTooLarge
                break
            end = begin + size
            if end > filled:
                needed = HEADER.size + size
                break
            payloads.append(buffer[begin:end])
            self._allowance.spend(size)
            start = end
        self._start = start
        self._make_room(needed)
        return payloads

    def _make_room(self, size: int) -> None:
        """See to it that the first frame, of ``size`` bytes, has its place in the buffer."""
        if self._start + size <= len(self._buffer):
            return
        begun = self._buffer[self._start : self._filled]
        # A new one, for payloads in the old one may be in use.
        self._buffer = _buffer(max(_REPLY_CHUNK, size))
        self._buffer[: len(begun)] = begun
        self._start, self._filled = 0, len(begun)


def _buffer(size: int) -> memoryview:
    return np.empty(size, np.uint8).data  # not a bytearray, which would be filled twice


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
        self._unsent = memoryview(b"")
        self._is_writing = False
        self._end: tuple[int, bytes] | None = None
        self._metered: ProcessMeter | None = None
        self._poll = select.poll()
        channel.setblocking(False)
        os.set_blocking(output, False)
        self._poll.register(channel, select.POLLIN)
        self._poll.register(output, select.POLLIN)

    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[list[memoryview]]:
        if frames:
            self._refuse_early_bytes()
            # What is left of a message that was answered with a question goes first.
            self._unsent = memoryview(b"".join((self._unsent, frames)) if self._unsent else frames)
        received = Received(allowance)
        while replies:
            if come := received.payloads(replies):
                replies -= len(come)
                if not replies and (received.is_begun() or self._unsent):
                    if before := come[:-1]:
                        yield before
                    raise MalformedReply("more than one reply")
                yield come
                continue
            if self._unsent:
                self._unsent = self._unsent[self._send(self._unsent) :]
            if bool(self._unsent) != self._is_writing:
                self._is_writing = bool(self._unsent)
                events = select.POLLIN | select.POLLOUT if self._is_writing else select.POLLIN
                self._poll.modify(self._channel, events)
            self._wait(clock, received)

    def _wait(self, clock: Clock, received: Received) -> None:
        """Take in whatever comes first: printed text, a part of a reply, room to write.

        What has come of a reply is taken even when the time is up: it was this process that did
        not look, perhaps because it was suspended.
        """
        remaining = clock.left(self._meter)
        is_answering = False
        events = self._poll.poll(max(remaining, 0.0) * 1000)
        clock.has_waited(self._meter)
        for descriptor, event in events:
            if descriptor == self._output:
                self._drain_output()
            elif event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                is_answering = True
                self._receive_into(received)
        if remaining <= 0 and not is_answering:
            raise TimeIsUp

    def end(self) -> tuple[int, bytes]:
        if self._end is None:
            if self._metered is not None:
                self._metered.close()
            self._channel.close()
            exited = self._zygote.end_child()
            self._drain_output()  # a pipe holds no more than is taken at once
            os.close(self._output)
            status = -9 if exited is None else os.waitstatus_to_exitcode(exited.status)
            self._end = status, bytes(self._printed)
        return self._end

    def take_output(self) -> bytes:
        self._drain_output()  # a pipe holds no more than is taken at once
        printed, self._printed = bytes(self._printed), bytearray()
        return printed

    def processor_seconds(self) -> float | None:
        return None if self._meter is None else self._meter.processor_seconds()

    @property
    def _meter(self) -> ProcessMeter | None:
        """None before the process has said who it is."""
        if self._metered is None and self.pid is not None:
            self._metered = ProcessMeter(self.pid)
        return self._metered

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
