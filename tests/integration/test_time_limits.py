"""Loops without end cost little, and what takes long for a reason has the time for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from autograder.course.exercise import EfficiencyTest
from autograder.course.loading import load_course
from autograder.grading.call_seconds import call_seconds
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.submissions.submission import Submission
from autograder.truth.reference import load_reference

COURSE = load_course(Path(__file__).parents[1] / "security" / "course")
EXERCISE = COURSE.assignments["layer"].exercises[0]
LIMITS = Limits(wall_seconds=30.0, call_seconds=0.2, cpu_seconds=60)


@pytest.fixture(scope="module")
def grader() -> Iterator[ExerciseGrader]:
    course = replace(COURSE, limits=LIMITS)
    with Sandbox("sandbox", LIMITS) as sandbox:
        yield ExerciseGrader(course, EXERCISE, sandbox)


def observed(grader: ExerciseGrader, body: str) -> list[str]:
    """What became of the first case of each test, in the order of the run."""
    source = f"import numpy as np\ncalls = 0\ndef linear_backward(x, W, dy):\n{body}"
    files = {"linear_backward.py": source}
    run, _ = grader.run(Submission("eve", "layer", files))
    found = []
    for first, *_ in run.observations.values():
        failure = first.failure
        found.append("answered" if failure is None else f"{failure.kind} {failure.detail}".strip())
    return found


RIGHT = "    return W.T @ dy, np.outer(dy, x)\n"


@pytest.mark.parametrize(
    "body",
    [
        "    for _ in iter(int, 1): np.ones(3) + 1\n",
        "    return sum(iter(int, 1))\n",
        "    import re\n    re.match('(a|a)*b', 'a' * 60)\n",
        "    return 7 ** 7 ** 20\n",
        "    n = 1\n    while n != 0: n = n + dy[0] * 0 + 1\n",
        "    return linear_backward(x, W, dy) if not x.flags else "
        "[linear_backward for _ in iter(lambda: 0, 1)]\n",
        "    try:\n        while True: pass\n    except BaseException: pass\n",
        "    from itertools import count, islice\n    return list(islice(count(), 10**10, None))\n",
        "    return np.sort(np.arange(1 << 20)) if any(False for _ in iter(int, 1)) else 0\n",
    ],
)
def test_one_limit_is_used_up_and_no_more(grader: ExerciseGrader, body: str) -> None:
    """Of 30 seconds that a test may take, half a second at the most."""
    first, *others = observed(grader, body)
    kind, _, seconds = first.partition(" ")
    assert kind == "timeout"
    assert 0.2 <= float(seconds) <= 0.5
    assert set(others) == {"not_run"}


def test_who_loops_in_a_later_test_keeps_the_earlier_ones(grader: ExerciseGrader) -> None:
    loops = "    global calls\n    calls += 1\n    while calls > 1: pass\n"
    found = observed(grader, loops + RIGHT)
    assert found[0] == "answered" or "timeout" in found[0]
    assert sum(one.startswith("timeout") for one in found) == 1


@pytest.mark.parametrize(
    "body",
    [
        "    import time\n    time.sleep(0.22)\n",
        "    import numpy.testing, unittest, asyncio, statistics, fractions\n",
        "    x, W, dy = (np.asarray(a.tolist()) for a in (x, W, dy))\n"
        "    from decimal import Decimal\n    sum(Decimal(i) / 7 for i in range(2000))\n",
        "    for _ in range(20000): W.T @ dy\n",
    ],
)
def test_detours_have_the_time_for_them(grader: ExerciseGrader, body: str) -> None:
    """Sleep has the limit of a test; thousands of steps take less than a call may."""
    assert set(observed(grader, body + RIGHT)) == {"answered"}


def straight(x: Any, W: Any, dy: Any) -> Any:
    return W.T @ dy, np.outer(dy, x)


def in_loops(x: Any, W: Any, dy: Any) -> Any:
    dW = np.zeros(W.shape)
    for _ in range(40):
        for i, upstream in enumerate(dy):
            dW[i] = upstream * x
    return W.T @ dy, dW


def without_end(x: Any, W: Any, dy: Any) -> Any:
    while True:
        pass


def fails(x: Any, W: Any, dy: Any) -> Any:
    raise ValueError


@pytest.mark.parametrize(
    ("reference", "least", "most"),
    [(straight, 0.2, 0.2), (in_loops, 0.3, 9.0), (without_end, 30, 30), (fails, 30, 30)],
)
def test_the_limit_follows_from_the_lines_of_the_reference(
    grader: ExerciseGrader, reference: Callable[..., Any], least: float, most: float
) -> None:
    test = EXERCISE.run_tests[0]
    found = {
        call_seconds(EXERCISE, test, grader.cases[test.name], reference, LIMITS) for _ in range(5)
    }
    assert len(found) == 1  # counted and not timed
    assert least <= found.pop() <= most


def test_what_is_timed_has_the_time_of_a_test() -> None:
    exercise = COURSE.assignments["layer"].exercises[1]
    reference = load_reference(exercise)
    assert reference is not None
    (test,) = (one for one in exercise.run_tests if isinstance(one, EfficiencyTest))
    assert call_seconds(exercise, test, (), reference, LIMITS) == LIMITS.wall_seconds


def test_the_arrays_of_a_case_count(grader: ExerciseGrader) -> None:
    test = EXERCISE.run_tests[0]
    (case, *_) = grader.cases[test.name]
    W = np.ones((1000, 100))
    large = replace(case, inputs={"x": W[0], "W": W, "dy": W[:, 0]})
    limit = call_seconds(EXERCISE, test, [large], straight, LIMITS)
    assert 2 <= limit <= 3
    assert call_seconds(EXERCISE, test, [case, large], straight, LIMITS) == limit


BATCHED = COURSE.assignments["layer"].exercises[1]


def run_batched(body: str, limits: Limits) -> dict[str, Any]:
    source = f"import numpy as np\ncalls = []\ndef batched(W, dY):\n    calls.append(1)\n{body}"
    with Sandbox("sandbox", limits) as sandbox:
        timed = ExerciseGrader(replace(COURSE, limits=limits), BATCHED, sandbox)
        run, _ = timed.run(Submission("eve", "layer", {"batched.py": source}))
    return run.observations


@pytest.mark.parametrize("what", ["pass", "dY = 2 * dY"])
def test_nobody_waits_for_more_lines_than_are_allowed(what: str) -> None:
    body = f"    while len(dY) > 1000: {what}\n    return dY @ W\n"
    found = run_batched(body, LIMITS)
    assert all(one.is_ended and not one.outputs for one in found["fast"])
    assert all(one.failure is None for several in found.values() for one in several)


@pytest.mark.parametrize(
    "body", ["    return 2 * (dY @ W)\n", "    return np.zeros_like(dY @ W)\n"]
)
def test_a_wrong_answer_is_not_timed(body: str) -> None:
    found = run_batched(body, LIMITS)["fast"]
    assert all(one.seconds == float("inf") for one in found)
    assert all(one.lines is None and one.timed is None for one in found)


def test_a_right_answer_is_timed() -> None:
    found = run_batched("    return dY @ W\n", LIMITS)["fast"]
    assert all(0 < one.seconds < float("inf") and one.timed is not None for one in found)


def test_who_is_too_slow_in_a_test_of_time_keeps_the_others() -> None:
    limits = replace(LIMITS, wall_seconds=0.3)
    body = "    if len(dY) > 1000: sum(iter(int, 1))\n    return dY @ W\n"
    found = run_batched(body, limits)
    assert {one.failure.kind for one in found["fast"]} == {"timeout"}
    others = [one for name, several in found.items() if name != "fast" for one in several]
    assert others
    assert all(one.failure is None for one in others)
