"""A known mistake is offered only where what its hint says is true of all outputs it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.diagnosis.measure import COURSE, exercise_called


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("process", COURSE.limits) as sandbox:
        yield sandbox


SOFTMAX = """\
import numpy as np
def softmax_cross_entropy(x, labels):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    i = np.arange(len(labels))
    loss = {loss}
    p[i, labels] -= 1
    return loss, p{scale}
"""


def found(name: str, source: str, sandbox: Sandbox) -> tuple[set[str], set[str], set[str]]:
    """The mistakes, hints and expressions of the tests that lost."""
    exercise = exercise_called(name)
    grader = ExerciseGrader(COURSE, exercise, sandbox)
    grade = grader.grade(Submission("", exercise.assignment, {f"{name}.py": source}), "en")
    lost = [test for test in grade.tests if test.status in ("failed", "partial")]
    assert lost
    computed = {test.computed for test in lost if isinstance(test.computed, str)}
    return {test.mistake or "" for test in lost}, {test.hint or "" for test in lost}, computed


def test_a_mistake_in_both_results_is_not_offered_for_one(sandbox: Sandbox) -> None:
    right_loss = "-np.mean(np.log(p[i, labels] + 1e-8))"
    mistakes, _, computed = found(
        "softmax_cross_entropy", SOFTMAX.format(loss=right_loss, scale=""), sandbox
    )
    assert "sum-instead-of-mean" not in mistakes
    assert any("dlogits = N * right dlogits" in one for one in computed)


def test_two_mistakes_are_found_as_two(sandbox: Sandbox) -> None:
    source = (
        "def affine_backward(X, W, b, dY):\n"
        "    return dY @ W.T + 0.5 * X, -3 * X.T @ dY / len(X), dY.sum(axis=0)\n"
    )
    _, hints, computed = found("affine_backward", source, sandbox)
    assert any("dX + X / 2" in one and "dW" in one for one in computed)
    assert any("`right dX + X / 2`" in hint for hint in hints)


def test_shapes_that_met_are_a_hint(sandbox: Sandbox) -> None:
    source = (
        "def affine_backward(X, W, b, dY):\n"
        "    dW = dY @ (W * 2) @ X\n"
        "    return dY @ W.T, dW, dY.sum(axis=0)\n"
    )
    exercise = exercise_called("affine_backward")
    grader = ExerciseGrader(COURSE, exercise, sandbox)
    work = Submission("", exercise.assignment, {"affine_backward.py": source})
    hints = [test.hint or "" for test in grader.grade(work, "en").tests]
    assert any("`dY` has shape" in hint for hint in hints)
