"""Hidden tests tell students what the course lets them tell."""

from __future__ import annotations

import math
from typing import get_args

import msgspec
import pytest

from autograder.course.course import HiddenFeedback
from autograder.grades.feedback import visible
from tests.support.grades import PUBLIC, RAISED, SECRET, grade

POLICIES: tuple[HiddenFeedback, ...] = get_args(HiddenFeedback)


def told(policy: HiddenFeedback, *, after_due: bool = False) -> str:
    return msgspec.json.encode(visible(grade(), policy, after_due=after_due)).decode()


@pytest.mark.parametrize("policy", POLICIES)
def test_points_and_public_tests_stay(policy: HiddenFeedback) -> None:
    seen = visible(grade(), policy, after_due=False)
    assert (seen.score, seen.max_score) == (2.5, 10)
    assert seen.exercises[0].tests[:2] == (PUBLIC, RAISED)
    assert math.fsum(test.score for test in seen.exercises[0].tests) == 2.5
    assert math.fsum(test.max_score for test in seen.exercises[0].tests) == 10


@pytest.mark.parametrize("policy", POLICIES)
def test_values_and_shapes_are_secret_before_the_due_date(policy: HiddenFeedback) -> None:
    assert "27182" not in told(policy)
    assert "(3, 9)" not in told(policy)


def test_none_shows_one_line() -> None:
    assert "rectangles" not in told("none")
    assert "wrong-sign" not in told("none")
    assert "Look" not in told("none")
    (merged,) = visible(grade(), "none", after_due=True).exercises[0].tests[2:]
    assert (merged.name, merged.score, merged.max_score) == ("hidden tests", 0, 6)
    korean = visible(grade(language="ko"), "none", after_due=True).exercises[0].tests[2]
    assert korean.name == "숨은 테스트"


def test_names_show_names_and_points_alone() -> None:
    first, second = visible(grade(), "names", after_due=True).exercises[0].tests[2:]
    assert (first.name, first.max_score, first.mistake, first.hint) == ("rectangles", 5, None, None)
    assert first.message == second.message
    assert (first.status, second.status) == ("failed", "failed")


def test_hints_show_the_mistake_and_how_it_ended() -> None:
    first, second = visible(grade(), "hints", after_due=True).exercises[0].tests[2:]
    assert (first.mistake, first.hint) == ("wrong-sign", "Look at the sign.")
    assert "ended in the middle" in second.message
    assert (second.status, second.line) == ("crashed", msgspec.UNSET)


def test_all_shows_all_but_only_after_the_due_date() -> None:
    assert visible(grade(), "all", after_due=True) == grade()
    assert told("all") == told("hints")
    assert SECRET not in told("all")


def test_without_hidden_tests_nothing_is_taken_away() -> None:
    public = grade()
    exercise = msgspec.structs.replace(public.exercises[0], tests=(PUBLIC, RAISED))
    public = msgspec.structs.replace(public, exercises=(exercise,))
    assert visible(public, "none", after_due=False) == public
