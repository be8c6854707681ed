"""Submissions in a tar or a zip, graded as they come, without unpacking all of them.

In the layout of nbgrader, ``<student>/<assignment>/<exercise>.py``, or that below one folder around
everything. Of a student at a time, what is wanted is unpacked into a temporary folder, found there
like in any other, and deleted as soon as it is graded. Who has anything but folders of assignments
waits until the end, when it is known which other folders people have; see
:func:`~autograder.submissions.layouts.unmatched.misplaced`.

What the archive itself is made of, names and sizes, is read by the standard library, in this
process; what is in the files, by :mod:`~autograder.submissions.reader`.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, Literal, Self, TypeAlias

from msgspec import Struct

from autograder.course.course import Course
from autograder.errors import MachineError, UsageError
from autograder.submissions.layouts import nbgrader, unmatched
from autograder.submissions.layouts.found import Request, some
from autograder.submissions.listing import MAX_ARCHIVE_BYTES, entry_name
from autograder.submissions.names import displayable, meaning, same
from autograder.submissions.reader import SCRATCH
from autograder.submissions.receipt import RECEIPT
from autograder.submissions.submission import MAX_NOTEBOOK_BYTES, SubmissionRef
from autograder.text.messages import sanitize
from autograder.text.said import joined, said

STDIN = Path("-")
MAX_STUDENT_BYTES = 1 << 26
MAX_STUDENT_FILES = 2000
# Files of those who wait until the end.
MAX_WAITING = 100_000
# So many members are looked at for a path that has an assignment in it.
_MAX_HELD = 1000
_MAX_HELD_BYTES = 1 << 26
_MAX_DEPTH = 30
_MAX_LINES = 1000
_CHUNK = 1 << 16
_ENCRYPTED = 1
# As text: a zip's own errors differ by how it was compressed.
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, ValueError)

Kind: TypeAlias = Literal["file", "folder", "link", "same", "other", "refused"]
"""``same``: another name of the file at ``target``."""


class Member(Struct, frozen=True):
    """Something in an archive: the parts of its path, when it was changed in seconds since 1970,
    and how to read it until the next one is asked for."""

    parts: tuple[str, ...]
    kind: Kind
    changed: float
    open: Callable[[], IO[bytes]]
    target: tuple[str, ...] = ()


class _Student(Struct):
    """A student whose members are coming."""

    name: str
    folder: Path
    is_plain: bool = True
    """Whether there is nothing but folders of assignments."""
    wanted: bool = False
    assignments: dict[str, bool] = {}
    """Those that there are folders of, and whether this run grades them."""
    bytes: int = 0
    files: int = 0
    links: list[Path] = []
    folders: list[tuple[Path, float]] = []


def is_packed(path: Path) -> bool:
    """Whether it is an archive, or standard input, which must be one."""
    if path == STDIN:
        return True
    try:
        return path.is_file() and (tarfile.is_tarfile(path) or zipfile.is_zipfile(path))
    except (OSError, *_DAMAGED):
        return False


class Packed:
    """The submissions of an archive; see :func:`open_packed`."""

    def __init__(
        self, path: Path, scratch: Path, request: Request, wants: Callable[[str, str], bool]
    ) -> None:
        self._path = path
        self._request = request
        self._wants = wants
        self._scratch = scratch
        self.folder = scratch
        """Where it is unpacked."""
        self._waiting = scratch / "waiting"
        self._seen: set[bytes] = set()
        self._files_waiting = 0
        self._in_work: dict[Path, int] = {}
        self.count = 0
        """Submissions so far, whoever grades them."""
        self.left_out: list[str] = []
        """Names of what was not unpacked; the first thousand."""
        self.lines: list[str] = []
        """A line for each student in whose folder nothing was found, at the end."""

    def refs(self) -> Iterator[SubmissionRef]:
        """The submissions that are wanted, each of which is there until it is :meth:`done`.

        Raises :class:`UsageError` where the archive is damaged, has a student in two places, or has
        no submission at all.
        """
        current: _Student | None = None
        try:
            for student, member in self._of_students():
                if current is None or current.name != student:
                    if current is not None:
                        yield from self._complete(current)
                    current = self._begin(student)
                self._take(current, member)
            if current is not None:
                yield from self._complete(current)
        except _DAMAGED as error:
            raise UsageError(said("error_archive", path=self.name, reason=error)) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise MachineError(said("error_unpack", path=self.name, reason=reason)) from None
        yield from self._late()
        self._complain_of_missing()

    def done(self, ref: SubmissionRef) -> None:
        """Delete the files of a submission that is graded, as far as no other needs them."""
        for place in (ref.folder, *ref.folder.parents):
            if place in self._in_work:
                self._in_work[place] -= 1
                if not self._in_work[place]:
                    del self._in_work[place]
                    shutil.rmtree(place, ignore_errors=True)
                return

    @property
    def name(self) -> str:
        """What errors call it."""
        return said("standard_input") if self._path == STDIN else str(self._path)

    # Members

    def _of_students(self) -> Iterator[tuple[str, Member]]:
        """Each member with the name of the student's folder that it is in."""
        top: str | None = None
        for member, depth in self._with_depth():
            parts = member.parts
            if member.kind == "refused":
                self._leave_out(parts[0])
                continue
            if depth == 2:
                top = parts[0] if top is None else top
                if parts[0] != top:
                    if _is_hidden(parts[0]):
                        continue
                    raise UsageError(
                        said(
                            "error_archive_top",
                            path=self.name,
                            top=sanitize(top, 60),
                            other=sanitize(displayable(parts[0]), 60),
                        )
                    )
                parts = parts[1:]
                member = _inside(member, 1)
            if not parts or _is_hidden(parts[0]):
                continue
            if len(parts) == 1 and member.kind != "folder":
                self._leave_out("/".join(member.parts))
            elif self._is_asked_for(parts[0]):
                yield parts[0], member

    def _with_depth(self) -> Iterator[tuple[Member, int]]:
        """Each member, and at which part of its path an assignment stands: 1, or 2 in a folder
        around everything. The first path that has one tells."""
        held: list[Member] = []
        size = depth = 0
        for member in _members(self._path):
            if depth:
                yield member, depth
                continue
            depth = self._depth(member.parts)
            if depth == 0:
                kept = _kept(member, _MAX_HELD_BYTES - size) if member.kind == "file" else member
                size += 0 if kept is member else len(kept.open().read())
                held.append(kept)
                if len(held) < _MAX_HELD and size < _MAX_HELD_BYTES:
                    continue
                depth = 1
                member = held.pop()
            yield from ((one, depth) for one in held)
            held = []
            yield member, depth
        yield from ((one, 1) for one in held)

    def _depth(self, parts: tuple[str, ...]) -> int:
        for depth in (1, 2):
            if len(parts) > depth and parts[depth] in self._request.assignments:
                return depth
        return 0

    def _is_asked_for(self, folder: str) -> bool:
        asked_for = self._request.students
        return not asked_for or same(displayable(folder)) in map(same, asked_for)

    def _leave_out(self, name: str) -> None:
        if len(self.left_out) < _MAX_LINES:
            self.left_out.append(sanitize(displayable(name), 80))

    # Students

    def _begin(self, name: str) -> _Student:
        student = same(displayable(name))
        key = _key(student)
        if key in self._seen:
            shown = sanitize(student, 60)
            raise UsageError(said("error_student_twice", path=self.name, student=shown))
        self._seen.add(key)
        return _Student(name, self._scratch / str(len(self._seen)) / name)

    def _take(self, student: _Student, member: Member) -> None:
        """Unpack a member, where it is of an assignment that is wanted or of none."""
        inside = member.parts[1:]
        if not inside:
            return
        first = inside[0]
        is_folder = len(inside) > 1 or member.kind == "folder"
        if first in self._request.course.assignments and is_folder:
            if first not in student.assignments:
                is_ours = first in self._request.assignments
                self.count += is_ours
                name = same(displayable(student.name))
                student.assignments[first] = is_ours and self._wants(name, first)
            if not student.assignments[first]:
                return
            student.wanted = True
        else:
            student.is_plain = False
        self._unpack(student, member, student.folder.joinpath(*inside))

    def _unpack(self, student: _Student, member: Member, place: Path) -> None:
        student.files += 1
        too_much = student.files > MAX_STUDENT_FILES or student.bytes > MAX_STUDENT_BYTES
        if too_much or len(member.parts) > _MAX_DEPTH:
            self._leave_out("/".join(member.parts))
            return
        try:
            if member.kind == "folder":
                place.mkdir(parents=True, exist_ok=True)
                student.folders.append((place, member.changed))
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            if member.kind == "link":
                student.links.append(place)
            elif member.kind == "other":
                os.mkfifo(place)  # no file either, and read as little as what was there
            elif member.kind == "same":
                source = student.folder.joinpath(*member.target[1:])
                if member.target[:1] != (student.name,) or not source.is_file():
                    self._leave_out("/".join(member.parts))
                    return
                shutil.copyfile(source, place, follow_symlinks=False)
            else:
                student.bytes += _write(member, place)
            if member.kind in ("file", "same"):
                _date(place, member.changed)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self._leave_out("/".join(member.parts))  # the same name twice
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
            place.unlink(missing_ok=True)  # of a zip, one file is damaged; of a tar, the rest
            self._leave_out("/".join(member.parts))

    def _complete(self, student: _Student) -> Iterator[SubmissionRef]:
        """The submissions of a student whose last member has come, or nothing yet."""
        if not student.is_plain:
            self._wait(student)
            return
        if not student.wanted:
            return
        _finish(student)
        yield from self._given_out(
            nbgrader.in_place(_at(self._request, student.folder.parent)), student.folder.parent
        )

    def _given_out(self, refs: list[SubmissionRef], place: Path) -> Iterator[SubmissionRef]:
        wanted = [ref for ref in refs if self._wants(ref.student, ref.assignment)]
        if wanted:
            self._in_work[place] = len(wanted)
        yield from wanted

    def _wait(self, student: _Student) -> None:
        self._files_waiting += student.files
        if self._files_waiting > MAX_WAITING:
            raise UsageError(said("error_archive_waiting", path=self.name, limit=MAX_WAITING))
        for assignment in student.assignments:  # that they are there is all that is needed
            (student.folder / assignment).mkdir(parents=True, exist_ok=True)
        _finish(student)
        self._waiting.mkdir(exist_ok=True)
        os.rename(student.folder, self._waiting / student.name)
        student.folder.parent.rmdir()

    def _late(self) -> Iterator[SubmissionRef]:
        """The submissions of those who have something else than folders of assignments."""
        if not self._waiting.is_dir():
            return
        request = _at(self._request, self._waiting)
        self.lines += unmatched.without_assignment(request)
        refs = nbgrader.in_place(request)
        late = nbgrader.elsewhere(request)
        self.count += len(late)
        by_student: dict[Path, list[SubmissionRef]] = {}
        for ref in (*refs, *late):
            place = self._waiting / ref.folder.relative_to(self._waiting).parts[0]
            by_student.setdefault(place, []).append(ref)
        for place, found in by_student.items():
            yield from self._given_out(found, place)

    def _complain_of_missing(self) -> None:
        asked_for = [same(one) for one in self._request.students]
        seen = [one for one in asked_for if _key(one) in self._seen]
        self.lines += unmatched.missing(asked_for, seen, self.lines) if seen else []
        if not self.count:
            wanted = joined("either", self._request.assignments)
            saw = some(self.left_out) if self.left_out else said("seen_nothing")
            raise UsageError(said("error_no_submissions", folder=self.name, wanted=wanted, saw=saw))


@contextmanager
def open_packed(
    path: Path,
    course: Course,
    *,
    wants: Callable[[str, str], bool],
    assignments: Collection[str] = (),
    students: Collection[str] = (),
) -> Iterator[Packed]:
    """The submissions in an archive, or on standard input where ``path`` is ``-``, which can be
    read while the context lasts. ``wants`` says of a student and an assignment whether this run
    grades it; the others are not unpacked."""
    wanted = tuple(name for name in course.assignments if not assignments or name in assignments)
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-") as scratch:
        request = Request(Path(scratch), course, wanted, tuple(students))
        yield Packed(path, Path(scratch), request, wants)


def _at(request: Request, folder: Path) -> Request:
    return Request(folder, request.course, request.assignments, request.students)


def _finish(student: _Student) -> None:
    """Make what must come last: links, so that nothing is unpacked through one, and the times of
    folders. Where a link led is nobody's business: no link is followed."""
    student.folder.mkdir(parents=True, exist_ok=True)
    for place in student.links:
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            os.symlink(os.devnull, place)
    for place, changed in reversed(student.folders):
        _date(place, changed)


def _date(place: Path, changed: float) -> None:
    with contextlib.suppress(OSError, OverflowError, ValueError):
        os.utime(place, (changed, changed))


def _write(member: Member, place: Path) -> int:
    """Write a file, and return how large it is; of one that nobody reads, such as a picture, the
    name alone. One that is too large is cut just beyond the limit, for its reader to refuse."""
    kind = meaning(place.name, (), "").kind
    if kind in ("other", "system") and place.name != RECEIPT:
        place.touch(exist_ok=False)
        return 0
    limit = (MAX_ARCHIVE_BYTES if kind == "archive" else MAX_NOTEBOOK_BYTES) + 1
    written = 0
    with member.open() as source, open(place, "xb") as file:
        while chunk := source.read(min(_CHUNK, limit - written)):
            written += file.write(chunk)
    return written


def _kept(member: Member, limit: int) -> Member:
    """The member with what is in it, for when others have come after it."""
    with member.open() as source:
        content = source.read(max(0, min(limit, MAX_NOTEBOOK_BYTES)) + 1)
    return Member(member.parts, member.kind, member.changed, lambda: io.BytesIO(content))


def _inside(member: Member, depth: int) -> Member:
    return Member(
        member.parts[depth:], member.kind, member.changed, member.open, member.target[depth:]
    )


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _key(student: str) -> bytes:
    return blake2b(student.encode(), digest_size=16).digest()


def _nothing() -> IO[bytes]:
    return io.BytesIO()


# Archives


def _members(path: Path) -> Iterator[Member]:
    if path != STDIN and zipfile.is_zipfile(path) and not tarfile.is_tarfile(path):
        yield from _of_zip(path)
    else:
        yield from _of_tar(path)


class _StrictInfo(tarfile.TarInfo):
    """A header of a tar. One that is damaged, or not there, is the end of the tar for the standard
    library, and here an error: students would be lost without a word."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":  # the end
                raise
            raise tarfile.ReadError(said("archive_ends", offset=tarfile_.offset)) from None


def _of_tar(path: Path) -> Iterator[Member]:
    with contextlib.ExitStack() as stack:
        source = None if path == STDIN else stack.enter_context(open(path, "rb"))
        archive = stack.enter_context(
            tarfile.open(
                fileobj=source or sys.stdin.buffer,
                mode="r|*",
                tarinfo=_StrictInfo,
                errors="surrogateescape",
            )
        )
        while (info := archive.next()) is not None:
            yield _tar_member(archive, info)
            archive.__dict__["members"].clear()  # or it keeps them all


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def open_it() -> IO[bytes]:
        return archive.extractfile(info) or io.BytesIO()

    kind: Kind = "other"
    if info.isreg():
        kind = "file"
    elif info.isdir():
        kind = "folder"
    elif info.issym():
        kind = "link"
    elif info.islnk():
        kind = "same"
    parts = _parts(info.name)
    target = _parts(info.linkname) if kind == "same" else ()
    if parts is None or target is None:
        return Member((displayable(info.name),), "refused", 0.0, _nothing)
    return Member(parts, kind, float(info.mtime), open_it, target)


def _of_zip(path: Path) -> Iterator[Member]:
    """The members of a zip, those of a student together, in whatever order they were packed."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        entries.sort(key=lambda entry: entry_name(entry).split("/")[:2])
        for entry in entries:
            yield _zip_member(archive, entry)


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    name = entry_name(entry)
    mode = stat.S_IFMT(entry.external_attr >> 16)
    kind: Kind = "file"
    if name.endswith("/"):
        kind = "folder"
    elif stat.S_ISLNK(mode):
        kind = "link"
    elif mode not in (0, stat.S_IFREG):
        kind = "other"
    parts = _parts(name)
    if parts is None or entry.flag_bits & _ENCRYPTED:
        return Member((displayable(name),), "refused", 0.0, _nothing)
    try:
        changed = time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        changed = 0.0
    return Member(parts, kind, changed, lambda: archive.open(entry))


def _parts(name: str) -> tuple[str, ...] | None:
    """The parts of a path below the archive; None where it leads elsewhere or cannot be made."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or "\0" in name:
        return None
    if any(len(os.fsencode(part)) > 255 for part in parts):
        return None
    return parts
