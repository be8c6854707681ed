"""How many wrong answers of the labelled set are explained, and how many falsely.

``python -m tests.diagnosis.measure`` prints both figures, for the part that the search was made
with and for the unseen part. An explanation is false where what it says does not give the answer
on further cases that the search did not get.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.course.loading import load_course
from autograder.diagnosis.search import Explanation
from autograder.grading.diagnose import Diagnoser
from autograder.grading.judge import judge_test
from autograder.grading.observation import Observation, Output
from autograder.grading.preparation import Prepared, prepare
from autograder.grading.run import ExerciseRun
from autograder.truth.cases import Case
from autograder.truth.reference import load_reference
from tests.diagnosis.wrong_answers import PRELUDES, WRONG

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
FURTHER_SEED = 424_242


class Result(Struct, frozen=True):
    """One wrong answer: what it computes, and what was found for each of its wrong outputs."""

    exercise: str
    wrong: dict[str, str]
    unseen: bool
    found: dict[str, Explanation]
    false: tuple[str, ...]

    @property
    def explained(self) -> bool:
        """Whether every wrong output has an explanation."""
        return set(self.found) >= set(self.wrong)


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
    exec(PRELUDES.get(name, ""), names)
    made = dict(right) | {output: eval(code, names) for output, code in wrong.items()}
    return {output: np.asarray(value) for output, value in made.items()}


def right_outputs(exercise: Exercise, case: Case) -> dict[str, Any]:
    """What the solution returns on a case."""
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
        for case in prepared.cases[test.name]:
            right = right_outputs(exercise, case)
            with np.errstate(all="ignore"):
                outputs = answer(name, wrong, case, right)
            seen.append(Observation(outputs, again=outputs))
        observations[test.name] = tuple(seen)
        judgements.append(judge_test(test, truths, seen))
    return ExerciseRun(observations), judgements


def measure(name: str) -> Iterator[Result]:
    """The results for an exercise's wrong answers."""
    exercise = exercise_called(name)
    (prepared,) = prepare([exercise], COURSE.seed)
    (further,) = prepare([exercise], FURTHER_SEED)
    diagnoser = Diagnoser(exercise, prepared.cases, prepared.truths)
    for number, wrong in enumerate(WRONG[name]):
        run, judgements = observed(name, exercise, wrong, prepared)
        found = diagnoser.explain(judgements, run)
        again = Diagnoser(exercise, further.cases, further.truths)
        other, _ = observed(name, exercise, wrong, further)
        false = tuple(
            output
            for output, explanation in found.items()
            if output not in wrong or not again.holds(explanation, other)
        )
        yield Result(name, wrong, number % 3 == 2, found, false)


def main() -> int:
    results = [result for name in WRONG for result in measure(name)]
    for result in results:
        if "-v" not in sys.argv or result.unseen or (result.explained and not result.false):
            continue
        said = {output: str(one) for output, one in result.found.items()}
        print(result.exercise, result.wrong, "->", said, "FALSE" if result.false else "")
    for title, part in (
        ("seen", [one for one in results if not one.unseen]),
        ("unseen", [one for one in results if one.unseen]),
    ):
        explained = sum(one.explained for one in part)
        false = sum(bool(one.false) for one in part)
        print(
            f"{title}: {len(part)} wrong answers, {explained} explained "
            f"({explained / len(part):.1%}), {false} falsely ({false / len(part):.1%})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
