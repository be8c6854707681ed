"""The code that a notebook hands in: what its graded functions need, and nothing else it does.

Plots, downloads and checks that a student ran while working are not run again; see
:mod:`~autograder.submissions.definitions` for what is taken. Each line keeps its place in its
cell, so that an error can be named as Jupyter would: cell 3, line 7.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from autograder.submissions.definitions import (
    LeftOut,
    Needed,
    Search,
    Statement,
    imported_modules,
    is_main_guard,
    unneeded_in_file,
)
from autograder.submissions.magics import begins_with_cell_magic, file_written, without_magics

MAX_CODE = 1 << 18
_PACKAGE = __name__.partition(".")[0]

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


class Extract(Struct, frozen=True):
    """Source text to run, and what the graded functions need that is not in it."""

    source: str
    left_out: tuple[LeftOut, ...] = ()


class Program(Struct, frozen=True, dict=True):
    """A notebook or a file, parsed. ``cells`` has the lines of each cell by its number, as far as
    Python can read it, and of a file those of cell 0; ``files`` what its cells write beside it."""

    statements: tuple[Statement, ...]
    cells: dict[int, list[str]]
    broken: tuple[tuple[int, str], ...] = ()
    """Code in the place of cells that cannot be read: functions that say so when called."""
    refusal: str = ""
    """Code in the place of everything, where a cell cannot be read and may have done anything."""
    files: dict[str, str] = {}
    text: str = ""
    """All of its code, as it was written."""

    def search(self, siblings: frozenset[str]) -> Search:
        """What finds the needs of functions in it, made once for several exercises."""
        if self.__dict__.get("siblings") != siblings:
            self.__dict__.update(siblings=siblings, made=Search(self.statements, siblings))
        made: Search = self.__dict__["made"]
        return made


class _Cell(Struct):
    cell_type: str = ""
    source: str | list[str] = ""
    input: str | list[str] = ""


class _Worksheet(Struct):
    cells: list[_Cell] = []


class _Notebook(Struct):
    cells: list[_Cell] | UnsetType = UNSET
    worksheets: list[_Worksheet] = []


_decode = msgspec.json.Decoder(_Notebook).decode


def code_cells(content: bytes) -> list[tuple[int, str]]:
    """The code cells with their numbers, counted from 1 over all cells.

    Reads nbformat 4 and 3, with what Python's JSON allows beyond the standard: NaN, a byte order
    mark, half a surrogate pair. Raises :class:`NotebookError` where ``content`` is no notebook.
    """
    notebook = _read(content)
    if isinstance(notebook.cells, UnsetType):
        found = [cell for sheet in notebook.worksheets for cell in sheet.cells]
        if not found:
            raise NotebookError("has no cells")
    else:
        found = notebook.cells
    cells = [
        (number, _joined(cell.source) or _joined(cell.input))
        for number, cell in enumerate(found, start=1)
        if cell.cell_type == "code"
    ]
    if sum(len(source) for _, source in cells) > MAX_CODE:
        raise TooMuchCode("too much code")
    return cells


def _joined(source: str | list[str]) -> str:
    text = source if isinstance(source, str) else "".join(source)
    # Half a surrogate pair, as an emoji cut in two leaves it, can be in no source text.
    return text.encode("utf-8", "replace").decode("utf-8")


def _read(content: bytes) -> _Notebook:
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return _decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass  # perhaps it is what Python's own reader takes
    try:
        # Numbers are of no use here, and huge ones take long.
        loaded: Any = json.loads(
            content.decode("utf-8", "replace"), parse_int=_nothing, parse_float=_nothing
        )
        return msgspec.convert(loaded, _Notebook)
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotebookError(str(error)[:200]) from None


def _nothing(_: str) -> None:
    return None


def looks_like_notebook(content: bytes) -> bool:
    """Whether a file that is not called so holds a notebook's JSON."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and (b'"cells"' in content or b'"worksheets"' in content)


def source_from_notebook(content: bytes, roots: Iterable[str] | None = None) -> str:
    """The code of a notebook that ``roots``, names of functions, need; by default that of all
    functions, classes and constants.

    What a cell that Python cannot read was to define raises a :class:`SyntaxError` with the
    cell's number when it is used; where that cannot be told, everything does. Raises
    :class:`NotebookError` where ``content`` is not a notebook.
    """
    return extract(parse_notebook(content), roots).source


def parse_notebook(content: bytes) -> Program:
    """The notebook as a program. Raises :class:`NotebookError`."""
    return parse_cells(code_cells(content))


def parse_cells(numbered: Sequence[tuple[int, str]]) -> Program:
    statements: list[Statement] = []
    broken: list[tuple[int, str]] = []
    cells: dict[int, list[str]] = {}
    files: dict[str, str] = {}
    refusal = ""
    for number, source in numbered:
        written = file_written(source)
        if written is not None:
            name, content, appends = written
            files[name] = (files.get(name, "") if appends else "") + content
            continue
        try:
            text, found = _parse(source)
            for statement in found:
                ast.unparse(statement)  # fails where it is nested too deeply
                compile(ast.Module([statement], []), "<cell>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if _only_waits(error):
                cells[number] = text.split("\n")
                statements += _statements(found, number)
                continue
            code = f"raise SyntaxError({f'cell {number} of the notebook: {_reason(error)}'!r})"
            names = dict.fromkeys(_DEFINES.findall(source))
            if not names and _LOOKS_LIKE_CODE.search(source):
                refusal = refusal or f"{code}\n"
            broken += [(number, f"def {name}(*_, **__):\n    {code}") for name in names]
            continue
        cells[number] = text.split("\n")
        statements += _statements(found, number)
    text = "\n\n".join(source for _, source in numbered)
    return Program(tuple(statements), cells, tuple(broken), refusal, files, text)


def parse_file(source: str) -> Program:
    """A file as a program. Raises :class:`SyntaxError` and the like where it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    return Program(tuple(_statements(tree.body, 0)), {0: source.split("\n")}, text=source)


def _only_waits(error: BaseException) -> bool:
    """Whether Python refuses a cell for what Jupyter allows: ``await`` outside of a function."""
    return (
        isinstance(error, SyntaxError)
        and "outside" in (error.msg or "")
        and ("await" in error.msg or "asynchronous" in error.msg or "async" in error.msg)
    )


def _statements(found: Sequence[ast.stmt], cell: int) -> list[Statement]:
    """The statements, with those that import several modules split into one for each, and in a
    notebook, where it is always so, what stands under ``if __name__ == "__main__":``."""
    statements: list[Statement] = []
    for node in found:
        if cell and is_main_guard(node) and isinstance(node, ast.If):
            statements += [Statement(one, cell, node.lineno) for one in node.body]
        elif isinstance(node, ast.Import) and len(node.names) > 1:
            split = [ast.copy_location(ast.Import([alias]), node) for alias in node.names]
            statements += [Statement(_without_ours(one, cell), cell) for one in split]
        else:
            statements.append(Statement(_without_ours(node, cell), cell))
    return statements


def extract(
    program: Program,
    roots: Iterable[str] | None = None,
    siblings: frozenset[str] = frozenset(),
) -> Extract:
    """What of a notebook is to be run for ``roots``. Raises :class:`NotebookError` where its
    statements cannot be told apart, as where they are nested beyond reason."""
    if program.refusal:
        return Extract(program.refusal)
    try:
        found = program.search(siblings).run(roots)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotebookError(str(error)[:200]) from None
    pieces = [(number, 1, code) for number, code in program.broken]
    future: list[str] = []
    numbered = [*enumerate(program.statements)]
    for cell, several in itertools.groupby(numbered, key=lambda pair: pair[1].cell):
        own = list(several)
        for number, one in own:
            if number in found.taken and _is_future(one.node):
                future.append(f"# cell {cell}\n{ast.unparse(one.node)}")
        lines = _lines_of_cell(program.cells[cell], own, found)
        if any(lines):
            pieces.append((cell, 0, "\n".join(lines).rstrip()))
    parts = [f"# cell {cell}\n{code}" for cell, _, code in sorted(pieces, key=lambda one: one[:2])]
    left_out = tuple(one for _, one in sorted(found.left_out.items()))
    # Imports from the future must come first, wherever their cell is.
    return Extract("\n\n".join([*dict.fromkeys(future), *parts]) + "\n", left_out)


def without_unneeded(
    program: Program, source: str, roots: Iterable[str], siblings: frozenset[str]
) -> str:
    """A file without what costs the exercise and gives nothing; see
    :func:`~autograder.submissions.definitions.unneeded_in_file`. Its lines keep their numbers."""
    numbered = [*enumerate(program.statements)]
    dropped = unneeded_in_file(program.search(siblings), roots, siblings)
    if not dropped:
        return source
    taken = frozenset(range(len(numbered))) - dropped
    return "\n".join(_lines_of_cell(program.cells[0], numbered, Needed(taken, {}), keep_rest=True))


def _lines_of_cell(
    lines: Sequence[str],
    statements: Sequence[tuple[int, Statement]],
    found: Needed,
    *,
    keep_rest: bool = False,
) -> list[str]:
    """The lines of a cell with what is taken, and the others empty."""
    kept = list(lines) if keep_rest else [""] * len(lines)
    for group in _sharing_lines(statements):
        first, last = group[0][1].first_line - 1, max(one.last_line for _, one in group)
        taken = [one for number, one in group if number in found.taken and not _is_future(one.node)]
        if keep_rest:
            taken = [one for number, one in group if number in found.taken]
        if len(taken) == len(group):
            kept[first:last] = [_unmarked(line) for line in lines[first:last]]
        elif taken:  # some of those that share a line
            kept[first:last] = ["; ".join(map(_on_one_line, taken)), *[""] * (last - first - 1)]
        else:
            kept[first:last] = [""] * (last - first)
        lost = [found.left_out[number] for number, _ in group if number in found.left_out]
        gone = [name for one in lost for name in one.names]
        if gone and not taken:
            pops = "; ".join(f"globals().pop({name!r}, None)" for name in gone)
            indent = " " * group[0][1].node.col_offset if group[0][1].header else ""
            kept[first] = f"{indent}{pops}"
        for header in {one.header for one in taken if one.header}:
            kept[header - 1] = kept[header - 1] or "if True:"
        for number, statement in group:
            if statement.header and number in found.left_out:
                kept[statement.header - 1] = kept[statement.header - 1] or "if True:"
    return kept


def _on_one_line(statement: Statement) -> str:
    return ast.unparse(statement.node)


def _unmarked(line: str) -> str:
    """A line of a student that looks like one of our marks, made another comment."""
    return "#" if _CELL.fullmatch(line) else line


def _sharing_lines(
    statements: Sequence[tuple[int, Statement]],
) -> list[list[tuple[int, Statement]]]:
    groups: list[list[tuple[int, Statement]]] = []
    last = 0
    for number, one in statements:
        if groups and one.first_line <= last:
            groups[-1].append((number, one))
        else:
            groups.append([(number, one)])
        last = max(last, one.last_line)
    return groups


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def broken_cell(message: str) -> tuple[int, str, int] | None:
    """The number of the cell, what is wrong with it, and in which of its lines, from the message
    of such a :class:`SyntaxError`."""
    match = _BROKEN.fullmatch(message)
    return None if match is None else (int(match[1]), match[2], int(match[3]))


def cell_of(source: str, line: int) -> int | None:
    """The number of the cell that ``line`` of such a source comes from; None in a file's source."""
    place = place_of(source, line)
    return None if place is None else place[0]


def place_of(source: str, line: int) -> tuple[int, int] | None:
    """The cell that ``line`` of such a source comes from, and the line in it, from 1; None in a
    file's source."""
    lines = source.split("\n")
    if _CELL.fullmatch(lines[0]) is None:
        return None
    for number in range(min(line, len(lines)), 0, -1):
        match = _CELL.fullmatch(lines[number - 1])
        if match is not None:
            return int(match[1]), max(line - number, 1)
    return None


def _parse(source: str) -> tuple[str, list[ast.stmt]]:
    """The text of a cell as Python, with as many lines, and its statements; of a cell in another
    language, none."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    with warnings.catch_warnings():
        # "\d" in a student's docstring is nothing to tell the grader's terminal.
        warnings.simplefilter("ignore")
        if not begins_with_cell_magic(source):
            try:
                return source, ast.parse(source).body
            except SyntaxError:
                pass  # magics, perhaps, or a cell that is indented as a whole, as Jupyter allows
        text = textwrap.dedent(without_magics(source))
        return text, ast.parse(text).body


def _reason(error: BaseException) -> str:
    line = error.lineno if isinstance(error, SyntaxError) else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{message or type(error).__name__} (line {line or 1} of the cell)"


def _without_ours(node: ast.stmt, cell: int) -> ast.stmt:
    """The statement of a notebook, unless it imports this package, which checks: what student
    code runs beside does not have it, nor does it need it."""
    if cell and any(module == _PACKAGE for module in imported_modules(node)):
        return ast.copy_location(ast.Expr(ast.Constant(None)), node)
    return node
