"""What the right answer is, how sure we are, and how far a right answer may be from it.

Up to four witnesses speak about an output: numbers worked out by hand (``example``), the
reference solution, finite differences of the forward pass, and, for an output that the
forward pass computes, that forward pass. They must agree before a test is used.

How far off a right answer may be
---------------------------------
A program that sums n products in any order commits at most about n u sum|terms|, with u
the unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
section 3.1: gamma_n), and as a rule no more than its square root's share of that (Higham
and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019). ``sum|terms|`` is
not the size of the result, from which terms may have cancelled, so it is measured: every
float input is multiplied by 1 + r 2^-26 with random r of variance 1, and the change of the
result, divided by 2^-26, is a root mean square S of the terms. Both the reference and the
student round, so

    tolerance = (64 + 2 n) u (|g| + S) + 8 error of the witness,     element by element.

The error of finite differences is estimated (:mod:`autograder.truth.gradients`), that of the
reference is how far it is from itself in longdouble, the most of several points nearby: the
p - 1 of a softmax that is sure of itself loses digits that no change of the inputs shows.

64 is for all that is not a sum. n bounds the summands of one element, see
:meth:`_Court._summands`. So an element with small terms gets a small tolerance however
large its neighbours are, and float32 (2^29 times coarser), rounded or flushed numbers are
outside for all sizes that exercises use.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.exercise import Example, Exercise, Gradient, GradientTest, RunTest, Step
from autograder.errors import CourseError
from autograder.truth import gradients
from autograder.truth.cases import Case, is_trivial, trivial_answers
from autograder.truth.forward import run_forward

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"
Evaluate: TypeAlias = Callable[[Mapping[str, NumpyArray]], dict[str, NumpyArray]]

UNIT_ROUNDOFF = {8: 2.0**-53, 4: 2.0**-24}
ROUNDINGS = 64
ROUNDINGS_PER_SUMMAND = 2
WITNESS_FACTOR = 8.0
PERTURBATION = 2.0**-26
PERTURBATIONS = 6
# Enough where there are many elements: one in a hundred is measured at a tenth of its S, and
# would still have room.
PERTURBATIONS_OF_MANY = 3
MANY_LENGTHS = 200
# How far away, relative to the inputs, and how often the reference's own error is looked at.
NEARBY = 2.0**-6
TIMES_NEARBY = 3
DIRECTIONS = 3
# With this many elements, one random direction is enough, and dear enough.
MANY_ELEMENTS = 20_000
# Elements of the gradient times elements of the inputs: above this, a gradient by finite
# differences is known in random directions only.
MAX_ELEMENTWISE = 200_000


class Projection(Struct, frozen=True):
    """What ``sum(direction * output)`` must be, for an output too large to know by element."""

    direction: NumpyArray
    value: float
    tolerance: float

    def is_met_by(self, output: NumpyArray) -> bool:
        return abs(float(np.sum(self.direction * output)) - self.value) <= self.tolerance


class Expected(Struct, frozen=True):
    """The right answer for one output: ``value`` and ``tolerance`` are float64 arrays of one
    shape, or both are None and ``projections`` say what is known. A truth value has a 0-d
    bool array and no tolerance. ``itemsize`` is that of the least precise dtype allowed."""

    shape: tuple[int, ...]
    value: NumpyArray | None
    tolerance: NumpyArray | None
    witness: str
    itemsize: int = 8
    projections: tuple[Projection, ...] = ()
    is_trivial: bool = False
    """Whether zeros, ones or an input handed back would be right, so that being right
    proves nothing."""

    @property
    def is_truth_value(self) -> bool:
        return self.value is not None and self.value.dtype.kind == "b"


class _Statement(Struct, frozen=True):
    """What one witness says: a value and a bound on its error."""

    witness: str
    value: NumpyArray
    error: NumpyArray


def expected_outputs(
    exercise: Exercise,
    test: RunTest,
    case: Case,
    reference: Callable[..., Any] | None,
    *,
    thorough: bool = False,
) -> dict[str, Expected]:
    """What to expect of every output that ``test`` gives points for.

    ``reference`` is the solution's function or class. Where it speaks, finite differences
    are checked against it in a few random directions, or ``thorough``\\ ly element by element.
    Raises :class:`CourseError` where witnesses disagree, or none can speak.
    """
    return _Court(exercise, test, case, reference, thorough).expected()


def run_steps(
    exercise: Exercise,
    steps: Sequence[Step],
    entry: Callable[..., Any],
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
            names.update(zip(step.results, result, strict=True))
    return names


class _Court:
    """Hears the witnesses on one case."""

    def __init__(
        self,
        exercise: Exercise,
        test: RunTest,
        case: Case,
        reference: Callable[..., Any] | None,
        thorough: bool,
    ) -> None:
        self._exercise = exercise
        self._test = test
        self._case = case
        self._reference = reference
        self._thorough = thorough
        self._outputs = list(
            dict.fromkeys(output for part in test.parts for output in part.outputs)
        )
        floats = [array for array in case.inputs.values() if array.dtype.kind == "f"]
        self._itemsize = min((array.dtype.itemsize for array in floats), default=8)
        self._exact = {name: _read_only(_as_float64(v)) for name, v in case.arrays.items()}
        self._generator = np.random.default_rng(20_230_917)

    def expected(self) -> dict[str, Expected]:
        referenced = self._hear_reference() if self._may("reference") else {}
        return {output: self._decide(output, referenced.get(output)) for output in self._outputs}

    def _may(self, witness: str) -> bool:
        if witness == "reference" and self._reference is None:
            return False
        if isinstance(self._test, GradientTest):
            # Where there is a solution it always speaks: it is the most precise.
            return witness == "reference" or witness in self._test.against
        return True

    def _may_forward(self, output: str) -> bool:
        """Whether the forward pass or its finite differences speak: not about a gradient where
        there is none."""
        inputs = self._test.inputs
        at_kink = isinstance(inputs, Example) and not inputs.differentiable
        if at_kink and output in self._exercise.gradients:
            return False
        return self._may("finite_differences")

    def _handed_back(self) -> dict[str, NumpyArray]:
        """The inputs that are no answer; with ``new_arrays`` one equals it and another test
        sees to it that it is not the same array."""
        return {} if self._exercise.new_arrays else self._case.inputs

    # The witnesses

    def _hear_reference(self) -> dict[str, _Statement]:
        value = self._call_reference(self._exact)
        numbers = {name: v for name, v in value.items() if v.dtype != np.bool_}
        lengths = sum(sum(array.shape) for array in self._exact.values())
        rounds = PERTURBATIONS if lengths <= MANY_LENGTHS else PERTURBATIONS_OF_MANY
        errors = {name: np.zeros(()) for name in value}
        if numbers:
            sensitivity = self._sensitivity(self._call_reference, numbers, rounds)
            own = self._own_error(numbers)
            errors.update(
                (name, self._rounding(numbers[name], spread) + WITNESS_FACTOR * own[name])
                for name, spread in sensitivity.items()
            )
        return {name: _Statement("reference", v, errors[name]) for name, v in value.items()}

    def _call_reference(self, arrays: Mapping[str, NumpyArray]) -> dict[str, NumpyArray]:
        with self._blamed("the reference solution"):
            names = self._reference_names(arrays)
            return {output: _as_result(names[output]) for output in self._outputs}

    def _reference_names(self, arrays: Mapping[str, NumpyArray]) -> dict[str, Any]:
        inputs: dict[str, Any] = {name: argument(arrays[name].copy()) for name in self._case.inputs}
        inputs.update(self._case.functions)
        assert self._reference is not None
        with np.errstate(all="ignore"):
            return run_steps(self._exercise, self._test.steps, self._reference, inputs)

    def _hear_forward(self, output: str) -> _Statement | None:
        """The forward pass or its finite differences, element by element."""
        gradient = self._exercise.gradients.get(output)
        if self._exercise.forward is None:
            return None
        if gradient is None:
            value = self._call_forward(output, self._exact)
            if value is None:
                return None
            spread = self._sensitivity(
                lambda arrays: {output: _as_float64(self._call_forward(output, arrays))},
                {output: value},
            )[output]
            return _Statement("forward pass", value, self._rounding(value, spread))
        estimate = self._differentiate(gradient, self._exact)
        spread = self._sensitivity(
            lambda arrays: {output: self._differentiate(gradient, arrays).value},
            {output: estimate.value},
            rounds=2,
        )[output]
        error = WITNESS_FACTOR * estimate.error + self._rounding(estimate.value, spread)
        return _Statement("finite differences", estimate.value, error)

    def _call_forward(self, variable: str, arrays: Mapping[str, NumpyArray]) -> NumpyArray | None:
        with self._blamed("the forward pass"):
            return self._forward(variable, arrays)

    def _forward(self, variable: str, arrays: Mapping[str, NumpyArray]) -> NumpyArray | None:
        assert self._exercise.forward is not None
        with np.errstate(all="ignore"):
            names = run_forward(self._exercise.forward, arrays)
        return np.asarray(names[variable]) if variable in names else None

    @contextmanager
    def _blamed(self, witness: str) -> Iterator[None]:
        """Errors inside are those of the instructor's code."""
        try:
            yield
        except CourseError:  # which says what is wrong by itself
            raise
        except (Exception, SystemExit) as error:  # exit() must not end the grader
            raise self._error(f"{witness} fails on it: {type(error).__name__}: {error}") from None

    def _terms(
        self, gradient: Gradient, arrays: Mapping[str, NumpyArray]
    ) -> Callable[[NumpyArray], NumpyArray]:
        """The function whose derivative the output is, of the array it is differentiated by.

        Raises what the forward pass raises, and :class:`CourseError` where the upstream gradient
        has another shape than what it is upstream of: numpy would stretch the one or the other.
        """

        def terms(x: NumpyArray) -> NumpyArray:
            value = self._forward(gradient.of, {**arrays, gradient.wrt: x})
            assert value is not None
            if gradient.upstream is None:
                return value
            upstream = arrays[gradient.upstream]
            if upstream.shape != value.shape:
                raise self._exercise.error(
                    f"gradients.{gradient.output}",
                    f"test '{self._test.name}': the upstream '{gradient.upstream}' of "
                    f"'{gradient.output}' has shape {upstream.shape}, but '{gradient.of}' has "
                    f"shape {value.shape}; change 'arrays' or 'forward'",
                )
            return upstream * value

        return terms

    def _differentiate(
        self, gradient: Gradient, arrays: Mapping[str, NumpyArray]
    ) -> gradients.Estimate:
        terms = self._terms(gradient, arrays)
        derivative = gradients.jacobian if gradient.upstream is None else gradients.gradient
        with self._blamed("the forward pass"):
            return derivative(terms, arrays[gradient.wrt])

    def _hear_example(self, output: str) -> _Statement | None:
        inputs = self._test.inputs
        if not isinstance(inputs, Example) or output not in inputs.expect:
            return None
        given = inputs.expect[output]
        if isinstance(given, bool):
            return _Statement("example", np.asarray(given), np.zeros(()))
        value = np.asarray(given, dtype=np.float64)
        written = np.vectorize(_half_last_digit, otypes=[np.float64])(value)
        return _Statement("example", value, written + self._rounding(value, np.zeros(())))

    # How they are weighed

    def _decide(self, output: str, reference: _Statement | None) -> Expected:
        example = self._hear_example(output)
        computed = reference
        if reference is None or (self._thorough and self._is_small(output)):
            spoken = self._hear_small_forward(output)
            if computed is not None and spoken is not None:
                self._compare(output, computed, spoken)
            computed = computed or spoken
        elif self._may_forward(output):
            self._check_directions(output, reference)
        if example is not None and computed is not None:
            self._compare(output, example, computed)
        statement = computed or example
        if statement is None:
            return self._projected(output)
        value = np.asarray(statement.value)
        if value.dtype == np.bool_:
            return Expected((), value, None, statement.witness)
        if not np.all(np.isfinite(value)):
            raise self._error(f"the {statement.witness} gives nan or inf for '{output}'")
        slack = self._test.tolerance.get(output, 0.0) * float(np.max(np.abs(value), initial=0.0))
        tolerance = np.broadcast_to(statement.error + slack, value.shape)
        if not np.all(np.isfinite(tolerance)):
            raise self._error(
                f"nothing can be said about '{output}' so close to overflow; draw smaller numbers"
            )
        return Expected(
            value.shape,
            value,
            tolerance,
            statement.witness,
            self._itemsize,
            is_trivial=is_trivial(value, self._handed_back(), tolerance),
        )

    def _is_small(self, output: str) -> bool:
        gradient = self._exercise.gradients.get(output)
        if gradient is None:
            return True
        inputs = sum(array.size for array in self._exact.values())
        return self._exact[gradient.wrt].size * inputs <= MAX_ELEMENTWISE

    def _hear_small_forward(self, output: str) -> _Statement | None:
        if not self._may_forward(output) or not self._is_small(output):
            return None
        return self._hear_forward(output)

    def _check_directions(self, output: str, reference: _Statement) -> None:
        """Hold the reference against derivatives in random directions: cheap at any size."""
        gradient = self._exercise.gradients.get(output)
        if self._exercise.forward is None or reference.value.dtype == np.bool_:
            return
        if gradient is None:
            spoken = self._hear_forward(output)
            if spoken is not None:
                self._compare(output, reference, spoken)
            return
        # Chance finds a difference in any one direction; lint compares every element.
        for projection in self._projections(gradient, self._exact, directions=1):
            actual = np.sum(projection.direction * reference.value, axis=None)
            allowed = projection.tolerance + np.sum(np.abs(projection.direction) * reference.error)
            if not abs(float(actual) - projection.value) <= allowed:
                raise self._error(
                    f"witnesses disagree on '{output}': along a random direction the reference "
                    f"solution gives {float(actual):.10g}, finite differences "
                    f"{projection.value:.10g}"
                )

    def _projections(
        self, gradient: Gradient, arrays: Mapping[str, NumpyArray], directions: int = DIRECTIONS
    ) -> list[Projection]:
        """Derivatives in a few directions, the same ones in every call."""
        generator = np.random.default_rng(20_230_918)
        x = arrays[gradient.wrt]
        terms = self._terms(gradient, arrays)
        found = []
        large = sum(array.size for array in arrays.values()) > MANY_ELEMENTS
        for _ in range(1 if large else directions):
            direction = np.asarray(generator.standard_normal(x.shape))
            # A Jacobian is weighed at random over the components of the function as well.
            shape: tuple[int, ...] = ()
            if gradient.upstream is None:
                value = self._call_forward(gradient.of, arrays)
                assert value is not None
                shape = value.shape
            weights = np.asarray(generator.standard_normal(shape)) if shape else np.ones(())
            with self._blamed("the forward pass"):
                estimate = gradients.directional_derivative(_weighted(terms, weights), x, direction)
            full = np.asarray(np.multiply.outer(weights, direction))
            error = WITNESS_FACTOR * float(estimate.error)
            found.append(Projection(full, float(estimate.value), error))
        return found

    def _projected(self, output: str) -> Expected:
        gradient = self._exercise.gradients.get(output)
        if gradient is None or self._exercise.forward is None:
            raise self._error(
                f"nothing says what '{output}' must be: add it to 'expect', give 'forward' and "
                "'gradients', or write the solution"
            )
        projections = self._projections(gradient, self._exact)
        perturbed = self._projections(
            gradient, {name: self._perturbed(name) for name in self._exact}
        )
        # The root mean square of projections is the norm of what is projected.
        size = math.sqrt(sum(known.value**2 for known in projections))
        spread = max(
            abs(known.value - other.value) / PERTURBATION
            for known, other in zip(projections, perturbed, strict=True)
        )
        shape = projections[0].direction.shape
        rounding = self._bound(self._summands(shape), np.asarray(size), np.asarray(spread))
        known_by = tuple(
            replace(known, tolerance=known.tolerance + float(rounding)) for known in projections
        )
        return Expected(
            shape,
            None,
            None,
            "finite differences",
            self._itemsize,
            known_by,
            is_trivial=any(
                all(known.is_met_by(answer) for known in known_by)
                for answer in trivial_answers(shape, self._handed_back())
            ),
        )

    def _compare(self, output: str, one: _Statement, other: _Statement) -> None:
        if one.value.shape != other.value.shape:
            raise self._error(
                f"witnesses disagree on '{output}': the {one.witness} has shape "
                f"{one.value.shape}, the {other.witness} {other.value.shape}"
            )
        if one.value.dtype == np.bool_:
            off = one.value != other.value
        else:
            with np.errstate(all="ignore"):
                off = ~(np.abs(one.value - other.value) <= one.error + other.error)
        if np.any(off):
            index = tuple(map(int, np.argwhere(off)[0]))
            place = f"{output}[{', '.join(map(str, index))}]" if index else output
            raise self._error(
                f"witnesses disagree on {place}: the {one.witness} says "
                f"{one.value[index]:.10g}, the {other.witness} {other.value[index]:.10g}"
            )

    # How far off rounding may take a right answer

    def _rounding(self, value: NumpyArray, spread: NumpyArray) -> NumpyArray:
        return self._bound(self._summands(np.shape(value)), value, spread)

    def _bound(self, summands: int, value: NumpyArray, spread: NumpyArray) -> NumpyArray:
        roundings = ROUNDINGS + ROUNDINGS_PER_SUMMAND * summands
        with np.errstate(all="ignore"):
            bound: NumpyArray = roundings * UNIT_ROUNDOFF[self._itemsize] * (np.abs(value) + spread)
        return bound

    def _summands(self, shape: tuple[int, ...]) -> int:
        """A bound on the numbers that are summed, one after the other, into one element of an
        output of this shape.

        Sums go over axes that the output does not have, one axis after the other (all
        dimensions together bound that) or over all such axes of an input at once.
        """
        arrays = {**self._exercise.arrays, **self._exercise.auxiliary}
        lengths: dict[Any, int] = {}
        at_once = 1
        for name, array in self._exact.items():
            declared = arrays[name.removeprefix("other_")].shape
            named = declared[1:] if "..." in declared else declared
            leading = array.shape[: array.ndim - len(named)]
            lengths["..."] = max(lengths.get("...", 0), math.prod(leading) if leading else 0)
            for position, (dim, length) in enumerate(
                zip(named, array.shape[len(leading) :], strict=True)
            ):
                lengths[dim if isinstance(dim, str) else (name, position)] = length
            rest: Counter[int] = Counter(array.shape)
            rest.subtract(shape)
            at_once = max(at_once, math.prod(rest.elements()))
        return max(sum(lengths.values()), at_once)

    def _sensitivity(
        self, evaluate: Evaluate, value: Mapping[str, NumpyArray], rounds: int = PERTURBATIONS
    ) -> dict[str, NumpyArray]:
        """Root mean square change of every output under relative changes of all inputs."""
        spread = {name: np.zeros(np.shape(v)) for name, v in value.items()}
        for _ in range(rounds):
            with np.errstate(all="ignore"):
                changed = evaluate({name: self._perturbed(name) for name in self._exact})
                for name, sofar in spread.items():
                    # hypot, for squares of what a saturated softmax gives would underflow.
                    spread[name] = np.hypot(sofar, (changed[name] - value[name]) / PERTURBATION)
        return {name: total / math.sqrt(rounds) for name, total in spread.items()}

    def _own_error(self, value: Mapping[str, NumpyArray]) -> dict[str, NumpyArray]:
        """What the reference loses in float64 to numbers larger than its result."""
        own = {name: np.zeros(np.shape(v)) for name, v in value.items()}
        if sum(array.size for array in self._exact.values()) > MANY_ELEMENTS:
            return own  # long sums, which the sensitivity sees
        for _ in range(TIMES_NEARBY):
            nearby = {name: self._perturbed(name, NEARBY) for name in self._exact}
            wide = {
                name: array.astype(np.longdouble) if array.dtype.kind == "f" else array
                for name, array in nearby.items()
            }
            try:
                narrow_names, wide_names = (
                    self._reference_names(nearby),
                    self._reference_names(wide),
                )
                for name, largest in own.items():
                    with np.errstate(all="ignore"):
                        off = np.abs(np.asarray(narrow_names[name]) - wide_names[name])
                    own[name] = np.fmax(largest, np.asarray(off, dtype=np.float64))
            except (Exception, SystemExit):
                # It need not take longdouble, nor be defined nearby; where it must be, it is.
                break
        return own

    def _perturbed(self, name: str, size: float = PERTURBATION) -> NumpyArray:
        array = self._exact[name]
        if array.dtype.kind != "f":
            return array
        if array.ndim == 0 and float(array).is_integer():
            return array  # it may be a count
        # Uniform rather than signs, which leave two terms that cancel as they are too often.
        relative = self._generator.uniform(-(3.0**0.5), 3.0**0.5, size=array.shape)
        relative *= size
        relative += 1.0
        return np.asarray(array * relative)

    def _error(self, message: str) -> CourseError:
        return self._exercise.error(
            f"tests.{self._test.name}", f"test '{self._test.name}': {message}"
        )


def _weighted(
    terms: Callable[[NumpyArray], NumpyArray], weights: NumpyArray
) -> Callable[[NumpyArray], NumpyArray]:
    return lambda x: np.asarray(weights * terms(x))


def argument(value: NumpyArray) -> Any:
    """The array itself; a scalar of the exercise as a Python number."""
    return value if value.ndim else value.item()


def _read_only(array: NumpyArray) -> NumpyArray:
    """A view that a careless forward pass cannot write into."""
    view = array[...]
    view.flags.writeable = False
    return view


def _as_float64(array: Any) -> NumpyArray:
    """Integers stay integers: labels index, and steps count."""
    array = np.asarray(array)
    return array if array.dtype.kind in "iub" else np.asarray(array, dtype=np.float64)


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
