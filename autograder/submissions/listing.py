"""Everything that a submission consists of, in folders and in zips within it: names, sizes and
bytes, bounded, without following a link."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from autograder.submissions.names import Kind, displayable, is_system_folder, meaning
from autograder.submissions.opening import open_file
from autograder.submissions.receipt import RECEIPT

Unreadable: TypeAlias = Literal[
    "not_a_file",
    "too_large",
    "notebook_too_large",
    "too_many",
    "encoding",
    "notebook",
    "unreadable",
    "archive",
    "archive_kind",
    "archive_encrypted",
    "archive_too_large",
]
"""Why something that was handed in is not read."""

MAX_ENTRIES = 20_000
MAX_DEPTH = 8
# A zip within a submission. Code is small; what is larger holds data, which nothing reads.
MAX_ARCHIVE_BYTES = 1 << 25
MAX_UNPACKED_BYTES = 1 << 26
MAX_ARCHIVE_ENTRIES = 2000
MAX_ARCHIVES = 20
MAX_NESTED = 2

_ENCRYPTED = 1
_UTF8 = 0x800


class Item(Struct):
    """Something handed in. ``path`` is what its student calls it, from the submission's folder
    on, with ``/`` between folders, and at the end of a folder that is not looked into."""

    path: str
    kind: Kind
    place: Path | None = None
    content: bytes | None = None
    """Of a file in an archive."""
    problem: Unreadable | None = None

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder that it is in, with a ``/`` at the end; empty at the top."""
        head, slash, _ = self.path.rstrip("/").rpartition("/")
        return head + slash

    def read(self, limit: int) -> bytes | Unreadable:
        if self.problem is not None:
            return self.problem
        if self.content is not None:
            return self.content if len(self.content) <= limit else "too_large"
        assert self.place is not None
        return read_file(self.place, limit)


def list_items(folder: Path, files: Mapping[str, Path] | None, beside: Path | None) -> list[Item]:
    """What lies in ``folder``, or is named by ``files``, and what lies directly in ``beside``,
    unpacked where it is a zip. Nothing is left away: what is not looked at is an item, too."""
    if files is not None:
        found = [_item(displayable(name), path) for name, path in sorted(files.items())]
    else:
        found = list(_walk(folder, "", 0))
        if len(found) > MAX_ENTRIES:
            rest = Item(".../", "other", problem="too_many")
            found = [*found[:MAX_ENTRIES], rest]
    if beside is not None:
        found += [
            _item(f"../{displayable(name)}", path)
            for name, path in _entries(beside)
            if not os.path.isdir(path)
        ]
    archives = 0
    room = MAX_UNPACKED_BYTES
    for item in list(found):
        if item.kind != "archive" or item.problem is not None:
            continue
        archives += 1
        if archives > MAX_ARCHIVES:
            item.problem = "too_many"
            continue
        inside, room = _unpack(item, room, 0)
        found += inside
    return found


def _item(path: str, place: Path) -> Item:
    return Item(path, meaning(path.rpartition("/")[2], (), "").kind, place)


def _entries(folder: Path) -> list[tuple[str, Path]]:
    """Names, as text, and paths in a folder; nothing in one that is a link or cannot be read."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as scan:
            names = sorted(
                entry.name for _, entry in zip(range(MAX_ENTRIES + 1), scan, strict=False)
            )
    except OSError:
        return []
    return [(name, folder / name) for name in names]


def _walk(folder: Path, prefix: str, depth: int) -> Iterator[Item]:
    for name, path in _entries(folder):
        shown = prefix + displayable(name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            yield Item(shown, "other", path, problem="unreadable")
            continue
        if not stat.S_ISDIR(mode):
            yield _item(shown, path)
        elif is_system_folder(name):
            yield Item(f"{shown}/", "system", path)
        elif meaning(name, (), "").kind in ("python", "notebook", "form"):
            yield Item(f"{shown}/", "python", path, problem="not_a_file")
        elif depth >= MAX_DEPTH:
            yield Item(f"{shown}/", "other", path, problem="too_many")
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Item(f"{shown}/", "other", path, problem="unreadable")
        else:
            yield from _walk(path, f"{shown}/", depth + 1)


def _unpack(item: Item, room: int, depth: int) -> tuple[list[Item], int]:
    """What is in a zip, and the bytes that may still be unpacked."""
    if not item.name.casefold().endswith(".zip") and ".zip" not in item.name.casefold():
        item.problem = "archive_kind"
        return [], room
    content = item.read(MAX_ARCHIVE_BYTES)
    if not isinstance(content, bytes):
        item.problem = "archive_too_large" if content == "too_large" else content
        return [], room
    found: list[Item] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ARCHIVE_ENTRIES:
                item.problem = "archive_too_large"
                return [], room
            for entry in entries:
                inner = _entry(archive, entry, f"{item.path}/", room)
                if inner is None:
                    continue
                if inner.content is not None:
                    room -= len(inner.content)
                if inner.kind == "archive" and inner.problem is None:
                    if depth + 1 >= MAX_NESTED:
                        inner.problem = "too_many"
                    else:
                        below, room = _unpack(inner, room, depth + 1)
                        found += below
                found.append(inner)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError, ValueError):
        item.problem = "archive"
    return found, room


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, prefix: str, room: int) -> Item | None:
    """One file of a zip; None for a folder, which holds nothing by itself."""
    name = displayable(entry_name(entry))
    if name.endswith("/"):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    path = prefix + "/".join(parts)
    mode = entry.external_attr >> 16
    if not parts or ".." in parts or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Item(prefix + name, "other", problem="not_a_file")
    if any(is_system_folder(part) for part in parts[:-1]):
        return Item(path, "system")
    kind = meaning(parts[-1], (), "").kind
    if entry.flag_bits & _ENCRYPTED:
        return Item(path, kind, problem="archive_encrypted")
    if kind in ("system", "platform", "other") and parts[-1] != RECEIPT:
        return Item(path, kind)
    if entry.file_size > room:
        return Item(path, kind, problem="archive_too_large")
    try:
        with archive.open(entry) as file:
            content = file.read(min(entry.file_size, room) + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return Item(path, kind, problem="archive")
    except zlib.error:
        return Item(path, kind, problem="archive")
    except Exception:  # each compression has errors of its own
        return Item(path, kind, problem="archive")
    if len(content) > entry.file_size:
        return Item(path, kind, problem="archive_too_large")
    return Item(path, kind, content=content)


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name of a file in a zip as it was meant: backslashes, which some Windows programs
    write, separate folders; bytes that are not marked as UTF-8 are that all the same, or CP949,
    as Korean Windows writes them, or what zip says they are, CP437."""
    # zipfile cuts at a null, and on Windows turns backslashes.
    name = entry.orig_filename.partition("\0")[0]
    if not entry.flag_bits & _UTF8 and not name.isascii():
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            raw = b""
        for encoding in ("utf-8", "cp949"):
            try:
                decoded = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            if decoded and decoded.isprintable() and _is_text(decoded, encoding):
                name = decoded
                break
    return name.replace("\\", "/")


def _is_text(decoded: str, encoding: str) -> bool:
    """Whether what was taken for CP949 has Hangul in it: any two bytes are some character there."""
    if encoding == "utf-8":
        return True
    letters = [char for char in decoded if not char.isascii()]
    return all("가" <= char <= "힣" or "ㄱ" <= char <= "ㅣ" for char in letters)


def read_file(path: Path, limit: int) -> bytes | Unreadable:
    """The content of an ordinary file that is not larger than ``limit``, or why there is none."""
    try:
        descriptor = open_file(path)
    except OSError:
        return "not_a_file" if path.is_symlink() else "unreadable"
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return "not_a_file"
    with open(descriptor, "rb") as file:
        if status.st_size > limit:
            return "too_large"
        try:
            content = file.read(limit + 1)
        except OSError:
            return "unreadable"
    return content if len(content) <= limit else "too_large"
