"""A known mistake is offered only where what its hint says is true of all outputs it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.diagnosis.measure import exercise_called
from tests.support.whole_course import COURSE


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


GRADERS: dict[str, ExerciseGrader] = {}


def without_times(exercise: Exercise) -> Exercise:
    """The exercise without the tests that take long."""
    tests = tuple(test for test in exercise.tests if not isinstance(test, EfficiencyTest))
    return replace(exercise, tests=tests)


def found(
    name: str, source: str, sandbox: Sandbox, only: str | None = None
) -> tuple[set[str], set[str], set[str]]:
    """The mistakes, hints and expressions of the tests that lost; with ``only``, few mistakes are
    known."""
    exercise = without_times(exercise_called(name))
    if only is not None:
        known = tuple(one for one in exercise.mistakes if one.name in (only, "wrong-sign"))
        exercise = replace(exercise, mistakes=known)
    key = f"{name} {only}"
    if key not in GRADERS:
        GRADERS[key] = ExerciseGrader(COURSE, exercise, sandbox)
    grader = GRADERS[key]
    grade = grader.grade(Submission("", exercise.assignment, {f"{name}.py": source}), "en")
    lost = [test for test in grade.tests if test.status in ("failed", "partial", "error")]
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


def test_shapes_that_met_are_said(sandbox: Sandbox) -> None:
    source = (
        "def affine_backward(X, W, b, dY):\n"
        "    dW = dY @ (W * 2) @ X\n"
        "    return dY @ W.T, dW, dY.sum(axis=0)\n"
    )
    exercise = exercise_called("affine_backward")
    grader = ExerciseGrader(COURSE, exercise, sandbox)
    work = Submission("", exercise.assignment, {"affine_backward.py": source})
    messages = [test.message for test in grader.grade(work, "en").tests]
    assert any("`dY` has shape" in message for message in messages)


AFFINE = "import numpy as np\ndef affine_backward(X, W, b, dY):\n"


@pytest.mark.parametrize(
    ("code", "mistake"),
    [
        # Spelled in other ways than the mistake is.
        ("    return np.dot(dY, W), X.T @ dY, dY.sum(axis=0)\n", "missing-transpose"),
        ("    return (W.T @ dY.T).T, X.T @ dY, dY.sum(axis=0)\n", "missing-transpose"),
        ("    return np.matmul(dY, W), X.T @ dY, dY.sum(axis=0)\n", "missing-transpose"),
        # Whole numbers refuse this, which is another matter.
        (
            "    dW = X.T @ dY\n    dW /= len(X)\n    db = dY.mean(axis=0)\n"
            "    return dY @ W.T, dW, db\n",
            "mean-instead-of-sum",
        ),
        # A view of dY, which is yet another.
        ("    return dY @ W.T, X.T @ dY, dY\n", "bias-gradient-not-added-up"),
        # Another learning rate than usual.
        (
            "    dW = X.T @ dY\n    return dY @ (W - 0.5 * dW).T, dW, dY.sum(axis=0)\n",
            "updated-weights-used",
        ),
    ],
)
def test_a_mistake_is_known_in_another_spelling(code: str, mistake: str, sandbox: Sandbox) -> None:
    mistakes, hints, _ = found("affine_backward", AFFINE + code, sandbox)
    assert mistake in mistakes
    assert len(hints - {""}) == 1


def test_what_a_mistake_changes_besides_does_not_hide_it(sandbox: Sandbox) -> None:
    source = "def relu_backward(x, dy):\n    dy[x <= 0] *= 0.01\n    return dy\n"
    mistakes, _, _ = found("relu_backward", source, sandbox)
    assert "leaky" in mistakes


@pytest.mark.parametrize("eps", [1e-12, 1e-8, 1e-5])
def test_a_mistake_with_a_number_is_known_with_each(eps: float, sandbox: Sandbox) -> None:
    loss = f"-np.mean(np.log(p[i, labels] + {eps}))"
    mistakes, _, _ = found(
        "softmax_cross_entropy", SOFTMAX.format(loss=loss, scale=" / len(labels)"), sandbox
    )
    assert "epsilon-in-the-logarithm" in mistakes


@pytest.mark.parametrize(
    ("name", "source", "mistake"),
    [
        (
            "batched_backward",
            "def batched_backward(X, W, b, dY):\n"
            "    return dY @ W, dY.T @ X, dY.sum(axis=0)[:, None]\n",
            "bias-gradient-as-column",
        ),
        (
            "batched_backward",
            "def batched_backward(X, W, b, dY):\n    n = X.shape[-1]\n"
            "    return dY @ W, dY.T @ X / n, dY.sum(axis=0) / n\n",
            "divided-by-features",
        ),
        (
            "affine_backward",
            AFFINE + "    return dY @ W.T, X.T @ dY, np.sum(dY, axis=0, keepdims=True)\n",
            "bias-gradient-as-row",
        ),
        (
            "leading_axes",
            "def leading_axes_backward(X, W, b, dY):\n    x = X.reshape(-1, X.shape[-1])\n"
            "    d = dY.reshape(-1, dY.shape[-1])\n"
            "    return dY @ W, d.T @ x, d.sum(axis=0, keepdims=True)\n",
            "bias-gradient-as-row",
        ),
        (
            "mse",
            "def mse(p, y):\n    d = p - y\n    return (d * d).mean(), d\n",
            "plain-difference",
        ),
        (
            "mse",
            "def mse(p, y):\n    N = y.shape[0]\n"
            "    return ((p - y) ** 2).sum() / (2 * N), (p - y) / N\n",
            "half-over-samples",
        ),
        (
            "mse",
            "def mse(p, y):\n    d = p - y\n"
            "    return (d * d).mean().reshape(1, 1), 2 * d / d.size\n",
            "loss-in-a-matrix",
        ),
        (
            "mse",
            "def mse(p, y):\n    rows, columns = p.shape\n    d = p - y\n    k = rows * columns\n"
            "    return (d * d).sum() / k, 2 * d / k\n",
            "crashes-on-vectors",
        ),
        ("relu_backward", "def relu_backward(x, dy):\n    return dy * (x > 0) + 0.1 * dy * (x <= 0)"
         "\n", "leaky"),
        (
            "relative_error",
            "import numpy as np\ndef relative_error(x, y):\n"
            "    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))\n",
            "sum-of-sizes-with-a-floor",
        ),
        (
            "mlp_backward",
            "def mlp_backward(X, W1, b1, W2, b2, dY):\n    H = X @ W1.T + b1\n"
            "    dH = (dY @ W2) * (H >= 0)\n    A = H * (H > 0)\n"
            "    return dH @ W1, dH.T @ X, dH.sum(0), dY.T @ A, dY.sum(0)\n",
            "passes-at-zero",
        ),
        (
            "mlp_backward",
            "def mlp_backward(X, W1, b1, W2, b2, dY):\n    H = X @ W1.T + b1\n"
            "    dH = (dY @ W2) * (H > 0)\n    A = H * (H > 0)\n    row = dict(keepdims=True)\n"
            "    return dH @ W1, dH.T @ X, dH.sum(0, **row), dY.T @ A, dY.sum(0, **row)\n",
            "bias-gradients-as-rows",
        ),
        (
            "linear_module",
            "class Linear:\n    def __init__(self, W, b):\n        self.W, self.b = W, b\n"
            "        self.kept = {}\n"
            "    def forward(self, X):\n        self.kept['X'] = X\n"
            "        return X @ self.W.T + self.b\n"
            "    def backward(self, dY):\n        self.db = dY.sum(axis=0)\n"
            "        self.dW = dY.T @ self.kept.pop('X')\n        return dY @ self.W\n",
            "cache-popped",
        ),
        (
            "linear_module",
            "class Linear:\n    def __init__(self, W, b):\n        self.W, self.b = W, b\n"
            "        self.x = None\n"
            "    def forward(self, X):\n        self.x = X\n"
            "        return X @ self.W.T + self.b\n"
            "    def backward(self, dY):\n        if self.x is None:\n"
            "            raise RuntimeError('call forward first')\n"
            "        self.db = dY.sum(axis=0)\n        self.dW = dY.T @ self.x\n"
            "        self.x = None\n        return dY @ self.W\n",
            "cache-refused",
        ),
        (
            "linear_module",
            "class Linear:\n    def __init__(self, W, b):\n        self.W, self.b = W, b\n"
            "    def forward(self, X):\n        self.x = X\n"
            "        return X @ self.W.T + self.b\n"
            "    def backward(self, dY):\n        self.db = dY.sum(0, keepdims=True)\n"
            "        self.dW = dY.T @ self.x\n        return dY @ self.W\n",
            "bias-gradient-as-row",
        ),
    ],
)  # fmt: skip
def test_mistakes_of_public_code_are_known(
    name: str, source: str, mistake: str, sandbox: Sandbox
) -> None:
    mistakes, _, _ = found(name, source, sandbox, only=mistake)
    assert mistake in mistakes
