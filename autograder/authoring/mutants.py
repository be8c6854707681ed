"""Mutants: programs that differ from the solution in one thing that students get wrong.

Two kinds. Operators change one place in the source: another operator, a transpose dropped or added,
another axis, a sum for a mean, ``>`` for ``>=``, a term or a factor left out, arguments or outputs
exchanged. Behaviours wrap the whole function and go wrong in a situation: for lengths of 1, for
integers, for exact zeros, in the third call, by what they remember from a call before.

What gets full points although it is wrong shows a hole in the tests (DeMillo, Lipton and Sayward,
Hints on Test Data Selection, 1978). Pure: source text in, source text out.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from autograder.course.exercise import Exercise


class Mutant(Struct, frozen=True):
    """``what`` says what was changed, in a few words; ``source`` is the whole file."""

    what: str
    source: str
    is_behaviour: bool = False


class _Edit(Struct, frozen=True):
    """``text`` in the place of the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str
    what: str


def mutants(exercise: Exercise, solution: str) -> tuple[Mutant, ...]:
    """All mutants of the solution, each source once, in the order of the source."""
    found: dict[str, Mutant] = {}
    original = ast.dump(ast.parse(solution))
    for mutant in (*_by_operators(solution), *_by_behaviour(exercise, solution)):
        try:
            dump = ast.dump(ast.parse(mutant.source))
        except (SyntaxError, RecursionError):  # an edit that gives no program is none
            continue
        if dump != original:
            found.setdefault(dump, mutant)
    return tuple(found.values())


def difference(solution: str, mutant: Mutant) -> str:
    """What the mutant changes, as the lines of a diff."""
    if mutant.is_behaviour:
        return mutant.what
    lines = difflib.unified_diff(
        solution.splitlines(), mutant.source.splitlines(), lineterm="", n=0
    )
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


# Operators


class _Source:
    """A source text, and where the nodes of its tree are in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.encode().splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line.decode()))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt) -> str:
        return self.text[self.start(node) : self.end(node)]

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())


def _by_operators(solution: str) -> Iterator[Mutant]:
    source = _Source(solution)
    tree = ast.parse(solution)
    for definition in tree.body:
        if isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
            for node in ast.walk(definition):
                for operator in _OPERATORS:
                    for edit in operator(node, source):
                        changed = solution[: edit.start] + edit.text + solution[edit.end :]
                        yield Mutant(edit.what, changed)


_SWAPS: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("/",),
    ast.Div: ("*",),
    ast.MatMult: ("*",),
}
_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
}


def _binary(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if not isinstance(node, ast.BinOp):
        return
    left, right = source.of(node.left), source.of(node.right)
    symbol = _SYMBOLS.get(type(node.op), "?")

    def edit(text: str, what: str) -> _Edit:
        return _Edit(source.start(node), source.end(node), f"({text})", what)

    for other in _SWAPS.get(type(node.op), ()):
        yield edit(f"({left}) {other} ({right})", f"{symbol} became {other}")
    if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield edit(left, f"'{symbol} {right}' left out")
        yield edit(right, f"'{left} {symbol}' left out")
    if isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div)):
        yield edit(f"({right}) {symbol} ({left})", f"'{left}' and '{right}' exchanged")
    if isinstance(node.op, ast.MatMult):
        for one, other, in_front in ((left, right, True), (right, left, False)):
            if one.isidentifier():
                pair = (f"{one}.T", other) if in_front else (other, f"{one}.T")
                yield edit(f"({pair[0]}) @ ({pair[1]})", f"'{one}' transposed")


def _transposes(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        value = source.of(node.value)
        yield _Edit(source.start(node), source.end(node), value, f"'{value}' not transposed")


def _signs(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = source.of(node.operand)
        yield _Edit(source.start(node), source.end(node), f"({operand})", "a sign left out")
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = "-=" if isinstance(node.op, ast.Add) else "+="
        target, value = source.of(node.target), source.of(node.value)
        symbol = "+=" if isinstance(node.op, ast.Add) else "-="
        yield _Edit(
            source.start(node),
            source.end(node),
            f"{target} {other} {value}",
            f"{symbol} became {other}",
        )
        yield _Edit(
            source.start(node), source.end(node), f"{target} = {value}", f"{symbol} became ="
        )


_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Gt: (">", (">=", "<")),
    ast.GtE: (">=", (">", "<=")),
    ast.Lt: ("<", ("<=", ">")),
    ast.LtE: ("<=", ("<", ">=")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
}


def _comparisons(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        symbol, others = _COMPARISONS[type(node.ops[0])]
        left, right = source.of(node.left), source.of(node.comparators[0])
        for other in others:
            yield _Edit(
                source.start(node),
                source.end(node),
                f"({left} {other} {right})",
                f"{symbol} became {other}",
            )


_METHODS = {
    "sum": ("mean",),
    "mean": ("sum",),
    "max": ("min",),
    "min": ("max",),
    "any": ("all",),
    "all": ("any",),
    "argmax": ("argmin",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "zeros": ("ones",),
    "zeros_like": ("ones_like",),
    "sin": ("cos",),
    "exp": ("expm1",),
}


def _calls(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if not isinstance(node, ast.Call):
        return
    function = node.func
    if isinstance(function, ast.Attribute):
        value = source.of(function.value)
        for other in _METHODS.get(function.attr, ()):
            yield _Edit(
                source.start(function),
                source.end(function),
                f"{value}.{other}",
                f"{function.attr} became {other}",
            )
        if function.attr == "copy" and not node.args:
            yield _Edit(source.start(node), source.end(node), value, f"no copy of '{value}'")
    if len(node.args) == 2 and not any(isinstance(one, ast.Starred) for one in node.args):
        first, second = node.args
        texts = source.of(first), source.of(second)
        what = f"'{texts[0]}' and '{texts[1]}' exchanged"
        yield _Edit(source.start(first), source.end(second), f"{texts[1]}, {texts[0]}", what)
    for keyword in node.keywords:
        yield from _keyword(node, keyword, source)
    if isinstance(function, ast.Attribute) and function.attr in ("zeros", "empty", "zeros_like"):
        names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        for name in dict.fromkeys(names):
            if name != "np" and not any(one.arg == "dtype" for one in node.keywords):
                end = source.end(node)
                yield _Edit(end - 1, end, f", dtype={name}.dtype)", f"a buffer of {name}'s dtype")


def _keyword(call: ast.Call, keyword: ast.keyword, source: _Source) -> Iterator[_Edit]:
    value = keyword.value
    if keyword.arg == "axis" and isinstance(value, (ast.Constant, ast.UnaryOp)):
        text = source.of(value)
        for other in ("0", "1", "-1", "None"):
            if other != text:
                what = f"axis={text} became {other}"
                yield _Edit(source.start(value), source.end(value), other, what)
    if keyword.arg == "keepdims" and isinstance(value, ast.Constant):
        other = str(not value.value)
        yield _Edit(source.start(value), source.end(value), other, f"keepdims={other}")
    if keyword.arg in ("dtype", "copy"):
        start = source.text.rindex(keyword.arg, 0, source.start(value))
        before = source.text[:start].rstrip()
        if before.endswith(","):
            yield _Edit(len(before) - 1, source.end(value), "", f"no {keyword.arg}")


def _constants(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if not isinstance(node, ast.Constant) or isinstance(node.value, (bool, str)):
        return
    if isinstance(node.value, int):
        others = [str(node.value + 1), *([str(node.value - 1)] if node.value > 0 else [])]
    elif isinstance(node.value, float):
        others = [f"(2 * {node.value!r})", f"(-{node.value!r})", f"({node.value!r} + 1)"]
    else:
        return
    for other in others:
        what = f"{node.value!r} became {other}"
        yield _Edit(source.start(node), source.end(node), other, what)


def _returns(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        texts = [source.of(one) for one in node.value.elts]
        for number in range(len(texts) - 1):
            changed = list(texts)
            changed[number], changed[number + 1] = changed[number + 1], changed[number]
            what = f"the results '{texts[number]}' and '{texts[number + 1]}' exchanged"
            start, end = source.start(node.value), source.end(node.value)
            yield _Edit(start, end, f"({', '.join(changed)})", what)


def _attributes(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    """What an object remembers: shared by all objects, added up, never renewed."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return
    target = node.targets[0]
    if not (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    ):
        return
    name, value = target.attr, source.of(node.value)

    def edit(text: str, what: str) -> _Edit:
        return _Edit(source.start(node), source.end(node), text, what)

    yield edit(f"type(self).{name} = {value}", f"self.{name} is shared by all objects")
    yield edit(
        f'self.{name} = getattr(self, "{name}", 0) + ({value})',
        f"self.{name} adds up over calls",
    )
    yield edit(
        f'self.{name} = self.__dict__.get("{name}", {value})',
        f"self.{name} is never renewed",
    )


_OPERATORS: tuple[Callable[[ast.AST, _Source], Iterator[_Edit]], ...] = (
    _binary,
    _transposes,
    _signs,
    _comparisons,
    _calls,
    _constants,
    _returns,
    _attributes,
)

# Behaviours

_WRAPPER = """

import numpy as _np
_solution = {entry}
_memory = {{}}


def _each(result, change):
    if isinstance(result, tuple):
        return tuple(_each(one, change) for one in result)
    return change(result) if isinstance(result, _np.ndarray) else type(result)(change(result))


def _off(result):
    return _each(result, lambda one: one + 1.0)


def {entry}(*given):
    arrays = [one for one in given if isinstance(one, _np.ndarray)]
{body}
"""


def _by_behaviour(exercise: Exercise, solution: str) -> Iterator[Mutant]:
    """Wrappers around the function; a class and a function that is handed functions have none."""
    if exercise.is_class or exercise.functions:
        return
    parameters = exercise.signature.parameters
    arrays = [name for name in parameters if exercise.arrays[name].shape]
    results = exercise.gradients.keys() >= set(exercise.signature.outputs)
    for what, body in _behaviours(parameters, arrays, results):
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        entry = exercise.signature.function
        yield Mutant(what, solution + _WRAPPER.format(entry=entry, body=indented), True)


def _behaviours(
    parameters: Sequence[str], arrays: Sequence[str], are_gradients: bool
) -> Iterator[tuple[str, str]]:
    shapes = "tuple(_np.shape(one) for one in given)"
    yield (
        "remembers results by the shapes of the arguments",
        f"key = {shapes}\nif key not in _memory:\n    _memory[key] = _solution(*given)\n"
        "return _memory[key]",
    )
    if len(parameters) > 1:
        for name in arrays:
            at = parameters.index(name)
            yield (
                f"remembers results by '{name}' alone",
                f"key = {shapes}, given[{at}].tobytes()\nif key not in _memory:\n"
                "    _memory[key] = _solution(*given)\nreturn _memory[key]",
            )
    yield (
        "goes wrong from the third call on",
        "_memory['calls'] = _memory.get('calls', 0) + 1\nresult = _solution(*given)\n"
        "return _off(result) if _memory['calls'] > 2 else result",
    )
    yield (
        "goes wrong where an axis has the length 1",
        "result = _solution(*given)\n"
        "return _off(result) if any(1 in one.shape for one in arrays) else result",
    )
    yield (
        "goes wrong where every axis has the length 1",
        "result = _solution(*given)\n"
        "return _off(result) if all(one.size == 1 for one in arrays) else result",
    )
    yield (
        "goes wrong for arrays of more than 200 elements",
        "result = _solution(*given)\n"
        "return _off(result) if max(one.size for one in arrays) > 200 else result",
    )
    yield (
        "reads arguments in the order of their memory",
        "return _solution(*(one.ravel('K').reshape(one.shape) if one in_arrays else one "
        "for one in given))".replace("one in_arrays", "isinstance(one, _np.ndarray)"),
    )
    yield (
        "takes arguments for contiguous",
        "def read(one):\n"
        "    if not isinstance(one, _np.ndarray) or one.flags.c_contiguous or not one.size:\n"
        "        return one\n"
        "    flat = one if one.base is None else one.base\n"
        "    return _np.resize(_np.ravel(flat, 'K'), one.shape)\n"
        "return _solution(*map(read, given))",
    )
    for name in arrays:
        at = parameters.index(name)
        yield (
            f"gives results the dtype of '{name}'",
            f"dtype = given[{at}].dtype\nreturn _each(_solution(*given), "
            "lambda one: _np.asarray(one).astype(dtype) if dtype.kind in 'iu' else one)",
        )
        yield (
            f"changes its argument '{name}'",
            f"result = _each(_solution(*given), _np.copy)\ngiven[{at}][...] *= 2\nreturn result",
        )
        yield (
            f"goes wrong where '{name}' has an exact zero",
            "result = _solution(*given)\n"
            f"return _off(result) if _np.any(given[{at}] == 0) else result",
        )
        yield (
            f"goes wrong where all elements of '{name}' are equal",
            "result = _solution(*given)\n"
            f"one = given[{at}]\n"
            "return _off(result) if one.size > 1 and _np.ptp(one) == 0 else result",
        )
        yield (
            f"takes '{name}' for positive",
            f"given = list(given)\ngiven[{at}] = abs(given[{at}])\nreturn _solution(*given)",
        )
    yield (
        "computes in float32",
        "return _each(_solution(*(one.astype(_np.float32) if isinstance(one, _np.ndarray) "
        "and one.dtype.kind == 'f' else one for one in given)), "
        "lambda one: _np.asarray(one, dtype=_np.float64))",
    )
    yield (
        "takes small numbers for zero",
        "return _solution(*(_np.where(abs(one) < 1e-6, 0 * one, one) "
        "if isinstance(one, _np.ndarray) and one.dtype.kind == 'f' else one for one in given))",
    )
    yield (
        "takes large numbers for a million",
        "return _solution(*(_np.clip(one, -1e6, 1e6) "
        "if isinstance(one, _np.ndarray) and one.dtype.kind == 'f' else one for one in given))",
    )
    yield (
        "adds up over calls",
        "result = _solution(*given)\n"
        f"key = {shapes}\n"
        "both = _memory.get(key)\n"
        "_memory[key] = result\n"
        "if both is None:\n    return result\n"
        "if isinstance(result, tuple):\n"
        "    return tuple(one + other for one, other in zip(result, both))\n"
        "return result + both",
    )
    if are_gradients:
        yield (
            "returns the same buffer again",
            "def kept(one):\n"
            "    buffer = _memory.setdefault((_np.shape(one), len(_memory) % 1), _np.array(one))\n"
            "    buffer[...] = one\n    return buffer\n"
            "return _each(_solution(*given), kept)",
        )
