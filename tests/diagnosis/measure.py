"""How many wrong answers of the labelled set are explained, and how many falsely.

``python -m tests.diagnosis.measure`` prints both figures for each part of the set: for the answers
that the search was made with, and for those written without a look at what it finds. An explanation
is false where what it says does not give the answer on further cases that the search did not get.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.diagnosis.search import Explanation
from autograder.grading.diagnose import Diagnoser
from autograder.grading.failures import Failure
from autograder.grading.judge import Truth, judge_test
from autograder.grading.observation import Observation, Output
from autograder.grading.preparation import Prepared, prepare
from autograder.grading.run import ExerciseRun
from autograder.truth.cases import Case
from autograder.truth.reference import load_reference
from tests.diagnosis import gallery_answers
from tests.diagnosis.wrong_answers import PRELUDES, WRONG
from tests.support.whole_course import COURSE

FURTHER_SEED = 424_242


class Result(Struct, frozen=True):
    """One wrong answer: what it computes, and what was found for each of its wrong outputs."""

    exercise: str
    wrong: dict[str, str]
    part: str
    found: dict[str, Explanation]
    false: tuple[str, ...]

    @property
    def explained(self) -> bool:
        """Whether every wrong output has an explanation."""
        return set(self.found) >= set(self.wrong)


def labelled(name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The wrong answers of an exercise, each with the part of the set that it belongs to."""
    for number, wrong in enumerate(WRONG.get(name, ())):
        yield "unseen" if number % 3 == 2 else "seen", wrong
    for wrong in gallery_answers.FIRST.get(name, ()):
        yield "first", wrong
    for wrong in gallery_answers.BLIND.get(name, ()):
        yield "blind", wrong
    for wrong in gallery_answers.LAST.get(name, ()):
        yield "last", wrong


PARTS = ("seen", "unseen", "first", "blind", "last")
NAMES = list(dict.fromkeys((*WRONG, *gallery_answers.FIRST, *gallery_answers.BLIND)))


def exercise_called(name: str) -> Exercise:
    return next(
        exercise
        for assignment in COURSE.assignments.values()
        for exercise in assignment.exercises
        if exercise.name == name
    )


def answer(
    name: str, wrong: Mapping[str, str], case: Case, right: Mapping[str, Any]
) -> dict[str, Output]:
    """The outputs of the wrong answer on a case."""
    names: dict[str, Any] = {"np": np, **case.functions, **case.inputs, **right}
    exec(PRELUDES.get(name, "") or gallery_answers.PRELUDES.get(name, ""), names)
    made = dict(right) | {output: eval(code, names) for output, code in wrong.items()}
    return {output: np.asarray(value) for output, value in made.items()}


def right_outputs(exercise: Exercise, case: Case, truth: Truth) -> dict[str, Any]:
    """What the solution returns on a case; of a class, what is expected."""
    if exercise.is_class:
        return {name: one.value for name, one in truth.items()}
    solution = load_reference(exercise)
    assert solution is not None
    arguments = {**case.functions, **{name: one.copy() for name, one in case.inputs.items()}}
    returned = solution(*(arguments[name] for name in exercise.signature.parameters))
    outputs = exercise.signature.outputs
    return dict(zip(outputs, returned if len(outputs) > 1 else (returned,), strict=True))


def observed(
    name: str, exercise: Exercise, wrong: Mapping[str, str], prepared: Prepared
) -> tuple[ExerciseRun, list[Any]]:
    """What a student's code that gives this answer does, and how it is judged."""
    observations: dict[str, tuple[Observation, ...]] = {}
    judgements = []
    for test in exercise.run_tests:
        if isinstance(test, EfficiencyTest):
            continue
        truths, seen = prepared.truths[test.name], []
        for case, truth in zip(prepared.cases[test.name], truths, strict=True):
            right = right_outputs(exercise, case, truth)
            try:
                with np.errstate(all="ignore"):
                    outputs = answer(name, wrong, case, right)
                seen.append(Observation(outputs, again=outputs))
            except (ArithmeticError, IndexError, ValueError):
                seen.append(Observation(failure=Failure("exception")))
        observations[test.name] = tuple(seen)
        judgements.append(judge_test(test, truths, seen))
    return ExerciseRun(observations), judgements


def measure(name: str, parts: Collection[str] = (), every: int = 1) -> Iterator[Result]:
    """The results for an exercise's wrong answers, of these parts of the set or all; of these the
    first and ``every`` so manieth after it."""
    exercise = exercise_called(name)
    (prepared,) = prepare([exercise], COURSE.seed)
    (further,) = prepare([exercise], FURTHER_SEED)
    diagnoser = Diagnoser(exercise, prepared.cases, prepared.truths)
    again = Diagnoser(exercise, further.cases, further.truths)
    for part, wrong in list(labelled(name))[::every]:
        if parts and part not in parts:
            continue
        run, judgements = observed(name, exercise, wrong, prepared)
        found = diagnoser.explain(judgements, run)
        other, _ = observed(name, exercise, wrong, further)
        false = tuple(
            output
            for output, explanation in found.items()
            if output not in wrong or not again.holds(explanation, other)
        )
        yield Result(name, wrong, part, found, false)


def main() -> int:
    """Print what was not explained, or all with -v, and the figures. Names choose exercises or
    parts of the set."""
    given = [name for name in sys.argv[1:] if not name.startswith("-")]
    names = [name for name in given if name in NAMES] or NAMES
    results = []
    for name in names:
        for result in measure(name, [part for part in given if part in PARTS]):
            results.append(result)
            if "-v" not in sys.argv and result.explained and not result.false:
                continue
            said = {output: str(one) for output, one in result.found.items()}
            mark = "FALSE" if result.false else "" if result.explained else "NOT EXPLAINED"
            print(result.part, result.exercise, result.wrong, "->", said, mark)
    for title in dict.fromkeys(one.part for one in results):
        part = [one for one in results if one.part == title]
        explained = sum(one.explained for one in part)
        false = sum(bool(one.false) for one in part)
        print(
            f"{title}: {len(part)} wrong answers, {explained} explained "
            f"({explained / len(part):.1%}), {false} falsely ({false / len(part):.1%})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
