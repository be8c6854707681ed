"""Answers that came before are read and judged once, whoever gives them; the code of each runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from autograder.course.exercise import RunTest
from autograder.course.loading import load_course
from autograder.grading import answer_cache, grader, known_mistakes, mistakes
from autograder.grading.grader import ExerciseGrader
from autograder.grading.judge import Judgement, Truth, judge_test
from autograder.grading.observation import Observation
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.support.small_course import COURSE

COURSE_HERE = load_course(COURSE)
EXERCISE = COURSE_HERE.assignments["linear-layer"].exercises[0]
HEAD = "import numpy as np\nprint('{mark}')\ndef linear_dx(W, dy):\n    "


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tests that were judged, as often as they were."""
    names: list[str] = []

    def judge(
        test: RunTest, truths: Sequence[Truth], observations: Sequence[Observation]
    ) -> Judgement:
        names.append(test.name)
        return judge_test(test, truths, observations)

    monkeypatch.setattr(grader, "judge_test", judge)
    return names


@pytest.fixture
def exercise_grader() -> Iterator[ExerciseGrader]:
    with Sandbox("sandbox", COURSE_HERE.limits) as sandbox:
        yield ExerciseGrader(COURSE_HERE, EXERCISE, sandbox)


def submission(mark: str, body: str) -> Submission:
    return Submission(mark, "linear-layer", {"dx.py": HEAD.format(mark=mark) + body})


def test_equal_wrong_answers_are_held_against_the_mistakes_once(
    exercise_grader: ExerciseGrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []

    def explain(*arguments: Any) -> dict[str, str]:
        held.append(mark)
        return mistakes.explain(*arguments)

    monkeypatch.setattr(known_mistakes, "explain", explain)
    for mark, body, behind in (
        ("ada", "return -(W.T @ dy)", {"wrong-sign"}),
        ("bob", "return -np.dot(W.T, dy)", {"wrong-sign"}),
        ("eve", "return -2 * (W.T @ dy)", set()),
        ("dan", "dx = W.T @ dy\n    dy -= dy\n    return dx", {"changes-inputs"}),
        ("ben", "dx = W.T @ dy\n    dy[:] = 0\n    return dx", {"changes-inputs"}),
        ("eva", "return -(W.T @ dy)", {"wrong-sign"}),
        # A failure is read from the source.
        ("kim", "return W @ dy", set()),
        ("lee", "return  W @ dy", set()),
    ):
        handed_in = submission(mark, body)
        run, judgements = exercise_grader.run(handed_in)
        found = exercise_grader.mistakes_behind(judgements, run, handed_in)
        assert set(found.values()) == behind, mark
    assert held == ["ada", "eve", "dan", "kim", "lee"]


def scores(judgements: tuple[Judgement, ...]) -> list[float]:
    return [judgement.score for judgement in judgements]


def test_the_same_numbers_are_judged_once_and_other_numbers_anew(
    exercise_grader: ExerciseGrader, judged: list[str]
) -> None:
    first, right = exercise_grader.run(submission("ada", "return W.T @ dy"))
    once = list(judged)
    assert len(once) == len(EXERCISE.run_tests)
    again, same = exercise_grader.run(submission("bob", "return np.dot(W.T, dy)"))
    assert judged == once
    assert scores(same) == scores(right)
    assert (first.output, again.output) == ("ada\n", "bob\n")
    _, wrong = exercise_grader.run(submission("eve", "return 2 * (W.T @ dy)"))
    assert len(judged) == 2 * len(once)
    assert sum(scores(wrong)) == 0 < sum(scores(right))


def test_an_answer_that_differs_in_one_bit_is_judged_anew(
    exercise_grader: ExerciseGrader, judged: list[str]
) -> None:
    exercise_grader.run(submission("ada", "return W.T @ dy"))
    once = len(judged)
    _, judgements = exercise_grader.run(
        submission("bob", "y = W.T @ dy\n    return np.where(y == 54, 55, y)")
    )
    assert once < len(judged)
    assert any(judgement.score == 0 for judgement in judgements)


def test_no_more_is_kept_than_the_limit(
    exercise_grader: ExerciseGrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "MAX_ANSWERS", 2)
    for factor in range(1, 5):
        exercise_grader.run(submission("ada", f"return {factor} * (W.T @ dy)"))
    kept = exercise_grader._plan.answers._answers
    assert kept
    assert all(len(known) <= 2 for known in kept.values())
    _, judgements = exercise_grader.run(submission("bob", "return W.T @ dy"))
    assert all(judgement.score > 0 for judgement in judgements)


def test_of_large_answers_fewer_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "MAX_ANSWER_BYTES", 2500)
    answers = answer_cache.AnswerCache()
    copies = [(bytearray([number] * 500),) * 2 for number in range(3)]
    contents = [tuple(memoryview(one) for one in copy) for copy in copies]
    said = [(Observation(),) for _ in contents]
    for copy, content, observations in zip(copies, contents, said, strict=True):
        assert answers.get("t", content) is None
        assert answers.put("t", copy, observations) is observations
    assert [answers.get("t", content) for content in contents] == [None, said[1], said[2]]
    changed = (contents[2][0], memoryview(bytes([2]) * 499 + b"x"))
    assert answers.get("t", changed) is None
    too_large = (bytearray(2501),)
    answers.put("t", too_large, (Observation(),))
    assert answers.get("t", (memoryview(too_large[0]),)) is None
    assert answers.get("t", contents[1]) is said[1]
