"""What people decided, applied to grades: numbers by hand, and what holds for any of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from autograder.course.adjustments import Adjustment, Decision
from autograder.course.policy import Late
from autograder.grades import model
from autograder.grades.adjust import adjust, shared_out, without_adjustments
from autograder.grades.feedback import visible
from autograder.grades.grade_file import decode_grade, encode_grade, is_edited
from autograder.grades.model import ExerciseGrade, Grade, Timing

LATE = Late(penalty_per_day=10)
DAY = 86400


def _test(name: str, score: float, highest: float) -> model.TestGrade:
    status: model.Status = "passed" if score == highest else "failed"
    return model.TestGrade(name, "hidden", float(score), float(highest), status, "m")


def made(*exercises: list[tuple[float, float]], **more: Any) -> Grade:
    """A grade with exercises e0, e1 ... of tests t0, t1 ... with (score, highest)."""
    made_of = tuple(
        ExerciseGrade(
            f"e{number}",
            math.fsum(score for score, _ in tests),
            math.fsum(highest for _, highest in tests),
            tuple(_test(f"t{place}", *pair) for place, pair in enumerate(tests)),
        )
        for number, tests in enumerate(exercises)
    )
    score = math.fsum(one.score for one in made_of)
    highest = math.fsum(one.max_score for one in made_of)
    timing = Timing("2026-12-01T00:00:00+00:00", 0.1)
    whole = Grade("dina", "a", score, highest, "sandbox", "en", made_of, "f", timing)
    return replace(whole, **more)


def say(student: str | None = "dina", assignment: str = "a", **decision: Any) -> Adjustment:
    students = None if student is None else (student,)
    return Adjustment(assignment, Decision(**decision), students)


GRADE = made([(2, 5), (5, 5)], [(0, 10)])  # 7 of 20


@pytest.mark.parametrize(
    ("adjustments", "total"),
    [
        ([say(add=2)], 9),
        ([say(exercise="e1", add=2)], 9),
        ([say(exercise="e0", test="t0", add=2)], 9),
        ([say(None, add=1)], 8),
        ([say(exercise="e1", set=4)], 11),
        ([say(set=15)], 15),
        ([say(exercise="e0", test="t1", add=-3)], 4),
        # never above the highest, never below nothing
        ([say(exercise="e0", test="t0", add=5)], 10),
        ([say(add=-9)], 0),
        ([say(add=20)], 20),
        # in their order
        ([say(add=2), say(set=3)], 3),
        ([say(set=3), say(add=2)], 5),
        ([say(exercise="e0", test="t0", set=0), say(exercise="e0", add=1)], 6),
        # who and what it is not about
        ([say("kim", add=2)], 7),
        ([say(assignment="b", add=2)], 7),
        ([say(exercise="e0", test="gone", add=2)], 7),
        ([say(exercise="gone", add=2)], 7),
        # what does not count gets the share of the rest: t1 was reached in full
        ([say(exercise="e0", test="t0", excuse=True)], 10),
        ([say(exercise="e0", test="t1", excuse=True)], 4),
        # of an exercise: 7 of 10 elsewhere
        ([say(exercise="e1", excuse=True)], 14),
        ([say(exercise="e0", excuse=True)], 0),
        # all of its tests are the exercise
        (
            [
                say(exercise="e0", test="t0", excuse=True),
                say(exercise="e0", test="t1", excuse=True),
            ],
            0,
        ),
        # the last word about a test counts
        ([say(exercise="e0", test="t0", excuse=True), say(exercise="e0", test="t0", set=1)], 6),
    ],
)
def test_points_by_hand(adjustments: list[Adjustment], total: float) -> None:
    adjusted = adjust(GRADE, adjustments, Late())
    assert adjusted.total == pytest.approx(total)
    assert adjusted.score == 7
    assert [one.score for one in adjusted.exercises] == [7, 0]


def test_a_decision_is_in_the_grade_and_one_that_is_not_applied_is_not() -> None:
    adjusted = adjust(GRADE, [say(add=2.0, comment="why"), say("kim", add=3.0)], Late())
    assert adjusted.adjustments == (Decision(add=2, comment="why"),)
    assert adjusted.adjusted == 9
    assert decode_grade(encode_grade(adjusted)).adjustments == adjusted.adjustments
    assert not is_edited(decode_grade(encode_grade(adjusted)))


def test_an_excused_test_says_so() -> None:
    adjusted = adjust(GRADE, [say(exercise="e0", test="t0", excuse=True)], Late())
    first = adjusted.exercises[0].tests[0]
    assert (first.score, first.total, first.excused) == (2, 5, True)
    assert adjusted.exercises[0].tests[1].adjusted is UNSET


def test_hangul_in_parts_is_the_same_name() -> None:
    parts = "\u1112\u1161\u11ab"
    grade = replace(GRADE, student=parts)
    assert adjust(grade, [say("한", add=2)], Late()).total == 9


def late(grade: Grade, days: int) -> Grade:
    plain = replace(grade, submitted="2026-12-01T00:00:00+00:00", late_seconds=days * DAY)
    return without_adjustments(
        replace(plain, penalty=0.0, final_score=0.0, adjustments=(Decision(add=0.0),)), LATE
    )


def test_the_late_penalty_follows_from_tests_and_comes_before_the_whole() -> None:
    grade = late(made([(1, 5), (0, 5)]), days=2)
    assert (grade.penalty, grade.final_score, grade.total) == (1, 0, 0)
    adjusted = adjust(grade, [say(exercise="e0", test="t1", add=4)], LATE)
    assert (adjusted.score, adjusted.penalty, adjusted.final_score) == (1, 2, 3)
    assert adjusted.total == 3
    adjusted = adjust(grade, [say(exercise="e0", test="t1", add=4), say(set=6)], LATE)
    assert (adjusted.penalty, adjusted.final_score, adjusted.total) == (2, 3, 6)


def test_what_students_see_keeps_points_and_hides_names() -> None:
    grade = made([(2, 5), (5, 5)])
    adjusted = adjust(grade, [say(exercise="e0", test="t0", add=2, comment="ok")], Late())
    for policy in ("none", "names", "hints"):
        seen = visible(adjusted, policy, after_due=False)
        assert seen.total == 9
        assert math.fsum(test.total for test in seen.exercises[0].tests) == 9
        assert ("t0" in repr(seen)) == (policy != "none")


POINTS = st.integers(1, 12).map(float)
TESTS = st.lists(st.tuples(st.floats(0, 1), POINTS), min_size=1, max_size=4).map(
    lambda pairs: [(round(share * highest, 2), highest) for share, highest in pairs]
)
GRADES = st.lists(TESTS, min_size=1, max_size=3).map(lambda exercises: made(*exercises))


@st.composite
def decisions(draw: Any) -> Adjustment:
    exercise = draw(st.sampled_from(["", "e0", "e1", "e2"]))
    test = draw(st.sampled_from(["", "t0", "t1"])) if exercise else ""
    kind = draw(st.sampled_from(["add", "set", "excuse"] if exercise else ["add", "set"]))
    value: Any = True
    if kind != "excuse":
        value = float(draw(st.integers(-12 if kind == "add" else 0, 12)))
    student = draw(st.sampled_from(["dina", "kim", None]))
    return say(student, exercise=exercise, test=test, **{kind: value})


ADJUSTMENTS = st.lists(decisions(), max_size=5)


@given(GRADES, ADJUSTMENTS, ADJUSTMENTS, st.integers(-1, 4))
def test_adjusting_again_is_adjusting_once(
    grade: Grade, first: list[Adjustment], second: list[Adjustment], days: int
) -> None:
    grade = grade if days < 0 else late(grade, days)
    adjusted = adjust(grade, second, LATE)
    assert adjust(adjust(grade, first, LATE), second, LATE) == adjusted
    assert adjust(adjusted, second, LATE) == adjusted
    assert without_adjustments(adjusted, LATE) == grade
    assert 0 <= adjusted.total <= grade.max_score
    for exercise in adjusted.exercises:
        assert 0 <= exercise.total <= exercise.max_score
        assert all(0 <= test.total <= test.max_score for test in exercise.tests)


@given(GRADES, ADJUSTMENTS, st.integers(-1, 4))
def test_shared_out_among_tests_it_is_the_same_points(
    grade: Grade, adjustments: list[Adjustment], days: int
) -> None:
    grade = grade if days < 0 else late(grade, days)
    adjusted = adjust(grade, adjustments, LATE)
    shared = shared_out(adjusted)
    tests = [test for one in shared.exercises for test in one.tests]
    assert all(0 <= test.total <= test.max_score for test in tests)
    left = math.fsum(test.total for test in tests) - (shared.penalty or 0.0)
    assert left == pytest.approx(adjusted.total, abs=1e-6)
