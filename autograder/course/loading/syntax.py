"""The little languages inside the YAML: signatures, steps, expressions, ranges."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache

from autograder.course import lengths
from autograder.course.declaration import CLASS, FUNCTION, RANGE
from autograder.course.exercise import DRAW_WORDS, Array, Signature, Step
from autograder.course.loading.node import Node, brief, suggest

_FUNCTION, _CLASS, _RANGE = map(re.compile, (FUNCTION, CLASS, RANGE))


def parse_function(node: Node) -> Signature:
    match = _FUNCTION.match(node.value)
    if match is None:
        raise node.error(
            f"'{node.value}' is not a signature; write it as 'name(x, W, dy) -> dx, dW'"
        )
    return _signature(node, match[1], match[2], match[3])


def parse_class(node: Node, outputs: Sequence[str]) -> Signature:
    match = _CLASS.match(node.value)
    if match is None:
        raise node.error(f"'{node.value}' is not a class; write it as 'Linear(W, b)'")
    return _signature(node, match[1], match[2], ",".join(outputs))


def _signature(node: Node, name: str, parameters: str, outputs: str) -> Signature:
    signature = Signature(name, _names(parameters), _names(outputs))
    check_name(node, name, "function")
    for kind, names in (("parameter", signature.parameters), ("output", signature.outputs)):
        for word in names:
            check_name(node, word, kind)
            if names.count(word) > 1:
                raise node.error(f"the {kind} '{word}' is there twice; use another name")
    return signature


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def check_name(node: Node, name: str, kind: str) -> None:
    """Refuse what expressions could not call by this name."""
    if not name.isidentifier() or keyword.iskeyword(name) or name == "np":
        reason = "it means numpy" if name == "np" else "it must be a Python name"
        raise node.error(f"the {kind} cannot be called '{name}': {reason}; use another")


def check_expression(node: Node, known: Collection[str] | None = None) -> str:
    """A Python expression: its syntax, and with ``known`` also the names in it.

    ``np``, the built-in names and those that the expression binds itself are known anyway.
    """
    text = str(node.value).strip()
    if isinstance(node.value, (list, dict, bool)) or node.value is None:
        raise node.error(f"{node.name} must be an expression, not {node.kind()}")
    try:
        names = _free_names(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise node.error(
            f"'{brief(text)}' is not a Python expression: {_reason(error)}; check its operators "
            "and brackets"
        ) from None
    if known is not None:
        for name in names:
            if not _is_known(name, known):
                raise node.error(f"unknown name '{name}' in '{text}'{suggest(name, known)}")
    return text


def check_draw(node: Node, name: str, arrays: Mapping[str, Array]) -> str:
    """The expression that the array ``name`` is drawn with, among all ``arrays`` in their order.

    It knows the dimensions and the arrays drawn before.
    """
    order = list(arrays)
    before, later = order[: order.index(name)], order[order.index(name) :]
    dims = lengths.dimensions(array.shape for array in arrays.values())
    known = {*DRAW_WORDS, *before, *(dim for dim in dims if dim != "...")}
    text = check_expression(node, {*known, *later})
    for found in _free_names(text):
        if found not in known and found in later:
            raise node.error(
                f"'{name}' cannot be drawn as '{text}', for '{found}' is not drawn before it; use "
                "arrays that stand above it"
            )
    return text


def check_lengths(node: Node, name: str, arrays: Mapping[str, Array]) -> None:
    """The lengths of the array ``name`` that follow from others, at ``node``, its shape: from
    dimensions of any array, and from whole numbers that are drawn before it."""
    order = list(arrays)
    dims = lengths.dimensions(array.shape for array in arrays.values())
    numbers = [found for found, array in arrays.items() if is_whole_number(array)]
    known = sorted({*dims, *numbers} - {"..."})
    for item, dim in zip(node.items(), arrays[name].shape, strict=True):
        for found in lengths.names(str(dim)) if lengths.is_formula(dim) else ():
            if found not in known:
                raise item.error(
                    f"'{dim}' follows from '{found}', which is neither a dimension that an array "
                    "has by itself nor an argument that is a whole number (shape [], dtype int64)"
                    f"{suggest(found, known)}"
                )
            if found not in dims and order.index(found) >= order.index(name):
                raise item.error(
                    f"'{dim}' follows from '{found}', which is not drawn before '{name}'; move "
                    f"'{found}' above it"
                )


def is_whole_number(array: Array) -> bool:
    """True for an argument that is a Python int: a padding, a stride, a count."""
    return array.shape == () and array.dtype == "int64"


def check_function_expressions(node: Node) -> tuple[str, ...]:
    """The expressions of a parameter that is a function; they know numpy alone."""
    return tuple(check_expression(item, ()) for item in node.several())


@cache
def _free_names(expression: str) -> list[str]:
    """The names that are read, less those of comprehensions and lambdas; of the same
    expression, which mistakes of many exercises have, found once."""
    read, bound = [], set()
    for part in ast.walk(ast.parse(expression, mode="eval")):
        if isinstance(part, ast.Name):
            if isinstance(part.ctx, ast.Load):
                read.append(part.id)
            else:
                bound.add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    return [name for name in read if name not in bound]


def parse_forward(node: Node, arrays: Collection[str]) -> tuple[str, frozenset[str]]:
    """The statements, which know the ``arrays``, and the names that they assign."""
    text = node.value
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) and "\n" in text.strip() else None
        raise node.error(
            f"the forward pass is not Python: {_reason(error)}"
            f"{f' in its line {line}' if line else ''}; "
            "write assignments such as 'y = W @ x'"
        ) from None
    assigned = {
        found.id
        for found in ast.walk(tree)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)
    }
    if not assigned:
        raise node.error("the forward pass assigns nothing; write it as 'y = W @ x'")
    known = {*arrays, *assigned, *_defined(tree)}
    for found in ast.walk(tree):
        if isinstance(found, ast.Name) and not _is_known(found.id, known) and "*" not in known:
            place = f"line {found.lineno} of " if "\n" in text.strip() else ""
            raise node.error(
                f"unknown name '{found.id}' in {place}the forward pass"
                f"{suggest(found.id, [*arrays, *sorted(assigned)])}"
            )
    return text, frozenset(assigned)


def _defined(tree: ast.AST) -> Iterator[str]:
    """The names that statements give a meaning to without assigning them."""
    for part in ast.walk(tree):
        match part:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield (other or name).partition(".")[0]
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name


def _is_known(name: str, known: Collection[str]) -> bool:
    return name in known or name == "np" or hasattr(builtins, name)


def _reason(error: Exception) -> str:
    return str(error.msg if isinstance(error, SyntaxError) else error) or "nested too deeply"


def parse_range(node: Node) -> tuple[int, ...]:
    """The lengths of ``1..9``, ``[1, 2, 17]`` or ``4``."""
    if isinstance(node.value, str):
        match = _RANGE.match(node.value)
        if match is None or not 1 <= int(match[1]) <= int(match[2]) <= lengths.MAX_LENGTH:
            raise node.error(
                f"'{node.value}' is not a range of lengths; write it as 1..9 (from 1 to "
                f"{lengths.MAX_LENGTH})"
            )
        return tuple(range(int(match[1]), int(match[2]) + 1))
    if isinstance(node.value, list):
        choices = tuple(item.integer(1, lengths.MAX_LENGTH) for item in node.items())
        if not choices:
            raise node.error(f"{node.name} has no lengths to choose from")
        return choices
    return (node.integer(1, lengths.MAX_LENGTH),)


def parse_leading(node: Node) -> tuple[tuple[int, ...], ...]:
    """The choices of leading axes, a list of lists."""
    choices = tuple(
        tuple(length.integer(1, lengths.MAX_LENGTH) for length in item.items())
        for item in node.items()
    )
    if not choices:
        raise node.error("'...' has no leading axes to choose from; write [[], [5], [2, 3]]")
    return choices


def parse_step(node: Node, entry: str, inputs: Collection[str], assigned: Collection[str]) -> Step:
    """``name = Name(args)``, ``name = object.method(args)`` or ``name = object.attribute``."""
    text = node.value
    how = "write it as 'layer = Linear(W, b)', 'dX = layer.backward(dY)' or 'dW = layer.dW'"
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        raise node.error(f"'{text}' is not a step; {how}") from None
    results: tuple[str, ...] = ()
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        elements = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(element, ast.Name) for element in elements):
            raise node.error(f"'{text}' is not a step; {how}")
        results = tuple(element.id for element in elements if isinstance(element, ast.Name))
        value = statement.value
    elif isinstance(statement, ast.Expr):
        value = statement.value
    else:
        raise node.error(f"'{text}' is not a step; {how}")
    return _step(node, text, how, results, value, entry, inputs, assigned)


def _step(
    node: Node,
    text: str,
    how: str,
    results: tuple[str, ...],
    value: ast.expr,
    entry: str,
    inputs: Collection[str],
    assigned: Collection[str],
) -> Step:
    arguments: tuple[str, ...] | None = None
    if isinstance(value, ast.Call):
        if value.keywords or not all(isinstance(part, ast.Name) for part in value.args):
            raise node.error(f"'{text}': arguments are names of inputs, without keywords")
        arguments = tuple(part.id for part in value.args if isinstance(part, ast.Name))
        value = value.func
        for argument in arguments:
            if argument not in inputs:
                raise node.error(f"'{text}': unknown input '{argument}'{suggest(argument, inputs)}")
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        owner, path = value.value.id, f"{value.value.id}.{value.attr}"
        if owner not in assigned:
            raise node.error(f"'{text}': no earlier step makes '{owner}'")
    elif isinstance(value, ast.Name) and value.id == entry and arguments is not None:
        path = entry
    else:
        raise node.error(f"'{text}' is not a step of '{entry}'; {how}")
    return Step(results, path, arguments)
