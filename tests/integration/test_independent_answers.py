"""Answers that nobody who wrote the tests had in mind: right ones in many styles get all points,
wrong ones, most of them wrong only now and then, do not.

They lie in ``tests/answers/<exercise>.yaml``: ``right`` and ``wrong`` map a name to a source,
which finds numpy imported as ``np``. Further wrong ones, by class, are in ``tests/wrong_answers``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from autograder.course.exercise import Exercise
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.support.whole_course import COURSE, EXERCISES, ROOT, for_every_exercise
from tests.wrong_answers.measure import wrong_answers

# Those that are still accepted are counted by `make wrong-answers`.
UNSEEN = [one for one in wrong_answers() if one.kind != "still_accepted"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("sandbox", COURSE.limits, [ROOT]) as opened:
        yield opened


def answers(name: str) -> dict[str, dict[str, str]]:
    text = (ROOT / "tests" / "answers" / f"{name}.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def handed_in(exercise: Exercise, source: str) -> Submission:
    files = {f"{exercise.name}.py": f"import numpy as np\n{source}"}
    return Submission("kim", exercise.assignment, files)


@for_every_exercise
def test_right_answers_get_all_points_and_wrong_ones_do_not(
    exercise: Exercise, sandbox: Sandbox
) -> None:
    grader = ExerciseGrader(COURSE, exercise, sandbox)
    given = answers(exercise.name)
    off: list[str] = []
    for name, source in given["right"].items():
        submission = handed_in(exercise, source)
        _, judgements = grader.run_untimed(submission)
        for judgement in grader.add_source_tests(submission, judgements):
            if judgement.finding is not None:
                off.append(f"right '{name}' fails {judgement.test.name}: {judgement.finding}")
    for name, source in given["wrong"].items():
        if grader.gets_full_points(handed_in(exercise, source)):
            # What is wrong with it may be its time alone.
            grade = grader.grade(handed_in(exercise, source), COURSE.language)
            if grade.score >= grade.max_score:
                off.append(f"wrong '{name}' gets all points")
    for answer in UNSEEN:
        submission = Submission("kim", exercise.assignment, {f"{exercise.name}.py": answer.source})
        if answer.exercise == exercise.name and grader.gets_full_points(submission):
            off.append(f"wrong '{answer.title}' gets all points")
    first = next(iter(given["wrong"].values()))
    grade = grader.grade(handed_in(exercise, first), COURSE.language)
    if not any(test.message and test.status != "passed" for test in grade.tests):
        off.append("a wrong answer is not told why")
    assert not off, "\n".join(off)


def test_every_exercise_has_answers_of_both_kinds() -> None:
    for exercise in EXERCISES:
        given = answers(exercise.name)
        assert given.keys() == {"right", "wrong"}
        assert len(given["right"]) >= 4
        assert len(given["wrong"]) >= 10
