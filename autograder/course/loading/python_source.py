"""Python written by instructors: stubs, solutions and the code of mistakes. Read, never run."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from autograder.course.exercise import Exercise, Signature
from autograder.course.loading.node import Node
from autograder.errors import CourseError

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def check_file(exercise: Exercise, path: Path, root: Path, kind: str) -> None:
    """The file parses and has the function or class with the parameters of the signature.

    ``kind`` is what errors call it. Raises :class:`CourseError`.
    """
    shown = path.relative_to(root)
    signature = exercise.signature
    wanted = ", ".join(signature.parameters)
    word = "class" if exercise.is_class else "function"
    try:
        tree = parse_python(path.read_bytes())
    except FileNotFoundError:
        raise CourseError(
            f"there is no such file; the {kind} with the {word} '{signature.function}' belongs "
            "here",
            path=shown,
        ) from None
    except OSError as error:
        raise CourseError(f"cannot be read: {error.strerror}", path=shown) from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = error_place(error)
        raise CourseError(
            f"the {kind} is not Python: {error_reason(error)}", path=shown, line=line, column=column
        ) from None
    found = _definition(tree, signature.function, exercise.is_class)
    if found is None:
        raise CourseError(
            f"the {kind} has no {word} '{signature.function}'; "
            f"define {signature.function}({wanted}) as the signature in the YAML says",
            path=shown,
            line=1,
        )
    if isinstance(found, ast.FunctionDef) and not _takes(found.args, signature):
        raise CourseError(
            f"the {kind}'s {signature.function}({ast.unparse(found.args)}) does not have the "
            f"parameters of its signature, ({wanted}); change the one or the other",
            path=shown,
            line=found.lineno,
            column=found.col_offset + 1,
        )


def check_code(node: Node, signature: Signature) -> str:
    """A whole file of Python that has what the signature names, with any parameters.

    Raises :class:`CourseError`.
    """
    text = str(node.value)
    try:
        tree = parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, _ = error_place(error)
        raise node.error(
            f"{node.name} is not Python: {error_reason(error)} in its line {line}"
        ) from None
    if not any(signature.function in _bound(statement) for statement in tree.body):
        raise node.error(
            f"{node.name} has no '{signature.function}'; write the whole file, as a student "
            "would hand it in"
        )
    return text


def parse_python(source: str | bytes) -> ast.Module:
    """The tree of a source text; raises as :func:`ast.parse` does, and never warns."""
    with warnings.catch_warnings():
        # "\d" in a docstring is not the course's fault to stop for.
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _definition(tree: ast.Module, name: str, is_class: bool) -> _Definition | None:
    """The last definition wins, as it does in Python."""
    wanted = ast.ClassDef if is_class else ast.FunctionDef
    for statement in reversed(tree.body):
        if isinstance(statement, wanted) and statement.name == name:
            return statement
    return None


def _takes(arguments: ast.arguments, signature: Signature) -> bool:
    names = tuple(found.arg for found in (*arguments.posonlyargs, *arguments.args))
    further = arguments.vararg or arguments.kwarg or arguments.kwonlyargs
    return names == signature.parameters and not further


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement of a file gives a meaning to."""
    if isinstance(statement, _Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    return {
        found.id
        for found in ast.walk(statement)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)
    }


def error_place(error: Exception) -> tuple[int, int]:
    """Line and column, from 1, that :func:`parse_python` stumbled over."""
    if not isinstance(error, SyntaxError):
        return 1, 1
    return error.lineno or 1, error.offset or 1


def error_reason(error: Exception) -> str:
    """What :func:`parse_python` had against the text."""
    if isinstance(error, SyntaxError):
        return error.msg
    return str(error) or "nested too deeply"
