"""Mutants run through an exercise's tests: what still gets full points, and whether it is wrong.

A mutant that gets full points is a hole in the tests, or does the same as the solution. Which, is
looked for on inputs that the tests do not have: the cases of the standard battery and of the
exercise's own tests, drawn from other seeds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.authoring.mutants import Mutant, difference, mutants
from autograder.course.battery import Battery, Subject, battery_tests, steps_of
from autograder.course.course import Course
from autograder.course.exercise import (
    Dims,
    Drawing,
    EfficiencyTest,
    Exercise,
    Part,
    RunTest,
    Step,
)
from autograder.errors import CourseError
from autograder.grading.grader import ExerciseGrader
from autograder.grading.observation import Observation
from autograder.grading.plan import Plan
from autograder.grading.run import run_exercise
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from autograder.truth.cases import Case, draw_cases
from autograder.truth.reference import solution_source

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"

# Of so many mutants it is looked at whether they are explained.
EXPLAINED = 20
# Seeds, besides the course's, with which a difference is looked for.
SEEDS = 6
# Relative to the largest element, what is more than rounding.
DIFFERENT = 1e-6


class Hole(Struct, frozen=True):
    """A mutant that gets full points and is wrong: what it changes, and the smallest input found
    on which it differs from the solution."""

    what: str
    difference: str
    on: str


class Mutation(Struct, frozen=True):
    """``equivalent`` are mutants that get full points, of which no difference was found in
    ``tries`` cases. Of ``asked`` that lose points by what they return, ``explained`` get an
    explanation of all that is wrong."""

    count: int
    caught: int
    holes: tuple[Hole, ...]
    equivalent: tuple[str, ...]
    tries: int
    asked: int = 0
    explained: int = 0

    @property
    def share(self) -> float:
        """The share of the mutants that are wrong which lose points, 0 to 1."""
        wrong = self.caught + len(self.holes)
        return self.caught / wrong if wrong else 1.0


def run_mutants(
    course: Course, exercise: Exercise, sandbox: Sandbox, grader: ExerciseGrader
) -> Mutation:
    """Run all mutants of the solution. Raises :class:`~autograder.errors.CourseError`."""
    solution = solution_source(exercise) or ""
    found = mutants(exercise, solution)
    survivors = [one for one in found if grader.gets_full_points(_submission(exercise, one.source))]
    explorers = _explorers(course, exercise, sandbox) if survivors else []
    tries = sum(len(cases) for one in explorers for cases in one.cases.values())
    right = [one.answers(_submission(exercise, solution)) for one in explorers]
    holes, equivalent = [], []
    for mutant in survivors:
        on = _first_difference(explorers, right, _submission(exercise, mutant.source))
        if on is None:
            equivalent.append(mutant.what)
        else:
            holes.append(Hole(mutant.what, difference(solution, mutant), on))
    caught = len(found) - len(survivors)
    asked, explained = _explained(exercise, found, survivors, grader)
    return Mutation(len(found), caught, tuple(holes), tuple(equivalent), tries, asked, explained)


def _explained(
    exercise: Exercise,
    found: Sequence[Mutant],
    survivors: Sequence[Mutant],
    grader: ExerciseGrader,
) -> tuple[int, int]:
    """Of a few mutants, spread over the source, how many were asked and how many explained."""
    caught = [one for one in found if not one.is_behaviour and one not in survivors]
    some = caught[:: max(1, -(-len(caught) // EXPLAINED))]
    answers = [grader.explains(_submission(exercise, one.source)) for one in some]
    return sum(one is not None for one in answers), sum(one is True for one in answers)


def _submission(exercise: Exercise, source: str) -> Submission:
    return Submission("lint", exercise.assignment, {f"{exercise.name}.py": source})


class _Explorer:
    """Further cases of an exercise, and what a submission answers to them."""

    def __init__(self, exercise: Exercise, seed: int, sandbox: Sandbox) -> None:
        self.tests = exercise.run_tests
        self.cases = {test.name: draw_cases(exercise, test, seed) for test in self.tests}
        self._plan = Plan(exercise, self.cases, seed)
        self._sandbox = sandbox

    def answers(self, submission: Submission) -> Mapping[str, Sequence[Observation]]:
        return run_exercise(self._plan, submission, self._sandbox.session).observations


def _explorers(course: Course, exercise: Exercise, sandbox: Sandbox) -> list[_Explorer]:
    """The exercise's own drawn tests and the battery, under other seeds."""
    own = [
        replace(test, visibility="hidden")
        for test in exercise.run_tests
        if isinstance(test.inputs, Drawing)
        and not isinstance(test, EfficiencyTest)
        and _is_small(test.inputs)
    ]
    known = {test.name for test in own}
    battery = (test for test in _battery(course, exercise) if test.name not in known)
    explored = replace(exercise, tests=(*own, *battery))
    found = []
    for seed in range(1, SEEDS + 1):
        with contextlib.suppress(CourseError):  # no draw satisfies the rules under this seed
            found.append(_Explorer(explored, course.seed + seed, sandbox))
    return found


def _is_small(inputs: Drawing) -> bool:
    return all(
        isinstance(choice, tuple) or choice <= 64
        for choices in inputs.dims.choices.values()
        for choice in choices
    )


def _battery(course: Course, exercise: Exercise) -> tuple[RunTest, ...]:
    outputs = exercise.signature.outputs
    steps: tuple[Step, ...] = (
        Step(outputs, exercise.signature.function, exercise.signature.parameters),
    )
    if exercise.is_class:
        steps = steps_of(exercise.run_tests, outputs)
    if not steps:
        return ()
    subject = Subject(
        exercise.signature.parameters,
        exercise.arrays,
        exercise.auxiliary,
        steps,
        exercise.is_class,
        course.languages,
    )
    drawn = [test.inputs.dims for test in exercise.run_tests if isinstance(test.inputs, Drawing)]
    # A rule of all tests is one of the exercise.
    rules = [
        rule
        for rule in (drawn[0].constraints if drawn else ())
        if all(rule in dims.constraints for dims in drawn)
    ]
    dims = Dims(drawn[0].choices if drawn else {}, tuple(rules))
    battery = Battery((Part(outputs, 1.0),), dims=dims)
    return battery_tests(battery, subject)


_Answers: TypeAlias = Mapping[str, Sequence[Observation]]


def _first_difference(
    explorers: Sequence[_Explorer], right: Sequence[_Answers], submission: Submission
) -> str | None:
    """The smallest case on which the submission answers otherwise than the solution."""
    smallest: tuple[int, str] | None = None
    for explorer, expected in zip(explorers, right, strict=True):
        answers = explorer.answers(submission)
        for test in explorer.tests:
            cases = explorer.cases[test.name]
            for case, one, other in zip(
                cases, expected[test.name], answers[test.name], strict=True
            ):
                size = sum(array.size for array in case.inputs.values())
                if (smallest is None or size < smallest[0]) and _differ(one, other):
                    smallest = size, described(case)
        if smallest is not None:
            return smallest[1]
    return None


def _differ(right: Observation, other: Observation) -> bool:
    if right.failure is not None:
        return False
    if other.failure is not None or other.changed or other.shared:
        return (other.changed, other.shared) != (right.changed, right.shared) or (
            other.failure is not None
        )
    return any(
        _are_different(value, other.outputs.get(name)) for name, value in right.outputs.items()
    ) or any(
        _are_different(value, (other.again or {}).get(name))
        for name, value in (right.again or {}).items()
    )


def _are_different(right: Any, other: Any) -> bool:
    if not isinstance(right, np.ndarray) or not isinstance(other, np.ndarray):
        return type(right) is not type(other)
    if right.shape != other.shape or (right.dtype.kind == "b") != (other.dtype.kind == "b"):
        return True
    if right.dtype.kind == "b":
        return not np.array_equal(right, other)
    largest = float(np.abs(right).max(initial=0.0))
    if not np.isfinite(largest):  # which no test takes
        return False
    with np.errstate(all="ignore"):
        return not np.allclose(right, other, rtol=DIFFERENT, atol=DIFFERENT * largest)


def described(case: Case) -> str:
    """The inputs, in numbers where they are few and by their shapes where they are many."""
    small = sum(array.size for array in case.inputs.values()) <= 24
    parts: Iterator[str] = (
        f"{name} = {np.array2string(array, separator=', ', precision=4)}".replace("\n", "")
        if small
        else f"{name} {array.shape} {array.dtype}"
        for name, array in case.inputs.items()
    )
    return ", ".join(parts)
