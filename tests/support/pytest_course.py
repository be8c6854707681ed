"""The small course with a hidden file for pytest."""

from __future__ import annotations

from pathlib import Path

from tests.support.small_course import COURSE, copy_course

HIDDEN = "tests/hidden/linear-layer"
TESTS = """\
import numpy as np
import pytest

rng = np.random.default_rng(7)


@pytest.fixture
def W():
    return rng.normal(size=(3, 2))


@pytest.mark.points(2)
@pytest.mark.parametrize(("m", "n"), [(1, 2), (3, 4), (5, 1)])
def test_sizes(student, m, n):
    W, dy = rng.normal(size=(m, n)), rng.normal(size=m)
    np.testing.assert_allclose(student.linear_dx(W, dy), W.T @ dy)


@pytest.mark.points(1)
def test_values(student, hint, W):
    dy = np.random.normal(size=3)
    dx = student.linear_dx(W, dy)
    dx += 0  # what comes back is the test's own
    assert np.allclose(dx, W.T @ dy), hint(en="Is W transposed?", ko="W를 전치했나요?")


@pytest.mark.points(1)
class TestRefusals:
    def test_of_a_wrong_length(self, student):
        assert np.allclose(student.linear_dx(np.ones((2, 3)), np.ones(2)), 2), "the plain case"
        with pytest.raises(ValueError):
            student.linear_dx(np.ones((3, 2)), np.ones(2))
"""


def make_course(folder: Path, tests: str = TESTS, name: str = "test_dx.py") -> Path:
    course = copy_course(COURSE, folder / "course")
    (course / HIDDEN / name).write_text(tests, "utf-8")
    return course
