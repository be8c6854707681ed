"""Which statements of a notebook define something, and which only did something at the time.

Taken are imports, functions and classes; assignments of plain values; and assignments that call
numpy or Python itself, such as ``EPS = np.sqrt(1e-10)``, where a function uses what they assign.
Not taken is what depends on something that is not taken: it would fail.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Numbered: TypeAlias = tuple[int, ast.stmt]
"""A statement and the number of its cell."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_Assignment: TypeAlias = ast.Assign | ast.AnnAssign | ast.AugAssign
_ACTS = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)

# Modules and builtins that compute, and what of them reads or writes files all the same.
_MODULES = frozenset({"numpy", "math"})
_CALLS = frozenset(
    {"abs", "bool", "complex", "dict", "float", "frozenset", "int", "len", "list", "max", "min"}
    | {"pow", "range", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"}
)
_ACT_ON_FILES = frozenset(
    {"DataSource", "fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap", "save"}
    | {"savetxt", "savez", "savez_compressed", "tofile", "test"}
)


def defining(statements: Sequence[Numbered]) -> list[Numbered]:
    """Those that define something, in their order."""
    calls = _Calls(statements)
    wanted = _wanted(statements)
    known = {*dir(builtins), "__name__"}
    taken: list[Numbered] = []
    for cell, statement in statements:
        if isinstance(statement, _ASSIGNMENTS):
            if not _is_taken(statement, known, wanted, calls):
                continue
        elif not (
            isinstance(statement, (*_IMPORTS, *_FUNCTIONS)) or _only_defines(statement, known)
        ):
            continue
        known.update(_bound(statement))
        taken.append((cell, statement))
    return taken


def _is_taken(statement: _Assignment, known: set[str], wanted: set[str], calls: _Calls) -> bool:
    if statement.value is None or not (_needed(statement) <= known or "*" in known):
        return False
    if isinstance(statement, ast.AugAssign) and not _bound(statement) <= known:
        return False
    nodes = list(ast.walk(statement.value))
    if any(isinstance(node, _ACTS) for node in nodes):
        return False
    called = [node for node in nodes if isinstance(node, ast.Call)]
    if not called:
        return True
    return bool(_bound(statement) & wanted) and all(calls.compute(node) for node in called)


def _wanted(statements: Sequence[Numbered]) -> set[str]:
    """The names that functions use, and those that the assignments of these need in turn."""
    assigned: dict[str, list[_Assignment]] = defaultdict(list)
    pending: list[str] = []
    for _, statement in statements:
        if isinstance(statement, _ASSIGNMENTS):
            for name in _bound(statement):
                assigned[name].append(statement)
        for node in _own_nodes(statement):
            if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
                pending += _loaded(node)
    wanted: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            for statement in assigned.pop(name, ()):
                pending += _loaded(statement)
    return wanted


def _loaded(node: ast.AST) -> set[str]:
    return {
        found.id
        for found in ast.walk(node)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Load)
    }


def _needed(statement: _Assignment) -> set[str]:
    """The names that must have a value when the assignment is run: not those in a lambda."""
    found: set[str] = set()
    bound: set[str] = set()
    pending: list[ast.AST] = [statement.value] if statement.value is not None else []
    pending += statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.comprehension):
            bound |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        pending += ast.iter_child_nodes(node)
    return found - bound


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value to; ``*`` stands for any."""
    bound: set[str] = set()
    for node in _own_nodes(statement):
        if isinstance(node, _FUNCTIONS):
            bound.add(node.name)
        elif isinstance(node, _IMPORTS):
            bound |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return bound


def _own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    """The statement and all within it, but for what is inside functions and classes."""
    pending = [statement]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def _only_defines(statement: ast.stmt, known: set[str]) -> bool:
    """Whether an ``if`` or ``try`` does nothing but choose between definitions."""
    if not isinstance(statement, (ast.If, ast.Try)):
        return False
    allowed = (*_IMPORTS, *_FUNCTIONS, ast.Assign, ast.AnnAssign, ast.If, ast.Try, ast.Pass)
    nodes = list(_own_nodes(statement))
    if any(isinstance(node, (ast.Call, *_ACTS)) for node in nodes):
        return False
    if not all(isinstance(node, allowed) for node in nodes if isinstance(node, ast.stmt)):
        return False
    loaded = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return loaded - _bound(statement) <= known or "*" in known


def _computes(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _MODULES


class _Calls:
    """Knows which calls only compute, by what the notebook imports."""

    def __init__(self, statements: Sequence[Numbered]) -> None:
        self._modules: set[str] = set()
        self._functions = set(_CALLS)
        for _, statement in statements:
            if isinstance(statement, ast.Import):
                for one in statement.names:
                    if _computes(one.name):
                        self._modules.add((one.asname or one.name).partition(".")[0])
            elif isinstance(statement, ast.ImportFrom) and _computes(statement.module):
                names = {one.name: one.asname or one.name for one in statement.names}
                self._functions |= {
                    local for name, local in names.items() if name not in _ACT_ON_FILES
                }

    def compute(self, call: ast.Call) -> bool:
        """Whether the function called is one of numpy, math or Python, or a method of what one
        of them made."""
        function = call.func
        if isinstance(function, ast.Name):
            return function.id in self._functions
        while isinstance(function, ast.Attribute):
            if function.attr in _ACT_ON_FILES:
                return False
            function = function.value
        if isinstance(function, ast.Name):
            return function.id in self._modules
        return isinstance(function, ast.Call)  # which is asked about by itself
