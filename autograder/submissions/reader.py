"""A child that reads what was handed in, within limits of processor time, wall time and memory.

Parsers meet what their authors did not think of: a cell that takes minutes, a commit of a
gigabyte, a tree so deep that Python gives up. In the child, each of these ends the child, or one
request to it, and costs one student the grade. The child is started once and reads for many; after
it was killed, another takes its place. It is a fork (:func:`bounded`), or, in a process of others
that may have threads, an interpreter of its own (:func:`read_apart`).

Only data comes back: JSON, decoded into the type that was asked for.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import pickle
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from autograder.errors import MachineError
from autograder.processes.lifetime import exit_with_parent
from autograder.processes.parallel import CAN_FORK
from autograder.submissions import opening
from autograder.submissions.faults import MAX_FAULT, fault_in_words
from autograder.text.messages import sanitize
from autograder.text.said import said

Result = TypeVar("Result")

# What the folders begin with that archives are unpacked to, before the number of their process.
SCRATCH = "autograder-reading-"

CPU_SECONDS = 5
WALL_SECONDS = 15.0
# Beyond what the process has when it starts. A source text of the largest size takes 200 MiB.
MEMORY = 1 << 29
MAX_REPLY = 1 << 26
MAX_WRITTEN = 1 << 20  # of temporary files, which are a line long
START_SECONDS = 60.0  # of an interpreter of its own
_HEADER = struct.Struct("!Q")


_FAILED = 1 << 63  # in the size of an answer: it is what was raised


class ReadLimits(Struct, frozen=True):
    """What one request to the child may use: processor time, wall time, memory beyond what it has
    when it starts, and bytes of any file that it writes."""

    cpu_seconds: int
    wall_seconds: float
    memory: int
    written: int


def of_one_submission() -> ReadLimits:
    """The limits for what one student handed in."""
    return ReadLimits(CPU_SECONDS, WALL_SECONDS, MEMORY, MAX_WRITTEN)


class ReadingFailed(Exception):
    """The child could not read it: it was killed, or the function raised. The message says which
    of the two, for the instructor."""


class Reader:
    """The child, from its parent's side. ``root`` is the folder below which no link is followed,
    ``scratch`` one for temporary files. ``apart``: it is no fork."""

    def __init__(self, scratch: str, root: Path | None = None, *, apart: bool = False) -> None:
        self.root = root
        self._scratch = scratch
        self._apart = apart
        self._owner = 0
        self._child = 0
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._failed: dict[tuple[str, str], str] = {}

    def read(
        self,
        function: Callable[..., Any],
        argument: Any,
        kind: Any,
        limits: ReadLimits | None = None,
    ) -> Any:
        """``function(argument)`` in the child, as a ``kind``. Raises :class:`ReadingFailed`, for a
        fork at once where it failed on the same before: a class does not pay for that twice."""
        if self._failed and (why := self._failed.get(_key(function, argument))) is not None:
            raise ReadingFailed(why)
        with self._lock:
            try:
                return self._ask(function, argument, kind, limits or of_one_submission())
            except ReadingFailed as error:
                if not self._apart:  # which may read the same place again a month later
                    self._failed[_key(function, argument)] = str(error)
                raise

    def _ask(
        self, function: Callable[..., Any], argument: Any, kind: Any, limits: ReadLimits
    ) -> Any:
        if self._owner != os.getpid():  # of a fork, the child belongs to the parent
            self._forget()
        if self._socket is None:
            self._start()
        assert self._socket is not None
        try:
            message = pickle.dumps((function, argument, msgspec.structs.astuple(limits)))
            self._socket.sendall(_HEADER.pack(len(message)) + message)
            answer = self._receive(limits.wall_seconds)
            return msgspec.json.decode(answer, type=kind)
        except (OSError, EOFError, msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            ended = self._ended()
            self.stop()
            raise ReadingFailed(_why(ended, limits) or str(error)) from None
        except BaseException:  # Ctrl-C: what it answers would be taken for the next answer
            self.stop()
            raise

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

    @property
    def pid(self) -> int | None:
        """The child's, where it runs."""
        is_ours = self._socket is not None and self._owner == os.getpid()
        return self._child if is_ours else None

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
        with theirs:
            self._child = self._start_apart(theirs) if self._apart else self._fork(theirs)
        self._owner, self._socket = os.getpid(), ours
        if not self._apart:
            return
        try:
            self._exactly(len(_READY), time.monotonic() + START_SECONDS)
        except (OSError, EOFError) as error:
            self.stop()
            raise MachineError(said("error_reader_start", error=error)) from None

    def _fork(self, theirs: socket.socket) -> int:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                exit_with_parent(parent)
                _active.clear()
                _serve(theirs.fileno(), self._scratch, self.root)
            finally:
                os._exit(1)
        return child

    def _start_apart(self, theirs: socket.socket) -> int:
        path = [folder for folder in sys.path if folder]
        options = pickle.dumps((path, self._scratch, self.root)).hex()
        process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-B", "-X", "utf8", "-c", _BOOT, options],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        process.returncode = 0  # it is waited for here, and by nobody else
        return process.pid

    def _receive(self, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        (size,) = _HEADER.unpack(self._exactly(_HEADER.size, end))
        if size & _FAILED:
            content = self._exactly(min(size - _FAILED, 4 * MAX_FAULT), end)
            raise EOFError(sanitize(content.decode("utf-8", "replace"), MAX_FAULT))
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
                raise EOFError("it took too long by the clock on the wall")
            chunk = self._socket.recv(min(size - len(content), 1 << 20))
            if not chunk:
                raise EOFError("the child ended")
            content += chunk
        return bytes(content)


def _key(function: Callable[..., Any], argument: Any) -> tuple[str, str]:
    return function.__qualname__, repr(argument)


_READY = b"ready"
# What a child runs that is no fork.
_BOOT = """
import pickle, sys
path, scratch, root = pickle.loads(bytes.fromhex(sys.argv[1]))
sys.path[:] = path
from autograder.submissions import reader, submission, submission_time
reader._serve_apart(scratch, root)
"""

_active: list[Reader] = []


@contextlib.contextmanager
def bounded(root: Path | None = None) -> Iterator[None]:
    """As long as this lasts, a child reads what was handed in; in forks of this process, too, each
    of which has a child of its own. Where there is no fork, the process itself reads."""
    if not CAN_FORK:
        yield
        return
    _remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-") as scratch:
        reader = Reader(scratch, root)
        _active.append(reader)
        try:
            yield
        finally:
            _active.remove(reader)
            reader.stop()


def read_apart(root: Path | None = None) -> None:
    """From now on, as long as this process lives, an interpreter of its own reads what was handed
    in: for processes of others that may have threads, a fork of which could hang. ``root`` may
    change from call to call."""
    if not CAN_FORK or (_active and _active[-1].root == root):
        return
    while _active:
        _active.pop().stop()
    if not _apart:
        _remove_leftovers()
        _apart.append(tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-"))
    reader = Reader(_apart[0].name, root, apart=True)
    _active.append(reader)
    atexit.register(reader.stop)


_apart: list[tempfile.TemporaryDirectory[str]] = []


def _remove_leftovers() -> None:
    """Remove the folders of runs that were killed, which could not do so themselves. Where the
    system does not tell which processes there are, they stay."""
    if not (hasattr(os, "geteuid") and os.path.isdir("/proc/self")):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        owner = folder.name.removeprefix(SCRATCH).partition("-")[0]
        with contextlib.suppress(OSError):  # it has just gone
            is_ours = folder.is_dir() and folder.lstat().st_uid == os.geteuid()
            if is_ours and owner.isdecimal() and not os.path.exists(f"/proc/{owner}"):
                shutil.rmtree(folder, ignore_errors=True)


def read(
    function: Callable[[Any], Result],
    argument: Any,
    kind: Any,
    otherwise: Callable[[str], Result],
    limits: ReadLimits | None = None,
) -> Result:
    """``function(argument)``, by the child where there is one; where it fails, ``otherwise`` of
    why it did. ``limits`` are those of one submission where there are no others.

    ``function`` is one of a module, and its result of the type ``kind`` is plain data.
    """
    if not _active:
        return function(argument)
    try:
        result: Result = _active[-1].read(function, argument, kind, limits)
    except ReadingFailed as error:
        return otherwise(str(error))
    return result


def reading_process() -> int | None:
    """The child that reads for this process, where it has been started."""
    return _active[-1].pid if _active else None


def _why(ended: int, limits: ReadLimits) -> str:
    """What a signal that a child ended by says about what it read."""
    if not ended:
        return ""
    if ended == signal.SIGXCPU:
        return f"it took more than {limits.cpu_seconds} seconds of processor time"
    return f"reading it ended by {signal.strsignal(ended) or ended}"


def _serve_apart(scratch: str, root: Path | None) -> None:
    """Answer on standard input, in an interpreter that was started for it."""
    socket.socket(fileno=os.dup(0)).sendall(_READY)
    _serve(os.dup(0), scratch, root)


def _serve(descriptor: int, scratch: str, root: Path | None) -> None:
    """Answer until the other end is closed."""
    import resource

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
        have = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    with connection, connection.makefile("rb") as stream:
        while header := stream.read(_HEADER.size):
            function, argument, limits = pickle.loads(stream.read(_HEADER.unpack(header)[0]))
            cpu_seconds, _, memory, written = limits
            usage = resource.getrusage(resource.RUSAGE_SELF)
            seconds = int(usage.ru_utime + usage.ru_stime) + 1 + cpu_seconds
            for name, value in (
                (resource.RLIMIT_CPU, seconds),
                (resource.RLIMIT_AS, have + memory),
                (resource.RLIMIT_FSIZE, written),
                (resource.RLIMIT_CORE, 0),
            ):
                with contextlib.suppress(OSError, ValueError):
                    resource.setrlimit(name, (value, resource.getrlimit(name)[1]))
            try:
                answer = msgspec.json.encode(function(argument))
            except BaseException as error:
                fault = fault_in_words(error).encode("utf-8", "replace")
                connection.sendall(_HEADER.pack(_FAILED | len(fault)) + fault)
                os._exit(1)
            connection.sendall(_HEADER.pack(len(answer)) + answer)
    os._exit(0)
