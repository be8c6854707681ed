"""Which part of an exercise is not written yet, where code raises NotImplementedError.

Stubs raise it, so it may be all that there is, or a line that was left in: above or below real
code, in one of several methods, in another exercise's file that is imported. Read from the
submission's text; pure.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from autograder.sandbox.protocol import ExceptionInfo
from autograder.submissions.syntax_tree import syntax_tree_if_any

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_NAME = "NotImplementedError"


class Unfinished(Struct, frozen=True):
    """Where the exception comes from.

    ``nothing``: nothing was written. ``above`` and ``below``: the line is left over, above or
    below code. ``reached``: it stands in a branch, or nothing is known of the text. ``part``: this
    function or method, called ``name``, is not written while something else is. ``helper``: the
    function ``name`` of another exercise's ``file`` is not.
    """

    kind: Literal["nothing", "above", "below", "reached", "part", "helper"]
    line: int = 0
    name: str = ""
    file: str = ""


def find_unfinished(
    exception: ExceptionInfo, entry: str, function: str, files: Mapping[str, str]
) -> Unfinished | None:
    """What a NotImplementedError of the exercise's ``function``, or class, in the file ``entry``
    is about; None for another exception."""
    if exception.type_name != _NAME:
        return None
    if not exception.frames:
        return Unfinished("nothing")
    frame = exception.frames[-1]
    tree = syntax_tree_if_any(files.get(frame.file, ""))
    if tree is None:
        return Unfinished("reached", frame.line, file=frame.file)
    at = _innermost(tree, frame.line)
    if frame.file != entry:
        name = frame.function if at is None else at[-1].name
        return Unfinished("helper", frame.line, name, frame.file)
    if at is None:
        return Unfinished("reached", frame.line, file=frame.file)
    owner, method = at[0], at[-1]
    if not isinstance(method, _Function) or not _is_stub(method):
        return _left_over(method, frame.line, frame.file)
    if owner.name != function:
        return Unfinished("helper", frame.line, owner.name, frame.file)
    written = _written_beside(tree, owner, method)
    if not written:
        return Unfinished("nothing", frame.line, file=frame.file)
    name = method.name if owner is method else f"{owner.name}.{method.name}"
    return Unfinished("part", frame.line, name, frame.file)


def is_stub(source: str, function: str) -> bool:
    """True where the text defines ``function``, or a class called so, and nothing of it is
    written."""
    tree = syntax_tree_if_any(source)
    for one in () if tree is None else tree.body:
        if isinstance(one, ast.ClassDef) and one.name == function:
            methods = [inner for inner in one.body if isinstance(inner, _Function)]
            return all(_is_stub(method) for method in methods)
        if isinstance(one, _Function) and one.name == function:
            return _is_stub(one)
    return False


def _innermost(tree: ast.Module, line: int) -> list[_Function | ast.ClassDef] | None:
    """The function or class of the module that has the line, and the innermost one in it."""
    found: list[_Function | ast.ClassDef] = []
    body: Sequence[ast.stmt] = tree.body
    while True:
        inner = next(
            (
                one
                for one in body
                if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                and one.lineno <= line <= (one.end_lineno or one.lineno)
            ),
            None,
        )
        if inner is None:
            return found or None
        found.append(inner)
        body = inner.body


def _is_stub(function: _Function) -> bool:
    """True where the body does nothing but raise the exception."""
    return all(_is_empty(statement) or _raises(statement) for statement in function.body)


def _is_empty(statement: ast.stmt) -> bool:
    """A docstring, ``pass`` or ``...``."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _raises(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Raise) or statement.exc is None:
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == _NAME


def _left_over(function: _Function | ast.ClassDef, line: int, file: str) -> Unfinished:
    """The line stands in a function with code."""
    for number, statement in enumerate(function.body):
        if statement.lineno == line and _raises(statement):
            after = [one for one in function.body[number + 1 :] if not _is_empty(one)]
            return Unfinished("above" if after else "below", line, function.name, file)
    return Unfinished("reached", line, function.name, file)


def _written_beside(
    tree: ast.Module, owner: _Function | ast.ClassDef, unwritten: _Function
) -> bool:
    """True where the class has a method with code, or the file another function with code."""
    beside: list[ast.stmt] = [one for one in tree.body if one is not owner]
    if isinstance(owner, ast.ClassDef):
        beside += owner.body
    return any(
        isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        and one is not unwritten
        and not _is_stub(one)
        for one in beside
    )
