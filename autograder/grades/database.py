"""Grades in one file: a database of SQLite.

Any program that knows SQLite reads it: names and points are columns, and the grade itself, the
JSON of its file, is compressed by zlib (``sqlar_uncompress(grade, size)`` in SQLite's own shell).
Writes are committed twice a second, each at once: whoever is killed loses what came since, and
nothing is half written. The journal is SQLite's oldest, which works on file systems that several
machines share.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from autograder.errors import MachineError, UsageError
from autograder.grades.grade_file import (
    FolderOfGrades,
    decode_grade,
    is_edited,
    seal_of,
)
from autograder.grades.model import Grade, Timing
from autograder.grades.view import GradeView
from autograder.text.said import said

SCHEMA = 1
"""Counts the ways in which the tables were laid out."""
_APPLICATION = 0x42616772  # in the header of the file: of this program
# So long a writer waits for another one that has the file.
_BUSY_SECONDS = 60.0
_COMMIT_SECONDS = 0.5
_BATCH = 200  # rows that are in memory
_LEVEL = 1  # of compression: the next ones take longer, and save little

_TABLES = """
CREATE TABLE IF NOT EXISTS grades (
    name TEXT PRIMARY KEY,
    student TEXT NOT NULL,
    assignment TEXT NOT NULL,
    score REAL NOT NULL,
    max_score REAL NOT NULL,
    total REAL NOT NULL,
    late_seconds INTEGER,
    penalty REAL,
    final_score REAL,
    adjusted REAL,
    isolation TEXT NOT NULL,
    student_is TEXT,
    fingerprint TEXT NOT NULL,
    run INTEGER NOT NULL,
    size INTEGER NOT NULL,
    grade BLOB NOT NULL
);
"""
_INDEX = "CREATE INDEX IF NOT EXISTS of_student ON grades (student, assignment)"
COLUMNS = (
    "name, student, assignment, score, max_score, total, late_seconds, penalty, final_score, "
    "adjusted, isolation, student_is, fingerprint, run, size, grade"
)
_CHANGED = [one for one in COLUMNS.split(", ") if one not in ("name", "run")]
_PUT = (
    f"INSERT INTO grades ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(', ')))}) "
    "ON CONFLICT (name) DO UPDATE SET run = max(run, excluded.run), "
    + ", ".join(f"{one} = excluded.{one}" for one in _CHANGED)
)
_REST = {"language": "", "exercises": (), "timing": Timing("", 0.0)}
# Of several attempts, only the one that counts has a name without this.
_COUNTS = "name NOT LIKE '.%'"


class GradeDatabase:
    """A database of grades; a :class:`~autograder.grades.store.GradeStore`.

    ``write`` makes the file where there is none. ``run`` numbers what is put and touched; of two
    that write at a time, a row stays of the later. Raises :class:`UsageError` for a file that is
    none of ours, and :class:`MachineError` where the disk or its locks refuse.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        self.run = 0
        self._committed = time.monotonic()
        with self._asking():
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(path, write=write)
            self._check(write=write)

    def _check(self, *, write: bool) -> None:
        """Make the tables in a new file, and refuse the files of others."""
        (application,) = self._ask("PRAGMA application_id")[0]
        (version,) = self._ask("PRAGMA user_version")[0]
        is_new = not self._ask("SELECT 1 FROM sqlite_master LIMIT 1")
        if write and is_new:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_TABLES)
            self._connection.execute(_INDEX)
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA}")
            self._connection.execute("COMMIT")
        elif application != _APPLICATION and not is_new:
            raise UsageError(said("error_not_grades", path=self.path))
        elif version != SCHEMA and not is_new:
            raise UsageError(said("error_database_version", path=self.path))

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise MachineError(
                    said("error_database", path=self.path, reason=str(error))
                ) from None
            raise UsageError(said("error_not_grades", path=self.path)) from None
        except OSError as error:
            raise MachineError(
                said("error_database", path=self.path, reason=error.strerror)
            ) from None

    def _ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        return self._connection.execute(question, values).fetchall()

    def ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        """The rows that SQL asks for."""
        with self._asking():
            return self._ask(question, *values)

    def tell(self, statement: str, *values: object) -> None:
        """Change something by SQL, with what is committed next."""
        with self._asking():
            self._begin()
            self._connection.execute(statement, values)

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Have everything on the disk that was put."""
        with self._asking():
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        self._committed = time.monotonic()

    def close(self) -> None:
        """Commit, and let go of the file."""
        self.commit()
        self._connection.close()

    def __enter__(self) -> GradeDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):
            self.close()

    # The store

    def get(self, name: str) -> Grade | None:
        rows = self.ask("SELECT grade FROM grades WHERE name = ?", name)
        return _decode(rows[0][0]) if rows else None

    def has(self, name: str) -> bool:
        return bool(self.ask("SELECT 1 FROM grades WHERE name = ?", name))

    def put(self, name: str, grade: Grade, content: bytes) -> None:
        self._put(name, grade, msgspec.json.format(content, indent=-1))

    def _put(self, name: str, grade: Grade, compact: bytes) -> None:
        content = zlib.compress(compact, _LEVEL)
        self.put_rows([(*columns_of(name, grade), self.run, len(compact), content)])
        self.commit_in_time()

    def touch(self, name: str) -> None:
        """Note that a grade that is there is of this run, too."""
        self.tell("UPDATE grades SET run = max(run, ?) WHERE name = ?", self.run, name)
        self.commit_in_time()

    def commit_in_time(self) -> None:
        """Commit where the last time is half a second ago."""
        if time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self.commit()

    def begin_bulk(self) -> None:
        """Prepare a file that nobody else knows of for many rows, in one transaction that cannot
        be undone."""
        with self._asking():
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("DROP INDEX of_student")
            self._begin()

    def put_rows(self, rows: Iterable[Sequence[object]]) -> None:
        """Put rows of another database, with all their :data:`COLUMNS`."""
        with self._asking():
            self._begin()
            self._connection.executemany(_PUT, cast(Iterable[Sequence[Any]], rows))

    def end_bulk(self) -> None:
        """Have it on the disk, and everything as in a file that was written row by row."""
        self.tell(_INDEX)
        self.commit()
        with self._asking():
            self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.execute("PRAGMA synchronous = FULL")
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def set_aside(self, name: str) -> None:
        """Nobody edits a row by mistake: what cannot be read is made again."""

    def contents(self) -> FolderOfGrades:
        """The grades that count, read as they are gone through; they have no files."""
        return FolderOfGrades(StoredGrades(self), ())

    def count(self, where: str = _COUNTS, *values: object) -> int:
        """How many rows there are."""
        return int(str(self.ask(f"SELECT count(*) FROM grades WHERE {where}", *values)[0][0]))

    def grades(self, where: str = _COUNTS, *values: object) -> Iterator[Grade]:
        """The grades that count, ordered by student and assignment, as they are read."""
        with self._asking():
            rows = self._connection.execute(
                f"SELECT name, grade FROM grades WHERE {where} ORDER BY student, assignment",
                values,
            )
            while batch := rows.fetchmany(_BATCH):
                for name, content in batch:
                    yield self._understood(name, content)

    def totals(self, where: str = _COUNTS, *values: object) -> Iterator[Grade]:
        """The same, with names and points alone."""
        with self._asking():
            rows = self._connection.execute(
                f"SELECT {_TOTALS} FROM grades WHERE {where} ORDER BY student, assignment", values
            )
            while batch := rows.fetchmany(_BATCH):
                for row in batch:
                    yield msgspec.convert(dict(zip(_NAMES, row, strict=True)) | _REST, Grade)

    def named(self) -> Iterator[tuple[str, Grade]]:
        """Every grade with its name, in the order of names, attempts that do not count included.
        Between two batches the file is free for others, and for changes."""
        last = ""
        while rows := self.ask(
            "SELECT name, grade FROM grades WHERE name > ? ORDER BY name LIMIT ?", last, _BATCH
        ):
            for name, content in rows:
                last = str(name)
                yield last, self._understood(name, content)

    def _understood(self, name: object, content: object) -> Grade:
        grade = _decode(content)
        if grade is None:
            raise UsageError(said("error_row", path=self.path, name=name))
        return grade

    def rewrite(self, change: Callable[[Grade], Grade]) -> FolderOfGrades:
        for name, grade in self.named():
            changed = grade if name.startswith(".") else change(grade)
            if changed != grade:
                compact = msgspec.json.encode(
                    changed if is_edited(grade) else replace(changed, seal=seal_of(changed))
                )
                self._put(name, changed, compact)
        self.commit()
        return self.contents()


def columns_of(name: str, grade: Grade) -> tuple[str | float | None, ...]:
    """What a row says about a grade, up to the run: names and points."""
    return (
        *(name, grade.student, grade.assignment, grade.score, grade.max_score, grade.total),
        *(grade.late_seconds, grade.penalty, grade.final_score, grade.adjusted),
        *(grade.isolation, grade.student_is, grade.fingerprint),
    )


_TOTALS = (
    "student, assignment, score, max_score, isolation, late_seconds, penalty, final_score, "
    "adjusted, student_is, fingerprint"
)
_NAMES = _TOTALS.split(", ")


class StoredGrades(GradeView):
    """The grades that count in a database."""

    def __init__(self, database: GradeDatabase, where: str = _COUNTS, *values: str) -> None:
        super().__init__(
            lambda: database.grades(where, *values), lambda: database.count(where, *values)
        )
        self._database = database
        self._where = where
        self._values = values

    def keys(self) -> Iterator[tuple[str, str]]:
        rows = self._database.ask(
            f"SELECT student, assignment FROM grades WHERE {self._where} "
            "ORDER BY student, assignment",
            *self._values,
        )
        return ((str(student), str(assignment)) for student, assignment in rows)

    def totals(self) -> GradeView:
        return GradeView(lambda: self._database.totals(self._where, *self._values), self.__len__)

    def of(self, students: Collection[str] = (), assignments: Collection[str] = ()) -> GradeView:
        where = self._where
        for column, names in (("student", students), ("assignment", assignments)):
            if names:
                where += f" AND {column} IN ({', '.join('?' * len(names))})"
        return StoredGrades(self._database, where, *self._values, *students, *assignments)


def compressed(content: bytes) -> tuple[int, bytes]:
    """The content of a grade's file as a row has it, and how large it is uncompressed."""
    compact = msgspec.json.format(content, indent=-1)
    return len(compact), zlib.compress(compact, _LEVEL)


def _decode(content: object) -> Grade | None:
    try:
        assert isinstance(content, bytes)
        return decode_grade(zlib.decompress(content))
    except (zlib.error, AssertionError, UnicodeError, msgspec.MsgspecError):
        return None


def _connect(path: Path, *, write: bool) -> sqlite3.Connection:
    # To read, too: whoever was killed at writing left something to be undone. Where one may not
    # write, SQLite reads.
    mode = "rwc" if write else "rw"
    where = f"file:{quote(str(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(
        where, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    if write:
        connection.execute("PRAGMA synchronous = FULL")
    return connection
