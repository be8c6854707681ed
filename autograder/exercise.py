"""What an exercise is: plain, frozen data, with no knowledge of files or processes.

``course`` > ``assignment`` > ``exercise`` > ``test`` > ``case``. A test is worth
points, per output or as a whole; a case is one set of input arrays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Language: TypeAlias = str
Text: TypeAlias = dict[Language, str]
Visibility: TypeAlias = Literal["public", "hidden"]
Dtype: TypeAlias = Literal["float64", "float32", "int64"]
Layout: TypeAlias = Literal["C", "F", "strided"]
WitnessName: TypeAlias = Literal["finite_differences", "reference", "example"]
PropertyName: TypeAlias = Literal[
    "inputs_unchanged", "repeatable", "fresh_results", "linear_in_upstream"
]


class Signature(Struct, frozen=True):
    """``linear_backward(x, W, dy) -> dx, dW``."""

    function: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.parameters)}) -> {', '.join(self.outputs)}"


class Array(Struct, frozen=True):
    """An input array (or scalar, shape ``()``) of an exercise.

    ``shape`` holds dimension names, fixed lengths, or ``"..."`` for any number of
    leading axes. ``draw`` is the expression that random cases draw it with.
    """

    name: str
    shape: tuple[str | int, ...]
    draw: str = "normal"


class Gradient(Struct, frozen=True):
    """Output ``output`` is the gradient of ``of`` with respect to the input ``wrt``.

    With ``upstream``, the vector-Jacobian product
    ``sum(upstream * of)`` differentiated; without, ``of`` itself: the gradient
    where ``of`` is a scalar, the Jacobian of shape ``of.shape + wrt.shape`` where
    it is not.
    """

    output: str
    of: str
    wrt: str
    upstream: str | None = None


class Part(Struct, frozen=True):
    """The points that a test gives for a set of outputs that are all right."""

    outputs: tuple[str, ...]
    points: float


class Dims(Struct, frozen=True):
    """How a test draws its named dimensions.

    ``choices`` maps a dimension to the lengths it may take (for ``"..."``, to the
    tuples of leading axes); ``constraints`` are expressions such as ``m != n`` that
    every draw satisfies.
    """

    choices: dict[str, tuple[Any, ...]] = {}
    constraints: tuple[str, ...] = ()


class Drawing(Struct, frozen=True):
    """How the cases of a test come about; see :mod:`autograder.cases`.

    ``draw`` overrides the arrays' own expressions by name. ``dtypes`` and
    ``layouts`` are gone through in turn, case by case.
    """

    cases: int = 1
    dims: Dims = Dims()
    draw: dict[str, str] = {}
    dtypes: tuple[Dtype, ...] = ("float64",)
    layouts: tuple[Layout, ...] = ("C",)


class ExampleTest(Struct, frozen=True, tag="example"):
    """Inputs and outputs written out by hand."""

    name: str
    visibility: Visibility
    parts: tuple[Part, ...]
    given: dict[str, Any]
    expect: dict[str, Any]
    dtype: Dtype = "float64"
    proportional: bool = False
    title: Text = {}


class GradientTest(Struct, frozen=True, tag="gradient"):
    """Drawn inputs, held against the named witnesses."""

    name: str
    visibility: Visibility
    parts: tuple[Part, ...]
    against: tuple[WitnessName, ...]
    drawing: Drawing
    proportional: bool = False
    title: Text = {}


class PropertyTest(Struct, frozen=True, tag="property"):
    """Drawn inputs on which the results must be right *and* have a property."""

    name: str
    visibility: Visibility
    parts: tuple[Part, ...]
    property: PropertyName
    drawing: Drawing
    proportional: bool = False
    title: Text = {}


Test: TypeAlias = ExampleTest | GradientTest | PropertyTest


class Mistake(Struct, frozen=True):
    """An error that people really make, as the code that makes it.

    Either ``outputs`` (an expression per wrong output, over the inputs and the
    right outputs; the other outputs are right) or ``code`` (a whole wrong
    submission).
    """

    name: str
    hint: Text
    outputs: dict[str, str] = {}
    code: str | None = None


class Exercise(Struct, frozen=True):
    """One stub file's worth of work. All paths are absolute."""

    assignment: str
    name: str
    title: Text
    statement: Text
    signature: Signature
    arrays: dict[str, Array]
    auxiliary: dict[str, Array]
    """Arrays drawn for the forward pass alone: the function does not receive them,
    as `linear_dx(W, dy)` does not need the `x` that it differentiates by."""
    forward: str | None
    gradients: dict[str, Gradient]
    tests: tuple[Test, ...]
    mistakes: tuple[Mistake, ...]
    public_path: Path
    hidden_path: Path | None
    stub_path: Path
    solution_path: Path | None
    origins: dict[str, tuple[int, int]] = {}
    """Line and column of ``tests.<name>``, ``mistakes.<name>``, ``forward`` ... for
    errors found after loading; tests and mistakes have unique names."""

    @property
    def max_score(self) -> float:
        return sum(part.points for test in self.tests for part in test.parts)
