"""A process that grades batches for a worker of a cluster, which starts it and talks to it.

A worker has threads, and a process that has threads must not be forked; nor may a submission that
kills a process take the worker with it. So each worker starts this one: ``python -m
autograder.batch.station``. It reads on standard input and answers on standard output, in frames of
MessagePack: first its :class:`Order`, answered by a :class:`Hello`; then batches, answered by a
:class:`~autograder.batch.parcel.Row` for each submission as it is graded.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from autograder.batch.parcel import Parcel, Row, Scratch, decode
from autograder.course.adjustments import Adjustment
from autograder.errors import AutograderError
from autograder.sandbox.levels import Level
from autograder.text.language import Language

if TYPE_CHECKING:
    from autograder.batch.cache import CourseCache
    from autograder.batch.workers import Settings, SubmissionGrader
    from autograder.course.course import Course

_HEADER = struct.Struct("!Q")
_MAX_FRAME = 1 << 32
# Without a batch for so long, a station ends; the next batch starts another.
_IDLE_SECONDS = 600.0
COURSE = "AUTOGRADER_COURSE"
"""The variable that says where the course lies on a worker's machine, if elsewhere."""


class Order(Struct, frozen=True):
    """How everything is to be graded, and the hashes that must come out of the course."""

    course: str
    isolation: Level
    language: Language
    fingerprints: dict[str, str]
    grader: bytes
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def digest(self) -> str:
        """The same where everything is."""
        return blake2b(msgspec.msgpack.encode(self), digest_size=8).hexdigest()


class Hello(Struct, frozen=True):
    """That a station is ready, or why it refuses: ``kind`` is ``version``, ``course`` or
    ``machine``."""

    kind: str = ""
    reason: str = ""


# The station, from the outside


class Station:
    """A station's process. Not for several threads at once."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self) -> Hello:
        """Start the process, unless it runs, and have its word."""
        if self._is_closed:
            return Hello("machine", "its worker is closing")
        if self._process is not None and self._process.poll() is None:
            return Hello()
        self.stop()
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1")
        path = [folder for folder in sys.path if folder]
        environment["PYTHONPATH"] = os.pathsep.join(path)
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "autograder.batch.station"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        try:
            self._send(msgspec.msgpack.encode(self._order))
            hello = msgspec.msgpack.decode(self._receive(), type=Hello)
        except (EOFError, OSError) as error:
            hello = Hello("machine", f"its process ended: {error}")
        if hello.kind:
            self.stop()
        return hello

    def grade(self, blob: bytes) -> bytes:
        """The rows of a batch. A submission that kills the process is tried once more, and then
        has a fault; raises :class:`OSError` where the process cannot be started."""
        with self._lock:
            left = decode(blob)
            rows: list[Row] = []
            suspect = ""
            while left:
                hello = self.start()
                if hello.kind:
                    raise OSError(hello.reason)
                done = list(self._graded(left))
                rows += done
                left = left[len(done) :]
                if left:
                    self.stop()
                    if suspect == left[0].name:
                        one = left.pop(0)
                        why = "killed the process that graded it"
                        rows.append(Row(one.student, fault=why))
                    suspect = left[0].name if left else ""
            return zlib.compress(msgspec.msgpack.encode(rows), 0)

    def _graded(self, batch: list[Parcel]) -> Iterator[Row]:
        """The rows of the batch as far as the process lives."""
        try:
            self._send(msgspec.msgpack.encode(batch))
            for _ in batch:
                yield msgspec.msgpack.decode(self._receive(), type=Row)
        except (EOFError, OSError, msgspec.MsgspecError):
            return

    def close(self) -> None:
        """End the process for good. A batch that it has in hand comes back without rows."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()  # whoever waits for it stops it

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process.wait()
            self._process = None

    def _send(self, content: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        _write(self._process.stdin, content)

    def _receive(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        return _read(self._process.stdout)


def decode_rows(blob: bytes) -> list[Row]:
    """What :meth:`Station.grade` made."""
    return msgspec.msgpack.decode(zlib.decompress(blob), type=list[Row])


def _write(stream: IO[bytes], content: bytes) -> None:
    stream.write(_HEADER.pack(len(content)) + content)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    (size,) = _HEADER.unpack(_exactly(stream, _HEADER.size))
    if size > _MAX_FRAME:
        raise EOFError("a frame is too long")
    return _exactly(stream, size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError("the other end is closed")
    return content


# The station, from the inside


class _Opened(Struct, frozen=True, eq=False):
    """A course on this machine, with what was worked out of it."""

    root: Path
    cache: CourseCache
    course: Course


def _open(order: Order) -> _Opened | Hello:
    """The course, where this machine has the same one, the same program and the sandbox; otherwise
    what it lacks."""
    from autograder.batch.cache import CourseCache
    from autograder.batch.fingerprint import Fingerprints, grader_digest
    from autograder.batch.folder import load_cached
    from autograder.sandbox.levels import require_level

    if grader_digest() != order.grader:
        return Hello("version", sys.version.split()[0])
    root = Path(os.environ.get(COURSE) or order.course)
    try:
        require_level(order.isolation)
        if not root.is_dir():
            return Hello("course", f"{root}: is not there; {COURSE} may say where it is")
        cache = CourseCache(root)
        course = load_cached(cache, root)
        fingerprints = Fingerprints(course, order.isolation, order.language)
        for name, expected in order.fingerprints.items():
            if name not in course.assignments or fingerprints.of_course(name) != expected:
                return Hello("course", f"{root}: '{name}' is another one")
    except AutograderError as error:
        return Hello("machine", str(error))
    return _Opened(root, cache, course)


def _serve(source: IO[bytes], target: IO[bytes]) -> None:
    from autograder.batch.workers import Settings, SubmissionGrader
    from autograder.sandbox.memory import keep_freed_memory
    from autograder.submissions.reader import SCRATCH, bounded

    order = msgspec.msgpack.decode(_read(source), type=Order)
    opened = _open(order)
    if isinstance(opened, Hello):
        _write(target, msgspec.msgpack.encode(opened))
        return
    keep_freed_memory()
    with bounded(), tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-") as scratch:
        settings = Settings(
            opened.course,
            Path(scratch),
            order.isolation,
            order.language,
            private=(opened.root.absolute(), Path(scratch)),
            cache=opened.cache,
        )
        grader = SubmissionGrader(settings, None)
        _write(target, msgspec.msgpack.encode(Hello()))
        place = Scratch(Path(scratch))
        while True:
            if not select.select([source], [], [], _IDLE_SECONDS)[0]:
                return
            try:
                batch = msgspec.msgpack.decode(_read(source), type=list[Parcel])
            except EOFError:
                return
            for parcel in batch:
                row = _row(parcel, place, grader, order, settings)
                place.clear()
                _write(target, msgspec.msgpack.encode(row))
            grader.keep_explanations()


def _row(
    parcel: Parcel, place: Scratch, grader: SubmissionGrader, order: Order, settings: Settings
) -> Row:
    from autograder.grades.adjust import adjust
    from autograder.grades.database import columns_of, compressed
    from autograder.grades.grade_file import decode_grade, encode_grade

    try:
        ref = place.unpack(parcel, settings.course)
        content = grader.grade(ref, parcel.evidence)
        grade = decode_grade(content)
        if not parcel.attempt:
            adjusted = adjust(grade, order.adjustments, settings.course.late)
            if adjusted != grade:
                grade, content = adjusted, encode_grade(adjusted)
    except Exception as error:  # which must not cost the others theirs
        return Row(parcel.student, fault=f"{type(error).__name__}: {error}")
    size, packed = compressed(content)
    return Row(parcel.student, columns_of(parcel.name, grade), size, packed)


def main() -> None:
    """Serve until standard input is closed. What the program prints does not get between."""
    gc.set_threshold(200_000)  # as the command has it: grading makes no cycles
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # the worker has gone
        _serve(source, target)


if __name__ == "__main__":
    main()
