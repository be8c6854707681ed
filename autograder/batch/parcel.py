"""What goes to another machine to be graded, and what comes back: bytes, in MessagePack.

A submission travels as its files were handed in, read by nobody on the way. It is unpacked in a
temporary folder, where it is found and read like any other. Nothing here is ever executed or
unpickled.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from autograder.course.course import Course
from autograder.errors import MachineError
from autograder.grades.grade_file import grade_name
from autograder.submissions.found_at import FoundAt
from autograder.submissions.listing import MAX_ARCHIVE_BYTES
from autograder.submissions.names import meaning
from autograder.submissions.opening import open_file
from autograder.submissions.receipt import RECEIPT
from autograder.submissions.submission import MAX_NOTEBOOK_BYTES, SubmissionRef, wanted_of
from autograder.submissions.submission_time import Evidence, evidence

MAX_FILES = 2000
MAX_BYTES = 1 << 26
_MAX_DEPTH = 30


class Entry(Struct, frozen=True, array_like=True):
    """A file, or where ``content`` is None a folder; ``other`` is neither, such as a link."""

    path: bytes
    content: bytes | None = None
    other: bool = False


class Parcel(Struct, frozen=True):
    """A submission: where its grade belongs, who handed it in and when, and the files below three
    places: its own folder, one beside that, and files by other names."""

    name: str
    student: str
    assignment: str
    stored_as: str
    attempt: int
    is_late: bool | None
    student_is: str | None
    found_at: FoundAt | None
    evidence: Evidence | None
    own: tuple[Entry, ...] = ()
    beside: tuple[Entry, ...] | None = None
    named: dict[str, Entry] | None = None


class Row(Struct, frozen=True, array_like=True):
    """A grade as it is put into a database, or why there is none; ``columns`` as
    :func:`~autograder.grades.database.columns_of` makes them."""

    student: str
    columns: tuple[str | float | None, ...] = ()
    size: int = 0
    grade: bytes = b""
    fault: str = ""


_encoder = msgspec.msgpack.Encoder()


def encode(batch: list[Parcel]) -> bytes:
    """A batch of submissions."""
    return zlib.compress(_encoder.encode(batch), 1)


def decode(blob: bytes) -> list[Parcel]:
    """The submissions of a batch."""
    return msgspec.msgpack.decode(zlib.decompress(blob), type=list[Parcel])


def pack(ref: SubmissionRef, course: Course) -> Parcel:
    """A submission with everything that its grade follows from. Raises :class:`MachineError` where
    this machine cannot read it."""
    due = course.assignments[ref.assignment].due
    room = _Room()
    named = None
    own: tuple[Entry, ...] = ()
    if ref.files is not None:
        named = {name: _entry(path, b"", room) for name, path in ref.files.items()}
    else:
        own = tuple(_below(ref.folder, b"", room, 0))
    beside = None
    if ref.beside is not None:
        found = _entries(ref.beside)
        beside = tuple(
            _entry(path, name, room) for name, path in found if not stat.S_ISDIR(_mode(path))
        )
    return Parcel(
        *(grade_name(ref), ref.student, ref.assignment, ref.stored_as, ref.attempt),
        *(ref.is_late, ref.student_is, ref.found_at, None if due is None else evidence(ref)),
        *(own, beside, named),
    )


class Scratch:
    """A folder in which one submission at a time is unpacked.

    To make three folders and to remove them takes as long as to read a submission. So the next one
    gets those of the last, by another name: what could not be read is known by its path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._left: tuple[str, str] | None = None
        """A place, and in its ``student`` the empty folder of an assignment."""

    def unpack(self, parcel: Parcel, course: Course) -> SubmissionRef:
        """The submission, in folders that nothing else is in."""
        self._number += 1
        place = os.path.join(self._folder, str(self._number))
        try:
            self._move(place, parcel.assignment)
        except OSError:  # there are none, or somebody has tidied up
            os.makedirs(os.path.join(place, "student", parcel.assignment), exist_ok=True)
        self._left = place, parcel.assignment
        return unpack(parcel, Path(place), course)

    def _move(self, place: str, assignment: str) -> None:
        """Have the folders of the last one there. Raises :class:`OSError`."""
        if self._left is None:
            raise FileNotFoundError
        before, last = self._left
        os.rename(before, place)
        if last != assignment:
            student = os.path.join(place, "student")
            os.rename(os.path.join(student, last), os.path.join(student, assignment))

    def clear(self) -> None:
        """Delete the submission."""
        if self._left is None:
            return
        place, assignment = self._left
        student = os.path.join(place, "student")
        try:
            _empty(place, but="student")
            _empty(student, but=assignment)
            _empty(os.path.join(student, assignment))
        except OSError:  # somebody else was here
            shutil.rmtree(place, ignore_errors=True)
            self._left = None


def _empty(folder: str, *, but: str = "") -> None:
    """Delete what is in a folder. Raises :class:`OSError`."""
    with os.scandir(folder) as scan:
        entries = [entry for entry in scan if entry.name != but]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def unpack(parcel: Parcel, scratch: Path, course: Course) -> SubmissionRef:
    """The submission in a folder in which there is none."""
    student = scratch / "student"
    folder = student / parcel.assignment
    folder.mkdir(parents=True, exist_ok=True)
    _write(parcel.own, folder)
    if parcel.beside is not None:
        _write(parcel.beside, student)
    files = None
    if parcel.named is not None:
        files = {}
        for number, (name, entry) in enumerate(parcel.named.items()):
            place = scratch / "named" / str(number)
            place.mkdir(parents=True)
            _write((Entry(b"file", entry.content, entry.other),), place)
            files[name] = place / "file"
    return SubmissionRef(
        parcel.student,
        parcel.assignment,
        folder,
        files=files,
        stored_as=parcel.stored_as,
        attempt=parcel.attempt,
        wanted=wanted_of(course.assignments[parcel.assignment]),
        beside=None if parcel.beside is None else student,
        student_is=parcel.student_is,
        found_at=parcel.found_at,
        is_late=parcel.is_late,
    )


class _Room(Struct):
    """What one submission may still have."""

    files: int = MAX_FILES
    bytes: int = MAX_BYTES


def _entries(folder: Path) -> list[tuple[bytes, Path]]:
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as scan:
            names = sorted(entry.name for _, entry in zip(range(MAX_FILES), scan, strict=False))
    except OSError:
        return []
    return [(os.fsencode(name), folder / name) for name in names]


def _mode(path: Path) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _below(folder: Path, prefix: bytes, room: _Room, depth: int) -> Iterator[Entry]:
    for name, path in _entries(folder):
        if stat.S_ISDIR(_mode(path)):
            yield Entry(prefix + name + b"/")
            if depth < _MAX_DEPTH:
                yield from _below(path, prefix + name + b"/", room, depth + 1)
        else:
            yield _entry(path, prefix + name, room)


def _entry(path: Path, name: bytes, room: _Room) -> Entry:
    """A file as far as it is read by anybody: of a picture, the name; of one that is too large,
    just beyond the limit."""
    if not stat.S_ISREG(_mode(path)) or room.files <= 0 or room.bytes <= 0:
        return Entry(name, other=True)
    room.files -= 1
    kind = meaning(path.name, (), "").kind
    if kind in ("other", "system") and path.name != RECEIPT:
        return Entry(name, b"")
    limit = (MAX_ARCHIVE_BYTES if kind == "archive" else MAX_NOTEBOOK_BYTES) + 1
    try:
        with open(open_file(path), "rb") as file:
            content = file.read(limit)
    except OSError:
        return Entry(name, other=True)
    room.bytes -= len(content)
    return Entry(name, content)


def _write(entries: Mapping[str, Entry] | tuple[Entry, ...], folder: Path) -> None:
    base = os.fsencode(folder)
    for entry in entries if isinstance(entries, tuple) else entries.values():
        if any(part in (b"", b".", b"..") for part in entry.path.rstrip(b"/").split(b"/")):
            raise MachineError("a batch has a path that leads out of its folder")
        place = os.path.join(base, entry.path)
        with contextlib.suppress(FileExistsError):
            if entry.other:
                os.symlink(os.devnull, place)
            elif entry.content is None:
                os.mkdir(place)
            else:
                with open(place, "xb") as file:
                    file.write(entry.content)
