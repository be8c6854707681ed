"""The tests of an exercise are asked in one exchange; what happens in one stays in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grader import ExerciseGrader
from autograder.loading import load_course
from autograder.observation import Observation
from autograder.sandbox import Sandbox
from autograder.submission import Submission

COURSE = load_course(Path(__file__).parents[1] / "security" / "course")
EXERCISE = COURSE.assignments["layer"].exercises[0]
# `asked` counts what the exchange has asked for, in `first` the questions of the first test.
HEAD = """
import os, time
import numpy as np
from autograder.sandbox import child, protocol
first = {first}
asked = 0
def linear_backward(x, W, dy):
    global asked
    asked += 1
    print(asked)
    right = W.T @ dy, np.outer(dy, x)
    {body}
    return right
"""


@pytest.fixture(scope="module")
def grader() -> Iterator[ExerciseGrader]:
    with Sandbox("sandbox", COURSE.limits) as sandbox:
        yield ExerciseGrader(COURSE, EXERCISE, sandbox)


def observed(grader: ExerciseGrader, body: str) -> tuple[list[tuple[str, ...]], str]:
    """What became of each case, test by test in the order of the run, and what was printed."""
    source = HEAD.format(first=len(grader.cases["worked-example"]), body=body)
    run, _ = grader.run(Submission("eve", "layer", {"linear_backward.py": source}))
    return [tuple(map(kind, cases)) for cases in run.observations.values()], run.output


def kind(observation: Observation) -> str:
    return "answered" if observation.failure is None else observation.failure.kind


def test_what_uses_up_memory_is_not_tried_a_third_time(grader: ExerciseGrader) -> None:
    """Although the process lives on and has been asked everything."""
    tests, _ = observed(grader, "raise MemoryError")
    assert {kinds[0] for kinds in tests[:2]} == {"memory"}
    assert {kind for kinds in tests[2:] for kind in kinds} == {"not_run"}
