"""What notebooks allow beside Python: magics (``%matplotlib inline``), shell escapes (``!ls``) and
questions (``np.dot?``), taken out line by line.

Only where a statement begins: ``% b`` on the second line of a product is Python, and so is a line
of a docstring that begins with ``!``.
"""

from __future__ import annotations

import re

_CELL_MAGIC = re.compile(r"%%(\w+)")
_WRITES = re.compile(
    r"%%(?:writefile|file)\s+(-a\s+|--append\s+)?[\"']?(?:\./)?([\w-]+\.py)[\"']?\s*"
)
# The cell below these is run as it stands.
_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun"})

_MAGIC_LINE = re.compile(r"(\s*)(?:[%!].*|[\w.]+\?{1,2}\s*|\?{1,2}[\w.]*\s*)")
# Without two repetitions that match the same characters: their product would be the time.
_MAGIC_VALUE = re.compile(r"([\w,\s]+=\s*)[%!].*")

_RUN = re.compile(r"(\s*)%run\s+(?:-i\s+)?(?:\./)?([^\W\d]\w*)\.py\s*")
_TOKEN = re.compile(r"\\.|'''|\"\"\"|['\"#(\[{}\])]")
_ENDS = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ("'''", '"""', "'", '"')}


def begins_with_cell_magic(cell: str) -> bool:
    return cell.lstrip().startswith("%%")


def file_written(cell: str) -> tuple[str, str, bool] | None:
    """The Python file that a cell writes with ``%%writefile``: its name, its text, and whether the
    text is added to what is in it. None where the cell does something else."""
    first, _, rest = cell.lstrip().partition("\n")
    match = _WRITES.fullmatch(first.rstrip("\r"))
    if match is None:
        return None
    return match[2], rest.replace("\r\n", "\n").replace("\r", "\n"), bool(match[1])


def without_magics(cell: str) -> str:
    """The cell as Python, with as many lines: magics and shell escapes become ``pass`` or
    ``None``; nothing is left of a cell in another language."""
    lines = cell.split("\n")
    match = _CELL_MAGIC.match(cell.lstrip())
    if match is not None and match[1] not in _PYTHON_MAGICS:
        return ""
    state = _Between()
    kept = []
    in_magic = False
    for line in lines:
        if in_magic:  # a magic that goes on after a backslash
            in_magic = line.endswith("\\")
            kept.append("")
            continue
        replaced = _replaced(line) if state.at_statement else None
        if replaced is None:
            state.read(line)
            kept.append(line)
        else:
            in_magic = line.endswith("\\")
            kept.append(replaced)
    return "\n".join(kept)


def _replaced(line: str) -> str | None:
    match = _RUN.fullmatch(line)
    if match is not None:  # the names of that file are there afterwards
        return f"{match[1]}from {match[2]} import *"
    match = _MAGIC_LINE.fullmatch(line)
    if match is not None:
        return f"{match[1]}pass"
    match = _MAGIC_VALUE.fullmatch(line)
    return None if match is None else f"{match[1]}None"


class _Between:
    """Where in a source text the reader is, between two lines."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def at_statement(self) -> bool:
        return not (self._depth or self._quote or self._continued)

    def read(self, line: str) -> None:
        position = 0
        commented = False
        while not commented:
            pattern = _ENDS[self._quote] if self._quote else _TOKEN
            match = pattern.search(line, position)
            if match is None:
                break
            position = match.end()
            token = match[0]
            if self._quote:
                if token == self._quote:
                    self._quote = ""
            elif token == "#":
                commented = True
            elif token in _ENDS:
                self._quote = token
            elif token in "([{":
                self._depth += 1
            elif token in ")]}":
                self._depth = max(0, self._depth - 1)
        self._continued = not commented and line.endswith("\\")
        if len(self._quote) == 1 and not self._continued:
            self._quote = ""  # never closed, as Python will say
