"""The code that a notebook hands in: what its cells define, and nothing that they do.

Imports, functions, classes and assignments of constants are taken, in order; magics, shell
escapes and every other statement are left out, so that plots, downloads and checks that a
student ran while working are not run again.
"""

from __future__ import annotations

import ast
import re

import msgspec
from msgspec import Struct

MAX_CODE = 1 << 18

_HARMLESS_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
_MAGIC_LINE = re.compile(r"^(\s*)[%!].*$|^(\s*)[\w.]+\?{1,2}\s*$|^(\s*)\?{1,2}[\w.]+\s*$")
# Without two repetitions that match the same characters: their product would be the time.
_MAGIC_VALUE = re.compile(r"^([\w,\s]+=\s*)[%!].*$")

_CELL = re.compile(r"# cell (\d{1,9})")

_DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)


class NotebookError(ValueError):
    """The file is not a notebook that can be read."""


class TooMuchCode(NotebookError):
    """Its code cells hold more than :data:`MAX_CODE` characters."""


class _Cell(Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Notebook(Struct):
    cells: list[_Cell]


_decode = msgspec.json.Decoder(_Notebook).decode


def code_cells(content: bytes) -> list[tuple[int, str]]:
    """The code cells with their numbers, counted from 1 over all cells.

    Raises :class:`NotebookError` where ``content`` is not a notebook (nbformat 4).
    """
    try:
        notebook = _decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise NotebookError(str(error)[:200]) from None
    cells = [
        (number, cell.source if isinstance(cell.source, str) else "".join(cell.source))
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
    ]
    if sum(len(source) for _, source in cells) > MAX_CODE:
        raise TooMuchCode("too much code")
    return cells


def source_from_notebook(content: bytes) -> str:
    """The definitions of all code cells as one source text.

    A cell that Python cannot read becomes a statement that raises a :class:`SyntaxError`
    with the cell's number, which is what its author is to be told. Raises
    :class:`NotebookError` where ``content`` is not a notebook.
    """
    parts = []
    for number, source in code_cells(content):
        try:
            tree = ast.parse(_without_magics(source))
            kept = [ast.unparse(statement) for statement in tree.body if _is_definition(statement)]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"raise SyntaxError({f'cell {number} of the notebook: {_reason(error)}'!r})\n"
        if kept:
            parts.append("\n".join([f"# cell {number}", *kept]))
    return "\n\n".join(parts) + "\n"


def cell_of(source: str, line: int) -> int | None:
    """The number of the cell that ``line`` of such a source comes from; None in a file's source."""
    lines = source.split("\n")
    if _CELL.fullmatch(lines[0]) is None:
        return None
    for before in reversed(lines[:line]):
        match = _CELL.fullmatch(before)
        if match is not None:
            return int(match[1])
    return None


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno} of the cell)"
    return str(error) or type(error).__name__


def _without_magics(source: str) -> str:
    """The cell as Python: magics and shell escapes become ``pass`` or ``None``."""
    lines = source.splitlines()
    if lines and lines[0].startswith("%%"):
        if not lines[0].startswith(_HARMLESS_CELL_MAGICS):
            return ""
        lines = lines[1:]
    return "\n".join(_MAGIC_VALUE.sub(r"\1None", _MAGIC_LINE.sub(_pass, line)) for line in lines)


def _pass(match: re.Match[str]) -> str:
    indent = next((group for group in match.groups() if group is not None), "")
    return f"{indent}pass"


def _is_definition(statement: ast.stmt) -> bool:
    if isinstance(statement, _DEFINITIONS):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        return not any(
            isinstance(node, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
            for node in ast.walk(statement.value)
        )
    return False
