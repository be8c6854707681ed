"""Lengths of axes that follow from others: ``n - k + 1``, ``H + 2 * p - K + 1``, ``4 * m``.

A shape holds names of dimensions, fixed lengths, ``"..."`` and such formulas, as their text.
A formula knows dimensions, and whole numbers among the function's arguments (a padding, a stride).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

MAX_LENGTH = 4096
"""The longest axis that is drawn."""

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)
_SIGNS = (ast.UAdd, ast.USub)


def is_formula(dim: str | int) -> bool:
    """True for a length that is worked out, and false for a name, a number and ``"..."``."""
    return isinstance(dim, str) and dim != "..." and not dim.isidentifier()


def dimensions(shapes: Iterable[Iterable[str | int]]) -> tuple[str, ...]:
    """The names in ``shapes`` that stand by themselves, ``"..."`` among them, in their order."""
    dims = (dim for shape in shapes for dim in shape)
    return tuple(dict.fromkeys(d for d in dims if isinstance(d, str) and not is_formula(d)))


def parse(text: str) -> str | None:
    """The formula in its usual spelling; None where ``text`` is none.

    A formula has names and whole numbers, ``+``, ``-``, ``*``, ``//`` and brackets, and at least
    one name.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    has_name = any(isinstance(part, ast.Name) for part in ast.walk(tree))
    return ast.unparse(tree) if has_name and _is_sound(tree) else None


@cache
def names(formula: str) -> tuple[str, ...]:
    """What the formula follows from, in the order in which it is written."""
    found = (part for part in ast.walk(ast.parse(formula)) if isinstance(part, ast.Name))
    return tuple(dict.fromkeys(part.id for part in sorted(found, key=lambda part: part.col_offset)))


def parts(dim: str | int) -> tuple[str, ...]:
    """The names that must be known before the length is: none of a number, one of a name."""
    if isinstance(dim, int):
        return ()
    return names(dim) if is_formula(dim) else (dim,)


def evaluate(formula: str, lengths: Mapping[str, Any]) -> int:
    """The length that the formula gives. Raises ZeroDivisionError where it divides by zero."""
    return int(eval(formula, {"__builtins__": {}}, {n: int(lengths[n]) for n in names(formula)}))


def _is_sound(part: ast.expr) -> bool:
    match part:
        case ast.BinOp(left=left, op=operator, right=right):
            return isinstance(operator, _OPERATORS) and _is_sound(left) and _is_sound(right)
        case ast.UnaryOp(op=operator, operand=operand):
            return isinstance(operator, _SIGNS) and _is_sound(operand)
        case ast.Name():
            return True
        case ast.Constant(value=value):
            return type(value) is int
    return False
