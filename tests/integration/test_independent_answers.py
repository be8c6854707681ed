"""Answers that nobody who wrote the tests had in mind: right ones in many styles get all points,
wrong ones, most of them wrong only now and then, do not.

They lie in ``tests/answers/<exercise>.yaml``: ``right`` and ``wrong`` map a name to a source,
which finds numpy imported as ``np``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.grades.model import ExerciseGrade
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
EXERCISES = [
    exercise for assignment in COURSE.assignments.values() for exercise in assignment.exercises
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("sandbox", COURSE.limits, [ROOT]) as opened:
        yield opened


def answers(name: str) -> dict[str, dict[str, str]]:
    text = (ROOT / "tests" / "answers" / f"{name}.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def grade(grader: ExerciseGrader, source: str) -> ExerciseGrade:
    exercise = grader.exercise
    files = {f"{exercise.name}.py": f"import numpy as np\n{source}"}
    return grader.grade(Submission("kim", exercise.assignment, files), COURSE.language)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_right_answers_get_all_points_and_wrong_ones_do_not(
    exercise: Exercise, sandbox: Sandbox
) -> None:
    grader = ExerciseGrader(COURSE, exercise, sandbox)
    given = answers(exercise.name)
    off: list[str] = []
    for kind, sources in given.items():
        for name, source in sources.items():
            found = grade(grader, source)
            lost = [f"{test.name}: {test.message}" for test in found.tests if test.score == 0]
            if kind == "right" and found.score < found.max_score:
                off.append(f"right '{name}' loses points; {'; '.join(lost)}")
            if kind == "wrong" and found.score >= found.max_score:
                off.append(f"wrong '{name}' gets all points")
            if kind == "wrong" and not any(
                test.message and test.status != "passed" for test in found.tests
            ):
                off.append(f"wrong '{name}' is not told why")
    assert not off, "\n".join(off)


def test_every_exercise_has_answers_of_both_kinds() -> None:
    for exercise in EXERCISES:
        given = answers(exercise.name)
        assert given.keys() == {"right", "wrong"}
        assert len(given["right"]) >= 4
        assert len(given["wrong"]) >= 10
