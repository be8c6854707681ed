"""Syntax trees of what students hand in, which several parts of the grader look at."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import Final

# Trees of longer texts are not kept: a tree takes up a hundred times what its text does.
_MAX_KEPT: Final = 8000


def syntax_tree(source: str) -> ast.Module:
    """The tree, which nobody may change. Never warns; raises as :func:`ast.parse` does:
    :class:`SyntaxError` or :class:`ValueError` where the text is not Python, and
    :class:`RecursionError` or :class:`MemoryError` where it is nested beyond reason."""
    return _kept(source) if len(source) <= _MAX_KEPT else _parsed(source)


def syntax_tree_if_any(source: str) -> ast.Module | None:
    """The same; None where there is none."""
    try:
        return syntax_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


_kept = lru_cache(maxsize=16)(_parsed)
