"""What was worked out of a course, kept in its folder for the next run.

Before a class is graded, the course is read and what is expected of every case is worked out. Both
follow from the course's files, this package and its libraries; as long as none of these has
changed, what came of it last time is taken from ``.autograder_cache``, which may be deleted at any
time.

The entries are pickles that follow from solutions. The folder is for its owner alone (0700), as are
the files in it (0600). What others can write to, or belongs to neither the one who grades nor the
course's owner, is not read.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from autograder.batch.fingerprint import course_paths, grader_digest

FOLDER = ".autograder_cache"
# Bytes of a course that are looked through in each run; of a larger one nothing is kept.
MAX_COURSE = 1 << 25
# Nanoseconds within which two changes may leave the same time.
_COARSE = 2_000_000_000
_LIBRARIES = f"{sys.version} numpy {np.__version__}"


class CourseCache:
    """Entries by name. ``anew`` finds only those that were made since, as by another process of the
    same run, and makes others in the place of older ones.

    Where nothing can be kept, as in a folder that may not be written to, nothing is.
    """

    def __init__(self, root: Path, *, anew: bool = False) -> None:
        self._root = root
        self._not_before = time.time_ns() if anew else 0
        self._stamp = _stamp(root)
        self._key = _digest(root)

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of the entries that are there and were made of the same."""
        found: dict[str, Any] = {}
        if self._key is not None:
            for name in names:
                # What is damaged may raise anything, and is made again.
                with contextlib.suppress(Exception):
                    found[name] = _unpacked(self._read(name), self._key)
        return found

    def _read(self, name: str) -> bytes:
        """Raises :class:`OSError` for what is not there, and for what others may have written."""
        folder = self._root / FOLDER
        owners = _owners(self._root)
        _require_private(os.lstat(folder), owners, stat.S_IFDIR)
        with open(folder / name, "rb", opener=_open_no_link) as file:
            status = os.fstat(file.fileno())
            _require_private(status, owners, stat.S_IFREG)
            if status.st_mtime_ns < self._not_before:
                raise FileNotFoundError("made before")
            return file.read()

    def put(self, entries: Mapping[str, object]) -> None:
        """Make these the entries of their names, made of the course as it was when this began."""
        if not entries or self._key is None or not self._is_same():
            return
        with contextlib.suppress(OSError, pickle.PicklingError, TypeError, AttributeError):
            folder = self._root / FOLDER
            _make_private(folder, _owners(self._root))
            ignored = folder / ".gitignore"
            if not ignored.exists():
                ignored.write_text("# Made by autograder; may be deleted.\n*\n")
            for name, value in entries.items():
                # Of this process alone: another may be at the same.
                temporary = folder / f"{name}.{os.getpid()}"
                try:
                    with open(temporary, "xb", opener=_open_private) as file:
                        file.write(_packed(value, self._key))
                    os.replace(temporary, folder / name)
                finally:
                    temporary.unlink(missing_ok=True)

    def _is_same(self) -> bool:
        """Whether the course is as it was when this began. To read it takes three times as long as
        to ask when its files were changed last."""
        if self._stamp is not None and self._stamp == _stamp(self._root):
            return True
        return self._key == _digest(self._root)


def _owners(root: Path) -> set[int]:
    """The users whose files are read here: who grades, and who owns the course."""
    return {os.stat(root).st_uid, os.geteuid()} if hasattr(os, "geteuid") else {0}


def _require_private(status: os.stat_result, owners: set[int], kind: int) -> None:
    if (
        stat.S_IFMT(status.st_mode) != kind
        or status.st_uid not in owners
        # Windows has no such modes.
        or (os.name == "posix" and status.st_mode & 0o022)
    ):
        raise PermissionError("others can write to it")


def _make_private(folder: Path, owners: set[int]) -> None:
    """Make the folder, for its owner alone. One that others could write to is emptied first; one
    of somebody else raises :class:`OSError`."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        _require_private(os.lstat(folder), owners, stat.S_IFDIR)
    except PermissionError:
        if os.lstat(folder).st_uid not in owners or not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    os.chmod(folder, 0o700)


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _packed(value: object, key: bytes) -> bytes:
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _seal(content, key) + content


def _unpacked(packed: bytes, key: bytes) -> Any:
    """Raises :class:`ValueError` where it was not packed with this key, or is not what was."""
    content = memoryview(packed)[len(key) :]
    if not packed.startswith(_seal(content, key)):
        raise ValueError("made of something else, or damaged")
    return pickle.loads(content)


def _seal(content: bytes | memoryview, key: bytes) -> bytes:
    """What nothing else begins with that is packed; as long as the key."""
    return blake2b(content, key=key, digest_size=len(key)).digest()


def _stamp(root: Path) -> bytes | None:
    """The same as long as nobody has changed a file of the course; None where that cannot be told,
    as of one that was changed just now: times of files are coarse."""
    hasher = blake2b(digest_size=20)
    now = time.time_ns()
    try:
        for path in course_paths(root):
            status = os.stat(path)
            if abs(now - status.st_ctime_ns) < _COARSE:
                return None
            parts = (path, status.st_dev, status.st_ino, status.st_size)
            hasher.update(repr((parts, status.st_mtime_ns, status.st_ctime_ns)).encode())
    except OSError:
        return None
    return hasher.digest()


def _digest(root: Path) -> bytes | None:
    """The same as long as everything is that an entry is made of; None where the course is too
    large or cannot be read."""
    hasher = blake2b(grader_digest(), digest_size=20)
    parts = [_LIBRARIES.encode(), os.fsencode(root), os.fsencode(root.absolute())]
    left = MAX_COURSE
    try:
        for path in course_paths(root):
            parts.append(os.fsencode(path))
            if path.endswith(os.sep):
                continue
            with open(path, "rb") as file:
                left -= os.fstat(file.fileno()).st_size
                if left < 0:
                    return None
                parts.append(file.read())
    except OSError:
        return None
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.digest()
