"""From observations to verdicts and scores. Pure functions over plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.exercise import (
    EfficiencyTest,
    Exercise,
    Part,
    PropertyTest,
    PytestTest,
    RunTest,
    SourceTest,
    Test,
)
from autograder.grades.model import Status, clamp
from autograder.grading.efficiency import Yardstick as LinesOfYardstick
from autograder.grading.efficiency import first_too_long, most_lines, most_times
from autograder.grading.failures import Failure
from autograder.grading.finding import (
    ChangedInputs,
    Finding,
    FollowsFrom,
    ManyLines,
    SharedResults,
    Slow,
    WrongOutput,
    WrongWhenTimed,
)
from autograder.grading.observation import Observation
from autograder.grading.run import ExerciseRun
from autograder.grading.source_rules import BrokenRule
from autograder.truth.compare import NotAnArray, compare
from autograder.truth.expected import Expected

Truth: TypeAlias = "Mapping[str, Expected]"
"""What is expected of each output on one case."""


CHECKS = "(checks)"
"""Stands for the outputs of all pytest tests of an exercise together."""


class Judgement(Struct, frozen=True, dict=True):
    """A judged test: points per part, and the first finding against it, if any.

    ``wrong`` has, per output, the numbers of the cases in which it was wrong. ``proven`` are the
    outputs that were right in all cases, one of which no trivial program gets right.
    """

    test: Test
    scores: tuple[float, ...]
    finding: Finding | None
    wrong: dict[str, tuple[int, ...]]
    proven: tuple[str, ...] = ()

    @cached_property
    def is_explainable(self) -> bool:
        """Whether the code ran and was wrong, so that a known mistake may be the reason."""
        finding = self.finding
        return finding is not None and (
            finding.failure is None or finding.failure.consequences.is_explainable
        )

    @cached_property
    def score(self) -> float:
        return clamp(math.fsum(self.scores), self.max_score)

    @cached_property
    def max_score(self) -> float:
        return round(math.fsum(part.points for part in self.test.parts), 9)

    @cached_property
    def status(self) -> Status:
        fault = None if self.finding is None else self.finding.fault
        if self.score >= self.max_score and (fault is None or isinstance(fault, FollowsFrom)):
            return "passed"
        if self.score > 0:
            return "partial"
        return fault.consequences.status if isinstance(fault, Failure) else "failed"


def fail_exercise(exercise: Exercise, failure: Failure) -> tuple[Judgement, ...]:
    """Every test that runs code, failed for a reason that needs no run."""
    return tuple(
        Judgement(test, (0.0,) * len(test.parts), Finding(failure), {})
        for test in (*exercise.run_tests, *exercise.pytest_tests)
    )


def judge_pytest(test: PytestTest, observations: Sequence[Observation]) -> Judgement:
    """A pytest test: its points if all its cases passed, and there were some.

    ``wrong`` has the failed cases under :data:`CHECKS`, for want of outputs.
    """
    failures = [observation.failure for observation in observations]
    wrong = tuple(number for number, failure in enumerate(failures) if failure is not None)
    if not failures:
        failures = [Failure("not_run")]
    first = next((failure for failure in failures if failure is not None), None)
    return Judgement(
        test,
        tuple(part.points if first is None else 0.0 for part in test.parts),
        None if first is None else Finding(first),
        {CHECKS: wrong},
    )


def judge_lines(
    judgement: Judgement, test: EfficiencyTest, run: ExerciseRun, yardstick: LinesOfYardstick
) -> Judgement:
    """The judgement of an efficiency test whose answers are right, by the lines they executed."""
    observations = run.observations[test.name]
    number = first_too_long(test, observations, yardstick)
    if number is None:
        return judgement
    most = most_lines(test, number, yardstick)
    lines = observations[number].lines or 0
    return _too_slow(judgement, test, ManyLines(lines, most))


def judge_time(judgement: Judgement, test: EfficiencyTest, ratio: float) -> Judgement:
    """The judgement of an efficiency test whose answers are right, and took ``ratio`` times as
    long as what they are held against."""
    if ratio <= most_times(test):
        return judgement
    return _too_slow(judgement, test, Slow(ratio, test.relative_to))


def _too_slow(judgement: Judgement, test: EfficiencyTest, fault: ManyLines | Slow) -> Judgement:
    return replace(
        judgement,
        scores=(0.0,) * len(test.parts),
        finding=Finding(fault),
        wrong={output: tuple(range(test.inputs.cases)) for output in judgement.wrong},
    )


def slowdown(test: EfficiencyTest, run: ExerciseRun, baseline: float) -> float:
    """The time of the run as a multiple of ``baseline``, both in seconds."""
    taken = math.fsum(
        math.inf if observation.has_failed else observation.seconds
        for observation in run.observations[test.name]
    )
    return taken / max(baseline, 1e-9)


def judge_anew(judgement: Judgement, truths: Sequence[Truth | None], run: ExerciseRun) -> Judgement:
    """The judgement of an efficiency test whose answers are right, held against the ``truths`` of
    the inputs that were drawn to be timed."""
    test = judgement.test
    assert isinstance(test, EfficiencyTest)
    for number, observation in enumerate(run.observations[test.name]):
        truth, timed = truths[number], observation.timed
        if truth is None or timed is None:
            continue
        for output in truth:
            found = _examine(test, number, output, truth, timed.observation)
            if found is not None:
                return replace(
                    judgement,
                    scores=(0.0,) * len(test.parts),
                    finding=Finding(found.failure or WrongWhenTimed(), output=output),
                    wrong={output: tuple(range(test.inputs.cases)) for output in judgement.wrong},
                )
    return judgement


def judge_source(
    test: SourceTest, fault: BrokenRule | Failure | None, others: Sequence[Judgement]
) -> Judgement:
    """A source test: its points count only together with those of another test."""
    proven = any(judgement.status == "passed" for judgement in others)
    finding = None if fault is None else Finding(fault)
    kept = proven and finding is None
    scores = tuple(part.points if kept else 0.0 for part in test.parts)
    return Judgement(test, scores, finding, {})


def is_refusal(judgement: Judgement) -> bool:
    """Whether a rule is broken that the whole exercise depends on."""
    return (
        isinstance(judgement.test, SourceTest)
        and judgement.test.refuse
        and judgement.finding is not None
        and isinstance(judgement.finding.fault, BrokenRule)
    )


def refused(judgements: Sequence[Judgement], rule: Judgement) -> tuple[Judgement, ...]:
    """The judgements when a rule is broken that the whole exercise depends on."""
    return tuple(
        judgement
        if judgement is rule
        else replace(judgement, scores=(0.0,) * len(judgement.scores), finding=rule.finding)
        for judgement in judgements
    )


def judge_test(
    test: RunTest,
    truths: Sequence[Truth],
    observations: Sequence[Observation],
) -> Judgement:
    """One test: which outputs are wrong in which cases, and the points that remain."""
    wrong: dict[str, list[int]] = {output: [] for part in test.parts for output in part.outputs}
    telling: set[str] = set()
    finding: Finding | None = None
    for number, (truth, observation) in enumerate(zip(truths, observations, strict=True)):
        if observation.is_ended:  # it is too slow, whatever it would have given
            continue
        for output in wrong:
            found = _examine(test, number, output, truth, observation)
            if found is not None:
                wrong[output].append(number)
                finding = finding or found
            elif not truth[output].is_trivial:
                telling.add(output)
    return Judgement(
        test,
        tuple(_part_score(part, wrong) for part in test.parts),
        finding,
        {name: tuple(found) for name, found in wrong.items()},
        tuple(output for output, found in wrong.items() if output in telling and not found),
    )


def is_right(test: RunTest, number: int, truth: Truth, observation: Observation) -> bool:
    """Whether nothing is wrong with the outputs that the test is about in the case ``number``."""
    return not any(
        _examine(test, number, output, truth, observation)
        for part in test.parts
        for output in part.outputs
    )


def _part_score(part: Part, wrong: Mapping[str, Sequence[int]]) -> float:
    return 0.0 if any(wrong[output] for output in part.outputs) else part.points


def without_unproven(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The judgements of all tests, without points for outputs that no test proves.

    A case whose right answer a trivial program would give (zeros, ones, an input handed back)
    proves nothing. Which cases are like that hangs on what was drawn, so an output may be proven
    by any test of the exercise.
    """
    proven = {output for judgement in judgements for output in judgement.proven}
    return tuple(
        replace(
            judgement,
            scores=tuple(
                0.0 if any(name in judgement.wrong for name in unproven) else score
                for part, score in zip(judgement.test.parts, judgement.scores, strict=True)
                for unproven in [set(part.outputs) - proven]
            ),
        )
        for judgement in judgements
    )


def _examine(
    test: RunTest,
    number: int,
    output: str,
    truth: Truth,
    observation: Observation,
) -> Finding | None:
    """What is wrong with one output in one case."""
    if observation.failure is not None:
        return Finding(observation.failure, number, output)
    expected = truth[output]
    actual = observation.outputs.get(output, NotAnArray("nothing"))
    verdict = compare(expected, actual)
    if not verdict.ok:
        return Finding(WrongOutput(verdict), number, output)
    if observation.shared:  # noted only where the result must be new
        return Finding(SharedResults(observation.shared), number, output)
    if isinstance(test, PropertyTest):
        return _examine_property(test, number, output, expected, observation)
    return None


def _examine_property(
    test: PropertyTest,
    number: int,
    output: str,
    expected: Expected,
    observation: Observation,
) -> Finding | None:
    if test.property == "inputs_unchanged":
        if observation.changed:
            fault = ChangedInputs(observation.changed, observation.change)
            return Finding(fault, number, output)
        return None
    again = (observation.again or {}).get(output, NotAnArray("nothing"))
    if test.property == "linear_in_upstream":
        expected = doubled(expected)
    verdict = compare(expected, again)
    if verdict.ok:
        return None
    return Finding(WrongOutput(verdict, test.property), number, output)


def doubled(expected: Expected) -> Expected:
    """Twice the value, twice the tolerance."""
    if expected.value is None or expected.tolerance is None:
        return expected
    return replace(expected, value=2 * expected.value, tolerance=2 * expected.tolerance)
