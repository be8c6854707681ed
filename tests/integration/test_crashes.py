"""Code that ends its process loses that test, and where it does nothing else the others, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.loading import load_course
from autograder.grading.grader import Grader
from autograder.grading.run import ExerciseRun
from autograder.sandbox.host import Sandbox
from autograder.sandbox.session import Channel
from autograder.submissions.submission import Submission

COURSE = load_course(Path(__file__).parents[1] / "security" / "course")
HEAD = "import os\nimport numpy as np\n\n\ndef linear_backward(x, W, dy):\n"
RIGHT = "    return W.T @ dy, np.outer(dy, x)\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Channel]:
    """The processes of student code that are started from now on."""
    found: list[Channel] = []
    start = Sandbox._open

    def note(sandbox: Sandbox) -> Channel:
        found.append(start(sandbox))
        return found[-1]

    monkeypatch.setattr(Sandbox, "_open", note)
    return found


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Sandbox("sandbox", COURSE.limits) as sandbox:
        yield Grader(COURSE, sandbox, "en")


def run(grader: Grader, body: str) -> list[str]:
    """What became of each test, by its first failure, in the order of the run."""
    (exercise, *_) = grader.exercise_graders("layer")
    files = {"linear_backward.py": HEAD + body + RIGHT}
    found: ExerciseRun = exercise.run(Submission("eve", "layer", files))[0]
    return [
        next((one.failure.kind for one in several if one.failure is not None), "")
        for several in found.observations.values()
    ]


def test_who_only_ends_the_process_is_tried_twice(grader: Grader, started: list[Channel]) -> None:
    first, second, *others = run(grader, "    os._exit(3)\n")
    assert (first, second) == ("crashed", "crashed")
    assert set(others) == {"crashed_before"}
    assert len(started) == 2


def test_says_so(grader: Grader) -> None:
    files = {"linear_backward.py": f"{HEAD}    os.abort()\n"}
    grade = grader.grade(Submission("eve", "layer", files), "").exercises[0]
    assert {test.status for test in grade.tests} == {"crashed"}
    said = [test.message for test in grade.tests]
    assert any("ended in the middle of the test (SIGABRT)" in one for one in said)
    assert any("Not run: the code ended Python twice and answered nothing." in one for one in said)


@pytest.mark.parametrize("answers", ["W.shape != (2, 3)", "len(x) < 4", "len(dy) != 4"])
def test_who_has_answered_anything_loses_nothing_else(grader: Grader, answers: str) -> None:
    kinds = run(grader, f"    if not ({answers}): os._exit(3)\n")
    assert set(kinds) == {"", "crashed"}


def test_who_raises_has_answered(grader: Grader) -> None:
    kinds = run(grader, "    if W.shape == (2, 3): raise ValueError\n    os._exit(3)\n")
    assert set(kinds) == {"exception", "crashed"}


def test_a_kill_may_be_the_machine_s(grader: Grader) -> None:
    assert set(run(grader, "    os.kill(os.getpid(), 9)\n")) == {"crashed"}
