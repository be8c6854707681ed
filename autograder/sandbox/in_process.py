"""A function of this very process, asked as student code is: for code that is trusted."""

from __future__ import annotations

import queue
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from autograder.sandbox.child import Server
from autograder.sandbox.clock import Clock
from autograder.sandbox.framing import encode, frame
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import HEADER, Done, Load, Reply, Request, decode_request
from autograder.sandbox.session import Allowance, Channel, Session, TimeIsUp


class InProcess(Sandbox):
    """Sessions whose code is ``function``, under ``name``, in a thread of this process.

    Nothing is confined, and a function that never returns cannot be ended: its thread stays.
    """

    def __init__(self, function: Callable[..., Any], name: str, limits: Limits) -> None:
        super().__init__("process", limits)
        self._function = function
        self._name = name

    def session(self) -> Session:
        return Session(
            _Thread(self._function, self._name),
            wall_seconds=self._limits.wall_seconds,
            reply_bytes=self._limits.reply_mib << 20,
        )

    def lend(self, *, is_short: bool = True) -> Session:
        return self.session()


class _Server(Server):
    """Answers requests from a queue; the code is there already."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__(-1, -1)
        self.requests: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self.replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._module = types.ModuleType(name)
        setattr(self._module, name, function)

    def _load(self, request: Load) -> Reply:
        return Done(request.number)

    def _receive(self) -> Request | None:
        payload = self.requests.get()
        return None if payload is None else decode_request(payload)

    def _send(self, reply: Reply) -> None:
        self.replies.put(b"".join(frame(encode(reply)))[HEADER.size :])


class _Thread(Channel):
    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._server = _Server(function, name)
        threading.Thread(target=self._server.serve, daemon=True).start()

    def exchange(
        self, frames: bytes | memoryview, replies: int, clock: Clock, allowance: Allowance
    ) -> Iterator[list[memoryview]]:
        left = memoryview(frames)
        while left:
            end = HEADER.size + HEADER.unpack_from(left)[0]
            self._server.requests.put(left[HEADER.size : end])
            left = left[end:]
        for _ in range(replies):
            try:
                payload = self._server.replies.get(timeout=max(0.0, clock.left()))
            except queue.Empty:
                raise TimeIsUp from None
            allowance.spend(len(payload))
            yield [memoryview(payload)]

    def end(self) -> tuple[int, bytes]:
        self._server.requests.put(None)
        return 0, b""
