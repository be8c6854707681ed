"""What further programs give on a case: the forward pass taken apart or changed, and the solution
changed in one place. Each of their results is an array with a name of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograder.diagnosis.changes import Change, Kind, Program
from autograder.diagnosis.passes import MAX_CHANGED, ForwardPass

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# How the names of their results begin: with a sign that begins no Python expression.
ARRIVED = "$d"
WAY = "$way"
FORWARD = "$forward"
SOLUTION = "$solution"
UPSTREAM = "$upstream"

# What may stand for the incoming gradient: ones, the output of the layer, or the first or last
# sample of it alone.
UPSTREAMS = ("1", "output", "first", "last")


# How far the derivatives of a forward pass may be from the right ones to be believed.
PRECISION = 1e-8


def _reach(right: NumpyArray) -> float:
    return PRECISION * float(np.max(np.abs(right), initial=0.0))


class Solution:
    """The solution, and what it gives where it is changed in one place. The instructor's code, or
    nearly: it runs in this process."""

    def __init__(
        self, source: str, function: str, parameters: Sequence[str], outputs: Sequence[str]
    ) -> None:
        self.program = Program(source, parameters)
        self._function = function
        self._parameters = tuple(parameters)
        self._outputs = tuple(outputs)
        self._changed: dict[int, Callable[..., Any] | None] = {}

    def run(self, number: int, inputs: Mapping[str, Any]) -> dict[str, NumpyArray]:
        """The outputs with that change; none where it does not run."""
        if number not in self._changed:
            self._changed[number] = self._compiled(number)
        function = self._changed[number]
        if function is None:
            return {}
        arguments = [
            value.copy() if isinstance(value, np.ndarray) else value
            for value in (inputs[name] for name in self._parameters)
        ]
        try:
            with np.errstate(all="ignore"):
                returned = function(*arguments)
        except Exception:  # a change that does not run
            return {}
        values = returned if len(self._outputs) > 1 else (returned,)
        if not isinstance(values, tuple) or len(values) != len(self._outputs):
            return {}
        found = {}
        for name, value in zip(self._outputs, values, strict=True):
            array = (
                np.asarray(value) if isinstance(value, (np.ndarray, np.generic, float)) else None
            )
            if array is not None and array.dtype.kind == "f":
                found[name] = array
        return found

    def _compiled(self, number: int) -> Callable[..., Any] | None:
        names: dict[str, Any] = {"__name__": "solution"}
        try:
            exec(self.program.compiled(number), names)
        except Exception:  # a change that is no program
            return None
        function = names.get(self._function)
        return function if callable(function) else None


class Programs:
    """What further programs give on one case: ``forward`` is its forward pass, where it has one,
    and ``solution`` is run on ``inputs``. ``right`` has the right outputs.

    At a kink the forward pass says nothing: its arrays are nan there.
    """

    def __init__(
        self,
        forward: ForwardPass | None,
        solution: Solution | None,
        inputs: Mapping[str, Any],
        right: Mapping[str, NumpyArray],
    ) -> None:
        self.forward = forward
        self._right = right
        self._smooth: dict[str, bool] = {}
        self._solution = solution
        self._inputs = inputs
        self._solved: dict[int, dict[str, NumpyArray]] = {}
        self._ways: dict[str, dict[str, NumpyArray]] = {}
        self._changed: dict[tuple[int, str], NumpyArray | None] = {}
        self._upstreams: dict[tuple[str, str], NumpyArray | None] = {}

    def leaf(self, name: str) -> NumpyArray:
        """The array of that name. Raises KeyError where there is none."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind, _, rest = name.partition(" ")
            if kind == SOLUTION:
                number, output = rest.split(" ")
                return self._solved_with(int(number))[output]
            if self.forward is None:
                raise KeyError(name)
            if kind == WAY:
                output, _, part = rest.partition(" ")
                return self._if_smooth(output, self._ways_to(output).get(part))
            if kind in (FORWARD, UPSTREAM):
                one, output = rest.split(" ")
                if kind == FORWARD:
                    return self._if_smooth(output, self._changed_forward(int(one), output))
                return self._if_smooth(output, self._with_upstream(output, one))
            if kind == ARRIVED:
                arrived = self._arrived(rest)
                if arrived is None:
                    raise KeyError(name)
                return arrived if self._are_smooth() else np.full(arrived.shape, np.nan)
            return self.forward.values[name]

    def _are_smooth(self) -> bool:
        assert self.forward is not None
        return all(self._is_smooth(output) for output in self.forward.statements.derivatives)

    def _is_smooth(self, output: str) -> bool:
        if output not in self._smooth:
            assert self.forward is not None
            whole = self.forward.gradient(output)
            right = self._right.get(output)
            self._smooth[output] = (
                whole is None
                or right is None
                or bool(np.max(np.abs(whole - right), initial=0.0) <= _reach(right))
            )
        return self._smooth[output]

    def _if_smooth(self, output: str, value: NumpyArray | None) -> NumpyArray:
        if value is None:
            raise KeyError(output)
        return value if self._is_smooth(output) else np.full(value.shape, np.nan)

    def _arrived(self, part: str) -> NumpyArray | None:
        assert self.forward is not None
        if part not in self.forward.statements.parts:
            return None
        found = None
        for output in self.forward.statements.derivatives:
            try:
                arrived = self.forward.arrived(part, output)
            except Exception:  # the witnesses say what is wrong with it
                return None
            if arrived is not None and (found is None or np.any(arrived)):
                found = arrived
                if np.any(arrived):
                    break
        return found

    def parts(self) -> dict[str, NumpyArray]:
        """The parts of the forward pass, and the gradients that arrive at them."""
        found: dict[str, NumpyArray] = {}
        if self.forward is None:
            return found
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                values = self.forward.values
            except Exception:  # the witnesses say what is wrong with it
                return found
            for part in sorted(values, key=lambda part: not part.isidentifier()):
                value = values[part]
                found[part] = value
                arrived = self._arrived(part)
                if arrived is not None and value.ndim:
                    found[f"{ARRIVED} {part}"] = arrived
        return found

    def ways(self, output: str) -> dict[str, NumpyArray]:
        """What comes to an output through parts of the forward pass that some of it comes through,
        of equal ones the one with the simplest name."""
        if self.forward is None:
            return {}
        found: dict[str, NumpyArray] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ways = self._ways_to(output)
        for part in sorted(ways, key=lambda part: (not part.isidentifier(), len(part))):
            whole = self.forward.whole[output]
            close = 1e-6 * float(np.max(np.abs(whole), initial=0.0))
            known = (np.zeros(whole.shape), whole, *found.values())
            if not any(np.allclose(ways[part], one, rtol=0, atol=close) for one in known):
                found[part] = ways[part]
        return {f"{WAY} {output} {part}": value for part, value in found.items()}

    def _ways_to(self, output: str) -> dict[str, NumpyArray]:
        if output not in self._ways:
            assert self.forward is not None
            self._ways[output] = self.forward.ways(output)
        return self._ways[output]

    def upstreams(self, output: str) -> dict[str, NumpyArray]:
        """What an output is with something else for the incoming gradient."""
        found: dict[str, NumpyArray] = {}
        if self.forward is None:
            return found
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for upstream in UPSTREAMS:
                made = self._with_upstream(output, upstream)
                if made is not None:
                    found[f"{UPSTREAM} {upstream} {output}"] = made
        return found

    def _with_upstream(self, output: str, upstream: str) -> NumpyArray | None:
        key = output, upstream
        if key not in self._upstreams:
            assert self.forward is not None
            self._upstreams[key] = self.forward.with_upstream(output, upstream)
        return self._upstreams[key]

    def solved(self, output: str) -> dict[str, NumpyArray]:
        """What the changed solutions give for an output."""
        if self._solution is None:
            return {}
        found = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in range(len(self._solution.program)):
                value = self._solved_with(number).get(output)
                if value is not None:
                    found[f"{SOLUTION} {number} {output}"] = value
        return found

    def _solved_with(self, number: int) -> dict[str, NumpyArray]:
        if number not in self._solved:
            assert self._solution is not None
            self._solved[number] = self._solution.run(number, self._inputs)
        return self._solved[number]

    def _changed_forward(self, number: int, output: str) -> NumpyArray | None:
        key = number, output
        if key not in self._changed:
            assert self.forward is not None
            self._changed[key] = self.forward.changed(number, output)
        return self._changed[key]

    def along(self, output: str, direction: NumpyArray) -> NumpyArray:
        """For every changed forward pass the sum of its gradient times ``direction``."""
        if self.forward is None:
            return np.empty(0)
        count = min(len(self.forward.statements.changed), MAX_CHANGED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array([self.forward.along(n, output, direction) for n in range(count)])

    def kind(self, name: str) -> Kind | None:
        """That of the change that the array of this name comes from."""
        kind, _, rest = name.partition(" ")
        if kind == SOLUTION and self._solution is not None:
            return self._solution.program.kind(int(rest.split(" ")[0]))
        if kind == FORWARD and self.forward is not None:
            return self.forward.statements.changed.kind(int(rest.split(" ")[0]))
        return None

    def change(self, name: str) -> Change | None:
        """The change that the array of this name comes from."""
        kind, _, rest = name.partition(" ")
        if kind == SOLUTION and self._solution is not None:
            return self._solution.program.change(int(rest.split(" ")[0]))
        if kind == FORWARD and self.forward is not None:
            return self.forward.change(int(rest.split(" ")[0]))
        return None
