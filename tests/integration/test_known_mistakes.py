"""Known mistakes are run as far as a wrong answer asks, and explain as if all had been run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from autograder.course.loading import load_course
from autograder.grading.grader import ExerciseGrader
from autograder.grading.mistakes import explaining, with_shapes
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.support.small_course import ROOT

EXERCISE = "dW"


@pytest.fixture(scope="module")
def grader() -> Iterator[ExerciseGrader]:
    course = load_course(ROOT, only=("linear-layer",))
    exercises = course.assignments["linear-layer"].exercises
    (exercise,) = (one for one in exercises if one.name == EXERCISE)
    with Sandbox("sandbox", course.limits) as sandbox:
        yield ExerciseGrader(course, exercise, sandbox)


def answers() -> dict[str, str]:
    path = Path(ROOT) / "tests" / "answers" / f"{EXERCISE}.yaml"
    found = yaml.safe_load(path.read_text("utf-8"))["wrong"]
    return {name: f"import numpy as np\n{source}" for name, source in found.items()}


def test_what_public_tests_tell_from_an_answer_explains_nothing(grader: ExerciseGrader) -> None:
    exercise, known = grader.exercise, grader._known_mistakes
    seen = []
    for source in answers().values():
        submission = Submission("ada", exercise.assignment, {f"{EXERCISE}.py": source})
        run, judgements = grader.run(submission)
        run = with_shapes(exercise, grader.cases, run, submission)
        few = known.like(judgements, run, grader.truths)
        seen.append((judgements, run, few))
        assert len(few) < len(exercise.mistakes)
    everything = known._whole(known._submissions)
    explained = 0
    for judgements, run, few in seen:
        said = explaining(exercise, judgements, run, few, grader.truths)
        assert said == explaining(exercise, judgements, run, everything, grader.truths)
        explained += any(said.values())
    assert explained >= 2
