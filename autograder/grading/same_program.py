"""Files that are the same program, though their comments, blank lines and spaces differ.

Of a class, many write the same few lines (Nguyen et al., Codewebs, WWW 2014). What such a program
computes follows from its syntax tree alone, as long as it looks at nothing else: not at its own
text, at chance, at memory that nobody has written to or how much there is, or at the machine.
Nothing is compiled, which can take gigabytes. Pure.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from inspect import ismodule
from typing import Any, Final

import numpy as np

from autograder.grading.source_names import nodes_of
from autograder.submissions.syntax_tree import syntax_tree

# Longer texts are no few lines, and take a while.
MAX_LENGTH: Final = 8000
_LIBRARIES: Final = frozenset({"__future__", "math", "numpy", "numpy.linalg"})
# Builtin functions that look at nothing but their arguments.
_PURE: Final = """
abs all any bool complex dict divmod enumerate filter float int isinstance issubclass iter len list
map max min next object pow print property range repr reversed round slice sorted staticmethod str
sum super tuple zip
"""
_CLOSED_BUILTINS: Final = frozenset(
    name
    for name, value in vars(builtins).items()
    if name not in _PURE.split() and not (isinstance(value, type) and issubclass(value, Exception))
)
# Attributes that look at files, chance, the clock, names, or memory that nobody has written to or
# where that lies.
_OPEN_TO_MORE: Final = """
DataSource as_strided bmat chararray ctypes data datetime64 dump dumps empty empty_like format
format_map fromfile fromregex genfromtxt get_include info load loadtxt lookfor memmap ndarray nditer
nested_iters open_memmap recarray save savetxt savez savez_compressed show_config show_runtime
source tofile
"""
# Modules of numpy that may not be loaded yet, in any of its versions.
_NOT_LOADED: Final = """
char core ctypeslib distutils dtypes exceptions f2py fft lib ma matlib matrixlib polynomial random
rec strings test testing typing
"""
_LOADED: Final = {
    name for module in (np, np.linalg) for name, value in vars(module).items() if ismodule(value)
}
_CLOSED_ATTRIBUTES: Final = (
    frozenset((_OPEN_TO_MORE + _NOT_LOADED).split())
    | _LOADED - {"linalg"}
    | sys.stdlib_module_names - {*np.__all__, *dir(np.ndarray)}  # which modules of numpy import
)
# Of frames, of generators and of code.
_OF_FRAMES: Final = ("ag_", "co_", "cr_", "f_", "gi_", "tb_")
# Exceptions among which is that there is no more memory.
_OUT_OF_MEMORY: Final = frozenset({"BaseException", "Exception", "MemoryError"})
# What numpy makes the time of, and unwritten memory.
_CLOSED_WORDS: Final = frozenset({"now", "today", "empty"})


def program_in(source: str) -> bytes | None:
    """A hash of the program, which texts that are the same one have in common; None where what it
    does may hang on more than its syntax tree."""
    if len(source) > MAX_LENGTH:
        return None
    try:
        nodes = nodes_of(syntax_tree(source))
        if not all(map(_looks_at_nothing_else, nodes)):
            return None
        content = repr(list(_described(nodes)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _looks_at_nothing_else(node: ast.AST) -> bool:
    """Whether this part of a program looks at its arguments alone."""
    match node:
        case ast.Import(names=names):
            return all(one.name in _LIBRARIES for one in names)
        case ast.ImportFrom(module=module, names=names, level=0):
            return module in _LIBRARIES and all(_is_open(one.name) for one in names)
        case ast.ImportFrom() | ast.Match():  # whose patterns name attributes
            return False
        case ast.Set() | ast.SetComp():  # whose order may be that of addresses
            return False
        case ast.ExceptHandler(type=kind):
            caught = [] if kind is None else [getattr(one, "id", "") for one in ast.walk(kind)]
            return bool(caught) and _OUT_OF_MEMORY.isdisjoint(caught)
        case ast.Attribute(attr=name):
            return _is_open(name)
        case ast.Name(id=name):
            return name == "__name__" or not (name.startswith("__") or name in _CLOSED_BUILTINS)
        case ast.Call(keywords=keywords):
            given = {one.arg: one.value for one in keywords}
            # Without an array for what comes out, elements that are left out are anything.
            has_out = not isinstance(given.get("out", ast.Constant(None)), ast.Constant)
            return None not in given and (has_out or "where" not in given)
        case ast.Constant(value=str(word)):
            return word.lower() not in _CLOSED_WORDS
        case _:
            return True


def _is_open(attribute: str) -> bool:
    return not (
        attribute in _CLOSED_ATTRIBUTES
        or attribute.startswith(("_", *_OF_FRAMES))
        or attribute == "*"
    )


def _described(nodes: Sequence[ast.AST]) -> Iterator[tuple[Any, ...]]:
    """All of a tree, node by node in the order of :func:`nodes_of`, in which children follow from
    how many each has. Lines are numbered without those on which nothing begins or ends: how many
    are executed is counted by efficiency tests."""
    lines = {getattr(node, end, 0) for node in nodes for end in ("lineno", "end_lineno")}
    numbers = {line: number for number, line in enumerate(sorted(lines))}
    for node in nodes:
        yield (
            type(node).__name__,
            numbers[getattr(node, "lineno", 0)],
            numbers[getattr(node, "end_lineno", 0)],
            *(_value(getattr(node, field, None)) for field in node._fields),
        )


def _value(value: Any) -> Any:
    if isinstance(value, ast.AST):
        return ast.AST
    return [_value(one) for one in value] if isinstance(value, list) else value
