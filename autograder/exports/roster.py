"""Who students are to a learning platform: a table from our names to its IDs."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable

from msgspec import Struct

from autograder.errors import UsageError
from autograder.exports.summary import from_spreadsheet
from autograder.text.messages import sanitize

STUDENT = "student"
MAX_BYTES = 1 << 24
_SHOWN = 3


class Roster(Struct, frozen=True):
    name: str
    """What errors call it."""
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    """By student, in the order of the file."""

    def require(self, students: Iterable[str], ids: Collection[str], platform: str) -> list[str]:
        """The columns of ``ids`` that the roster has.

        Raises :class:`UsageError` where it has none of them, or lacks a student, or one has
        no ID at all.
        """
        columns = [name for name in ids if name in self.columns]
        if not columns:
            raise UsageError(
                f"{self.name}: {platform} needs one of the columns {', '.join(ids)}; "
                f"it has {', '.join(self.columns)}"
            )
        missing = [student for student in students if student not in self.rows]
        if missing:
            raise UsageError(
                f"{self.name}: no line for {_some(missing)}; add them, or grade without them"
            )
        nameless = [name for name, row in self.rows.items() if not any(row[one] for one in columns)]
        if nameless:
            raise UsageError(f"{self.name}: no {' or '.join(columns)} for {_some(nameless)}")
        return columns


def read_roster(content: bytes, name: str) -> Roster:
    """The roster in a CSV file. Raises :class:`UsageError` with the line where it is wrong."""
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name}: is larger than {MAX_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name}: is not UTF-8 (byte {error.start}); save it as CSV in UTF-8"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: dict[str, dict[str, str]] = {}
    try:
        columns = tuple(reader.fieldnames or ())
        if STUDENT not in columns:
            saw = sanitize(", ".join(columns), 120) or "nothing"
            raise UsageError(f"{name}:1: there is no column '{STUDENT}'; saw {saw}")
        for row in reader:
            if None in row or None in row.values():
                raise UsageError(
                    f"{name}:{reader.line_num}: the line has not the {len(columns)} columns of "
                    "the first one"
                )
            student = from_spreadsheet(row[STUDENT])
            if student in rows:
                raise UsageError(
                    f"{name}:{reader.line_num}: '{sanitize(student, 60)}' is there twice"
                )
            rows[student] = {column: row[column].strip() for column in columns}
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.reader.line_num}: is not CSV: {error}") from None
    if not rows:
        raise UsageError(f"{name}: has no students")
    return Roster(name, columns, rows)


def _some(students: Collection[str]) -> str:
    names = [f"'{sanitize(student, 60)}'" for student in students]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
