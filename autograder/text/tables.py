"""CSV files as spreadsheets and learning platforms write them.

Excel on Korean Windows saves CP949, or UTF-8 with a byte order mark; in some countries cells are
separated by semicolons; people leave blanks and empty lines. None of that changes what is meant.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Sequence

from msgspec import Struct

from autograder.errors import UsageError

MAX_BYTES = 1 << 24
_SEPARATORS = ",;\t"

# What makes a spreadsheet take a cell for a formula; some look behind a line break, or take
# full-width signs for plain ones.
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")


class Table(Struct, frozen=True):
    """``columns`` are the names in the first line; ``rows`` the number of the line and the cells
    of each other one, by column, without blanks around them, in Unicode's normal form C."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def column(self, names: Collection[str]) -> str | None:
        """The first column that has one of the names, whatever its capitals."""
        known = {name.casefold() for name in names}
        return next((one for one in self.columns if one.casefold() in known), None)


def read_table(content: bytes, name: str) -> Table:
    """The table in a CSV file. Raises :class:`UsageError` with the line where it is wrong."""
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name}: is larger than {MAX_BYTES >> 20} MiB")
    text = _decoded(content, name)
    lines = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=lambda one: (lines.count(one), one == ","))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: tuple[str, ...] = ()
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for cells in reader:
            row = [clean(cell) for cell in cells]
            if not any(row):
                continue  # an empty line, or one of commas alone
            if not columns:
                columns = tuple(_trimmed(row))
                continue
            rows.append((reader.line_num, _row(row, columns, name, reader.line_num)))
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.line_num}: is not CSV: {error}") from None
    return Table(columns, tuple(rows))


def _row(cells: Sequence[str], columns: Sequence[str], name: str, line: int) -> dict[str, str]:
    cells = list(cells)
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) > len(columns):
        raise UsageError(
            f"{name}:{line}: the line has {len(cells)} cells and the first one {len(columns)} "
            "columns"
        )
    cells += [""] * (len(columns) - len(cells))
    return dict(zip(columns, cells, strict=True))


def _trimmed(cells: list[str]) -> list[str]:
    """The cells without empty ones at the end, which a spreadsheet adds."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def clean(cell: str) -> str:
    """A cell without the blanks around it, in Unicode's normal form C."""
    return unicodedata.normalize("NFC", cell.replace("\u00a0", " ").strip())


def _decoded(content: bytes, name: str) -> str:
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ():
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            break
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            return content.decode("cp949")
        except UnicodeDecodeError:
            raise UsageError(
                f"{name}: is not UTF-8 (byte {error.start}); save it as CSV in UTF-8"
            ) from None


def spreadsheet_safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: those get an apostrophe in front."""
    return f"'{cell}" if cell.startswith(_TRIGGERS) else cell


def from_spreadsheet(cell: str) -> str:
    """What :func:`spreadsheet_safe` was given: the apostrophe in front is taken away."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_TRIGGERS) else cell
