"""What an exercise is: plain, frozen data, with no knowledge of files or processes.

``course`` > ``assignment`` > ``exercise`` > ``test`` > ``case``. A test is worth
points, per output or as a whole; a case is one set of input arrays.
"""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from autograder.errors import CourseError
from autograder.text.language import Text

Visibility: TypeAlias = Literal["public", "hidden"]
Dtype: TypeAlias = Literal["float64", "float32", "int64"]
Layout: TypeAlias = Literal["C", "F", "strided", "reversed"]
WitnessName: TypeAlias = Literal["finite_differences", "reference"]
Yardstick: TypeAlias = Literal["reference", "forward"]
PropertyName: TypeAlias = Literal[
    "inputs_unchanged", "repeatable", "fresh_results", "linear_in_upstream"
]


DRAW_WORDS = ("normal", "uniform", "signs", "integers", "away_from_zero", "zeros", "ones")
"""The words of draw expressions, besides dimensions and the arrays drawn before."""


FORM = ".answers.yaml"
"""With it end the names of forms that students fill in, after the exercise's."""

WHOLE_AND_SMALL = "integers(2, 9)"
"""How numbers for calculating by hand are drawn where nothing else is said: neither 0 nor 1, which
would hide that they are multiplied by."""


class Signature(Struct, frozen=True):
    """``linear_backward(x, W, dy) -> dx, dW``."""

    function: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.parameters)}) -> {', '.join(self.outputs)}"


class Array(Struct, frozen=True):
    """An input array (or scalar, shape ``()``) of an exercise.

    ``shape`` holds dimension names, fixed lengths, lengths that follow from others
    (``"n - k + 1"``, see :mod:`~autograder.course.lengths`), or ``"..."`` for any number of
    leading axes. ``draw`` is the expression that random cases draw it with.
    """

    name: str
    shape: tuple[str | int, ...]
    draw: str = "normal"
    dtype: Dtype | None = None
    """Fixes the dtype, whatever the test's dtypes say: labels are int64."""


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


class Step(Struct, frozen=True):
    """One step of exercising the code: ``results = target(arguments)``.

    ``target`` is the exercise's function or class, a method of an object that an earlier
    step made (``layer.forward``), or, with ``arguments`` None, an attribute of one.
    """

    results: tuple[str, ...]
    target: str
    arguments: tuple[str, ...] | None = None


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


class Variant(Struct, frozen=True):
    """What one case of a drawing has for itself.

    ``dims`` restrict the lengths, ``rules`` are further constraints; ``draw`` and ``dtypes`` are
    by array; ``laid_out`` are the arrays that have the ``layout``, or none for all. Arrays in
    ``keep`` are those of the case before; with ``same_dims`` the lengths are; arrays in ``rolled``
    have the rows of those of the case before, in another order, so that no sum tells them apart.
    In a test of fresh results there are ``between`` calls before the first one's are looked at.
    ``same`` are two names for which one array object is handed over; with ``in_place`` the caller
    writes the numbers into the arrays that it handed over in the case before, which it ``holds``.
    """

    dims: dict[str, tuple[Any, ...]] = {}
    rules: tuple[str, ...] = ()
    draw: dict[str, str] = {}
    dtypes: dict[str, Dtype] = {}
    layout: Layout = "C"
    laid_out: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    rolled: tuple[str, ...] = ()
    same_dims: bool = False
    between: int = 1
    same: tuple[str, ...] = ()
    holds: bool = False
    in_place: bool = False


class Drawing(Struct, frozen=True):
    """How the cases of a test come about; see :mod:`autograder.truth.cases`.

    ``draw`` overrides the arrays' own expressions by name. ``dtypes`` and
    ``layouts`` are gone through in turn, case by case.
    """

    cases: int = 1
    dims: Dims = Dims()
    draw: dict[str, str] = {}
    dtypes: tuple[Dtype, ...] = ("float64",)
    layouts: tuple[Layout, ...] = ("C",)
    functions: dict[str, tuple[str, ...]] = {}
    others: tuple[str, ...] = ()
    """Arrays that are drawn a second time, as ``other_<name>``, for a second object or call."""
    variants: tuple[Variant, ...] = ()
    """One for each case, where cases are not alike; lengths that rules exclude are left out."""


class Example(Struct, frozen=True):
    """Inputs, and what comes out of them, written out by hand.

    There is one case for each of ``layouts``, with the same numbers. Where the outputs are not
    ``differentiable``, as at a kink, finite differences do not speak about gradients.
    """

    given: dict[str, Any]
    expect: dict[str, Any] = {}
    dtype: Dtype = "float64"
    layouts: tuple[Layout, ...] = ("C",)
    functions: dict[str, tuple[str, ...]] = {}
    differentiable: bool = True


class _Test(Struct, frozen=True, kw_only=True):
    name: str
    visibility: Visibility
    parts: tuple[Part, ...]
    title: Text = {}


class _RunTest(_Test, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    tolerance: dict[str, float] = {}
    """Slack relative to the largest element, for methods with an error of their own."""
    reference_at_kinks: bool = False
    """Nobody chose the inputs: where chance puts them at a kink, the reference speaks alone."""


class ExampleTest(_RunTest, frozen=True, kw_only=True, tag="example"):
    """An example, which says what is right."""

    inputs: Example


class GradientTest(_RunTest, frozen=True, kw_only=True, tag="gradient"):
    """Drawn inputs, held against the named witnesses."""

    against: tuple[WitnessName, ...]
    inputs: Drawing


class PropertyTest(_RunTest, frozen=True, kw_only=True, tag="property"):
    """Inputs on which the results must be right *and* have a property."""

    property: PropertyName
    inputs: Drawing | Example


class EfficiencyTest(_RunTest, frozen=True, kw_only=True, tag="efficiency"):
    """Drawn inputs on which the results must be right and not take too long: at most
    ``at_most`` times what it is ``relative_to`` takes in the same sandbox. By ``lines`` of Python
    may the code execute more than for arrays half as long; where that is None, by ``at_most``
    times those of what it is relative to."""

    at_most: float
    inputs: Drawing
    relative_to: Yardstick = "reference"
    lines: int | None = None


class SourceTest(_Test, frozen=True, kw_only=True, tag="source"):
    """What the file may import (``imports``, None for anything, ``stdlib`` for all of Python's
    own modules), must and must not contain.

    Its points are given only together with those of another test. With ``refuse``, breaking
    it costs the points of the whole exercise.
    """

    imports: tuple[str, ...] | None = None
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    refuse: bool = False


class PytestTest(_Test, frozen=True, kw_only=True, tag="pytest"):
    """A test function of a hidden ``test_*.py``, all of whose cases (parameters) must pass.

    Run by pytest in the grader; see :mod:`autograder.grading.hidden_pytest`. ``name`` is
    ``<file>::<function>``, with the class between where there is one.
    """

    path: Path


RunTest: TypeAlias = ExampleTest | GradientTest | PropertyTest | EfficiencyTest
"""The tests that run the student's code on cases drawn or given in the YAML."""

Test: TypeAlias = RunTest | SourceTest | PytestTest


class Answer(Struct, frozen=True):
    """A value that students work out by hand and fill in, with the lengths of its axes."""

    name: str
    shape: tuple[str | int, ...]
    title: Text = {}
    follows: str | None = None
    """What it is made of, of the arrays and of other answers: who has one of those wrong and goes
    on rightly gets the points of this."""


class DisabledTest(Struct, frozen=True):
    """A test that was taken out of service, and why."""

    test: Test
    reason: str

    @property
    def name(self) -> str:
        return self.test.name


class Mistake(Struct, frozen=True):
    """An error that people really make, as the code that makes it.

    Either ``outputs`` (an expression per wrong output, over the inputs and the
    right outputs; the other outputs are right) or ``code`` (a whole wrong
    submission). ``values`` are numbers that a name in these may stand for; of
    each, the last is the usual one.
    """

    name: str
    hint: Text
    outputs: dict[str, str] = {}
    code: str | None = None
    values: dict[str, tuple[float, ...]] = {}


class RightAnswer(Struct, frozen=True):
    """A whole right solution in another formula, which must get full points."""

    name: str
    code: str


class Origin(Struct, frozen=True):
    path: Path
    line: int
    column: int


class Exercise(Struct, frozen=True, dict=True):
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
    functions: dict[str, tuple[str, ...]]
    """Parameters that are functions: the expressions that cases take in turn."""
    forward: str | None
    gradients: dict[str, Gradient]
    tests: tuple[Test, ...]
    mistakes: tuple[Mistake, ...]
    public_path: Path
    hidden_path: Path | None
    stub_path: Path
    solution_path: Path | None
    new_arrays: bool = False
    """The right answer equals an input (the Jacobian of y = W x is W): an equal array of its
    own is right, and the input handed back is wrong, in every test."""
    accept_lists: bool = False
    """A result that is a list of numbers counts as an array: losses, one a step."""
    is_class: bool = False
    """Whether students write a class (``signature.function`` is its name) and not a function."""
    right: tuple[RightAnswer, ...] = ()
    disabled: tuple[DisabledTest, ...] = ()
    """Hidden tests that count for nobody, and are not in ``tests``."""
    answers: dict[str, Answer] = {}
    """What students fill in, where they write no code. The signature is then that of the solution,
    and each answer has a hidden test of its name; all tests are about the same numbers."""
    own_numbers: bool = False
    """Whether each student calculates with other numbers."""
    origins: dict[str, Origin] = {}
    """Where ``tests.<name>``, ``mistakes.<name>``, ``forward`` ... are written, for errors
    found after loading; tests and mistakes have unique names."""

    @cached_property
    def max_score(self) -> float:
        return round(math.fsum(part.points for test in self.tests for part in test.parts), 9)

    @property
    def file(self) -> str:
        """The name of the file that students hand in."""
        return f"{self.name}{FORM if self.answers else '.py'}"

    @cached_property
    def run_tests(self) -> tuple[RunTest, ...]:
        return tuple(test for test in self.tests if isinstance(test, RunTest))

    @cached_property
    def source_tests(self) -> tuple[SourceTest, ...]:
        return tuple(test for test in self.tests if isinstance(test, SourceTest))

    @cached_property
    def pytest_tests(self) -> tuple[PytestTest, ...]:
        return tuple(test for test in self.tests if isinstance(test, PytestTest))

    def error(self, place: str, message: str) -> CourseError:
        """The error that ``message`` is, at the origin of ``place``."""
        origin = self.origins.get(place) or Origin(self.public_path, 1, 1)
        return CourseError(message, path=origin.path, line=origin.line, column=origin.column)
