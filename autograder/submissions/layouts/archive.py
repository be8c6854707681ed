"""Zips from learning platforms, unpacked without trusting what students called their files."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from autograder.errors import AutograderError, MachineError, UsageError
from autograder.submissions import reader
from autograder.submissions.listing import MAX_ARCHIVE_BYTES, entry_name
from autograder.submissions.names import is_system_folder, meaning
from autograder.submissions.sentences import Sentence, said_again, sentence
from autograder.submissions.submission import MAX_NOTEBOOK_BYTES
from autograder.text.messages import sanitize
from autograder.text.said import said

MAX_FILES = 100_000
MAX_TOTAL_BYTES = 1 << 33
# Of one student: of a folder, or of files whose names begin alike up to the second "_".
MAX_STUDENT_BYTES = 1 << 26
_ENCRYPTED = 1
# What says whose it is may be long; an archive of a student's is opened later.
_MAX_FILE_BYTES = {"submission_metadata.yml": 1 << 26}
_CHUNK = 1 << 16
_OWNER = re.compile(r"[^/]+(?=/)|[^/_]*_?[^/_]*")


# A class of hundreds takes a minute; what takes an hour is no class.
_LIMITS = reader.ReadLimits(
    cpu_seconds=3600, wall_seconds=4 * 3600, memory=1 << 30, written=1 << 27
)


class Unpacked(Struct, frozen=True):
    """What became of a zip: the names that were left out, or why it cannot be unpacked, and
    whether that is the machine's fault."""

    left_out: list[Sentence] = []
    fault: Sentence | None = None
    is_machine: bool = False


class _Damaged(Exception):
    """A file of the zip cannot be decompressed."""


@contextmanager
def unpacked(path: Path, left_out: list[str]) -> Iterator[Path]:
    """The contents of a zip in a temporary folder, unpacked by a child where
    :mod:`~autograder.submissions.reader` has one. Of files that are not read, such as pictures,
    there is the name alone.

    Entries that would land elsewhere, links, and encrypted ones are left out and named in
    ``left_out``: one student's must not keep the class from being graded. A file that is too
    large is cut just beyond the limit, for its reader to refuse. Raises :class:`UsageError`
    where it is no zip, or too large as a whole.
    """
    with tempfile.TemporaryDirectory(prefix="autograder-layout-") as folder:
        target = Path(folder)
        done = reader.read(
            _unpack_into,
            (str(path), folder),
            Unpacked,
            lambda why: Unpacked(fault=sentence(said("error_zip", path=path, error=why))),
            _LIMITS,
        )
        if done.fault is not None:
            fault = said_again(done.fault)
            raise MachineError(fault) if done.is_machine else UsageError(fault)
        left_out.extend(map(said_again, done.left_out))
        yield _root(target)


def _unpack_into(places: tuple[str, str]) -> Unpacked:
    path, target = map(Path, places)
    left_out: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, path, target, left_out)
    except AutograderError as error:
        return Unpacked(fault=sentence(error.args[0]))
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError),
        ValueError,  # such as names that are said to be UTF-8, and are not
    ) as error:
        return Unpacked(fault=sentence(said("error_zip", path=path, error=error)))
    except OSError as error:
        fault = said("error_unpack", path=path, reason=error.strerror or error)
        return Unpacked(fault=sentence(fault), is_machine=True)
    return Unpacked([*map(sentence, left_out)])


def _unpack(archive: zipfile.ZipFile, path: Path, target: Path, left_out: list[str]) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise UsageError(said("error_zip_files", path=path, limit=MAX_FILES))
    total = 0
    used: dict[str, int] = {}
    top = _common_top(entries)
    for entry in entries:
        name = entry_name(entry)
        if name.endswith("/") or _is_hidden(name.partition("/")[0]):
            continue
        place = _place(entry, name)
        if place is None or entry.flag_bits & _ENCRYPTED:
            left_out.append(sanitize(name, 80))
            continue
        destination = target / place
        try:
            destination.parent.mkdir(parents=True, exist_ok=True)
            if meaning(place.name, (), "").kind in ("other", "system"):
                destination.touch(exist_ok=False)
                continue
            student = _OWNER.match(name, len(top))
            owner = "" if student is None else student[0]
            room = MAX_STUDENT_BYTES - used.get(owner, 0)
            if room <= 0:
                mebibytes = MAX_STUDENT_BYTES >> 20
                left_out.append(said("zip_too_much", name=sanitize(name, 80), limit=mebibytes))
                continue
            written = _copy(archive, entry, destination, min(room, MAX_TOTAL_BYTES - total))
            used[owner] = used.get(owner, 0) + written
            if written >= room:  # half a file is not what was handed in
                destination.unlink()
                left_out.append(sanitize(name, 80))
            total += written
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            left_out.append(sanitize(name, 80))  # the same name twice
        except (_Damaged, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
            left_out.append(sanitize(name, 80))
        if total >= MAX_TOTAL_BYTES:
            raise UsageError(said("error_zip_size", path=path, limit=MAX_TOTAL_BYTES >> 20))


def _common_top(entries: Sequence[zipfile.ZipInfo]) -> str:
    """The one folder that everything is in, with its slash; empty where there are several."""
    tops = {entry_name(entry).partition("/") for entry in entries}
    names = {(head, slash) for head, slash, _ in tops if head != "__MACOSX"}
    return "".join(names.pop()) if len(names) == 1 else ""


def _is_hidden(folder: str) -> bool:
    return folder.strip(".") != "" and is_system_folder(folder)


def _place(entry: zipfile.ZipInfo, name: str) -> PurePosixPath | None:
    """Where the entry goes, below the target; None where it is not an ordinary file there."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    place = PurePosixPath(name)
    if kind not in (0, stat.S_IFREG) or place.is_absolute() or "\0" in name:
        return None
    if any(part in ("..", ".") or len(os.fsencode(part)) > 255 for part in name.split("/")):
        return None
    if place.parts and place.parts[0].endswith(":"):  # a drive
        return None
    return place


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path, room: int) -> int:
    kind = meaning(to.name, (), "").kind
    limit = MAX_ARCHIVE_BYTES if kind == "archive" else MAX_NOTEBOOK_BYTES
    limit = min(_MAX_FILE_BYTES.get(to.name, limit) + 1, room)
    written = 0
    with archive.open(entry) as source, open(to, "xb") as file:
        try:
            while written < limit and (chunk := _read(source, min(_CHUNK, limit - written))):
                written += file.write(chunk)
        except _Damaged:
            to.unlink()  # half a file is not what was handed in
            raise
    changed = _seconds(entry)
    os.utime(to, (changed, changed))
    return written


def _read(source: IO[bytes], size: int) -> bytes:
    try:
        return source.read(size)
    except OSError as error:
        if error.errno is not None:  # the disk's
            raise
        raise _Damaged from None
    except Exception:  # each compression has errors of its own
        raise _Damaged from None


def _seconds(entry: zipfile.ZipInfo) -> float:
    """The entry's time of change, which has no zone: taken for the machine's own."""
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _root(target: Path) -> Path:
    """The folder itself, or the one folder of a Gradescope export that all of it is in."""
    inside = [path for path in target.iterdir() if path.name != "__MACOSX"]
    if len(inside) == 1 and (inside[0] / "submission_metadata.yml").is_file():
        return inside[0]
    return target
