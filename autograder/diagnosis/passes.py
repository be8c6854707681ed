"""The forward pass of a case looked into: what every part of it is, the gradient that arrives there
and what comes from there to an argument. Worked out from the instructor's statements alone.

All derivatives are central differences of fourth order,

    f'(x) = (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / (12 h) + O(h^4),

with a step of 1e-4 of the size of x: an error of about 1e-11 relative, far below what tells one
expression from another. By the chain rule, the gradient with a part held constant is the whole
gradient less the gradient that arrives at that part times the derivative of the part.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.diagnosis.changes import Change, Program

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

STEP = 1e-4
_POINTS = ((1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0))
# The parts of a forward pass that are looked at, and the numbers that they may have together with
# the argument: each is moved four times.
MAX_PARTS = 32
MAX_NUMBERS = 400
# Of the changed forward passes only so many are looked at.
MAX_CHANGED = 160


class Derivative(Struct, frozen=True):
    """``output`` is the gradient of ``of`` by ``wrt``, with ``upstream`` arriving at ``of``."""

    output: str
    of: str
    wrt: str
    upstream: str | None


class Statements:
    """The statements of a forward pass, taken apart once for all cases."""

    def __init__(self, source: str, derivatives: tuple[Derivative, ...]) -> None:
        self.derivatives = {one.output: one for one in derivatives}
        tree = ast.parse(source)
        last = {
            statement.targets[0].id: statement
            for statement in tree.body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
        self.parts: list[str] = []
        for statement in tree.body:
            if isinstance(statement, (ast.Assign, ast.AugAssign)):
                target = getattr(statement, "targets", [None])[0]
                name = target.id if isinstance(target, ast.Name) else None
                if name is not None and last.get(name) is not statement:
                    name = None
                statement.value = _Marks(self.parts, name).marked(statement.value)
        ast.fix_missing_locations(tree)
        self.marked = compile(tree, "<forward>", "exec")
        nodes = ast.walk(ast.parse(source))
        # In their order in the source: the changes have numbers, the same in every process.
        names = dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name))
        self.changed = Program(source, [name for name in names if name != "np"])

    def index(self, part: str) -> int:
        return self.parts.index(part)


class _Marks:
    """Puts ``_part(number, …)`` around the expressions that have a value of their own."""

    def __init__(self, parts: list[str], name: str | None) -> None:
        self._parts = parts
        self._name = name

    def marked(self, node: ast.expr) -> ast.expr:
        written = self._name or ast.unparse(node)
        self._name = None
        if isinstance(node, ast.BinOp):
            node.left, node.right = self.marked(node.left), self.marked(node.right)
        elif isinstance(node, ast.UnaryOp):
            node.operand = self.marked(node.operand)
        elif isinstance(node, ast.Subscript):
            node.value = self.marked(node.value)
        elif isinstance(node, ast.Call):
            node.args = [
                one if isinstance(one, (ast.Starred, ast.GeneratorExp)) else self.marked(one)
                for one in node.args
            ]
        else:
            return node
        if written in self._parts or len(self._parts) >= MAX_PARTS:
            return node
        self._parts.append(written)
        number = ast.Constant(len(self._parts) - 1)
        return ast.Call(ast.Name("_part", ast.Load()), [number, node], [])


_Values: TypeAlias = dict[str, Any]


class ForwardPass:
    """The forward pass on the arguments of one case, ``inputs``."""

    def __init__(self, statements: Statements, inputs: Mapping[str, Any]) -> None:
        self.statements = statements
        self._inputs = dict(inputs)
        self._arrived: dict[tuple[str, str | None, int], NumpyArray | None] = {}
        self.whole: dict[str, NumpyArray] = {}

    def _run(
        self,
        code: Any,
        inputs: Mapping[str, Any],
        part: Callable[[int, Any], Any] | None = None,
    ) -> _Values:
        variables: _Values = {"np": np, **inputs}
        if part is not None:
            variables["_part"] = part
        with np.errstate(all="ignore"):
            exec(code, variables)
        return variables

    @cached_property
    def _base(self) -> tuple[_Values, dict[int, Any]]:
        seen: dict[int, Any] = {}

        def part(number: int, value: Any) -> Any:
            seen[number] = value
            return value

        return self._run(self.statements.marked, self._inputs, part), seen

    @cached_property
    def values(self) -> dict[str, NumpyArray]:
        """The parts that are floating point numbers or arrays of these."""
        found = {}
        for number, value in self._base[1].items():
            array = np.asarray(value)
            if array.dtype == np.float64 and np.all(np.isfinite(array)):
                found[self.statements.parts[number]] = array
        return found

    def arrived(self, part: str, output: str) -> NumpyArray | None:
        """The gradient that arrives at a part, where ``output`` is differentiated; None where
        it is not known."""
        derivative = self.statements.derivatives[output]
        number = self.statements.index(part)
        key = derivative.of, derivative.upstream, number
        if key not in self._arrived:
            self._arrived[key] = self._measured(derivative, number)
        return self._arrived[key]

    def _measured(self, derivative: Derivative, number: int) -> NumpyArray | None:
        value = self.values.get(self.statements.parts[number])
        if value is None or value.size > MAX_NUMBERS:
            return None
        moved: list[NumpyArray] = [value]

        def part(other: int, found: Any) -> Any:
            return moved[0] if other == number else found

        def terms(array: NumpyArray) -> NumpyArray | None:
            moved[0] = array
            return self._terms(self._run(self.statements.marked, self._inputs, part), derivative)

        return _gradient(terms, value)

    def _terms(self, variables: _Values, derivative: Derivative) -> NumpyArray | None:
        of = np.asarray(variables[derivative.of])
        if of.shape != np.asarray(self._base[0][derivative.of]).shape:
            return None
        if derivative.upstream is None:
            return of if of.ndim == 0 else None
        return np.asarray(of * self._inputs[derivative.upstream])

    def _slopes(self, wrt: str) -> list[dict[int, NumpyArray]] | None:
        """The derivatives of all parts by each element of an argument."""
        x = self._inputs[wrt]
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.size > MAX_NUMBERS:
            return None
        found = []
        for index in np.ndindex(x.shape):
            h = STEP * max(1.0, abs(float(x[index])))
            slopes: dict[int, NumpyArray] = {}
            for times, weight in _POINTS:

                def part(
                    number: int,
                    value: Any,
                    to: dict[int, NumpyArray] = slopes,
                    by: float = weight / (12 * h),
                ) -> Any:
                    to[number] = to.get(number, 0.0) + by * np.asarray(value)
                    return value

                moved = x.copy()
                moved[index] += times * h
                self._run(self.statements.marked, {**self._inputs, wrt: moved}, part)
            found.append(slopes)
        return found

    def ways(self, output: str) -> dict[str, NumpyArray]:
        """What comes to ``output`` through each part; ``whole`` is all that comes."""
        derivative = self.statements.derivatives.get(output)
        if derivative is None or derivative.wrt not in self._inputs:
            return {}
        try:
            slopes = self._slopes(derivative.wrt)
            whole = self._whole(derivative)
        except Exception:  # the witnesses say what is wrong with it
            return {}
        if slopes is None or whole is None:
            return {}
        found: dict[str, NumpyArray] = {}
        for number, part in enumerate(self.statements.parts):
            arrived = self.arrived(part, output) if part in self.values else None
            if arrived is not None:
                way = np.array([float(np.sum(arrived * slope[number])) for slope in slopes])
                found[part] = way.reshape(whole.shape)
        self.whole[output] = whole
        return found

    def _whole(self, derivative: Derivative, code: Any = None) -> NumpyArray | None:
        x = self._inputs[derivative.wrt]
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.size > MAX_NUMBERS:
            return None
        code = self.statements.changed.compiled() if code is None else code

        def terms(array: NumpyArray) -> NumpyArray | None:
            variables = self._run(code, {**self._inputs, derivative.wrt: array})
            return self._terms(variables, derivative)

        return _gradient(terms, x)

    def gradient(self, output: str) -> NumpyArray | None:
        """The gradient as it is; None where the output is none, or is not known."""
        derivative = self.statements.derivatives.get(output)
        if derivative is None or derivative.wrt not in self._inputs:
            return None
        try:
            return self._whole(derivative)
        except Exception:  # the witnesses say what is wrong with it
            return None

    def with_upstream(self, output: str, upstream: str) -> NumpyArray | None:
        """The gradient with something else for what arrives; None where there is none."""
        derivative = self.statements.derivatives.get(output)
        if derivative is None or derivative.upstream is None or derivative.wrt not in self._inputs:
            return None
        try:
            arriving = self._inputs[derivative.upstream]
            of = np.asarray(self._base[0][derivative.of])
            if upstream == "1":
                other = np.ones(of.shape)
            elif upstream == "output":
                other = of
            elif of.ndim < 2:
                return None
            else:
                other = np.zeros(of.shape)
                one = 0 if upstream == "first" else -1
                other[one] = arriving[one]
            moved = ForwardPass(self.statements, {**self._inputs, derivative.upstream: other})
            return moved._whole(derivative)
        except Exception:  # the witnesses say what is wrong with it
            return None

    def _value(self, code: Any, output: str) -> NumpyArray | None:
        """A result that is no gradient, such as a loss: a variable of the statements."""
        value = np.asarray(self._run(code, self._inputs).get(output))
        return value if value.dtype == np.float64 else None

    def changed(self, number: int, output: str) -> NumpyArray | None:
        """The gradient where the statements have this change; None where there is none."""
        derivative = self.statements.derivatives.get(output)
        try:
            code = self.statements.changed.compiled(number)
            if derivative is None:
                return self._value(code, output)
            return self._whole(derivative, code) if derivative.wrt in self._inputs else None
        except Exception:  # a change that does not run
            return None

    def along(self, number: int, output: str, direction: NumpyArray) -> float:
        """The sum of the changed gradient times ``direction``; nan where there is none."""
        derivative = self.statements.derivatives.get(output)
        if derivative is None:
            value = self.changed(number, output)
            if value is None or value.size != direction.size:
                return np.nan
            return float(value.reshape(-1) @ direction)
        if derivative.wrt not in self._inputs:
            return np.nan
        x = self._inputs[derivative.wrt]
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.size != direction.size:
            return np.nan
        try:
            code = self.statements.changed.compiled(number)
            total = 0.0
            for times, weight in _POINTS:
                moved = x + times * STEP * direction.reshape(x.shape)
                terms = self._terms(
                    self._run(code, {**self._inputs, derivative.wrt: moved}), derivative
                )
                if terms is None:
                    return np.nan
                total += weight * float(np.sum(terms))
        except Exception:  # a change that does not run
            return np.nan
        return total / (12 * STEP)

    def change(self, number: int) -> Change:
        return self.statements.changed.change(number)


def _gradient(terms: Callable[[NumpyArray], NumpyArray | None], x: NumpyArray) -> NumpyArray | None:
    found = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        h = STEP * max(1.0, abs(float(x[index])))
        total: Any = 0.0
        for times, weight in _POINTS:
            moved = x.copy()
            moved[index] += times * h
            value = terms(moved)
            if value is None:
                return None
            total = total + weight * value
        found[index] = float(np.sum(total)) / (12 * h)
    return found
