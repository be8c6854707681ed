"""Right answers under many seeds, and wrong ones that are wrong by one part in a million."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from autograder.course.exercise import Exercise
from autograder.truth.compare import compare
from tests.numerics.right_answers_on_trial import expectations, refused, right_answers
from tests.support.whole_course import EXERCISES, ROOT, for_every_exercise

BY_NAME = {exercise.name: exercise for exercise in EXERCISES}


@for_every_exercise
def test_no_right_answer_is_refused_and_one_wrong_element_is(exercise: Exercise) -> None:
    """Under a seed that is not the course's; a hundred take an hour."""
    answers = {"solution": right_answers(ROOT, exercise)["solution"]}
    assert list(refused(exercise, 1_000_003, answers)) == []


@pytest.mark.course
@pytest.mark.parametrize("name", ["softmax_cross_entropy", "attention_backward", "mse"])
def test_right_answers_of_layers_that_cancel_pass_under_several_seeds(name: str) -> None:
    exercise = BY_NAME[name]
    answers = right_answers(ROOT, exercise)
    complaints = [line for seed in (5, 9) for line in refused(exercise, seed, answers)]
    assert complaints == []


def exact_dlogits(logits: Any, labels: Any) -> Any:
    """The gradient of softmax cross entropy with sixty digits, rounded to float64 once."""
    with mpmath.workdps(60):
        rows = []
        for z, label in zip(logits.tolist(), labels.tolist(), strict=True):
            e = [mpmath.exp(mpmath.mpf(v) - mpmath.mpf(max(z))) for v in z]
            total = mpmath.fsum(e)
            wrong = [one / total for one in e]
            wrong[label] = -mpmath.fsum(one for k, one in enumerate(wrong) if k != label)
            rows.append([float(one / len(logits)) for one in wrong])
    return np.array(rows)


def not_exact(exercise: Exercise, seed: int) -> list[str]:
    off = []
    for test, number, case, expected in expectations(exercise, seed):
        right = exact_dlogits(case.inputs["logits"].astype(float), case.inputs["labels"])
        if "dlogits" in expected and not compare(expected["dlogits"], right).ok:
            off.append(f"seed {seed}, {test} {number}")
    return off


def test_the_softmax_with_sixty_digits_is_right() -> None:
    exercise = BY_NAME["softmax_cross_entropy"]
    assert [line for seed in (5, 9) for line in not_exact(exercise, seed)] == []
