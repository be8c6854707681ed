"""Who says what the right answer is, and how sure they are.

Up to four witnesses speak about an output of one case: numbers worked out by hand (``example``),
the reference solution, finite differences of the forward pass, and, for an output that the forward
pass computes, that forward pass. Each gives a :class:`Statement`: a value and how far a right
answer may be from it.

How far off a right answer may be
---------------------------------
A program that sums n products in any order commits at most about n u sum|terms|, with u
the unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
section 3.1: gamma_n), and as a rule no more than its square root's share of that (Higham
and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019). ``sum|terms|`` is
not the size of the result, from which terms may have cancelled: it is the size S of what is
rounded on the way, which is measured (:mod:`autograder.truth.rounding`). Both the reference and
the student round, so

    tolerance = (64 + 2 n) (u (|g| + S) + t) + 8 error of the witness,     element by element,

with t the smallest subnormal number. 64 is for all that is not a sum. n bounds the summands of one
element, see :func:`summands`. So an element with small terms gets a small tolerance however
large its neighbours are, and float32 (2^29 times coarser), rounded or flushed numbers are
outside for all sizes that exercises use.

S is measured on the reference, and on further right formulas where the exercise has some: then it
is the largest. Without a reference it is measured on the derivative of the forward pass, each of
whose operations is rounded coarsely, in the same way at every step.
"""

from __future__ import annotations

import itertools
import math
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from autograder.course.exercise import (
    Array,
    Example,
    Exercise,
    Gradient,
    GradientTest,
    RunTest,
    Step,
)
from autograder.errors import AutograderError
from autograder.truth.cases import Case
from autograder.truth.finite_differences import Estimate, Measured
from autograder.truth.forward import FORWARD, run_forward
from autograder.truth.noisy import noise_of, seen_by
from autograder.truth.rounding import rounded_coarsely, rounding_sizes
from autograder.truth.trusted_time_limit import TooLong, limited

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"
Reference: TypeAlias = Callable[..., Any]

ROUNDINGS = 64
ROUNDINGS_PER_SUMMAND = 2
WITNESS_FACTOR = 8.0
# Where there are many elements: one in a hundred is measured at a tenth of its S, and would still
# have room.
SAMPLES = 6
SAMPLES_OF_MANY = 3
MANY_LENGTHS = 200
# The directions are the same ones in every call.
_DIRECTIONS_SEED = 20_230_918
# With so many elements, one random direction is enough, and dear enough.
MANY_ELEMENTS = 20_000
DIRECTIONS = 3
# The noise with which the rounding of a derivative is measured: far above its own error.
NOISE_OF_DERIVATIVE = 2.0**-26
ROUNDS_OF_DERIVATIVE = 2
# Finite differences that know less than this, relative to the largest element, would let wrong
# answers pass.
TOO_COARSE = 1e-6
# How far away, relative to the inputs, and how often a reference that leaves numpy is held
# against itself in higher precision.
NEARBY = 2.0**-6
TIMES_NEARBY = 3


class Disagreement(Exception):
    """Witnesses contradict each other, fail, or cannot speak. The message knows no files."""


class NoDerivative(Disagreement):
    """There is a kink, a jump or a wall, at which finite differences cannot speak."""


class Precision(Struct, frozen=True):
    """Floating point numbers of ``itemsize`` bytes, and the noise that stands for their rounding:
    above it, and small enough for the program to be linear in it."""

    itemsize: int
    unit_roundoff: float
    smallest: float
    smallest_normal: float
    noise: float


PRECISIONS = {
    8: Precision(8, 2.0**-53, 2.0**-1074, 2.0**-1022, 2.0**-40),
    4: Precision(4, 2.0**-24, 2.0**-149, 2.0**-126, 2.0**-26),
}


class Statement(Struct, frozen=True):
    """What one witness says: a value and a bound on its error."""

    witness: str
    value: NumpyArray
    error: NumpyArray


def random_direction(shape: tuple[int, ...]) -> NumpyArray:
    """The first direction in which a gradient of this shape is projected."""
    return np.asarray(np.random.default_rng(_DIRECTIONS_SEED).standard_normal(shape))


class Projection(Struct, frozen=True):
    """What ``sum(direction * output)`` must be, for an output too large to know by element."""

    direction: NumpyArray
    value: float
    tolerance: float

    def off(self, output: NumpyArray) -> float:
        """How far from the value the output is."""
        return abs(float(np.sum(self.direction * output)) - self.value)

    def is_met_by(self, output: NumpyArray) -> bool:
        return self.off(output) <= self.tolerance


class Joint(Struct, frozen=True):
    """What ``sum(direction * output)`` over several outputs must be. ``known`` is False where
    finite differences cannot speak."""

    directions: dict[str, NumpyArray]
    value: float
    tolerance: float
    known: bool


class Witnesses:
    """The witnesses of one case. Their methods raise :class:`Disagreement` where one fails."""

    def __init__(
        self,
        exercise: Exercise,
        test: RunTest,
        case: Case,
        reference: Reference | None,
        right: Sequence[Reference] = (),
    ) -> None:
        self.exercise = exercise
        self.test = test
        self.case = case
        self._reference = reference
        self._right = right
        self.outputs = list(dict.fromkeys(output for part in test.parts for output in part.outputs))
        floats = [array for array in case.inputs.values() if array.dtype.kind == "f"]
        self.precision = PRECISIONS[min((array.dtype.itemsize for array in floats), default=8)]
        self.exact = {name: _read_only(as_float64(v)) for name, v in case.arrays.items()}
        self._generator = np.random.default_rng(20_230_917)

    # Who may speak

    @property
    def has_reference(self) -> bool:
        """Where there is a solution it always speaks: it is the most precise."""
        return self._reference is not None

    def has_forward(self, output: str) -> bool:
        """Whether the forward pass or its finite differences speak: not about a gradient where
        there is none."""
        if self.exercise.forward is None:
            return False
        inputs = self.test.inputs
        at_kink = isinstance(inputs, Example) and not inputs.differentiable
        if at_kink and output in self.exercise.gradients:
            return False
        return not isinstance(self.test, GradientTest) or "finite_differences" in self.test.against

    # The witnesses

    def from_example(self, output: str) -> Statement | None:
        """The numbers that the test has written out, with half of the last digit written."""
        inputs = self.test.inputs
        if not isinstance(inputs, Example) or output not in inputs.expect:
            return None
        given = inputs.expect[output]
        if isinstance(given, bool):
            return Statement("example", np.asarray(given), np.zeros(()))
        value = np.asarray(given, dtype=np.float64)
        written = np.vectorize(_half_last_digit, otypes=[np.float64])(value)
        return Statement("example", value, written + self.rounding(value, np.zeros(())))

    def from_reference(self) -> dict[str, Statement]:
        """What the reference solution computes, by output."""
        assert self._reference is not None
        with _blamed("the reference solution"):
            names = self._run(self._reference, self.exact)
            value = {output: _as_result(names[output]) for output in self.outputs}
        numbers = {name: v for name, v in value.items() if v.dtype != np.bool_}
        errors = {name: np.zeros(()) for name in value}
        for number, formula in enumerate((self._reference, *self._right) if numbers else ()):
            with _blamed("a further right answer" if number else "the reference solution"):
                sizes, lost = self._rounding_of(formula, numbers)
            for name, v in numbers.items():
                bound = self.rounding(v, sizes[name]) + WITNESS_FACTOR * lost[name]
                errors[name] = np.maximum(errors[name], bound)
        return {name: Statement("reference", v, errors[name]) for name, v in value.items()}

    def from_forward(self, output: str, *, measured: bool = True) -> Statement | None:
        """The forward pass or its finite differences, element by element.

        Without ``measured`` the error is that of the statement alone, and leaves out how far
        other right formulas may round: enough to hold it against a witness that has this.
        """
        gradient = self.exercise.gradients.get(output)
        if gradient is None:
            return self._from_forward_pass(output)
        x = self.exact[gradient.wrt]
        with _blamed("the forward pass"):
            function = Measured(
                self.terms(gradient, self.exact), x, total=gradient.upstream is not None
            )
            estimate = function.gradient()
        self._refuse_obstacles(gradient, function, estimate)
        size = np.zeros(())
        if measured:
            self._refuse_coarse(output, function, estimate)
            for number in range(ROUNDS_OF_DERIVATIVE):
                with _blamed("the forward pass"):
                    other = function.gradient_again(self._rounded(gradient, number), estimate.steps)
                change = (other - estimate.value) / NOISE_OF_DERIVATIVE
                size = np.hypot(size, change)
            size = size / math.sqrt(ROUNDS_OF_DERIVATIVE)
        error = WITNESS_FACTOR * estimate.error + self.rounding(estimate.value, size)
        return Statement("finite differences", estimate.value, error)

    def _from_forward_pass(self, output: str) -> Statement | None:
        with _blamed("the forward pass"):
            value = self._forward(output, self.exact)
            if value is None:
                return None
            number = _as_result(value)
            if number.dtype == np.bool_:
                return Statement("forward pass", number, np.zeros(()))
            floats, others = self._floats_and_others()
            sizes = rounding_sizes(
                lambda arrays: {output: self._forward(output, {**others, **arrays})},
                floats,
                {output: number},
                20_230_917,
                noise=self.precision.noise,
                smallest=self.precision.smallest_normal,
            )
        return Statement("forward pass", number, self.rounding(number, sizes.of[output]))

    def projections(self, gradient: Gradient, directions: int = DIRECTIONS) -> list[Projection]:
        """Derivatives in a few directions, the same ones in every call: what a gradient too
        large to know by element must be along them, as far as finite differences know."""
        found, _ = self._projections(gradient, directions)
        return found

    def sum_along_directions(self, gradients: Sequence[Gradient]) -> Joint:
        """What the sum of projections must be, of several gradients of the same: one derivative,
        in a random direction of all the arrays that they are by, says it of all of them."""
        generator = np.random.default_rng(20_230_922)
        arrays = [self.exact[gradient.wrt] for gradient in gradients]
        directions = [np.asarray(generator.standard_normal(array.shape)) for array in arrays]
        ends = np.cumsum([array.size for array in arrays])[:-1]

        def terms(flat: NumpyArray) -> NumpyArray:
            parts = {
                gradient.wrt: part.reshape(array.shape)
                for gradient, array, part in zip(
                    gradients, arrays, _split(flat, ends.tolist()), strict=True
                )
            }
            changed = {**self.exact, **parts}
            return self.terms(gradients[0], changed)(changed[gradients[0].wrt])

        with _blamed("the forward pass"):
            flat = np.concatenate([array.astype(np.float64).ravel() for array in arrays])
            estimate = Measured(terms, flat, total=True).along(
                np.concatenate([direction.ravel() for direction in directions])
            )
        return Joint(
            {one.output: way for one, way in zip(gradients, directions, strict=True)},
            float(estimate.value),
            WITNESS_FACTOR * float(estimate.error),
            not estimate.obstacles,
        )

    def projections_with_rounding(self, gradient: Gradient) -> list[Projection]:
        """The same, with room for how other right formulas round."""
        projections, sizes = self._projections(gradient, DIRECTIONS, measured=True)
        # The root mean square of projections is the norm of what is projected.
        norm = math.sqrt(sum(known.value**2 for known in projections))
        shape = projections[0].direction.shape
        room = float(self._bound(self._summands(shape), np.asarray(norm), np.asarray(max(sizes))))
        return [
            Projection(known.direction, known.value, known.tolerance + room)
            for known in projections
        ]

    def _projections(
        self, gradient: Gradient, directions: int, *, measured: bool = False
    ) -> tuple[list[Projection], list[float]]:
        generator = np.random.default_rng(_DIRECTIONS_SEED)
        x = self.exact[gradient.wrt]
        terms = self.terms(gradient, self.exact)
        large = sum(array.size for array in self.exact.values()) > MANY_ELEMENTS
        found, sizes = [], []
        with _blamed("the forward pass"):
            # A Jacobian is weighed at random over the components of the function as well.
            shape = np.shape(terms(x)) if gradient.upstream is None else ()
            for _ in range(1 if large else directions):
                direction = np.asarray(generator.standard_normal(x.shape))
                weights = np.asarray(generator.standard_normal(shape)) if shape else np.ones(())
                function = Measured(_weighted(terms, weights), x, total=True)
                estimate = function.along(direction)
                self._refuse_obstacles(gradient, function, estimate)
                error = WITNESS_FACTOR * float(estimate.error)
                full = np.asarray(np.multiply.outer(weights, direction))
                found.append(Projection(full, float(estimate.value), error))
                if measured:
                    other = _weighted(self._rounded(gradient, 0), weights)
                    changed = function.along_again(other, direction, estimate.steps)
                    difference = float(np.abs(changed - estimate.value))
                    sizes.append(difference / NOISE_OF_DERIVATIVE)
        return found, sizes

    def _refuse_coarse(self, output: str, function: Measured, estimate: Estimate) -> None:
        """Raise :class:`Disagreement` where finite differences know so little that they would let
        wrong answers pass."""
        error = WITNESS_FACTOR * float(np.max(estimate.error, initial=0.0))
        largest = float(np.max(np.abs(estimate.value), initial=0.0))
        slope = float(np.max(np.abs(function.at_x), initial=0.0))
        slope /= float(np.max(np.abs(function.x), initial=1.0))
        allowed = max(TOO_COARSE, 2.0**8 * self.precision.unit_roundoff)
        if error > allowed * max(largest, slope) + 2.0**-1000:
            raise Disagreement(
                f"finite differences know '{output}' to {error:.0e} only, where its largest "
                f"element is {largest:.0e}: the forward pass loses too many digits; write the "
                "solution, or draw other numbers"
            )

    def _refuse_obstacles(self, gradient: Gradient, function: Measured, estimate: Estimate) -> None:
        """Raise :class:`Disagreement` where finite differences cannot speak."""
        obstacles = estimate.obstacles
        if not obstacles:
            return
        where = f"some element of {gradient.wrt}"
        if obstacles[0].element is None and function.x.size <= MANY_LENGTHS:
            obstacles = function.gradient().obstacles or obstacles
        kind, element = obstacles[0]
        if element is not None:
            where = gradient.wrt + (f"[{', '.join(map(str, element))}]" if element else "")
        what = {
            "values jump": f"the values of '{gradient.of}' jump",
            "the slope jumps": f"the slope of '{gradient.of}' jumps, as at a kink",
            "no step can be used": f"'{gradient.of}' cannot be computed beside it",
        }[kind]
        mend = "draw inputs that stay away from there"
        if isinstance(self.test.inputs, Example):
            mend = "set 'differentiable: false'"
        raise NoDerivative(
            f"finite differences cannot speak about '{gradient.output}' here, at {where}: "
            f"{what}; {mend}"
        )

    # Their programs

    # Numbers that overflow on the way are not worth a warning: see _blamed().

    def _run(self, entry: Reference, arrays: Mapping[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {name: argument(arrays[name].copy()) for name in self.case.inputs}
        inputs.update(self.case.functions)
        programs = [entry, *self.case.functions.values()]
        with seen_by(programs, noise_of(arrays.values())):
            return run_steps(self.exercise, self.test.steps, entry, inputs)

    def _forward(self, variable: str, arrays: Mapping[str, Any]) -> Any:
        """A variable of the forward pass; None where it has no such variable."""
        assert self.exercise.forward is not None
        noise = noise_of(arrays.values())
        modules = {} if noise is None else {"np": noise.numpy}
        return run_forward(self.exercise.forward, {**modules, **arrays}).get(variable)

    def terms(
        self, gradient: Gradient, arrays: Mapping[str, Any]
    ) -> Callable[[NumpyArray], NumpyArray]:
        """The function whose derivative the output is, of the array it is differentiated by.

        Raises what the forward pass raises, and :class:`CourseError` where the upstream gradient
        has another shape than what it is upstream of: numpy would stretch the one or the other.
        """

        def terms(x: NumpyArray) -> NumpyArray:
            value = self._forward(gradient.of, {**arrays, gradient.wrt: x})
            assert value is not None
            if gradient.upstream is None:
                return value  # type: ignore[no-any-return]
            upstream = arrays[gradient.upstream]
            if upstream.shape != np.shape(value):
                raise self.exercise.error(
                    f"gradients.{gradient.output}",
                    f"test '{self.test.name}': the upstream '{gradient.upstream}' of "
                    f"'{gradient.output}' has shape {upstream.shape}, but '{gradient.of}' has "
                    f"shape {np.shape(value)}; change 'arrays' or 'forward'",
                )
            product: NumpyArray = upstream * value
            return product

        return terms

    def _rounded(self, gradient: Gradient, number: int) -> Callable[[NumpyArray], NumpyArray]:
        """The terms of a forward pass that rounds coarsely, in the same way at every call."""
        floats, others = self._floats_and_others()
        x = gradient.wrt
        coarse = rounded_coarsely(
            lambda arrays: self.terms(gradient, {**others, **arrays})(arrays[x]),
            20_230_921 + number,
            NOISE_OF_DERIVATIVE,
            self.precision.smallest_normal,
        )
        return lambda at: coarse({**floats, x: at})

    # How they round

    def _rounding_of(
        self, formula: Reference, value: Mapping[str, NumpyArray]
    ) -> tuple[Mapping[str, NumpyArray], Mapping[str, NumpyArray]]:
        """The size of what a right formula rounds on the way to each output, and digits that it
        lost and that this does not show."""
        floats, others = self._floats_and_others()
        lengths = sum(sum(array.shape) for array in self.exact.values())
        sizes = rounding_sizes(
            lambda arrays: self._run(formula, {**others, **arrays}),
            floats,
            value,
            20_230_917,
            noise=self.precision.noise,
            smallest=self.precision.smallest_normal,
            samples=SAMPLES if lengths <= MANY_LENGTHS else SAMPLES_OF_MANY,
        )
        nothing = {name: np.zeros(v.shape) for name, v in value.items()}
        return sizes.of, nothing if sizes.everywhere else self._lost_digits(formula, nothing)

    def _floats_and_others(self) -> tuple[dict[str, NumpyArray], dict[str, NumpyArray]]:
        """The inputs that rounding is about, as float64, and those that count, label or index.

        Integers that a test happens to draw are numbers like others: a right program may work in
        floats with them. Those that an array of the exercise always has are labels.
        """
        declared = self._declared()
        floats, others = {}, {}
        for name, array in self.exact.items():
            is_label = array.dtype.kind not in "iuf" or declared[name].dtype == "int64"
            is_count = array.ndim == 0 and float(array).is_integer()
            if is_label or is_count:
                others[name] = array
            else:
                floats[name] = array.astype(np.float64)
        return floats, others

    def _lost_digits(
        self, formula: Reference, nothing: Mapping[str, NumpyArray]
    ) -> dict[str, NumpyArray]:
        """How far a formula that leaves numpy is from itself in longdouble, the most of several
        points nearby: nothing else shows what it loses out there, as in the p - 1 of a softmax."""
        lost = dict(nothing)
        if sum(array.size for array in self.exact.values()) > MANY_ELEMENTS:
            return lost  # long sums, which changes of the inputs show
        floats, others = self._floats_and_others()
        for _ in range(TIMES_NEARBY):
            nearby = {
                name: np.asarray(array * (1 + NEARBY * self._generator.uniform(-1, 1, array.shape)))
                for name, array in floats.items()
            }
            wide = {name: array.astype(np.longdouble) for name, array in nearby.items()}
            try:
                narrow_names = self._run(formula, {**others, **nearby})
                wide_names = self._run(formula, {**others, **wide})
                for name, largest in lost.items():
                    precise = np.asarray(wide_names[name])
                    if precise.dtype != np.longdouble or np.all(precise == as_float64(precise)):
                        continue  # it has been through float64 on the way
                    with np.errstate(all="ignore"):
                        off = np.abs(np.asarray(narrow_names[name]) - precise)
                    lost[name] = np.fmax(largest, np.asarray(off, dtype=np.float64))
            except (Exception, SystemExit):
                # It need not take longdouble, nor be defined nearby; where it must be, it is.
                break
        return lost

    def rounding(self, value: NumpyArray, size: NumpyArray) -> NumpyArray:
        """How far from ``value`` rounding may take a right answer, where ``size`` is that of what
        is rounded on the way."""
        return self._bound(self._summands(np.shape(value)), value, size)

    def _bound(self, summands: int, value: NumpyArray, size: NumpyArray) -> NumpyArray:
        roundings = ROUNDINGS + ROUNDINGS_PER_SUMMAND * summands
        precision, last = self.precision, np.abs(value)
        with np.errstate(all="ignore"):
            # What is rounded before the last operation, whose rounding is that of the value.
            share = np.fmin(last / size, 1.0)
            before = np.fmax(size * np.sqrt(1.0 - share**2), last)
            one = precision.unit_roundoff * (last + before) + precision.smallest
            return np.asarray(roundings * one)

    def _declared(self) -> dict[str, Array]:
        """The declaration of every array of the case; a second one has that of the first."""
        arrays = {**self.exercise.arrays, **self.exercise.auxiliary}
        others = {f"other_{name}": array for name, array in arrays.items()}
        return {name: arrays.get(name) or others[name] for name in self.exact}

    def _summands(self, shape: tuple[int, ...]) -> int:
        declared = self._declared()
        shapes = {name: declared[name].shape for name in self.exact}
        return summands({name: array.shape for name, array in self.exact.items()}, shapes, shape)


def summands(
    actual: Mapping[str, tuple[int, ...]],
    declared: Mapping[str, tuple[str | int, ...]],
    shape: tuple[int, ...],
) -> int:
    """A bound on the numbers that are summed, one after the other, into one element of an
    output of this shape. ``actual`` and ``declared`` are the shapes of all inputs.

    Sums go over axes that the output does not have, one axis after the other (all
    dimensions together bound that) or over all such axes of an input at once.
    """
    lengths: dict[Any, int] = {}
    at_once = 1
    for name, of_input in actual.items():
        dims = declared[name]
        named = dims[1:] if "..." in dims else dims
        leading = of_input[: len(of_input) - len(named)]
        lengths["..."] = max(lengths.get("...", 0), math.prod(leading) if leading else 0)
        for position, (dim, length) in enumerate(zip(named, of_input[len(leading) :], strict=True)):
            lengths[dim if isinstance(dim, str) else (name, position)] = length
        rest: Counter[int] = Counter(of_input)
        rest.subtract(shape)
        at_once = max(at_once, math.prod(rest.elements()))
    return max(sum(lengths.values()), at_once)


def run_steps(
    exercise: Exercise,
    steps: Sequence[Step],
    entry: Reference,
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """Every name that the steps assign, with ``entry`` in the place of the student's code."""
    names: dict[str, Any] = {exercise.signature.function: entry, **inputs}
    for step in steps:
        owner, _, attribute = step.target.partition(".")
        target = getattr(names[owner], attribute) if attribute else names[owner]
        result = target
        if step.arguments is not None:
            result = target(*(names[argument] for argument in step.arguments))
        if len(step.results) == 1:
            names[step.results[0]] = result
        elif step.results:
            if not isinstance(result, (tuple, list)) or len(result) != len(step.results):
                count = len(result) if isinstance(result, (tuple, list)) else 1
                listed = ", ".join(step.results)
                raise TypeError(
                    f"{step.target} returns {'nothing' if result is None else count} and not "
                    f"{len(step.results)} results; write 'return {listed}'"
                )
            names.update(zip(step.results, result, strict=True))
    return names


def argument(value: Any) -> Any:
    """The array itself; a scalar of the exercise as a Python number."""
    return value if value.ndim else value.item()


def as_float64(array: Any) -> NumpyArray:
    """Integers stay integers: labels index, and steps count."""
    array = np.asarray(array)
    return array if array.dtype.kind in "iub" else np.asarray(array, dtype=np.float64)


@contextmanager
def _blamed(witness: str) -> Iterator[None]:
    """Errors inside are those of the instructor's code."""
    try:
        with limited(), np.errstate(all="ignore"):
            yield
    except (AutograderError, Disagreement):  # which say what is wrong by themselves
        raise
    except TooLong as error:
        raise Disagreement(f"{witness} {error}") from None
    except (Exception, SystemExit) as error:  # exit() must not end the grader
        reason = f"{type(error).__name__}: {error}"
        raise Disagreement(f"{witness} fails on it{_line_of(error)}: {reason}") from None


def _line_of(error: BaseException) -> str:
    """Where in the instructor's code, as ``, in line 5 of solutions/layers/dx.py``."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == FORWARD:
            return f", in line {frame.lineno} of 'forward'"
        parts = Path(frame.filename).parts
        if "solutions" in parts:
            return f", in line {frame.lineno} of {'/'.join(parts[parts.index('solutions') :])}"
    return ""


def _split(flat: Any, ends: Sequence[int]) -> list[Any]:
    """np.split, of any kind of array."""
    edges = [0, *ends, len(flat)]
    return [flat[start:end] for start, end in itertools.pairwise(edges)]


def _weighted(
    terms: Callable[[NumpyArray], NumpyArray], weights: NumpyArray
) -> Callable[[NumpyArray], NumpyArray]:
    if weights.ndim == 0:
        return terms
    return lambda x: weights * terms(x)


def _read_only(array: NumpyArray) -> NumpyArray:
    """A view that a careless forward pass cannot write into."""
    view = array[...]
    view.flags.writeable = False
    return view


def _as_result(value: Any) -> NumpyArray:
    array = np.asarray(value)
    return array if array.dtype == np.bool_ else np.asarray(array, dtype=np.float64)


def _half_last_digit(value: float) -> float:
    """Half a unit of the last decimal that was written: 0.3333 stands for 0.3333 +- 0.00005."""
    text = repr(float(value))
    if "e" in text or text.endswith(".0"):
        return 0.0
    decimals = len(text.split(".")[1])
    return 0.5 * 10.0**-decimals if decimals < 12 else 0.0
