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
    """Whether a function does nothing but raise NotImplementedError, or nothing at all."""
    body = [
        statement
        for statement in function.body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    if not body:
        return True
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


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
