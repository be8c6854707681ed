"""An author's loop without an end ends with the name of the test."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from autograder.course.loading import load_course
from autograder.errors import CourseError
from autograder.grading.preparation import prepare
from autograder.truth import trusted_time_limit
from autograder.truth.trusted_time_limit import TooLong, limited
from tests.support.small_course import COURSE, copy_course

PUBLIC = "assignments/linear-layer/dx.yaml"
SOLUTION = "solutions/linear-layer/dx.py"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trusted_time_limit, "LIMIT", 0.3)
    return copy_course(COURSE, tmp_path / "course")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (PUBLIC, "y = W @ x", "y = [1 for _ in iter(int, 1)]", "'worked-example': the forward"),
        (PUBLIC, "y = W @ x", "y = W @ x * sum(1 for _ in iter(int, 1))", "the forward pass"),
        (SOLUTION, "return", "while True: pass\n    return", "'worked-example': the reference"),
        (SOLUTION, "return", "n = 0\n    while n != 1: n += 2\n    return", "the reference"),
        (
            SOLUTION,
            "return",
            "while 1:\n        try: W.sum()\n        except Exception: pass\n    return",
            "the reference solution takes more",
        ),
        (SOLUTION, "def", "while True: pass\ndef", "dx.py:1:1: the solution takes more"),
    ],
)
def test_a_loop_ends_with_a_message(course: Path, file: str, old: str, new: str, said: str) -> None:
    text = (course / file).read_text("utf-8")
    (course / file).write_text(text.replace(old, new, 1), "utf-8")
    loaded = load_course(course)
    with pytest.raises(CourseError, match="does a loop never end") as caught:
        prepare(loaded.assignments["linear-layer"].exercises, 7)
    assert said in str(caught.value)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_the_outer_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_time_limit, "LIMIT", 0.2)
    with pytest.raises(TooLong), limited():
        _limit_for_ever()


def _limit_for_ever() -> None:
    while True:
        with limited():
            pass


def test_in_a_thread_nothing_is_limited() -> None:
    done = []

    def work() -> None:
        with limited():
            done.append(signal.getitimer(signal.ITIMER_PROF)[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [0.0]
