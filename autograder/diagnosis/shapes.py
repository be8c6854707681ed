"""Say which shapes met where a call failed: shapes alone, followed through the source."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from autograder.submissions.syntax_tree import syntax_tree_if_any
from autograder.text.words import shorten

Shape: TypeAlias = tuple[int, ...]


class Clash(Struct, frozen=True):
    """``left`` and ``right`` as written, their shapes, and the operation that does not take them.
    ``fitting`` are the ways to write a product of the two whose shapes do fit."""

    operation: str
    left: str
    right: str
    left_shape: Shape
    right_shape: Shape
    fitting: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The same for all spellings of an operation: ``W @ dy``, ``np.dot(W, dy)``, and
        ``dy @ W.T``, which is the same product turned round."""
        if self.operation not in PRODUCTS:
            return ("elementwise", *sorted((str(self.left_shape), str(self.right_shape))))
        one, other = str(self.left_shape), str(self.right_shape)
        turned = str(self.right_shape[::-1]), str(self.left_shape[::-1])
        return ("product", *min((one, other), turned))


PRODUCTS = ("@", "dot", "matmul", "einsum", "inner")


class _Unknown(Exception):
    """The shape cannot be told."""


class _Met(Exception):
    def __init__(self, clash: Clash) -> None:
        self.clash = clash


def find_clash(source: str, function: str, line: int, arguments: Sequence[Shape]) -> Clash | None:
    """The operation in ``line`` of ``source`` whose operands do not fit, when ``function`` is
    called with arguments of these shapes; None where that cannot be told.

    Nothing is run: the shapes are followed through assignments in a row.
    """
    tree = syntax_tree_if_any(source)
    for node in () if tree is None else ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef)
            and node.name == function
            and node.lineno <= line <= (node.end_lineno or node.lineno)
            and len(node.args.args) == len(arguments)
        ):
            names = [argument.arg for argument in node.args.args]
            return _followed(node.body, dict(zip(names, arguments, strict=True)), line)
    return None


def _followed(body: Sequence[ast.stmt], shapes: dict[str, Shape], line: int) -> Clash | None:
    for statement in body:
        is_here = statement.lineno <= line <= (statement.end_lineno or statement.lineno)
        value = getattr(statement, "value", None)
        try:
            if isinstance(value, ast.Tuple) and isinstance(statement, ast.Return):
                for element in value.elts:
                    try:
                        _shape(element, shapes)
                    except _Unknown:
                        continue
            elif isinstance(statement, (ast.Assign, ast.Return)) and isinstance(value, ast.expr):
                shape = _shape(value, shapes)
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    shapes[statement.targets[0].id] = shape
            elif isinstance(statement, (ast.For, ast.While, ast.If, ast.With, ast.Try)):
                if is_here:
                    return None
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                        shapes.pop(inner.id, None)
            elif isinstance(statement, ast.AugAssign):
                made, changed = _shape(statement.value, shapes), statement.target
                if isinstance(changed, ast.Name) and changed.id in shapes:
                    known = shapes[changed.id]
                    if _together("in place", changed, statement.value, known, made) != known:
                        written = _short(changed), _short(statement.value)
                        raise _Met(Clash("in place", *written, known, made))
        except _Met as met:
            return met.clash if is_here else None
        except _Unknown:
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    for one in ast.walk(target):
                        if isinstance(one, ast.Name):
                            shapes.pop(one.id, None)
        if is_here:
            return None
    return None


_SAME = {"abs", "exp", "log", "sqrt", "square", "copy", "array", "asarray", "zeros_like", "sign"}
_ELEMENTWISE = {"maximum", "minimum", "multiply", "add", "subtract", "divide"}
_PRODUCTS = {"dot", "matmul", "inner"}


def _shape(node: ast.expr, shapes: Mapping[str, Shape]) -> Shape:
    if isinstance(node, ast.Name) and node.id in shapes:
        return shapes[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return ()
    if isinstance(node, ast.UnaryOp):
        return _shape(node.operand, shapes)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return _shape(node.value, shapes)[::-1]
    if isinstance(node, ast.BinOp):
        left, right = _shape(node.left, shapes), _shape(node.right, shapes)
        if isinstance(node.op, ast.MatMult):
            return _product("@", node.left, node.right, left, right)
        signs: dict[type[ast.operator], str] = {
            ast.Add: "+",
            ast.Sub: "-",
            ast.Mult: "*",
            ast.Div: "/",
        }
        return _together(signs.get(type(node.op), "**"), node.left, node.right, left, right)
    if isinstance(node, ast.Compare) and len(node.comparators) == 1:
        other = node.comparators[0]
        return _together(
            "compare", node.left, other, _shape(node.left, shapes), _shape(other, shapes)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _called(node, node.func, shapes)
    raise _Unknown


def _called(node: ast.Call, function: ast.Attribute, shapes: Mapping[str, Shape]) -> Shape:
    is_module = isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy")
    operands = list(node.args) if is_module else [function.value, *node.args]
    if any(isinstance(one, ast.Starred) for one in operands) or not operands:
        raise _Unknown
    name, count = function.attr, len(operands)
    if name in _PRODUCTS and count == 2:
        left, right = (_shape(one, shapes) for one in operands)
        if name == "inner" and len(right) > 1:
            return _product(
                name, operands[0], ast.Attribute(operands[1], "T", ast.Load()), left, right[::-1]
            )
        return _product(name, operands[0], operands[1], left, right)
    if name == "einsum" and is_module and count == 3 and not node.keywords:
        return _summed(operands, shapes)
    if name in ("outer", "multiply.outer") and is_module and count == 2:
        left, right = (_shape(one, shapes) for one in operands)
        return math.prod(left), math.prod(right)
    if name in _ELEMENTWISE and count == 2:
        left, right = (_shape(one, shapes) for one in operands)
        return _together(name, operands[0], operands[1], left, right)
    if name in ("sum", "mean"):
        shape = _shape(operands[0], shapes)
        options = {one.arg: one.value for one in node.keywords}
        axis = options.get("axis", operands[1] if count > 1 else None)
        if set(options) - {"axis", "keepdims"}:
            raise _Unknown
        keep = options.get("keepdims")
        keeps = isinstance(keep, ast.Constant) and bool(keep.value)
        if axis is None:
            return (1,) * len(shape) if keeps else ()
        if (
            isinstance(axis, ast.Constant)
            and isinstance(axis.value, int)
            and axis.value < len(shape)
        ):
            lengths: list[int] = list(shape)
            lengths[axis.value : axis.value + 1] = [1] if keeps else []
            return tuple(lengths)
    if not node.keywords and count == 1:
        if name == "transpose":
            return _shape(operands[0], shapes)[::-1]
        if name in _SAME:
            return _shape(operands[0], shapes)
    raise _Unknown


def _summed(operands: Sequence[ast.expr], shapes: Mapping[str, Shape]) -> Shape:
    """The shape of an ``einsum`` of two arrays; a sum over one letter is a product."""
    written = operands[0].value if isinstance(operands[0], ast.Constant) else None
    left, right = (_shape(one, shapes) for one in operands[1:])
    first, arrow, result = str(written or "").replace(" ", "").partition("->")
    one, comma, other = first.partition(",")
    if not comma or not arrow or not (one + other).isalpha():
        raise _Unknown
    if len(one) != len(left) or len(other) != len(right) or len(set(one)) != len(one):
        raise _Unknown
    if len(set(other)) != len(other):
        raise _Unknown
    lengths = dict(zip(one, left, strict=True))
    for letter, length in zip(other, right, strict=True):
        known = lengths.setdefault(letter, length)
        if known != length and 1 not in (known, length):
            # Turned so that the letter that does not fit is the inner one.
            first_node, second_node = operands[1], operands[2]
            if one.index(letter) != len(one) - 1:
                left, first_node = left[::-1], ast.Attribute(first_node, "T", ast.Load())
            if other.index(letter) != 0:
                right, second_node = right[::-1], ast.Attribute(second_node, "T", ast.Load())
            raise _Met(
                Clash(
                    "einsum",
                    _short(first_node),
                    _short(second_node),
                    left,
                    right,
                    _fitting(_plain(first_node), _plain(second_node), left, right),
                )
            )
    return tuple(lengths[letter] for letter in result)


def _product(operation: str, left: ast.expr, right: ast.expr, one: Shape, other: Shape) -> Shape:
    if not one or not other:
        if operation == "dot":
            return one or other
    elif one[-1] == other[-2 if len(other) > 1 else 0]:
        if max(len(one), len(other)) > 2:
            raise _Unknown
        return one[:-1] + (other[1:] if len(other) > 1 else ())
    raise _Met(
        Clash(
            operation,
            _short(left),
            _short(right),
            one,
            other,
            _fitting(_plain(left), _plain(right), one, other),
        )
    )


def _together(operation: str, left: ast.expr, right: ast.expr, one: Shape, other: Shape) -> Shape:
    try:
        return np.broadcast_shapes(one, other)
    except ValueError:
        raise _Met(Clash(operation, _short(left), _short(right), one, other)) from None


def _plain(node: ast.expr) -> str:
    written = ast.unparse(node)
    return f"({written})" if isinstance(node, (ast.BinOp, ast.Compare)) else written


def _short(node: ast.expr) -> str:
    return shorten(ast.unparse(node), 60)


def _fitting(left: str, right: str, one: Shape, other: Shape) -> tuple[str, ...]:
    """The orders and transposes of the two whose shapes fit."""
    if not (len(one) == len(other) == 2) or max(len(left), len(right)) > 30:
        return ()
    found = []
    turned = [(left, one), (_turned(left), one[::-1])]
    others = [(right, other), (_turned(right), other[::-1])]
    for first, second in [(turned, others), (others, turned)]:
        for name, shape in first:
            for further, shape_of_it in second:
                if shape[1] == shape_of_it[0]:
                    found.append(f"{name} @ {further}")
    return tuple(found)


def _turned(written: str) -> str:
    return written.removesuffix(".T") if written.endswith(".T") else f"{written}.T"
