"""Files that are the same program, though their comments, layout and local names differ.

Of a class, many write the same few lines (Nguyen et al., Codewebs, WWW 2014). What such a program
computes follows from its instructions and constants alone, as long as it looks at nothing else:
not at its own text, at chance, at memory that nobody has written to, or at the machine. Pure.
"""

from __future__ import annotations

import ast
import builtins
import marshal
import warnings
from hashlib import blake2b
from inspect import CO_VARARGS, CO_VARKEYWORDS, ismodule
from types import CodeType
from typing import Final

import numpy as np

from autograder.grading.source_names import nodes_of

# Longer texts are no few lines, and take a while.
MAX_LENGTH: Final = 8000
_LIBRARIES: Final = frozenset({"__future__", "math", "numpy", "numpy.linalg", "typing"})
# Builtin functions that look at nothing but their arguments.
_PURE: Final = """
abs all any bool complex dict divmod enumerate filter float frozenset int isinstance issubclass iter
len list map max min next object pow print property range repr reversed round set slice sorted
staticmethod str sum super tuple type zip
"""
_CLOSED_BUILTINS: Final = frozenset(
    name
    for name, value in vars(builtins).items()
    if name not in _PURE.split() and not (isinstance(value, type) and issubclass(value, Exception))
)
_SPECIAL: Final = frozenset({"__name__", "__init__", "__call__"})
# What is reached through numpy and looks at files, chance, the clock, memory that nobody has
# written to, or where that lies; and its modules but one.
_OF_NUMPY: Final = """
DataSource as_strided ctypes data datetime64 dump dumps empty empty_like fromfile fromregex
genfromtxt load loadtxt memmap ndarray open_memmap save savetxt savez savez_compressed tofile
"""
_MODULES: Final = {name for name, value in vars(np).items() if ismodule(value)}
_CLOSED_NAMES: Final = (
    frozenset(_OF_NUMPY.split()) | _MODULES | set(np.__numpy_submodules__)  # those not loaded yet
) - {"linalg"}
# Of frames, of generators and of code.
_OF_FRAMES: Final = ("ag_", "co_", "cr_", "f_", "gi_", "tb_")


def program_in(source: str) -> bytes | None:
    """A hash of the program, which texts that are the same one have in common; None where what it
    does may hang on more than its instructions and constants."""
    if len(source) > MAX_LENGTH:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            if not all(map(_looks_at_nothing_else, nodes_of(tree))):
                return None
            code = compile(tree, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    # Later versions of the format depend on who else has a constant.
    return blake2b(marshal.dumps(_bare(code), 2), digest_size=16).digest()


def _looks_at_nothing_else(node: ast.AST) -> bool:
    """Whether this part of a program looks at its arguments alone."""
    match node:
        case ast.Import(names=names):
            return all(one.name in _LIBRARIES for one in names)
        case ast.ImportFrom(module=module, names=names, level=0):
            return module in _LIBRARIES and all(_is_harmless(one.name) for one in names)
        case ast.ImportFrom() | ast.TryStar() | ast.Match():
            return False
        case ast.Try(finalbody=[_, *_]):  # is compiled twice, and what is nested in it four times
            return False
        case ast.Attribute(attr=name):
            return _is_harmless(name) and not name.startswith(_OF_FRAMES)
        case ast.Name(id=name):
            return name == "__name__" or (name not in _CLOSED_BUILTINS and _is_harmless(name))
        case _:
            return True


def _is_harmless(name: str) -> bool:
    is_special = name.startswith("__") and name not in _SPECIAL
    return not is_special and name != "*" and name not in _CLOSED_NAMES


def _bare(code: CodeType) -> CodeType:
    """The code without its places in the file, and with its local variables numbered. Arguments
    keep their names, by which they may be given."""
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += sum(bool(code.co_flags & flag) for flag in (CO_VARARGS, CO_VARKEYWORDS))
    names = code.co_varnames
    return code.replace(
        co_filename="",
        co_firstlineno=0,
        co_linetable=b"",
        co_varnames=(*names[:arguments], *map(str, range(len(names) - arguments))),
        co_consts=tuple(_bare(one) if isinstance(one, CodeType) else one for one in code.co_consts),
    )
