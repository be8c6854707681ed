"""A loop that never ends is told by its line, without a wait for the limit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from autograder.course.loading import load_course
from autograder.grading.failures import Failure
from autograder.grading.grader import ExerciseGrader, Grader
from autograder.sandbox.child import _count
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import Level
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Returned
from autograder.submissions.submission import Submission, SubmissionRef, read_submission
from autograder.text.language import Language

COURSE = load_course(Path(__file__).parents[1] / "security" / "course")
EXERCISE = COURSE.assignments["layer"].exercises[0]
# Nobody is to wait for these.
LIMITS = Limits(wall_seconds=100.0, call_seconds=100.0, cpu_seconds=200)
LOOP = """\
import numpy as np


def linear_backward(x, W, dy):
    dx = np.zeros(3)
    i = 0
    while i < len(x):
        dx[i] += W[0, i]
    return dx, dy
"""


@pytest.fixture(scope="module", params=["sandbox", "process"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    level: Level = request.param
    with Sandbox(level, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def grader(sandbox: Sandbox) -> ExerciseGrader:
    return ExerciseGrader(replace(COURSE, limits=LIMITS), EXERCISE, sandbox)


def failures(grader: ExerciseGrader, files: dict[str, str]) -> list[Failure | None]:
    """Those of the first case of each test, in the order of the run."""
    run, judgements = grader.run(Submission("eve", "layer", files))
    assert sum(one.score for one in judgements) == 0
    return [first.failure for first, *_ in run.observations.values()]


def message(sandbox: Sandbox, submission: Submission, language: Language = "en") -> str:
    grade = Grader(replace(COURSE, limits=LIMITS), sandbox, language).grade(submission, "")
    return grade.exercises[0].tests[0].message


def test_the_rest_of_the_exercise_is_not_tried(grader: ExerciseGrader) -> None:
    first, *others = failures(grader, {"linear_backward.py": LOOP})
    assert first is not None
    assert first.loop is not None
    assert (first.kind, first.loop.file, first.loop.line) == ("endless", "linear_backward.py", 7)
    assert first.consequences.status == "timeout"
    assert {one.kind for one in others if one} == {"not_run"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "Never ends for x (3,), W (2, 3), dy (2,): this loop goes on as long as i stays the "
            "same, and nothing changes it (line 7 of linear_backward.py: while i < len(x):)",
        ),
        (
            "ko",
            "끝나지 않습니다 (입력 x (3,), W (2, 3), dy (2,)). i가 그대로인 한 이 반복문은 "
            "계속되는데, 값을 바꾸는 코드가 없습니다 "
            "(linear_backward.py 7번째 줄: while i < len(x):)",
        ),
    ],
)
def test_says_what_would_have_to_change(sandbox: Sandbox, language: Language, said: str) -> None:
    submission = Submission("eve", "layer", {"linear_backward.py": LOOP})
    grade = Grader(replace(COURSE, limits=LIMITS), sandbox, language).grade(submission, "")
    test = grade.exercises[0].tests[0]
    assert test.message == said
    assert (test.file, test.line) == ("linear_backward.py", 7)


def test_several_names_and_lengths_alone(sandbox: Sandbox) -> None:
    body = "def linear_backward(x, W, dy):\n    n, k = 3, 1\n    while {}: pass\n"
    for condition, said in {
        "n > k": "as long as n, k stay the same, and nothing changes them (line 3 of",
        "W.shape[0]": "as long as W stays the same, and nothing changes it (line 3 of",
    }.items():
        files = {"linear_backward.py": body.format(condition)}
        assert said in message(sandbox, Submission("eve", "layer", files))


def test_in_another_file_and_while_it_is_loaded(grader: ExerciseGrader) -> None:
    files = {
        "linear_backward.py": "import helper\n\nlinear_backward = helper.f()\n",
        "helper.py": "def f():\n    while True:\n        pass\n",
    }
    for one in failures(grader, files):
        assert one is not None
        assert one.loop is not None
        assert (one.kind, one.loop.file, one.loop.line) == ("endless", "helper.py", 2)
        assert one.while_loading


def test_shapes_are_not_named_while_it_is_loaded(sandbox: Sandbox) -> None:
    files = {"linear_backward.py": "while True: pass\n"}
    assert message(sandbox, Submission("eve", "layer", files)).startswith("Never ends: nothing")


def test_lines_are_counted_without_those_that_look(sandbox: Sandbox) -> None:
    source = "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"
    names: dict[str, Any] = {}
    exec(source, names)
    most = 10**6
    _, lines = _count(names["f"], [100_000], most)
    with sandbox.session() as session:
        session.load("m", {"m.py": source})
        for _ in range(3):
            outcome = session.call("f", [100_000], count=most)
            assert isinstance(outcome, Returned)
            assert outcome.lines == lines


def test_a_cell_of_a_notebook(sandbox: Sandbox, tmp_path: Path) -> None:
    cells = ["import numpy as np\n", LOOP.partition("\n\n\n")[2]]
    notebook = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": text} for text in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "linear_backward.ipynb").write_text(json.dumps(notebook), "utf-8")
    submission = read_submission(SubmissionRef("eve", "layer", tmp_path))
    assert "(cell 2, line 4: while i < len(x):)" in message(sandbox, submission)
