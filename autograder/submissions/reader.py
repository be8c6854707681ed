"""A child that reads what was handed in, within limits of processor time, wall time and memory.

Parsers meet what their authors did not think of: a cell that takes minutes, a commit of a
gigabyte, a tree so deep that Python gives up. In the child, each of these ends the child, or one
request to it, and costs one student the grade. The child is forked once and reads for many; after
it was killed, another takes its place.

Only data comes back: JSON, decoded into the type that was asked for.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import shutil
import signal
import socket
import struct
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from autograder.processes.lifetime import exit_with_parent
from autograder.processes.parallel import CAN_FORK
from autograder.submissions import opening
from autograder.text.messages import sanitize

Result = TypeVar("Result")

# What the folders begin with that archives are unpacked to, before the number of their process.
_SCRATCH = "autograder-reading-"

CPU_SECONDS = 5
WALL_SECONDS = 15.0
# Beyond what the process has when it starts. A source text of the largest size takes 200 MiB.
MEMORY = 1 << 29
MAX_REPLY = 1 << 26
MAX_WRITTEN = 1 << 20  # of temporary files, which are a line long
_HEADER = struct.Struct("!Q")


_FAILED = 1 << 63  # in the size of an answer: it is what was raised
_MAX_FAULT = 300


class ReadingFailed(Exception):
    """The child could not read it: it was killed, or the function raised. The message says which
    of the two, for the instructor."""


def fault_in_words(error: BaseException) -> str:
    """What a parser of ours failed on, and where: one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = str(error)[: _MAX_FAULT - 100]
    return sanitize(f"{type(error).__name__}{': ' if said else ''}{said}{place}", _MAX_FAULT)


class Reader:
    """The child, from its parent's side. ``root`` is the folder below which no link is followed,
    ``scratch`` one for temporary files."""

    def __init__(self, scratch: str, root: Path | None = None) -> None:
        self._root = root
        self._scratch = scratch
        self._owner = 0
        self._child = 0
        self._socket: socket.socket | None = None

    def read(self, function: Callable[..., Any], argument: Any, kind: Any) -> Any:
        """``function(argument)`` in the child, as a ``kind``. Raises :class:`ReadingFailed`."""
        if self._owner != os.getpid():  # of a fork, the child belongs to the parent
            self._forget()
        if self._socket is None:
            self._start()
        assert self._socket is not None
        try:
            message = pickle.dumps((function, argument))
            self._socket.sendall(_HEADER.pack(len(message)) + message)
            answer = self._receive()
            return msgspec.json.decode(answer, type=kind)
        except (OSError, EOFError, msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            ended = self._ended()
            self.stop()
            raise ReadingFailed(_why(ended) or str(error)) from None

    def stop(self) -> None:
        """Kill the child, and what it has started."""
        if self._socket is None or self._owner != os.getpid():
            return
        self._socket.close()
        self._socket = None
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(self._child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._child, 0)

    def _ended(self) -> int:
        """The signal that the child has ended by, which is there a moment after its socket closed;
        0 where it has not, or otherwise."""
        for _ in range(20):
            try:
                child = os.waitid(os.P_PID, self._child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return 0
            if child is not None:
                return child.si_status if child.si_code != os.CLD_EXITED else 0
            time.sleep(0.005)
        return 0

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                _serve(theirs.fileno(), parent, self._scratch, self._root)
            finally:
                os._exit(1)
        theirs.close()
        self._owner, self._child, self._socket = parent, child, ours

    def _receive(self) -> bytes:
        end = time.monotonic() + WALL_SECONDS
        (size,) = _HEADER.unpack(self._exactly(_HEADER.size, end))
        if size & _FAILED:
            content = self._exactly(min(size - _FAILED, 4 * _MAX_FAULT), end)
            raise EOFError(sanitize(content.decode("utf-8", "replace"), _MAX_FAULT))
        if size > MAX_REPLY:
            raise EOFError("it is too much")
        return self._exactly(size, end)

    def _exactly(self, size: int, end: float) -> bytes:
        assert self._socket is not None
        content = bytearray()
        while len(content) < size:
            left = max(0.0, end - time.monotonic())
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            if not poll.poll(left * 1000):
                raise EOFError(f"it took more than {WALL_SECONDS:g} seconds")
            chunk = self._socket.recv(min(size - len(content), 1 << 20))
            if not chunk:
                raise EOFError("the child ended")
            content += chunk
        return bytes(content)


_active: list[Reader] = []


@contextlib.contextmanager
def bounded(root: Path | None = None) -> Iterator[None]:
    """As long as this lasts, a child reads what was handed in; in forks of this process, too, each
    of which has a child of its own. Where there is no fork, the process itself reads."""
    if not CAN_FORK:
        yield
        return
    _remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-") as scratch:
        reader = Reader(scratch, root)
        _active.append(reader)
        try:
            yield
        finally:
            _active.remove(reader)
            reader.stop()


def _remove_leftovers() -> None:
    """Remove the folders of runs that were killed, which could not do so themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        owner = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        with contextlib.suppress(OSError):  # it has just gone
            is_ours = folder.is_dir() and folder.lstat().st_uid == os.geteuid()
            if is_ours and owner.isdecimal() and not os.path.exists(f"/proc/{owner}"):
                shutil.rmtree(folder, ignore_errors=True)


def read(
    function: Callable[[Any], Result],
    argument: Any,
    kind: Any,
    otherwise: Callable[[str], Result],
) -> Result:
    """``function(argument)``, by the child where there is one; where it fails, ``otherwise`` of
    why it did.

    ``function`` is one of a module, and its result of the type ``kind`` is plain data.
    """
    if not _active:
        return function(argument)
    try:
        result: Result = _active[-1].read(function, argument, kind)
    except ReadingFailed as error:
        return otherwise(str(error))
    return result


def _why(ended: int) -> str:
    """What a signal that a child ended by says about what it read."""
    if not ended:
        return ""
    if ended == signal.SIGXCPU:
        return f"it took more than {CPU_SECONDS} seconds of processor time"
    return f"reading it ended by {signal.strsignal(ended) or ended}"


def _serve(descriptor: int, parent: int, scratch: str, root: Path | None) -> None:
    """Answer until the other end is closed."""
    import resource

    exit_with_parent(parent)
    _active.clear()
    tempfile.tempdir = scratch
    os.setsid()  # so that programs that it starts can be killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    kept = os.dup2(descriptor, 3) if descriptor != 3 else 3
    os.closerange(4, 1 << 16)
    connection = socket.socket(fileno=kept)
    gc.freeze()
    if root is not None:
        opening.trust(root)
    with open("/proc/self/statm", "rb") as file:
        pages = int(file.read().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN, MAX_WRITTEN))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with connection, connection.makefile("rb") as stream:
        while header := stream.read(_HEADER.size):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            seconds = int(usage.ru_utime + usage.ru_stime) + 1 + CPU_SECONDS
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
            function, argument = pickle.loads(stream.read(_HEADER.unpack(header)[0]))
            try:
                answer = msgspec.json.encode(function(argument))
            except BaseException as error:
                fault = fault_in_words(error).encode("utf-8", "replace")
                connection.sendall(_HEADER.pack(_FAILED | len(fault)) + fault)
                os._exit(1)
            connection.sendall(_HEADER.pack(len(answer)) + answer)
    os._exit(0)
