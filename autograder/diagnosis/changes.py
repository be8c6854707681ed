"""Programs that differ from a given one in one place, where students' programs do."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal[
    "sign",
    "term",
    "factor",
    "division",
    "multiplication",
    "elementwise",
    "operation",
    "order",
    "transpose",
    "axis",
    "sum",
    "mean",
    "extreme",
    "power",
    "number",
    "comparison",
    "function",
    "name",
    "direction",
    "overwritten",
    "statement",
    "slice",
]

# More programs are not looked at, in the order of the source.
MAX_CHANGES = 900


class Change(Struct, frozen=True):
    """``after`` stands in ``line`` where the given program has ``before``; ``kind`` says what a
    student would call it: ``sum`` has a sum for a mean, ``term`` leaves one out."""

    kind: Kind
    line: int
    before: str
    after: str


class Program:
    """A program, and those that differ from it in one place.

    Loops that might not end are not touched: a program with ``while`` has no changes.
    """

    def __init__(self, source: str, names: Sequence[str] = ()) -> None:
        """``names`` are those that an expression may use instead of another one, besides those
        that the program assigns."""
        self._tree = ast.parse(source)
        self._sites: list[tuple[_Site, ...]] = []
        if any(isinstance(node, ast.While) for node in ast.walk(self._tree)):
            return
        local = [
            node.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        everything = list(dict.fromkeys((*names, *local)))
        places = list(_places(self._tree))
        sites = [_Site(*place, kind, new) for place in places for kind, new in _changed(place[3])]
        # Another name in its place: there are many of these.
        sites += [
            _Site(*place, kind, new)
            for place in places
            for kind, new in _renamed(place[3], everything)
        ]
        self._compiled: dict[int | None, CodeType] = {}
        self._sites = [(site,) for site in sites[:MAX_CHANGES]]
        self._sites += _repeated(sites)[: MAX_CHANGES // 3]

    def __len__(self) -> int:
        """How many changes there are."""
        return len(self._sites)

    def change(self, number: int) -> Change:
        """The change with this number."""
        site = self._sites[number][0]
        line = getattr(site.node, "lineno", 1)
        new = _located(site)
        return Change(site.kind, line, ast.unparse(site.node), ast.unparse(new))

    def kind(self, number: int) -> Kind:
        """That of the change with this number, which need not be written out for it."""
        return self._sites[number][0].kind

    def compiled(self, number: int | None = None) -> CodeType:
        """The program with that change, or as it was given."""
        if number not in self._compiled:
            self._compiled[number] = self._compile(number)
        return self._compiled[number]

    def _compile(self, number: int | None) -> CodeType:
        if number is None:
            return compile(self._tree, "<program>", "exec")
        sites = self._sites[number]
        for site in sites:
            new = _located(site)
            _put(site.parent, site.field, site.at, new)
        try:
            return compile(self._tree, "<program>", "exec")
        finally:
            for site in reversed(sites):
                _put(site.parent, site.field, site.at, site.node)


class _Site(NamedTuple):
    """``node`` is in ``field`` of ``parent``, in a list at ``at``; ``new`` may replace it."""

    parent: ast.AST
    field: str
    at: int | None
    node: ast.AST
    kind: Kind
    new: ast.AST


def _located(site: _Site) -> ast.AST:
    """The new node; where it is no part of the old one, it stands where that stood."""
    line, column = getattr(site.node, "lineno", 1), getattr(site.node, "col_offset", 0)
    place = {"lineno": line, "end_lineno": line, "col_offset": column, "end_col_offset": column}
    pending = [site.new]
    while pending:
        node = pending.pop()
        if hasattr(node, "lineno"):
            continue  # a part of the given program, with all below
        if "lineno" in node._attributes:
            for name, value in place.items():
                setattr(node, name, value)
        pending.extend(ast.iter_child_nodes(node))
    return site.new


def _repeated(sites: Sequence[_Site]) -> list[tuple[_Site, ...]]:
    """The same change in several places that follow each other: another axis in all sums, a
    factor left out wherever it stands."""
    groups: dict[str, list[_Site]] = {}
    for site in sites:
        if site.kind in ("axis", "factor", "mean", "sum", "name", "number"):
            groups.setdefault(f"{site.kind} {_signature(site)}", []).append(site)
    found: list[tuple[_Site, ...]] = []
    for group in groups.values():
        count = len(group)
        spans = [(0, count)] if group[0].kind == "name" or count > 5 else [
            (start, end) for start in range(count) for end in range(start + 2, count + 1)
        ]  # fmt: skip
        found += [tuple(group[start:end]) for start, end in spans if end - start > 1]
    return found


def _signature(site: _Site) -> str:
    """What places have in common where the same change is made."""
    node, new = site.node, site.new
    if site.kind == "factor" and isinstance(node, ast.BinOp):
        left_out = node.left if new is node.right else node.right
        return f"{type(node.op).__name__} {ast.unparse(left_out)}"
    if site.kind in ("axis", "mean", "sum") and isinstance(new, ast.Call):
        axes = [ast.unparse(one.value) for one in new.keywords if one.arg == "axis"]
        return f"{_called(new)} {axes}" if site.kind != "axis" else f"{axes}"
    return f"{ast.dump(node)} {ast.dump(new)}" if isinstance(node, ast.expr) else ""


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every node that may be replaced, and where it is: no names of functions, no types."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if field in ("decorator_list", "annotation", "returns", "ctx", "op", "ops"):
                continue
            if isinstance(parent, ast.Call) and field == "func":
                continue
            if isinstance(value, ast.Name) and value.id in ("np", "numpy", "math", "self"):
                continue
            if isinstance(value, list):
                for index, one in enumerate(value):
                    if isinstance(one, (ast.expr, ast.stmt)):
                        yield parent, field, index, one
            elif isinstance(value, (ast.expr, ast.stmt)):
                yield parent, field, None, value


def _number(value: float) -> ast.Constant:
    return ast.Constant(value)


_UNARY_FUNCTIONS = {"exp", "tanh", "sqrt", "abs", "log", "square", "sign", "cos", "sin"}


def _changed(node: ast.AST) -> Iterator[tuple[Kind, ast.AST]]:
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node.operand
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", node.value
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _of_comparison(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.AugAssign):
        assigned = ast.Assign([node.target], node.value)
        yield "overwritten", assigned
        other = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
        if type(node.op) in other:
            turned = copy.copy(node)
            turned.op = other[type(node.op)]()
            signs = isinstance(node.op, (ast.Add, ast.Sub))
            times: Kind = "multiplication" if isinstance(node.op, ast.Div) else "division"
            yield ("sign" if signs else times), turned
        yield "statement", ast.Pass()
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        value = float(node.value)
        if value in (2, 0.5, 4, 3):
            yield "number", _number(1 / value)
            yield "number", _number(1)
        elif value == 1:
            yield "number", _number(2)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        inner = node.slice
        if isinstance(inner, ast.Constant) and inner.value in (0, -1):
            other_end = -1 if inner.value == 0 else 0
            yield "slice", _indexed(node, _number(other_end))
        if isinstance(inner, ast.Slice) and inner.step is None:
            yield "slice", node.value


def _indexed(node: ast.Subscript, index: ast.expr) -> ast.Subscript:
    return ast.Subscript(node.value, index, ast.Load())


def _with(node: ast.BinOp, operation: ast.operator) -> ast.BinOp:
    return ast.BinOp(node.left, operation, node.right)


def _of_operation(node: ast.BinOp) -> Iterator[tuple[Kind, ast.AST]]:
    left, right = node.left, node.right
    if isinstance(node.op, ast.Add):
        yield "sign", _with(node, ast.Sub())
        yield "term", left
        yield "term", right
        yield "operation", _with(node, ast.Mult())
    elif isinstance(node.op, ast.Sub):
        yield "sign", _with(node, ast.Add())
        yield "order", ast.BinOp(right, ast.Sub(), left)
        yield "term", left
        yield "term", right
        yield "term", ast.UnaryOp(ast.USub(), right)
        yield "operation", _with(node, ast.Mult())
    elif isinstance(node.op, ast.Mult):
        yield "factor", left
        yield "factor", right
        yield "division", _with(node, ast.Div())
        yield "operation", _with(node, ast.Add())
    elif isinstance(node.op, ast.Div):
        yield "factor", left
        yield "multiplication", _with(node, ast.Mult())
        yield "order", ast.BinOp(right, ast.Div(), left)
        if isinstance(left, ast.Constant):
            yield "factor", right
    elif isinstance(node.op, ast.MatMult):
        yield "order", ast.BinOp(right, ast.MatMult(), left)
        yield "transpose", ast.BinOp(_turned(left), ast.MatMult(), right)
        yield "transpose", ast.BinOp(left, ast.MatMult(), _turned(right))
        yield "transpose", _turned(node)
        yield "elementwise", _with(node, ast.Mult())
    elif isinstance(node.op, ast.Pow):
        yield "power", left
        if isinstance(right, ast.Constant) and right.value == 2:
            yield "power", ast.BinOp(left, ast.Pow(), _number(3))


def _turned(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _of_comparison(node: ast.Compare) -> Iterator[tuple[Kind, ast.AST]]:
    for other in (ast.Gt, ast.GtE, ast.Lt, ast.LtE):
        if not isinstance(node.ops[0], other):
            yield "comparison", ast.Compare(node.left, [other()], node.comparators)


_OTHER_FUNCTIONS: dict[str, tuple[tuple[Kind, str], ...]] = {
    "mean": (("sum", "sum"),),
    "sum": (("mean", "mean"), ("extreme", "max")),
    "max": (("extreme", "min"), ("mean", "mean"), ("sum", "sum")),
    "maximum": (("extreme", "minimum"), ("term", "add")),
    "min": (("extreme", "max"),),
}


def _of_call(node: ast.Call) -> Iterator[tuple[Kind, ast.AST]]:
    name = _called(node)
    is_method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "math")
    )
    if isinstance(node.func, ast.Attribute):
        for kind, other in _OTHER_FUNCTIONS.get(name, ()):
            function = ast.Attribute(node.func.value, other, ast.Load())
            yield kind, ast.Call(function, node.args, node.keywords)
    one_argument = len(node.args) == 1 and not node.keywords and not is_method
    if one_argument and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
        yield "function", node.args[0]
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
            outside = ast.Call(node.func, [inner.left], [])
            yield "order", ast.BinOp(outside, ast.Add(), inner.right)
    if name in ("maximum", "minimum", "where") and node.args:
        yield "function", node.args[0]
    if name in ("sum", "mean", "max", "min") and isinstance(node.func, ast.Attribute):
        for one in node.args[:1] if not is_method else [node.func.value]:
            yield "function", one
    for place, keyword in enumerate(node.keywords):
        if keyword.arg == "axis":
            for other_axis in _other_axes(keyword.value):
                keywords = list(node.keywords)
                keywords[place] = ast.keyword("axis", other_axis)
                yield "axis", ast.Call(node.func, node.args, keywords)
    at = 0 if is_method else 1
    if name in ("sum", "mean", "max", "min") and len(node.args) == at + 1:
        for other_axis in _other_axes(node.args[at]):
            arguments = [*node.args[:at], other_axis]
            yield "axis", ast.Call(node.func, arguments, node.keywords)


def _other_axes(axis: ast.expr) -> Iterator[ast.expr]:
    try:
        value = ast.literal_eval(axis)
    except (ValueError, TypeError):
        return
    if isinstance(value, int):
        yield _number(-1 if value == 0 else 0)
        yield ast.Constant(None)
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        for left_out in range(len(value)):
            kept = value[:left_out] + value[left_out + 1 :]
            yield ast.Tuple([_number(one) for one in kept], ast.Load())


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _renamed(node: ast.AST, names: Sequence[str]) -> Iterator[tuple[Kind, ast.AST]]:
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    if node.id not in names:
        return
    for other in names:
        if other != node.id:
            yield "name", ast.Name(other, ast.Load())
    backwards = ast.Slice(None, None, ast.UnaryOp(ast.USub(), _number(1)))
    yield "direction", ast.Subscript(node, backwards, ast.Load())
    last_two = ast.Tuple([ast.Constant(...), backwards, backwards], ast.Load())
    yield "direction", ast.Subscript(node, last_two, ast.Load())
