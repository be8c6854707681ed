"""What is asked of a submission: the questions of every test, worked out once for a class."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import numpy as np

from autograder.course.exercise import EfficiencyTest, Exercise, PropertyTest, RunTest, Step
from autograder.grading.answer_cache import AnswerCache
from autograder.grading.efficiency import Yardstick, executes_too_many_lines, most_lines
from autograder.grading.foreseen import foresee
from autograder.grading.observation import Observation
from autograder.sandbox.session import Question, Script, question
from autograder.truth.cases import Case, draw, draw_smaller, lay_out
from autograder.truth.witnesses import argument

Questions: TypeAlias = tuple[Question, ...]
"""What is asked about one case."""

# The result of a property test's first call is kept by this name, which no function can have.
FIRST = "first result"
# Of nobody are more lines of Python counted: it takes a tenth of a second.
MAX_LINES = 500_000


class Plan:
    """The tests of an exercise in the order in which they are run, and their questions.

    Public tests come first; hidden ones follow in an order that follows from ``seed``, which
    student code does not know. Those of efficiency are the last of either: who is slow is right
    elsewhere, and questions that are asked together lie side by side.

    With ``draws_anew``, each timing has inputs of its own. Where it ``counts_lines``, ``smaller``
    are shorter cases of efficiency tests, drawn where they are not given, and ``yardsticks`` tell
    the lines that are allowed. ``call_seconds``
    tells how much processor time a call may take, see :func:`~.call_seconds.call_seconds`, and
    ``is_right`` of an efficiency test whether what came back for the case of a number is right:
    how long a wrong answer takes does not matter.
    """

    def __init__(
        self,
        exercise: Exercise,
        cases: Mapping[str, Sequence[Case]],
        seed: int,
        *,
        draws_anew: bool = False,
        counts_lines: bool = True,
        smaller: Mapping[str, Sequence[Case]] | None = None,
        yardsticks: Mapping[str, Yardstick] | None = None,
        call_seconds: Callable[[RunTest], float] | None = None,
        is_right: Callable[[EfficiencyTest, int, Observation], bool] = lambda *_: True,
    ) -> None:
        self.is_right = is_right
        self._find_call_seconds = call_seconds
        self._call_seconds: dict[str, float] = {}
        self.counts_lines = counts_lines
        self.draws_anew = draws_anew
        self._smaller = dict(smaller or {})
        self.yardsticks = {} if yardsticks is None else yardsticks
        self._seed = seed
        self.exercise = exercise
        self.cases = cases
        self.tests = _order(exercise, seed)
        self._questions: dict[str, list[Questions]] = {}
        self._scripts: dict[tuple[str, ...], Script] = {}
        self.answers = AnswerCache()

    def questions(self, test: RunTest) -> list[Questions] | None:
        """What to ask about each case; None where later questions depend on answers."""
        if isinstance(test, EfficiencyTest):
            return None
        if test.name not in self._questions:
            cases = self.cases[test.name]
            self._questions[test.name] = [_ask(self.exercise, test, case) for case in cases]
        return self._questions[test.name]

    def call_seconds(self, test: RunTest) -> float | None:
        """The processor time that each call of the test may take; None for that of a test."""
        if self._find_call_seconds is None:
            return None
        if test.name not in self._call_seconds:
            self._call_seconds[test.name] = self._find_call_seconds(test)
        return self._call_seconds[test.name]

    def drawn_anew(self, test: RunTest) -> Sequence[Case]:
        """Other cases for a test, which nobody has seen; the known ones where the truth about
        others could not be told."""
        if not self.draws_anew:
            return self.cases[test.name]
        drawn = draw(self.exercise, test, self._seed, secrets.token_hex(16))
        return lay_out(self.exercise, test, drawn)

    def smaller(self, test: EfficiencyTest) -> Sequence[Case]:
        """The test's cases with shorter arrays, where there are such; the same for everybody."""
        if test.name not in self._smaller:
            self._smaller[test.name] = draw_smaller(self.exercise, test, self._seed)
        return self._smaller[test.name]

    def most_lines(self, test: EfficiencyTest, number: int) -> int:
        """How many lines of the answer to a case are counted; 0 where none are."""
        if not self.counts_lines:
            return 0
        yardstick = self.yardsticks.get(test.name)
        return (
            MAX_LINES if yardstick is None else min(most_lines(test, number, yardstick), MAX_LINES)
        )

    def is_too_long(self, test: EfficiencyTest, number: int, observation: Observation) -> bool:
        """Whether the lines that the answer to a case executes say that it is slow."""
        yardstick = self.yardsticks.get(test.name)
        return yardstick is not None and executes_too_many_lines(
            test, number, observation, yardstick
        )

    def script(self, tests: Sequence[RunTest]) -> Script:
        """The questions of tests that all have some."""
        names = tuple(test.name for test in tests)
        if names not in self._scripts:
            self._scripts[names] = Script(
                [list(chain.from_iterable(self.questions(test) or ())) for test in tests]
            )
        return self._scripts[names]


def _order(exercise: Exercise, seed: int) -> list[RunTest]:
    public = [test for test in exercise.run_tests if test.visibility == "public"]
    hidden = [test for test in exercise.run_tests if test.visibility == "hidden"]
    key = f"{seed}/{exercise.assignment}/{exercise.name}/order".encode()
    random.Random(blake2b(key).digest()).shuffle(hidden)
    return [
        test
        for tests in (public, hidden)
        for test in sorted(tests, key=lambda one: isinstance(one, EfficiencyTest))
    ]


def _ask(exercise: Exercise, test: RunTest, case: Case) -> Questions:
    if not is_one_call(test):
        return tuple(
            question(
                step.target,
                None if step.arguments is None else _arguments(step, case),
                keep=kept_as(step, test.steps),
                follows=number > 0,
            )
            for number, step in enumerate(test.steps)
        )
    (step,) = test.steps
    arguments = _arguments(step, case)
    if not isinstance(test, PropertyTest):
        return (
            question(
                step.target,
                arguments,
                inspect=exercise.new_arrays,
                holds=case.holds,
                in_place=case.in_place,
            ),
        )
    questions = [question(step.target, arguments, keep=FIRST, inspect=True)]
    second = second_inputs(exercise, test, case)
    if second is not None:
        questions += [question(step.target, _arguments(step, second))] * case.between
    if test.property == "fresh_results":
        questions.append(question(FIRST))
    return tuple(questions)


def is_one_call(test: RunTest) -> bool:
    """Whether a single call is all that the test does with a case."""
    return len(test.steps) == 1 and test.steps[0].arguments is not None


def kept_as(step: Step, steps: Sequence[Step]) -> str | None:
    """The name by which the student's process keeps what a call gives, for those of ``steps`` that
    are about it."""
    if step.arguments is None:
        return None
    owners = {one.target.partition(".")[0] for one in steps}
    return next((name for name in step.results if name in owners), None)


def second_inputs(exercise: Exercise, test: PropertyTest, case: Case) -> Case | None:
    """What the second call of a property test is given; None where one call is enough."""
    match test.property:
        case "inputs_unchanged":
            return None
        case "repeatable":
            return case
        case "fresh_results":
            return _other_inputs(case, exercise)
        case "linear_in_upstream":
            return _doubled(case, exercise)


def _arguments(step: Step, case: Case) -> list[Any]:
    inputs = inputs_of(case)
    inputs |= {name: foresee(function, case.inputs) for name, function in case.functions.items()}
    return [inputs[name] for name in step.arguments or ()]


def inputs_of(case: Case) -> dict[str, Any]:
    """Everything that steps may name: arrays, scalars as Python numbers, functions."""
    return {name: argument(value) for name, value in case.inputs.items()} | case.functions


def _other_inputs(case: Case, exercise: Exercise) -> Case:
    """Different numbers of the same shapes and types, for a call in between.

    Arrays that the exercise itself makes integers stay: labels must go on being indices.
    """
    return _map_inputs(
        case,
        lambda name, value: value if exercise.arrays[name].dtype == "int64" else value * 3 + 1,
    )


def _doubled(case: Case, exercise: Exercise) -> Case:
    upstream = {gradient.upstream for gradient in exercise.gradients.values()}
    return _map_inputs(case, lambda name, value: value * 2 if name in upstream else value)


def _map_inputs(
    case: Case,
    change: Callable[[str, np.ndarray[Any, Any]], Any],
) -> Case:
    inputs = {
        name: np.asarray(change(name, value), dtype=value.dtype) if value.ndim else value
        for name, value in case.inputs.items()
    }
    return msgspec.structs.replace(case, inputs=inputs)
