"""How far a function is written, read from a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import IntEnum


class State(IntEnum):
    """How much of the work there is in a file, from the least to the most."""

    absent = 0
    """The function is not there."""
    stub = 1
    """It is as it was handed out."""
    begun = 2
    """A class of which some methods are written."""
    written = 3


_LEAVES = (ast.Return, ast.Yield, ast.YieldFrom)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def state_of(statements: Iterable[ast.stmt], name: str) -> State:
    """How far the function or class ``name`` is written: where it is defined several times, as in
    the cells of a notebook, the last time. One that is assigned or imported counts as written."""
    state = State.absent
    for statement in _flat(statements):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if statement.name == name:
                state = State.stub if is_stub(statement) else State.written
        elif isinstance(statement, ast.ClassDef):
            if statement.name == name:
                state = _state_of_class(statement)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            if any((alias.asname or alias.name) == name for alias in statement.names):
                state = State.written
        elif name in _assigned(statement):
            state = State.written
    return state


def is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function gives no answer: it raises NotImplementedError whatever it is asked, also
    where lines to be filled in stand around that, or it returns nothing but None."""
    for statement in function.body:
        if _gives_up(statement):
            return True
        if any(isinstance(node, _LEAVES) for node in _within(statement)):
            break
    placed = {
        node.id
        for statement in function.body
        for node in _within(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return all(_is_nothing(statement, placed) for statement in function.body)


def _gives_up(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Raise):
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _is_nothing(statement: ast.stmt, placed: set[str]) -> bool:
    """Whether a statement is a placeholder: ``pass``, a docstring, ``dx = None``, ``return dx``.
    ``placed`` are the names that the body gives a value to, which is None where all of it is such.
    """
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Return):
        value = statement.value
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        return all(_is_none(one, placed | {"NotImplemented"}) for one in values)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return _is_none(statement.value, set())
    return isinstance(statement, ast.Pass)


def _is_none(value: ast.expr | None, names: set[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in names
    return value is None or (isinstance(value, ast.Constant) and value.value in (None, ...))


def _within(statement: ast.stmt) -> Iterator[ast.AST]:
    """The statement and what is in it, but not in functions and classes in it."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def _state_of_class(node: ast.ClassDef) -> State:
    methods = [one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
    stubs = sum(map(is_stub, methods))
    if not stubs:
        return State.written
    return State.begun if stubs < len(methods) else State.stub


def _flat(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements and those inside of them, but not inside functions and classes."""
    pending = list(statements)[::-1]
    while pending:
        statement = pending.pop()
        yield statement
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = [one for field in _BLOCKS for one in getattr(statement, field, ())]
            pending += inner[::-1]


def _assigned(statement: ast.stmt) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return {
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    }
