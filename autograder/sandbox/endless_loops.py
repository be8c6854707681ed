"""Loops of which it can be seen from a few names whether they end.

A ``while`` goes on for ever where everything comes back as it was that decides whether it goes on:
the names in its condition and in the conditions of what leads out of it, and the names that these
are computed from (a slice; Weiser, Program Slicing, IEEE TSE 1984). What is computed besides may
change in each round. The text tells which names these are; of a loop that is hard to read it tells
nothing. :mod:`autograder.sandbox.watch` looks at their values.

Runs inside the sandbox, sent by the grader, and on its side, for words. Pure.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

# Longer texts are not looked at, nor loops in which more happens.
_MAX_LENGTH: Final = 8000
_MAX_EFFECTS: Final = 100
# Functions that return the same for the same numbers: Python's own, and those of math and numpy.
_PURE: Final = """
abs bool divmod float int len max min pow range round sum
"""
_PURE_OF_MODULES: Final = """
abs absolute ceil cos exp fabs float32 float64 floor gcd int32 int64 isfinite isinf isnan log
maximum minimum mod power prod sign sin sqrt square
"""
# What ends loops by an error that is expected, and what may change the size of an array.
_REACHING: Final = """
_exit exit getattr hasattr next quit resize setattr
"""
# Methods after which Python does not catch what they raise.
_USUAL_METHODS: Final = """
__call__ __init__ __repr__ __str__
"""
# What does not hang on the numbers in an array, and what changes its layout where it is set.
_OF_SHAPES: Final = frozenset({"ndim", "shape", "size"})
_LAYOUT: Final = frozenset({"dtype", "shape", "strides"})

PURE: Final = frozenset(_PURE.split())
_PURE_ATTRIBUTES: Final = frozenset(_PURE_OF_MODULES.split())
_REACHING_NAMES: Final = frozenset(_REACHING.split())
_USUAL: Final = frozenset(_USUAL_METHODS.split())
_IMPORTS: Final = (ast.Import, ast.ImportFrom)
_ROUNDS_WITHIN: Final = (ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.ListComp, ast.SetComp)
_CLEAR: Final = (
    *(ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
    *(ast.BinOp, ast.BoolOp, ast.Compare, ast.Constant, ast.IfExp, ast.NamedExpr, ast.Slice),
    *(ast.Subscript, ast.Tuple, ast.UnaryOp),
)


class Loop(Struct, frozen=True):
    """A ``while`` that goes on as long as a few names are as they are. Lines begin at 1."""

    first: int
    last: int
    looked_at: frozenset[int]
    """Lines that are reached once a round, while nothing else is going on in them."""
    names: tuple[str, ...]
    """Those that it follows from, in the order in which they are read."""
    indices: tuple[str, ...]
    """Others by which something is looked up, which may not be there."""
    lengths: frozenset[str]
    """Those of them that may be arrays, since only their shapes are asked for."""
    fixed: frozenset[str]
    """Functions and modules that it uses besides."""
    is_bare: bool = False
    """Without a condition and on one line, of which Python 3.11 does not say that it comes back."""


class _UnclearError(Exception):
    """What a loop follows from cannot be told from the text."""


def loops_around(source: str, line: int) -> list[Loop]:
    """The loops of a file that the line is in, the innermost first, as far as the text says what
    they follow from; none in a file that :func:`is_opaque`."""
    if is_opaque(source):
        return []
    around = (one for one in _whiles(source) if one.lineno <= line <= _end(one))
    return [loop for one in around if (loop := _loop(one)) is not None]


@lru_cache(16)
def is_opaque(source: str) -> bool:
    """Whether somewhere in the file an error may end a loop and be caught, or names that a loop
    follows from may be set in a way that is not looked for."""
    return len(source) > _MAX_LENGTH or any(map(_is_opaque, _nodes(source)))


@lru_cache(16)
def _whiles(source: str) -> tuple[ast.While, ...]:
    """The innermost first."""
    found = [one for one in _nodes(source) if isinstance(one, ast.While)]
    return tuple(sorted(found, key=lambda one: (-one.lineno, _end(one))))


def _nodes(source: str) -> list[ast.AST]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # once is enough, when it is compiled
            return list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return []


def _end(node: ast.While) -> int:
    """The last line of the body."""
    return max(one.end_lineno or 0 for one in node.body)


def _is_opaque(node: ast.AST) -> bool:
    match node:
        case ast.Try(body=body):
            return not all(isinstance(one, _IMPORTS) for one in body)
        case ast.With(items=items):
            return not all(_is_errstate(one.context_expr) for one in items)
        case ast.ClassDef(body=body):
            methods = (one.name for one in body if isinstance(one, ast.FunctionDef))
            return any(one.startswith("__") and one not in _USUAL for one in methods)
        case ast.Name(id=name) | ast.alias(name=name):
            return name in _REACHING_NAMES
        case ast.Attribute(attr=name, ctx=context):
            is_set = not isinstance(context, ast.Load)
            return name in _REACHING_NAMES or (is_set and name in _LAYOUT)
        case ast.GeneratorExp():  # which runs when somebody asks for the next
            return any(isinstance(one, ast.NamedExpr) for one in ast.walk(node))
        case ast.AsyncFunctionDef() | ast.Nonlocal():
            return True
        case _:
            return type(node).__name__ == "TryStar"


def _is_errstate(node: ast.expr) -> bool:
    """Whether it is a call of numpy's ``errstate``, which catches nothing."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "errstate"
    )


class _Effect(Struct, frozen=True):
    """A part of a loop's body that sets names, or may lead to another place (``is_jump``)."""

    sets: frozenset[str]
    follows_from: tuple[ast.expr, ...]
    """What is computed for it, and the conditions on which it is reached."""
    is_jump: bool = False
    index: ast.expr | None = None
    """Where something is looked up that may not be there; only of interest if it changes."""


@lru_cache(64)
def _loop(node: ast.While) -> Loop | None:
    """What the loop follows from; None where that is unclear."""
    try:
        effects = [*_effects(node.body, ()), *_of_expression(node.test, ())]
        all_set = frozenset().union(*(one.sets for one in effects))
        read = _Read()
        read.visit(node.test)
        _follow([one for one in effects if one.index is None], read)
        names = read.variables()
        _follow([one for one in effects if one.index is None or _names(one.index) & all_set], read)
    except _UnclearError:
        return None
    looked_at = _looked_at(node)
    if not looked_at:
        return None
    return Loop(
        node.lineno,
        _end(node),
        looked_at,
        names,
        indices=tuple(one for one in read.variables() if one not in names),
        lengths=frozenset(read.lengths - read.values),
        fixed=frozenset(read.fixed),
        is_bare=isinstance(node.test, ast.Constant) and _end(node) == node.lineno,
    )


def _follow(effects: Sequence[_Effect], read: _Read) -> None:
    """Read all that the jumps and the names that have been read are computed from."""
    if len(effects) > _MAX_EFFECTS:
        raise _UnclearError
    left = list(effects)
    while relevant := [one for one in left if one.is_jump or one.sets & read.names.keys()]:
        left = [one for one in left if not (one.is_jump or one.sets & read.names.keys())]
        for effect in relevant:
            for expression in effect.follows_from:
                read.expression(expression)


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _looked_at(node: ast.While) -> frozenset[int]:
    """The line of the condition, and that of the first statement, where nothing goes round by
    itself on them."""
    begin = node.body[0]
    lines = {node.test.lineno}
    if isinstance(begin, ast.AnnAssign | ast.Assign | ast.AugAssign | ast.Expr | ast.Pass):
        lines.add(begin.lineno)
    for one in ast.walk(node):
        if isinstance(one, _ROUNDS_WITHIN):
            lines -= set(range(one.lineno, (one.end_lineno or one.lineno) + 1))
    return frozenset(lines)


def _effects(body: Sequence[ast.stmt], on: tuple[ast.expr, ...]) -> Iterator[_Effect]:
    """Those of statements that are reached ``on`` some conditions."""
    for statement in body:
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.expr):
                yield from _of_expression(part, on)
        match statement:
            case (
                ast.If(test=test, body=then, orelse=orelse)
                | ast.While(test=test, body=then, orelse=orelse)
            ):
                yield from _effects([*then, *orelse], (test, *on))
            case ast.For(target=target, iter=of, body=then, orelse=orelse):
                yield _Effect(_names_set(target), (of, *on))
                yield from _effects([*then, *orelse], (of, *on))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield _Effect(_names_set(target), (value, *on))
            case ast.AugAssign(target=target, value=value):
                yield _Effect(_names_set(target), (value, *on))
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield _Effect(_names_set(target), (value, *on))
            case ast.Break() | ast.Continue() | ast.Return() | ast.Raise():
                yield _Effect(frozenset(), on, is_jump=True)
            case ast.Assert(test=test):
                yield _Effect(frozenset(), (test, *on), is_jump=True)
            case ast.With(items=items, body=then):
                for one in items:
                    yield from _of_expression(one.context_expr, on)
                    if one.optional_vars is not None:
                        yield _Effect(_names_set(one.optional_vars), (one.context_expr, *on))
                yield from _effects(then, on)
            case ast.AnnAssign() | ast.Expr() | ast.Pass():
                continue
            case _:
                raise _UnclearError


def _of_expression(expression: ast.expr, on: tuple[ast.expr, ...]) -> Iterator[_Effect]:
    """The names that an expression sets by itself, and the places that it may not find."""
    for one in ast.walk(expression):
        if isinstance(one, ast.NamedExpr):  # perhaps, as the whole has it
            yield _Effect(_names_set(one.target), (expression, *on))
        elif isinstance(one, ast.Subscript):
            yield _Effect(frozenset(), (one.slice, *on), is_jump=True, index=one.slice)
        elif isinstance(one, ast.Yield | ast.YieldFrom | ast.Await):
            raise _UnclearError


def _names_set(target: ast.expr) -> frozenset[str]:
    return frozenset(
        one.id
        for one in ast.walk(target)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    )


class _Read(ast.NodeVisitor):
    """The names that expressions follow from. Raises :class:`_UnclearError` where that is not
    numbers, lengths and functions of them alone."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        """All that are read, in the order in which they come."""
        self.values: set[str] = set()
        self.lengths: set[str] = set()
        self.fixed: set[str] = set()
        self._done: set[int] = set()

    def variables(self) -> tuple[str, ...]:
        return tuple(one for one in self.names if one not in self.fixed)

    def expression(self, node: ast.expr) -> None:
        """Read an expression, unless it has been."""
        if id(node) not in self._done:
            self._done.add(id(node))
            self.visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, _CLEAR):
            raise _UnclearError
        super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.names.setdefault(node.id)
        self.values.add(node.id)

    def visit_Compare(self, node: ast.Compare) -> None:
        of_identity = any(isinstance(one, ast.Is | ast.IsNot) for one in node.ops)
        if of_identity and not all(isinstance(one, ast.Constant) for one in node.comparators):
            raise _UnclearError
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.value, ast.Name):
            raise _UnclearError
        if node.attr in _OF_SHAPES:
            self._length(node.value.id)
        else:
            self._fixed(node.value.id)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
                self._fixed("len")
                self._length(name)
                return
            case ast.Call(func=ast.Name(id=name)) if name in PURE:
                self._fixed(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if (
                attribute in _PURE_ATTRIBUTES
            ):
                self._fixed(name)
            case _:
                raise _UnclearError
        for argument in (*node.args, *(one.value for one in node.keywords)):
            self.visit(argument)

    def _length(self, name: str) -> None:
        self.names.setdefault(name)
        self.lengths.add(name)

    def _fixed(self, name: str) -> None:
        self.names.setdefault(name)
        self.fixed.add(name)
