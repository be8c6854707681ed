"""What the right answer is, on whose word, and how far a right answer may be from it.

The witnesses (:mod:`autograder.truth.witnesses`) must agree before a test is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.battery import PREFIX
from autograder.course.exercise import Exercise, Gradient, RunTest
from autograder.truth.cases import Case, is_trivial, trivial_answers
from autograder.truth.witnesses import (
    Disagreement,
    NoDerivative,
    Projection,
    Reference,
    Statement,
    Witnesses,
    argument,
    run_steps,
)

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# Elements of the gradient times elements of the inputs: above this, a gradient by finite
# differences is known in random directions only.
MAX_ELEMENTWISE = 200_000
# Of answers to inputs that are drawn to be timed: how much wider than on the first inputs, and how
# far relative to the largest element. Nobody has seen these inputs, so a coarse look will do.
WIDER, ANEW = 4.0, 1e-6


class Expected(Struct, frozen=True):
    """The right answer for one output: ``value`` and ``tolerance`` are float64 arrays of one
    shape, or both are None and ``projections`` say what is known. A boolean has a 0-d
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


def expected_outputs(
    exercise: Exercise,
    test: RunTest,
    case: Case,
    reference: Reference | None,
    right: Sequence[Reference] = (),
    *,
    thorough: bool = False,
    checked: bool = True,
) -> dict[str, Expected]:
    """What to expect of every output that ``test`` gives points for.

    ``reference`` is the solution's function or class, ``right`` are further right answers, which
    may round more than it does. Where the reference speaks, finite differences
    are checked against it in a random direction, or ``thorough``\\ ly element by element; or it
    is believed, where it was ``checked`` on enough other cases.
    Raises :class:`CourseError` where witnesses disagree, or none can speak.
    """
    witnesses = Witnesses(exercise, test, case, reference, right)
    try:
        referenced = witnesses.from_reference() if witnesses.has_reference else {}
        done = set(referenced)
        if checked or thorough:
            done = set() if thorough else _checked_together(witnesses, referenced)
        return {
            output: _expected(witnesses, output, referenced.get(output), thorough, output in done)
            for output in witnesses.outputs
        }
    except Disagreement as error:
        raise exercise.error(f"tests.{test.name}", f"test '{test.name}': {error}") from None


def expected_anew(
    exercise: Exercise,
    test: RunTest,
    case: Case,
    reference: Reference,
    before: Mapping[str, Expected],
) -> dict[str, Expected] | None:
    """What to expect on other inputs than those that ``before`` was worked out for, of the same
    shapes: what the reference computes, within a tolerance as wide as the widest of before, and
    :data:`ANEW` of the largest element. None where the reference gives no numbers."""
    inputs: dict[str, Any] = {name: argument(v.copy()) for name, v in case.inputs.items()}
    with np.errstate(all="ignore"):
        names = run_steps(exercise, test.steps, reference, inputs | case.functions)
    found: dict[str, Expected] = {}
    for output, known in before.items():
        if known.is_truth_value:
            value = np.asarray(names[output], dtype=np.bool_)
            found[output] = replace(known, value=value)
            continue
        value = np.asarray(names[output], dtype=np.float64)
        if known.tolerance is None or not np.all(np.isfinite(value)):
            return None
        slack = WIDER * np.max(known.tolerance, initial=0.0)
        slack += ANEW * np.max(np.abs(value), initial=0.0)
        tolerance = np.full(value.shape, slack)
        found[output] = replace(known, shape=value.shape, value=value, tolerance=tolerance)
    return found


def _expected(
    witnesses: Witnesses,
    output: str,
    reference: Statement | None,
    thorough: bool,
    checked: bool,
) -> Expected:
    example = witnesses.from_example(output)
    computed = reference
    if witnesses.has_forward(output) and not checked:
        if reference is None:
            computed = _from_small_forward(witnesses, output)
        else:
            try:
                _check_by_forward(witnesses, output, reference, thorough)
            except NoDerivative:
                if not witnesses.test.reference_at_kinks:
                    raise
    if example is not None and computed is not None:
        _compare(output, example, computed)
    statement = computed or example
    if statement is None:
        return _projected(witnesses, output)
    return _by_element(witnesses, output, statement)


def _check_by_forward(
    witnesses: Witnesses, output: str, reference: Statement, thorough: bool
) -> None:
    if not thorough or not _is_small(witnesses, output):
        _check_direction(witnesses, output, reference)
    elif (spoken := witnesses.from_forward(output, measured=False)) is not None:
        _compare(output, reference, spoken)


def _by_element(witnesses: Witnesses, output: str, statement: Statement) -> Expected:
    value = np.asarray(statement.value)
    if value.dtype == np.bool_:
        return Expected((), value, None, statement.witness)
    if not np.all(np.isfinite(value)):
        cure = _cure(witnesses, "other numbers")
        raise Disagreement(f"the {statement.witness} gives nan or inf for '{output}'; {cure}")
    largest = float(np.max(np.abs(value), initial=0.0))
    slack = witnesses.test.tolerance.get(output, 0.0) * largest
    tolerance = np.broadcast_to(statement.error + slack, value.shape)
    if not np.all(np.isfinite(tolerance)):
        cure = _cure(witnesses, "smaller numbers")
        raise Disagreement(f"nothing can be said about '{output}' so close to overflow; {cure}")
    return Expected(
        value.shape,
        value,
        tolerance,
        statement.witness,
        witnesses.precision.itemsize,
        is_trivial=is_trivial(value, _handed_back(witnesses), tolerance),
    )


def _cure(witnesses: Witnesses, numbers: str) -> str:
    """To draw other numbers, or to leave the group of the battery out."""
    name = witnesses.test.name
    if not name.startswith(PREFIX):
        return f"draw {numbers}"
    group = name.removeprefix(PREFIX)
    return f"draw {numbers} with 'draw', or leave the group out: 'battery: {{except: {group}}}'"


def _handed_back(witnesses: Witnesses) -> dict[str, NumpyArray]:
    """The inputs that are no answer; with ``new_arrays`` one equals it and another test
    sees to it that it is not the same array."""
    return {} if witnesses.exercise.new_arrays else witnesses.case.inputs


def _is_small(witnesses: Witnesses, output: str) -> bool:
    gradient = witnesses.exercise.gradients.get(output)
    if gradient is None:
        return True
    inputs = sum(array.size for array in witnesses.exact.values())
    return witnesses.exact[gradient.wrt].size * inputs <= MAX_ELEMENTWISE


def _from_small_forward(witnesses: Witnesses, output: str) -> Statement | None:
    return witnesses.from_forward(output) if _is_small(witnesses, output) else None


def _checked_together(witnesses: Witnesses, referenced: Mapping[str, Statement]) -> set[str]:
    """The outputs of which finite differences in one direction of all inputs say that the
    reference is right. The others are to be looked at one by one."""
    groups: dict[tuple[str, str], list[Gradient]] = {}
    for output, gradient in witnesses.exercise.gradients.items():
        if output in referenced and gradient.upstream and witnesses.has_forward(output):
            groups.setdefault((gradient.of, gradient.upstream), []).append(gradient)
    checked: set[str] = set()
    for group in groups.values():
        outputs = [gradient.output for gradient in group]
        if len({gradient.wrt for gradient in group}) < len(group) or any(
            referenced[one.output].value.shape != witnesses.exact[one.wrt].shape for one in group
        ):
            continue
        joint = witnesses.sum_along_directions(group)
        off, allowed = -joint.value, joint.tolerance
        for output, direction in joint.directions.items():
            off += float(np.sum(direction * referenced[output].value))
            allowed += float(np.sum(np.abs(direction) * referenced[output].error))
        if joint.known and abs(off) <= allowed:
            checked.update(outputs)
    return checked


def _check_direction(witnesses: Witnesses, output: str, reference: Statement) -> None:
    """Hold the reference against a derivative in a random direction: cheap at any size."""
    if reference.value.dtype == np.bool_:
        return
    gradient = witnesses.exercise.gradients.get(output)
    if gradient is None:
        spoken = witnesses.from_forward(output)
        if spoken is not None:
            _compare(output, reference, spoken)
        return
    # Chance finds a difference in any one direction; lint compares every element.
    for projection in witnesses.projections(gradient, directions=1):
        actual = np.sum(projection.direction * reference.value, axis=None)
        allowed = projection.tolerance + np.sum(np.abs(projection.direction) * reference.error)
        if not abs(float(actual) - projection.value) <= allowed:
            raise Disagreement(
                f"witnesses disagree on '{output}': along a random direction the reference "
                f"solution gives {float(actual):.10g}, finite differences "
                f"{projection.value:.10g}"
            )


def _projected(witnesses: Witnesses, output: str) -> Expected:
    gradient = witnesses.exercise.gradients.get(output)
    if gradient is None or witnesses.exercise.forward is None:
        raise Disagreement(
            f"nothing says what '{output}' must be: add it to 'expect', give 'forward' and "
            "'gradients', or write the solution"
        )
    known_by = tuple(witnesses.projections_with_rounding(gradient))
    shape = known_by[0].direction.shape
    return Expected(
        shape,
        None,
        None,
        "finite differences",
        witnesses.precision.itemsize,
        known_by,
        is_trivial=any(
            all(known.is_met_by(answer) for known in known_by)
            for answer in trivial_answers(shape, _handed_back(witnesses))
        ),
    )


def _compare(output: str, one: Statement, other: Statement) -> None:
    if one.value.shape != other.value.shape:
        raise Disagreement(
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
        raise Disagreement(
            f"witnesses disagree on {place}: the {one.witness} says "
            f"{one.value[index]:.10g}, the {other.witness} {other.value[index]:.10g}"
        )
