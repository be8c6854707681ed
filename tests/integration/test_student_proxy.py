"""The `student` fixture: everything that a hidden test can do with student code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.errors import CourseError
from autograder.grading.failures import Failure
from autograder.grading.hidden_pytest.process import PytestRunner
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.support.pytest_course import HIDDEN, make_course

SOURCE = """\
import numpy as np

SCALE = 3
WEIGHTS = np.arange(4.0)


def linear_dx(W, dy):
    return W.T @ dy


class Linear:
    bias = None

    def __init__(self, W):
        self.W = W
        self.sizes = [1, 2]
        self.inner = None

    def forward(self, x):
        self.x = x
        return self.W @ x

    def backward(self, dy):
        return {"x": self.W.T @ dy, "W": np.outer(dy, self.x)}

    def params(self):
        return [self.W, {"b": 1.0}, [self.W, self.W]]

    def wrap(self, other):
        self.inner = other
        return self

    def rows(self):
        return [[float(v) for v in row] for row in self.W]


def numerical(f, x):
    return (f(x + 1) - f(x - 1)) / 2


def total(arrays, scale):
    assert isinstance(arrays, list)
    return scale * sum(a.sum() for a in arrays)


def sizes(pair):
    return len(pair), isinstance(pair, tuple)


def many(n):
    return [0.5] * n


def fails(kind):
    raise getattr(__import__("builtins"), kind)("no")


def ends():
    import os
    os._exit(3)


def large():
    return np.zeros(9_000_000)


def blank():
    return np.empty(0)


def tries(f):
    try:
        f(1.0)
    except TypeError:
        return 1.0
"""

TESTS = """\
import numpy as np
import pytest


@pytest.mark.points(1)
def test_it(student):
    x, W, dy = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.ones(3)
    {body}
"""

# What a test may do, each of which must work.
WORKS = {
    "constants": "assert (student.SCALE, list(student.WEIGHTS)) == (3, [0, 1, 2, 3])",
    "results are the test's own": (
        "dx = student.linear_dx(W, dy); dx += 1; assert np.array_equal(dx, W.sum(0) + 1)"
    ),
    "scalars of numpy as arguments": "assert student.many(np.int64(2)) == [0.5, 0.5]",
    "objects": (
        "layer = student.Linear(W); y = layer.forward(x)\n"
        "    assert np.allclose(y, W @ x) and np.allclose(layer.x, x) and layer.bias is None"
    ),
    "two objects": (
        "one, two = student.Linear(W), student.Linear(2 * W)\n"
        "    assert np.allclose(two.W, 2 * one.W) and one != two and one != one.W"
    ),
    "dictionaries": (
        "layer = student.Linear(W); layer.forward(x); grads = layer.backward(dy)\n"
        "    assert np.allclose(grads['x'], W.T @ dy) and np.all(grads['W'] == np.outer(dy, x))\n"
        "    assert 'W' in grads and 'b' not in grads and len(grads) == 2"
    ),
    "lists of arrays and objects": (
        "W1, rest, pair = student.Linear(W).params()\n"
        "    assert np.allclose(W1, W) and rest['b'] == 1 and np.allclose(pair[1], W)"
    ),
    "lists of lists": "assert student.Linear(W).rows() == W.tolist()",
    "long lists": "assert len(student.many(100)) == 100 and sum(student.many(100)) == 50",
    "attributes set": (
        "layer = student.Linear(W); layer.W = 2 * W\n"
        "    assert np.allclose(layer.forward(x), 2 * W @ x) and layer.sizes == [1, 2]"
    ),
    "objects as arguments, and inside each other": (
        "one, two = student.Linear(W), student.Linear(W)\n"
        "    assert np.allclose(one.wrap(two).inner.W, W)"
    ),
    "functions of the test": (
        "assert np.allclose(student.numerical(lambda x: x ** 2, x), 2 * x)"
    ),
    "lists as arguments": "assert student.total([x, W], 2.0) == 2 * (x.sum() + W.sum())",
    "tuples as arguments": "assert student.sizes((1, 2)) == (2, True)",
    "what is there": "assert hasattr(student, 'SCALE') and not hasattr(student, 'nothing')",
    "exceptions": (
        "for kind in (ValueError, IndexError, KeyError, NotImplementedError, ZeroDivisionError):\n"
        "        with pytest.raises(kind, match='no'):\n            student.fails(kind.__name__)"
    ),
}  # fmt: skip

# What a test may not get away with: the failure that it comes to.
FAILS = {
    "an object for a truth value": (
        "assert student.Linear(W)", Failure("check_error", "Linear(…): Linear")
    ),
    "an object for an array": (
        "assert np.allclose(student.Linear(W), W)", Failure("check_error", "Linear(…): Linear")
    ),
    "an object for an array, whatever numpy makes of it": (
        "assert not np.array_equal(student.Linear(W), W)",
        Failure("check_error", "Linear(…): Linear"),
    ),
    "an object for a truth value, whatever the test makes of it": (
        "try:\n        not student.Linear(W)\n    except Exception:\n        pass",
        Failure("check_error", "Linear(…): Linear"),
    ),
    "a result that is too large, whatever the test makes of it": (
        "with pytest.raises(Exception):\n        student.large()", Failure("oversized")
    ),
    "nothing, for any number": ("assert np.allclose(student.blank(), 5)", Failure("no_elements")),
    "nan, for a small number": (
        "assert max(0.0, student.linear_dx(np.nan * W, dy)[0]) == 0", Failure("not_a_number")
    ),
    "nothing to go through": ("assert all(student.many(0))", Failure("no_elements")),
    "what a function of the test says, whatever student code makes of it": (
        "def f(x): assert x > 1, 'no'\n    assert student.tries(f) == 1", None
    ),
    "a function of the test that fails it": (
        "student.tries(lambda x: pytest.fail('no'))", Failure("check", "no")
    ),
    "an attribute that is not there": (
        "student.Linear(W).dW", Failure("missing_function", "Linear(…).dW")
    ),
    "a call of what is no function": ("student.SCALE.real\n    student.Linear(W).W(1)", None),
    "a process that ends, whatever the test makes of it": (
        "try:\n        student.ends()\n    except BaseException:\n        pass",
        Failure("crashed", "exit code 3"),
    ),
    "memory, whatever the test makes of it": (
        "with pytest.raises(Exception):\n        student.fails('MemoryError')", None
    ),
    "an exception of another kind": (
        "with pytest.raises(ValueError):\n        student.fails('KeyError')", None
    ),
    "an exit that is no exit of the grader": ("student.fails('SystemExit')", None),
    "an interrupt that is none": ("student.fails('KeyboardInterrupt')", None),
    "keywords": ("student.linear_dx(W=W, dy=dy)", None),
    "a function that takes nothing": ("student.numerical(lambda: 1, x)", None),
    "an infinite integer": ("student.many(1 << 70)", None),
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("process", load_course(HERE / "courses" / "good").limits) as sandbox:
        yield sandbox


HERE = Path(__file__).parent.parent


def with_test(folder: Path, body: str) -> Course:
    course = make_course(folder, TESTS.replace("{body}", body))
    return load_course(course)


def ends(course: Course, sandbox: Sandbox) -> Failure | None:
    """How the one test ends on SOURCE."""
    exercise = course.assignments["linear-layer"].exercises[0]
    runner = PytestRunner(course, exercise, sandbox.session)
    submission = Submission("kim", "linear-layer", {"dx.py": SOURCE})
    ((observation,),) = runner.run(submission).observations.values()
    return observation.failure


@pytest.mark.parametrize("what", WORKS)
def test_what_a_test_can_do(tmp_path: Path, sandbox: Sandbox, what: str) -> None:
    course = with_test(tmp_path, WORKS[what])
    (course.root / "solutions/linear-layer/dx.py").write_text(SOURCE)
    assert ends(course, sandbox) is None


@pytest.mark.parametrize("what", FAILS)
def test_what_a_test_cannot_get_away_with(tmp_path: Path, sandbox: Sandbox, what: str) -> None:
    body, failure = FAILS[what]
    # The solution passes by not getting that far.
    course = with_test(tmp_path, f"if not hasattr(student, 'ends'): return\n    {body}")
    found = ends(course, sandbox)
    assert found is not None
    assert failure is None or found == failure


def test_keywords_are_the_courses_fault(tmp_path: Path, sandbox: Sandbox) -> None:
    course = with_test(tmp_path, "student.linear_dx(W=W, dy=dy)")
    with pytest.raises(CourseError, match=rf"{HIDDEN}/test_dx.py:8:5: .*by position"):
        ends(course, sandbox)
