"""Loop-free answers pass efficiency tests, loops do not; ``make efficiency`` tries many more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.grading.efficiency import Yardstick, executes_too_many_lines, most_lines
from autograder.grading.observation import Observation
from autograder.grading.preparation import Prepared, prepare
from autograder.sandbox.host import Sandbox
from autograder.sandbox.protocol import Call, Plain, Returned
from autograder.sandbox.session import Session
from autograder.truth.cases import draw_smaller
from tests.efficiency.verdicts import Verdict, answers, timed_exercises, verdicts

# The exercise whose answers are tried here; and of these, such as are told apart by their lines.
NAME = "batched_backward"
BY_TIME = (
    "arrays-of-objects",
    "a-function-of-c-for-every-number",
    "tens-of-millions",
    "matrix-of-all-samples",
)

Timed = tuple[Course, Exercise, Prepared]


@pytest.fixture(scope="module")
def timed() -> Timed:
    course, exercises = timed_exercises()
    exercise = exercises[NAME]
    (prepared,) = prepare([exercise], course.seed)
    return course, exercise, prepared


@pytest.fixture(scope="module")
def found(timed: Timed) -> dict[str, list[Verdict]]:
    course, exercise, prepared = timed
    kinds = answers()[NAME]
    sources = kinds["fast"] | {k: v for k, v in kinds["slow"].items() if k not in BY_TIME}
    with Sandbox("sandbox", course.limits) as sandbox:
        return dict(verdicts(course, exercise, sources, sandbox, prepared))


def test_answers_without_loops_pass(found: dict[str, list[Verdict]]) -> None:
    fast = {name: found[name] for name in answers()[NAME]["fast"]}
    assert len(fast) >= 15
    lost = {name: one for name, many in fast.items() for one in many if not one.passed}
    assert lost == {}


def test_loops_lose_by_the_lines_that_they_execute(found: dict[str, list[Verdict]]) -> None:
    slow = {name: many for name, many in found.items() if name in answers()[NAME]["slow"]}
    assert len(slow) >= 15
    kept = {name: one for name, many in slow.items() for one in many if one.passed}
    assert kept == {}
    assert all(one.why.endswith("lines") for many in slow.values() for one in many)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    from autograder.sandbox.limits import Limits

    source = """
import sys
def straight(n): return n
def loop(n):
    for _ in range(n): pass
def comprehension(n): return [i for i in range(n)]
def nested(n): return loop(n)
def untraced(n):
    sys.settrace(None)
    return n
def traced(n):
    sys.settrace(lambda *_: None)
    return n
def swallowed(n):
    for i in range(n):
        try:
            i += 1
        except BaseException:
            pass
    return n
def fails(n): raise ValueError
"""
    with Sandbox("sandbox", Limits()) as sandbox, sandbox.session() as session:
        session.load("counted", {"counted.py": source})
        yield session


@pytest.mark.parametrize(
    ("name", "n", "least", "most"),
    [
        ("straight", 1000, 2, 4),
        ("loop", 500, 500, 1010),
        ("comprehension", 500, 500, 520),
        ("nested", 500, 500, 1015),
        ("loop", 10_000, 2001, 2001),
        ("untraced", 1, 2001, 2001),
        ("traced", 1, 2001, 2001),
        ("swallowed", 10_000, 2001, 2001),
    ],
)
def test_lines_are_counted_in_all_code_that_is_called(
    session: Session, name: str, n: int, least: int, most: int
) -> None:
    answer = session.call(name, [n], count=2000)
    assert isinstance(answer, Returned)
    assert answer.lines is not None
    assert least <= answer.lines <= most
    assert (answer.value == Plain(None)) == (answer.lines > 2000 or name in ("loop", "nested"))
    later = session.call("straight", [n])
    assert isinstance(later, Returned)
    assert later.lines is None


def test_what_fails_while_it_is_counted_fails(session: Session) -> None:
    session.start_clock(60)
    assert not isinstance(session.call("fails", [1], count=2000), Returned)
    assert Call(1, "f", ()).count == 0


def test_smaller_cases_have_long_axes_half_as_long(timed: Timed) -> None:
    course, exercise, _ = timed
    for test in exercise.run_tests:
        (smaller,) = draw_smaller(exercise, test, course.seed)
        assert smaller.dims == {"N": 1024, "n": 8, "m": 8}


def test_growth_counts_and_not_what_is_always_executed(timed: Timed) -> None:
    _, exercise, _ = timed
    (test,) = (one for one in exercise.run_tests if one.name == "large-batch")
    assert isinstance(test, EfficiencyTest)
    yardstick = Yardstick((9,))
    most = most_lines(test, 0, yardstick)

    def is_slow(fewer: int | None, lines: int | None) -> bool:
        observation = Observation(lines=lines, fewer_lines=fewer)
        return executes_too_many_lines(test, 0, observation, yardstick)

    assert not is_slow(5000, 5090)
    assert is_slow(5000, 5110)
    assert is_slow(most + 1, most + 1)
    assert not is_slow(None, 1000)
    assert is_slow(None, 2000)
    assert not is_slow(None, None)  # as time will tell
