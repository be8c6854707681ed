"""The tests of an exercise are asked in one exchange; what happens in one stays in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.loading import load_course
from autograder.grading.grader import ExerciseGrader
from autograder.grading.observation import Observation
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from autograder.truth.reference import solution_source
from tests.support.small_course import copy_course

COURSE = load_course(Path(__file__).parents[1] / "security" / "course")
EXERCISE = COURSE.assignments["layer"].exercises[0]
# The first test has `first` questions; `asked` counts those that this process has been asked.
HEAD = """
import os, time
import numpy as np
first = {first}
asked = 0
def linear_backward(x, W, dy):
    global asked
    asked += 1
    right = W.T @ dy, np.outer(dy, x)
    {body}
    return right
"""


@pytest.fixture(scope="module")
def grader() -> Iterator[ExerciseGrader]:
    with Sandbox("sandbox", COURSE.limits) as sandbox:
        yield ExerciseGrader(COURSE, EXERCISE, sandbox)


def observed(grader: ExerciseGrader, body: str) -> list[list[str]]:
    """What became of each case, test by test in the order of the run."""
    source = HEAD.format(first=len(grader.cases["worked-example"]), body=body)
    run, _ = grader.run(Submission("eve", "layer", {"linear_backward.py": source}))
    return [list(map(kind, cases)) for cases in run.observations.values()]


def kind(observation: Observation) -> str:
    return "answered" if observation.failure is None else observation.failure.kind


def test_what_uses_up_memory_is_not_tried_a_third_time(grader: ExerciseGrader) -> None:
    """Although the process lives on and has been asked everything."""
    tests = observed(grader, "raise MemoryError")
    assert {kinds[0] for kinds in tests[:2]} == {"memory"}
    assert {kind for kinds in tests[2:] for kind in kinds} == {"not_run"}


def test_each_test_has_a_clock_of_its_own(tmp_path: Path) -> None:
    """All together take longer than one may, each of them a sixth of that."""
    course = copy_course(COURSE.root, tmp_path / "course")
    path = course / "tests/hidden/layer/linear_backward.yaml"
    path.write_text(path.read_text("utf-8").replace("cases: 5", "cases: 1"), "utf-8")
    config = course / "config.yaml"
    limit = COURSE.limits.wall_seconds
    text = config.read_text("utf-8").replace(f"wall_seconds: {limit:g}", "wall_seconds: 2.9")
    config.write_text(text, "utf-8")
    loaded = load_course(course)
    with Sandbox("sandbox", loaded.limits) as sandbox:
        grader = ExerciseGrader(loaded, loaded.assignments["layer"].exercises[0], sandbox)
        tests = observed(grader, "time.sleep(0.5)")
    assert 0.5 * len(tests) > loaded.limits.wall_seconds == 2.9
    assert [set(kinds) for kinds in tests] == [{"answered"}] * 6


@pytest.mark.parametrize("half", ["pass", r"os.write(3, b'\0\0\1\0' + b'\x82' * 100)"])
def test_who_waits_has_used_up_the_time_of_that_test(grader: ExerciseGrader, half: str) -> None:
    """Even with half a reply under way."""
    first, second, *_ = observed(grader, f"if asked == first + 1: {half}; time.sleep(9)")
    assert set(first) == {"answered"}
    assert set(second) == {"timeout"}


def test_what_was_answered_before_a_crash_counts(grader: ExerciseGrader) -> None:
    first, second, *_ = observed(grader, "if asked == first + 1: os._exit(3)")
    assert set(first) == {"answered"}
    assert set(second) == {"crashed"}


def test_what_was_answered_in_advance_after_a_forged_reply_is_asked_again(
    grader: ExerciseGrader,
) -> None:
    """The process had been at work on the other tests; a new one is."""
    first, *others = observed(grader, r"if x[0] == 9: os.write(3, b'\0\0\0\1\x80')")
    assert set(first) == {"malformed"}
    assert {kind for kinds in others for kind in kinds} == {"answered"}


def test_a_function_may_have_any_name(tmp_path: Path) -> None:
    course = copy_course(COURSE.root, tmp_path / "course")
    for path in course.glob("*/layer/linear_backward.*"):
        path.write_text(path.read_text("utf-8").replace("linear_backward(", "first("), "utf-8")
    loaded = load_course(course)
    exercise = loaded.assignments["layer"].exercises[0]
    source = solution_source(exercise) or ""
    with Sandbox("sandbox", loaded.limits) as sandbox:
        renamed = ExerciseGrader(loaded, exercise, sandbox)
        run, _ = renamed.run(Submission("kim", "layer", {"linear_backward.py": source}))
    assert {kind(one) for several in run.observations.values() for one in several} == {"answered"}


def test_what_uses_up_the_time_of_a_timed_case_ends_the_test(tmp_path: Path) -> None:
    course = copy_course(COURSE.root, tmp_path / "course")
    path = course / "tests/hidden/layer/batched.yaml"
    path.write_text(path.read_text("utf-8").replace("cases: 1", "cases: 3"), "utf-8")
    loaded = load_course(course)
    source = "def batched(W, dY):\n    print(len(dY))\n    if len(dY) > 1000: sum(iter(int, 1))"
    with Sandbox("sandbox", loaded.limits) as sandbox:
        timed = ExerciseGrader(loaded, loaded.assignments["layer"].exercises[1], sandbox)
        run, _ = timed.run(Submission("kim", "layer", {"batched.py": source}))
    assert [kind(one) for one in run.observations["fast"]] == ["timeout"] * 3
    assert run.output.count("2048") == 1


# Answers are sent in pieces, several at once and ahead of time; with `spoil`, also changed, twice,
# in part or not at all.
MANGLED = """
import os, random
import numpy as np
from autograder.sandbox import child, framing
chance, spoil = random.Random({seed}), {spoil}
def mangle(server, reply):
    frames = b"".join(framing.frame(framing.encode(reply)))
    while server._unread and chance.random() < 0.4:
        frames += b"".join(framing.frame(framing.encode(server._answer(server._receive()))))
    if spoil and chance.random() < 0.2:
        at = chance.randrange(len(frames))
        changed = bytes([frames[at] ^ 1 << chance.randrange(8)])
        frames = chance.choice([
            frames * 2, frames[:at], frames[at:], b"", frames[:at] + changed + frames[at + 1:],
        ])
    while frames:
        size = chance.randrange(1, 500)
        os.write(3, frames[:size])
        frames = frames[size:]
    if spoil and chance.random() < 0.1:
        os._exit(0)
def linear_backward(x, W, dy):
    child.Server._send = mangle
    return {factor} * (W.T @ dy), {factor} * np.outer(dy, x)
"""


@pytest.mark.parametrize("seed", range(20))
def test_only_what_was_answered_counts_however_it_is_sent(
    grader: ExerciseGrader, seed: int
) -> None:
    for spoil, factor, lowest, highest in ((0, 1, 20, 20), (1, 1, 0, 20), (1, 2, 0, 0)):
        source = MANGLED.format(seed=seed, spoil=spoil, factor=factor)
        files = {"linear_backward.py": source}
        assert lowest <= grader.grade(Submission("eve", "layer", files), "en").score <= highest
