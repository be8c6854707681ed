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
import contextlib
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
# What may set any name.
_REACHING: Final = """
eval exec globals locals setattr vars
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
_SIMPLE: Final = (ast.AnnAssign, ast.Assign, ast.AugAssign, ast.Expr, ast.Pass)
_COMPREHENSIONS: Final = (ast.DictComp, ast.GeneratorExp, ast.ListComp, ast.SetComp)
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
    lengths: frozenset[str]
    """Those of them that may be arrays, since only their shapes are asked for."""
    fixed: frozenset[str]
    """Functions and modules that it uses besides."""
    is_bare: bool = False
    """Without a condition and on one line, of which Python 3.11 does not say that it comes back."""


class _UnclearError(Exception):
    """What a loop follows from cannot be told from the text."""


@lru_cache(16)
def loops_in(source: str) -> tuple[Loop, ...]:
    """The loops of a file of which it can be seen that they never end, the innermost first."""
    if len(source) > _MAX_LENGTH:
        return ()
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    if any(map(_is_opaque, nodes)):
        return ()
    found = []
    for node in nodes:
        if isinstance(node, ast.While):
            with contextlib.suppress(_UnclearError, RecursionError):
                found.append(_loop(node))
    return tuple(sorted(found, key=lambda loop: (-loop.first, loop.last)))


def _is_opaque(node: ast.AST) -> bool:
    """Whether, because of this part of a file, an error may end a loop and be caught, or the names
    that a loop follows from may change elsewhere."""
    match node:
        case ast.Global() | ast.Nonlocal() | ast.Try() | ast.AsyncFunctionDef():
            return True
        case ast.With(items=items):
            return not all(_is_errstate(one.context_expr) for one in items)
        case ast.ClassDef(body=body):
            methods = (one.name for one in body if isinstance(one, ast.FunctionDef))
            return any(one.startswith("__") and one not in _USUAL for one in methods)
        case ast.Name(id=name):
            return name in _REACHING_NAMES
        case ast.Attribute(attr=name, ctx=context):
            return name == "resize" or (name in _LAYOUT and not isinstance(context, ast.Load))
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
    """A part of a loop's body that sets names, or leads to another place (``is_jump``)."""

    sets: frozenset[str]
    follows_from: tuple[ast.expr, ...]
    """What is computed for it, and the conditions on which it is reached."""
    is_jump: bool = False


def _loop(node: ast.While) -> Loop:
    effects = [*_effects(node.body, ()), *_set_within(node.test, ())]
    if len(effects) > _MAX_EFFECTS:
        raise _UnclearError
    read = _Read()
    read.expression(node.test)
    for _ in effects:  # each round adds names, or nothing more will
        for effect in effects:
            if effect.is_jump or effect.sets & read.names.keys():
                for expression in effect.follows_from:
                    read.expression(expression)
    all_set = frozenset().union(*(one.sets for one in effects))
    if all_set & (read.lengths | read.fixed):
        raise _UnclearError
    begin, end = node.body[0], max(one.end_lineno or 0 for one in node.body)
    is_bare = isinstance(node.test, ast.Constant) and end == node.lineno
    if _goes_round(node.test) or (is_bare and any(map(_goes_round, node.body))):
        raise _UnclearError
    looked_at = {node.test.lineno}
    if isinstance(begin, _SIMPLE) and not _goes_round(begin):
        looked_at.add(begin.lineno)
    names = tuple(one for one in read.names if one not in read.fixed)
    lengths = frozenset(read.lengths - read.values)
    return Loop(node.lineno, end, frozenset(looked_at), names, lengths, read.fixed, is_bare)


def _effects(body: Sequence[ast.stmt], on: tuple[ast.expr, ...]) -> Iterator[_Effect]:
    """Those of statements that are reached ``on`` some conditions."""
    for statement in body:
        for expression in ast.iter_child_nodes(statement):
            if isinstance(expression, ast.expr):
                yield from _set_within(expression, on)
        match statement:
            case (
                ast.If(test=test, body=then, orelse=orelse)
                | ast.While(test=test, body=then, orelse=orelse)
            ):
                yield from _effects([*then, *orelse], (*on, test))
            case ast.For(target=target, iter=of, body=then, orelse=orelse):
                yield _Effect(_names_set(target), (*on, of))
                yield from _effects([*then, *orelse], (*on, of))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield _Effect(_names_set(target), (*on, value))
            case ast.AugAssign(target=target, value=value):
                yield _Effect(_names_set(target), (*on, value))
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield _Effect(_names_set(target), (*on, value))
            case ast.Break() | ast.Continue() | ast.Return() | ast.Raise():
                yield _Effect(frozenset(), on, is_jump=True)
            case ast.Assert(test=test):
                yield _Effect(frozenset(), (*on, test), is_jump=True)
            case ast.With(body=then):
                yield from _effects(then, on)
            case ast.AnnAssign() | ast.Expr() | ast.Pass():
                continue
            case _:
                raise _UnclearError


def _set_within(expression: ast.expr, on: tuple[ast.expr, ...]) -> Iterator[_Effect]:
    """The names that an expression sets by itself."""
    for one in ast.walk(expression):
        if isinstance(one, ast.NamedExpr):  # perhaps, as the whole has it
            yield _Effect(_names_set(one.target), (*on, expression))
        elif isinstance(one, ast.Yield | ast.YieldFrom | ast.Await):
            raise _UnclearError


def _names_set(target: ast.expr) -> frozenset[str]:
    return frozenset(
        one.id
        for one in ast.walk(target)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    )


def _goes_round(node: ast.AST) -> bool:
    """Whether something in it goes round by itself, which its line does not tell."""
    return any(isinstance(one, _COMPREHENSIONS) for one in ast.walk(node))


class _Read(ast.NodeVisitor):
    """The names that expressions follow from. Raises :class:`_UnclearError` where that is not
    numbers, lengths and functions of them alone."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        """All that are read, in the order in which they come."""
        self.values: set[str] = set()
        self.lengths: set[str] = set()
        self.fixed: frozenset[str] = frozenset()
        self._done: set[int] = set()

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
        self.fixed |= {name}
