"""What students handed in: found in a folder, read without trusting it.

A submission is one student's files for one assignment,
``<folder>/<student>/<assignment>/<exercise>.py``, or a notebook ``<exercise>.ipynb`` or
``<assignment>.ipynb`` instead. Everything about it may be
hostile: names, kinds of file, sizes, encodings. Nothing here follows a link out of
it, opens a device, or reads more than a bounded amount.
"""

from __future__ import annotations

import ast
import codecs
import io
import os
import re
import stat
import tokenize
from collections.abc import Collection, Iterator
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Assignment, Course
from autograder.errors import UsageError
from autograder.submissions.notebook import NotebookError, TooMuchCode, source_from_notebook

# Parsing it, for rules about the source, takes some 700 times its size in memory.
MAX_SOURCE_BYTES = 1 << 18
# All of a submission together: it is sent to the sandbox, and may be for every test.
MAX_TOTAL = 1 << 20
MAX_FILES = 100
MAX_ENTRIES = 20_000

MAX_NOTEBOOK_BYTES = 1 << 24  # with the pictures in it

# A line break may be part of a name; every output has its own way to show one.
_CONTROLS = re.compile(
    "[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
# What the folder of grades holds besides those of students; no grade may be in its way.
_RESERVED = re.compile(r"\..*|.*\.(csv|html|json|md|tmp|txt|xml)", re.IGNORECASE | re.DOTALL)
# O_NONBLOCK: a FIFO without a writer must not hold us up. Windows has none of these, and
# changes line ends without the last.
_OPEN = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _OPEN |= getattr(os, _flag, 0)

_MAX_NAME_BYTES = 200  # file systems allow 255

Unreadable: TypeAlias = Literal[
    "not_a_file", "too_large", "too_many", "encoding", "notebook", "unreadable"
]

# Encodings of text that people use. Python has others, which decode to what is not text (lone
# surrogates) or take hours for a megabyte.
_CHARACTER_SET = re.compile(
    r"ascii|utf-8(-sig)?|(iso8859|cp|euc|shift_jis|gb|big5|johab|koi8|mac)[\w-]*"
)


class SubmissionRef(Struct, frozen=True, order=True):
    """Where a submission is. ``student`` is fit to be shown and stored; ``folder`` is the path."""

    student: str
    assignment: str
    folder: Path
    files: dict[str, Path] | None = None
    """File name to path, in layouts where files are called otherwise; None: those in ``folder``."""
    stored_as: str = ""
    """The folder's name among the grades; empty: as the one that ``folder`` is in."""
    attempt: int = 0
    """Which of several submissions of the same work, from 1; 0: the only one."""
    submitted: datetime | None = None
    """When it was handed in, where the layout says so."""
    timestamp_file: Path | None = None
    """nbgrader's ``timestamp.txt``, which says so too."""
    repository: Path | None = None
    """The git repository whose last commit is the time of the submission."""


class Submission(Struct, frozen=True):
    """``files`` maps file names to source text, of a notebook what it defines;
    ``unreadable`` maps the others to what is wrong."""

    student: str
    assignment: str
    files: dict[str, str]
    unreadable: dict[str, Unreadable] = {}

    def for_exercise(self, exercise: str) -> Submission:
        """This, with ``<exercise>.py`` taken from a notebook where there is no such file, or
        where nobody has written anything into it: the stub was handed out beside the notebook."""
        wanted, used = f"{exercise}.py", self.file_for(exercise)
        if used == wanted:
            return self
        if used in self.files:
            return replace(self, files={**self.files, wanted: self.files[used]})
        return replace(self, unreadable={**self.unreadable, wanted: self.unreadable[used]})

    def file_for(self, exercise: str) -> str:
        """The name of the file that the work on an exercise is in, whether it is there or not."""
        wanted = f"{exercise}.py"
        if wanted in self.unreadable:
            return wanted
        if wanted in self.files and not is_unwritten(self.files[wanted]):
            return wanted
        for notebook in (f"{exercise}.ipynb", f"{self.assignment}.ipynb"):
            if notebook in self.files or notebook in self.unreadable:
                return notebook
        return wanted

    def digest(self) -> bytes:
        """The same for the same content, whatever the student is called."""
        hasher = blake2b(digest_size=20)
        for kind, entries in ((b"file", self.files), (b"unreadable", self.unreadable)):
            for name, content in sorted(entries.items()):
                for part in (kind, name.encode(), content.encode()):
                    hasher.update(len(part).to_bytes(8, "big") + part)
        return hasher.digest()


def is_unwritten(source: str) -> bool:
    """Whether a function in it does nothing but raise NotImplementedError, as in a stub."""
    if "NotImplementedError" not in source:
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        _raises_only(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def _raises_only(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [
        statement
        for statement in function.body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def find_submissions(
    folder: Path, course: Course, *, assignments: Collection[str] = ()
) -> list[SubmissionRef]:
    """All submissions in ``folder``, ordered by student and assignment.

    Raises :class:`UsageError` where there is none, saying what was seen instead.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "is not there"
        raise UsageError(f"{folder}: {what}; give the folder that holds one folder per student")
    wanted = [name for name in course.assignments if not assignments or name in assignments]
    found = []
    for entry in _students(folder):
        student = displayable(entry.name)
        for assignment in wanted:
            if not os.path.lexists(os.path.join(entry.path, assignment)):
                continue
            if entry.is_symlink():
                found.append(_linked(entry, student, course.assignments[assignment]))
            else:
                path = Path(entry.path, assignment)
                times = path / "timestamp.txt"
                found.append(SubmissionRef(student, assignment, path, timestamp_file=times))
    if not found:
        raise UsageError(
            f"{folder}: no submissions of {_either(wanted)}; "
            f"they are expected at {folder}/<student>/<assignment>/<exercise>.py"
        )
    return sorted(found)


def _linked(entry: os.DirEntry[str], student: str, assignment: Assignment) -> SubmissionRef:
    """The submission of a student whose folder is a link, which is not followed: it may lead
    to the work of another. Every file is the link, and so none that can be read."""
    link = Path(entry.path)
    files = {f"{exercise.name}.py": link for exercise in assignment.exercises}
    return SubmissionRef(student, assignment.name, link / assignment.name, files=files)


def _students(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if entry.is_dir() and entry.name[0] != ".")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from None


def _either(names: Collection[str]) -> str:
    return " or ".join(names) if names else "any assignment"


def displayable(name: str) -> str:
    """A file name as text: bytes that are not UTF-8 become ``\\xNN``, and so do
    characters that control a terminal or turn the direction of the text around them."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def storable(student: str) -> str:
    """A folder name for a student whose name did not come from a folder: for each name
    another one, the name itself where that is fit for it."""
    name = re.sub(r"[/\\\0]", "_", student)
    encoded = name.encode("utf-8", "replace")
    if name == student and not is_reserved(name) and 0 < len(encoded) <= _MAX_NAME_BYTES:
        return name
    short = encoded[:_MAX_NAME_BYTES].decode("utf-8", "ignore").lstrip(".")
    tag = blake2b(student.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{short}-{tag}"


def is_reserved(name: str) -> bool:
    """Whether a folder of grades called this could be in the way of other files there."""
    return _RESERVED.fullmatch(name) is not None


def read_submission(ref: SubmissionRef) -> Submission:
    """Read the Python files and notebooks of a submission. Never raises for what is in it."""
    files: dict[str, str] = {}
    unreadable: dict[str, Unreadable] = {}
    total = 0
    for number, (name, path) in enumerate(source_paths(ref).items()):
        is_notebook = name.endswith(".ipynb")
        shown = displayable(name)
        if number >= MAX_FILES or total >= MAX_TOTAL:
            unreadable[shown] = "too_many"
            continue
        content = _read(path, MAX_NOTEBOOK_BYTES if is_notebook else MAX_SOURCE_BYTES)
        if not isinstance(content, bytes):
            unreadable[shown] = content
            continue
        try:
            source = source_from_notebook(content) if is_notebook else decode_source(content)
            total += len(source.encode())
            files[shown] = source
        except TooMuchCode:
            unreadable[shown] = "too_large"
        except NotebookError:
            unreadable[shown] = "notebook"
        except (SyntaxError, UnicodeError, LookupError):
            unreadable[shown] = "encoding"
    return Submission(ref.student, ref.assignment, files, unreadable)


def source_paths(ref: SubmissionRef) -> dict[str, Path]:
    """The Python files and notebooks of a submission, by the name they are graded under."""
    if ref.files is not None:
        return dict(sorted(ref.files.items()))
    return {name: ref.folder / name for name in _source_files(ref.folder)}


def _source_files(folder: Path) -> list[str]:
    """Names of Python files and notebooks, bounded; a folder that is a link is not looked into."""
    names = []
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as entries:
            for count, entry in enumerate(entries):
                if count >= MAX_ENTRIES:
                    break
                if entry.name.endswith((".py", ".ipynb")):
                    names.append(entry.name)
    except OSError:
        return []
    return sorted(names)


def _read(path: Path, limit: int) -> bytes | Unreadable:
    try:
        descriptor = os.open(path, _OPEN)
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


def decode_source(content: bytes) -> str:
    """Source text as Python reads it: byte order mark, coding cookie, any line ends.

    Raises :class:`SyntaxError`, :class:`UnicodeError` or :class:`LookupError` where Python
    would refuse it too.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    if not _CHARACTER_SET.fullmatch(codecs.lookup(encoding).name):
        raise LookupError(encoding)
    text = content.decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")
