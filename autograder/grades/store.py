"""Where grades lie: a folder with a file for each, or one database file with all of them.

A store has a grade under a name, ``<student>/<assignment>.json``: in a folder that is its file, in
a database the key of its row. Whatever reads or writes grades goes through here, and sees the same
grades, byte for byte, in either.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from autograder.errors import UsageError
from autograder.grades.grade_file import (
    FolderOfGrades,
    read_files,
    read_grade,
    rewrite_grade,
    write_atomically,
)
from autograder.grades.model import Grade
from autograder.grades.view import GradeView
from autograder.text.said import said


class GradeStore(Protocol):
    """Grades by name. All methods raise :class:`~autograder.errors.MachineError` where the disk
    refuses."""

    def get(self, name: str) -> Grade | None:
        """The grade; None where there is none, or one that cannot be understood."""

    def has(self, name: str) -> bool:
        """Whether something lies under the name, a grade or not."""

    def put(self, name: str, grade: Grade, content: bytes) -> None:
        """Write a grade, whose file :func:`~autograder.grades.grade_file.encode_grade` made."""

    def set_aside(self, name: str) -> None:
        """Keep what is no grade any more beside the one that will be put in its place."""

    def contents(self) -> FolderOfGrades:
        """All grades, ordered by student and assignment."""

    def rewrite(self, change: Callable[[Grade], Grade]) -> FolderOfGrades:
        """All grades after ``change``. One that somebody edited stays known as such."""


class FolderStore:
    """A file for each grade, readable and editable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Grade | None:
        return read_grade(self._folder / name)

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def put(self, name: str, _: Grade, content: bytes) -> None:
        write_atomically(self._folder / name, content)

    def set_aside(self, name: str) -> None:
        path = self._folder / name
        with contextlib.suppress(OSError):
            if path.stat().st_size:
                path.replace(path.with_name(f".{path.name}.damaged"))

    def contents(self) -> FolderOfGrades:
        return read_files(self._folder)

    def rewrite(self, change: Callable[[Grade], Grade]) -> FolderOfGrades:
        found = self.contents()
        grades = []
        for grade, file in zip(found.grades, found.files, strict=True):
            changed = change(grade)
            if changed == grade:
                grades.append(grade)  # which has much in common with others
            else:
                rewrite_grade(file, changed)
                grades.append(changed)
        return replace(found, grades=tuple(grades))


def store_at(path: Path, *, write: bool = False) -> GradeStore:
    """The store in a folder, or in a database of grades. Raises :class:`UsageError` where a folder
    has both a database and files, as nobody can tell which of them count."""
    database = database_in(path)
    if database is None:
        return FolderStore(path)
    from autograder.grades.database import GradeDatabase  # sqlite3, which few need

    return GradeDatabase(database, write=write)


DATABASE = "grades.sqlite"
"""The database that a folder of grades may have instead of files."""
SHARDS = "shards"
"""The folder in it where shards put theirs, to be merged."""


def database_in(path: Path) -> Path | None:
    """The database that ``path`` is, or has in it; None where the grades are files."""
    if path.is_file():
        return path if is_database(path) else None
    database = path / DATABASE
    if not database.is_file():
        return None
    if has_files(path):
        raise UsageError(said("error_two_stores", folder=path, database=DATABASE))
    return database


def has_files(folder: Path) -> bool:
    """Whether there is a grade of a student in a file. Looks no further than the first."""
    with contextlib.suppress(OSError), os.scandir(folder) as scan:
        for entry in scan:
            if entry.name[0] != "." and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError), os.scandir(entry.path) as inside:
                    if any(one.name.endswith(".json") and one.name[0] != "." for one in inside):
                        return True
    return False


_MAGIC = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Whether the file is a database of SQLite."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def read_folder(path: Path) -> FolderOfGrades:
    """The grades in a folder that ``autograder grade`` or ``merge`` wrote, or in a database of
    them. The one reading of it, for the summary and for exports."""
    return store_at(path).contents()


def read_grades(path: str | Path) -> Sequence[Grade]:
    """The grades that ``autograder grade`` or ``merge`` wrote: in a folder, in a database or in one
    grade file; ordered by student and assignment. Of a database they are read as they are gone
    through, so that a class of any size fits into memory.

    Raises :class:`UsageError` where there are none, or one cannot be understood.
    """
    path = Path(path)
    if path.is_file() and not is_database(path):
        grade = read_grade(path)
        if grade is None:
            raise UsageError(f"{path}: is not a grade file; grade again to mend it")
        return [grade]
    if not path.exists():
        raise UsageError(f"{path}: is not there; give the folder that 'autograder grade' wrote")
    found = read_folder(path)
    if found.damaged:
        raise UsageError(f"{found.damaged[0]}: is not a grade file; grade again to mend it")
    if not found.grades:
        if (path / SHARDS).is_dir():
            raise UsageError(said("error_not_merged", folder=path))
        raise UsageError(
            f"{path}: no grades here; they are expected at <student>/<assignment>.json"
        )
    return found.grades if isinstance(found.grades, GradeView) else list(found.grades)
