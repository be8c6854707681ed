"""Who students are: everybody in a course, and what learning platforms call them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct

from autograder.errors import UsageError
from autograder.text.messages import sanitize
from autograder.text.said import said
from autograder.text.tables import clean, from_spreadsheet, read_table
from autograder.text.words import begin_list

FILE = "roster.csv"
"""Where a course has its roster, beside its configuration."""
STUDENT = "student"
# Columns of Canvas' own gradebook export, by any of which a student may be known here.
_CANVAS = ("ID", "SIS Login ID", "SIS User ID", "Student")
# Lines of that export that are nobody's.
_NOBODY = ("points possible", "student, test", "test student", "test, student", "manual posting")
_SHOWN = 3


class Roster(Struct, frozen=True):
    name: str
    """What errors call it."""
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    """By student, in the order of the file; without the column ``student``, by the first of
    Canvas' columns that is not empty."""
    aliases: dict[str, str] = {}
    """Other names of a student, and the one in ``rows``."""

    def ids(self, ids: Collection[str], platform: str) -> list[str]:
        """The columns of ``ids`` that the roster has. Raises :class:`UsageError` where it has
        none of them."""
        columns = [name for name in ids if name in self.columns]
        if not columns:
            needed, present = ", ".join(ids), ", ".join(self.columns)
            raise UsageError(
                said(
                    "error_no_id_columns",
                    name=self.name,
                    platform=platform,
                    ids=needed,
                    columns=present,
                )
            )
        return columns

    def key(self, student: str) -> str | None:
        """The name of a student in ``rows``; None where the roster has no such student."""
        name = clean(student)
        if name in self.rows:
            return name
        return self.aliases.get(name.casefold())

    def display_name(self, student: str) -> str:
        """The student's full name, from the column ``name``; empty where that is not known."""
        key = self.key(student)
        column = next((one for one in self.columns if one.casefold() == "name"), None)
        return "" if key is None or column is None else self.rows[key].get(column, "")

    def absent(self, students: Iterable[str]) -> list[str]:
        """Who is on the roster and not among ``students``, in the order of the roster."""
        there = {key for student in students if (key := self.key(student)) is not None}
        return [student for student in self.rows if student not in there]

    def missing(self, students: Iterable[str], ids: Collection[str]) -> list[str]:
        """The students without a line, or without any of the IDs.

        Raises :class:`UsageError` where the roster knows nobody at all: it is another one.
        """
        everybody = list(students)
        missing = []
        for student in everybody:
            key = self.key(student)
            row = {} if key is None else self.rows[key]
            if not any(row.get(one) for one in ids):
                missing.append(student)
        if everybody and len(missing) == len(everybody):
            listed, graded = _some(list(self.rows)), _some(everybody)
            raise UsageError(
                said("error_roster_of_others", name=self.name, listed=listed, graded=graded)
            )
        return missing


def course_roster(root: Path) -> Roster | None:
    """The roster that the course in ``root`` has beside its configuration; None without one.

    Raises :class:`~autograder.errors.UsageError`.
    """
    path = root / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(said("error_unreadable", path=path, reason=error.strerror)) from None
    return read_roster(content, str(path))


def read_roster(content: bytes, name: str) -> Roster:
    """The roster in a CSV file: one with the column ``student``, or Canvas' gradebook export as
    it comes. Raises :class:`UsageError` with the line where it is wrong."""
    table = read_table(content, name)
    columns = table.columns
    own = STUDENT if STUDENT in columns else None
    is_canvas = "Student" in columns and any(one in columns for one in _CANVAS[:3])
    if own is None and not is_canvas:
        own = table.column([STUDENT])
        if own is None:
            saw = sanitize(", ".join(columns), 120)
            key = "error_roster_column" if saw else "error_roster_column_none"
            raise UsageError(said(key, name=name, column=STUDENT, saw=saw))
    rows: dict[str, dict[str, str]] = {}
    aliases: dict[str, str] = {}
    for line, row in table.rows:
        if row.get("Student", "").casefold() in _NOBODY:
            continue
        known = [own] if own is not None else [one for one in _CANVAS if row.get(one)]
        names = [from_spreadsheet(row[one]) for one in known if row.get(one)]
        if not names:
            continue
        student = names[0]
        if student in rows:
            if rows[student] == row:
                continue
            raise UsageError(
                said("error_roster_twice", name=name, line=line, student=sanitize(student, 60))
            )
        rows[student] = row
        for other in names:
            aliases.setdefault(other.casefold(), student)
    if not rows:
        raise UsageError(said("error_roster_empty", name=name))
    return Roster(name, columns, rows, aliases)


def _some(students: Collection[str]) -> str:
    names = [f"'{sanitize(student, 60)}'" for student in students]
    return begin_list(names, _SHOWN)
