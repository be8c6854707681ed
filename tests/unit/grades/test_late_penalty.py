"""Lateness and attempts: times in, points out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.course import Assignment
from autograder.course.policy import Attempts, Late
from autograder.grades.deadline import all_due
from autograder.grades.late_penalty import Attempt, attempt_that_counts, due_date, settle

SEOUL = timezone(timedelta(hours=9))
DUE = datetime(2026, 12, 1, 23, 59, tzinfo=SEOUL)
LATE = Late(penalty_per_day=10, at_most_days=3, grace_minutes=10)


@pytest.mark.parametrize(
    ("after", "late_seconds", "penalty", "final"),
    [
        (timedelta(hours=-5), 0, 0, 80),
        (timedelta(), 0, 0, 80),
        (timedelta(minutes=10), 600, 0, 80),
        (timedelta(minutes=10, microseconds=1), 601, 10, 70),
        (timedelta(days=1), 86400, 10, 70),
        (timedelta(days=1, seconds=1), 86401, 20, 60),
        (timedelta(days=3), 3 * 86400, 30, 50),
        (timedelta(days=3, seconds=1), 3 * 86400 + 1, 80, 0),
    ],
)
def test_days_begun_cost_points(
    after: timedelta, late_seconds: int, penalty: float, final: float
) -> None:
    settled = settle(80, 100, submitted=DUE + after, due=DUE, late=LATE)
    assert (settled.late_seconds, settled.penalty, settled.final_score) == (
        late_seconds,
        penalty,
        final,
    )


def test_offsets_count() -> None:
    in_utc = datetime(2026, 12, 1, 14, 59, tzinfo=UTC)
    assert settle(1, 1, submitted=in_utc, due=DUE, late=LATE).late_seconds == 0
    as_if_utc = DUE.replace(tzinfo=UTC)
    assert settle(1, 1, submitted=as_if_utc, due=DUE, late=LATE).late_seconds == 9 * 3600


def test_without_a_late_policy_lateness_is_only_noted() -> None:
    settled = settle(5, 10, submitted=DUE + timedelta(days=40), due=DUE, late=Late())
    assert (settled.late_seconds, settled.penalty, settled.final_score) == (40 * 86400, 0, 5)


@given(
    score=st.floats(0, 100),
    seconds=st.integers(-(10**6), 10**7),
    more=st.integers(0, 10**6),
    late=st.builds(
        Late,
        st.floats(0, 100),
        st.none() | st.integers(0, 366),
        st.floats(0, 10080),
    ),
)
def test_waiting_never_helps_and_points_stay_in_range(
    score: float, seconds: int, more: int, late: Late
) -> None:
    sooner = settle(score, 100, submitted=DUE + timedelta(seconds=seconds), due=DUE, late=late)
    later = settle(
        score, 100, submitted=DUE + timedelta(seconds=seconds + more), due=DUE, late=late
    )
    assert 0 <= later.final_score <= sooner.final_score <= score
    assert later.penalty >= 0
    assert later.final_score == pytest.approx(score - later.penalty, abs=1e-8)


def test_extensions_are_for_those_who_have_them() -> None:
    later = DUE + timedelta(days=2)
    assert due_date(DUE, {"kim": later}, "kim") == later
    assert due_date(DUE, {"kim": later}, "lee") == DUE
    assert due_date(None, {}, "lee") is None


def test_feedback_waits_for_the_last_extension() -> None:
    later = DUE + timedelta(days=2)
    assignment = Assignment("a", {}, (), DUE, {"kim": later})
    assert not all_due(assignment, DUE + timedelta(days=1))
    assert all_due(assignment, later + timedelta(seconds=1))
    assert not all_due(Assignment("a", {}, ()), later)


TIMES = [DUE + timedelta(hours=hour) for hour in range(4)]


@pytest.mark.parametrize(
    ("scores", "policy", "counts"),
    [
        ([5, 9, 7, 1], Attempts(), 3),
        ([5, 9, 7, 1], Attempts(keep="best"), 1),
        ([5, 9, 9, 1], Attempts(keep="best"), 2),
        ([5, 9, 7, 1], Attempts(keep="last", at_most=3), 2),
        ([5, 1, 7, 9], Attempts(keep="best", at_most=2), 0),
    ],
)
def test_the_attempt_that_counts(scores: list[float], policy: Attempts, counts: int) -> None:
    attempts = [Attempt(time, score) for time, score in zip(TIMES, scores, strict=True)]
    assert attempt_that_counts(attempts, policy) == counts
    backwards = attempt_that_counts(attempts[::-1], policy)
    assert attempts[::-1][backwards] == attempts[counts]


def test_no_attempt_is_no_choice() -> None:
    with pytest.raises(ValueError, match="no attempts"):
        attempt_that_counts([], Attempts())
