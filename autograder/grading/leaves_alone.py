"""Code that leaves alone what other code finds in its process, as far as its text says.

Who sets out to disturb another file of their own can do so all the same: they lose by it what they
would have had. Nobody who writes what is asked for does. Pure.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from autograder.grading.same_program import MAX_LENGTH
from autograder.grading.source_names import nodes_of
from autograder.submissions.syntax_tree import syntax_tree_if_any

# Modules of which the functions do not change what others find, once numbers are drawn anew.
_HARMLESS: Final = """
__future__ abc cmath collections collections.abc copy dataclasses enum fractions functools itertools
math numbers numpy numpy.fft numpy.lib.stride_tricks numpy.linalg numpy.random numpy.typing operator
random statistics time typing
"""
# What runs text, sets names by text, or leads to everything.
_CLOSED: Final = """
breakpoint compile delattr eval exec exit getattr globals help input locals open quit setattr vars
"""
# What changes how numpy works from then on, leads out of an array, or to modules of that kind.
_REACHING: Final = """
as_strided ctypeslib set_bit_generator set_numeric_ops set_printoptions set_string_function
setbufsize seterr seterrcall seterrobj testing
"""
_SPECIAL: Final = "__name__ __init__ __new__"

_MODULES: Final = frozenset(_HARMLESS.split())
_CLOSED_NAMES: Final = frozenset((_CLOSED + _REACHING).split())
_CLOSED_ATTRIBUTES: Final = frozenset(_REACHING.split())


def leaves_alone(source: str) -> bool:
    """Whether code that runs after this in its process finds what it would have found without. Of
    texts longer than :data:`~autograder.grading.same_program.MAX_LENGTH` nothing is known."""
    tree = syntax_tree_if_any(source) if len(source) <= MAX_LENGTH else None
    if tree is None:
        return False
    nodes = nodes_of(tree)
    imported = set(_names_of_imports(nodes))
    return not any(_reaches_others(node, imported) for node in nodes)


def _names_of_imports(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """The names of modules, and of what is imported from them."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((one.asname or one.name).partition(".")[0] for one in node.names)


def _reaches_others(node: ast.AST, imported: Collection[str]) -> bool:
    match node:
        case ast.Import(names=names):
            return not all(one.name in _MODULES for one in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            is_known = level == 0 and module in _MODULES
            return not is_known or any(one.name in _CLOSED_ATTRIBUTES for one in names)
        case ast.Name(id=name):
            return name in _CLOSED_NAMES or _is_special(name)
        case ast.Attribute(attr=name, ctx=ast.Load()):
            return name in _CLOSED_ATTRIBUTES or _is_special(name)
        case ast.Attribute(value=value):  # which is set or deleted
            while isinstance(value, ast.Attribute | ast.Subscript):
                value = value.value
            return not isinstance(value, ast.Name) or value.id in imported
        case _:
            return False


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _SPECIAL.split()
