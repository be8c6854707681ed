"""The code that a notebook hands in: what its cells define, and nothing that they do.

Imports (but of this package, which checks), functions, classes and constants are taken, in order;
magics, shell escapes and every other statement are left out, so that plots, downloads and checks
that a student ran while working are not run again.
"""

from __future__ import annotations

import ast
import itertools
import re
import textwrap
import warnings

import msgspec
from msgspec import Struct

from autograder.submissions.definitions import Numbered, defining
from autograder.submissions.magics import begins_with_cell_magic, without_magics

MAX_CODE = 1 << 18

_CELL = re.compile(r"# cell (\d{1,9})")
_BROKEN = re.compile(
    r"cell (\d{1,9}) of the notebook: (.*) \(line (\d{1,9}) of the cell\)", re.DOTALL
)

# What a cell that cannot be parsed was to define, and whether it was code at all.
_DEFINES = re.compile(r"^(?:async +)?(?:def|class) +([^\W\d]\w*)", re.MULTILINE)
_LOOKS_LIKE_CODE = re.compile(r"^ *(?:(?:import|from|def|class)\b|[^\W\d]\w* *=)", re.MULTILINE)


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
    """The definitions of all code cells as one source text; see
    :mod:`~autograder.submissions.definitions` for what they are.

    What a cell that Python cannot read was to define raises a :class:`SyntaxError` with the
    cell's number when it is used; where that cannot be told, everything does. Raises
    :class:`NotebookError` where ``content`` is not a notebook.
    """
    statements: list[Numbered] = []
    broken: list[tuple[int, str]] = []
    for number, source in code_cells(content):
        try:
            found = _parse(source)
            for statement in found:
                ast.unparse(statement)  # fails where it is nested too deeply
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            refusal = f"raise SyntaxError({f'cell {number} of the notebook: {_reason(error)}'!r})"
            names = dict.fromkeys(_DEFINES.findall(source))
            if not names and _LOOKS_LIKE_CODE.search(source):
                return f"{refusal}\n"
            broken += [(number, f"def {name}(*_, **__):\n    {refusal}") for name in names]
            continue
        statements += [(number, one) for statement in found if (one := _without_ours(statement))]
    pieces = [(number, ast.unparse(one)) for number, one in defining(statements)]
    pieces = sorted([*pieces, *broken], key=lambda piece: piece[0])
    # Imports from the future must come first, wherever their cell is.
    pieces.sort(key=lambda piece: not piece[1].startswith("from __future__ "))
    parts = [
        "\n".join([f"# cell {number}", *(code for _, code in several)])
        for number, several in itertools.groupby(pieces, key=lambda piece: piece[0])
    ]
    return "\n\n".join(parts) + "\n"


def broken_cell(message: str) -> tuple[int, str, int] | None:
    """The number of the cell, what is wrong with it, and in which of its lines, from the message
    of such a :class:`SyntaxError`."""
    match = _BROKEN.fullmatch(message)
    return None if match is None else (int(match[1]), match[2], int(match[3]))


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


def _parse(source: str) -> list[ast.stmt]:
    """The statements of a cell; of one in another language, none."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    with warnings.catch_warnings():
        # "\d" in a student's docstring is nothing to tell the grader's terminal.
        warnings.simplefilter("ignore")
        if not begins_with_cell_magic(source):
            try:
                return ast.parse(source).body
            except SyntaxError:
                pass  # magics, perhaps, or a cell that is indented as a whole, as Jupyter allows
        return ast.parse(textwrap.dedent(without_magics(source))).body


def _reason(error: BaseException) -> str:
    line = error.lineno if isinstance(error, SyntaxError) else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{message or type(error).__name__} (line {line or 1} of the cell)"


def _without_ours(statement: ast.stmt) -> ast.stmt | None:
    """The statement, unless it imports this package: what student code runs beside does not have
    it, nor does it need it."""
    if isinstance(statement, ast.Import):
        statement.names = [one for one in statement.names if not _is_ours(one.name)]
        return statement if statement.names else None
    if isinstance(statement, ast.ImportFrom) and not statement.level:
        return None if _is_ours(statement.module or "") else statement
    return statement


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __package__.partition(".")[0]
