"""What an assignment still asks for: hidden points and the due date, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from autograder.course.loading import load_course
from autograder.student.to_come import (
    ToCome,
    about_in_words,
    due_in_words,
    encode_to_come,
    file_path,
    hidden_part,
    summary_lines,
    to_come,
)

KOREA = timezone(timedelta(hours=9))
DUE = datetime(2026, 12, 1, 23, 59, tzinfo=KOREA)
GOOD = Path(__file__).parents[2] / "courses" / "good"


@pytest.mark.parametrize(
    ("before", "english", "korean"),
    [
        (timedelta(days=2, hours=1), "in 2 days", "2일 남음"),
        (timedelta(hours=30), "in 30 hours", "30시간 남음"),
        (timedelta(hours=1), "in 1 hour", "1시간 남음"),
        (timedelta(minutes=59), "in 59 minutes", "59분 남음"),
        (timedelta(seconds=1), "in 0 minutes", "0분 남음"),
        (timedelta(days=-3), "3 days ago", "3일 지남"),
        (timedelta(minutes=-1), "1 minute ago", "1분 지남"),
    ],
)
def test_a_due_date_is_a_weekday_and_a_distance(
    before: timedelta, english: str, korean: str
) -> None:
    now = DUE - before
    assert due_in_words(DUE, now, "en") == f"Tuesday, 1 December, 23:59 ({english})"
    assert due_in_words(DUE, now, "ko") == f"12월 1일 화요일 23:59 ({korean})"


def test_another_zone_is_named() -> None:
    elsewhere = (DUE - timedelta(days=5)).astimezone(UTC)
    assert "23:59 UTC+09:00 (in 5 days)" in due_in_words(DUE, elsewhere, "en")


def test_a_bundle_says_what_the_course_knows(tmp_path: Path) -> None:
    course = load_course(GOOD)
    (assignment,) = course.assignments.values()
    exercise = assignment.exercises[0]
    part = hidden_part(exercise, with_titles=True)
    hidden = [test for test in exercise.tests if test.visibility == "hidden"]
    assert part.points == sum(p.points for test in hidden for p in test.parts) > 0
    assert to_come(course, exercise) == part
    bare = load_course(GOOD, public=True)
    path = file_path(tmp_path, assignment.name)
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_to_come(assignment.exercises, with_titles=False))
    bundle = msgspec.structs.replace(bare, root=tmp_path)
    found = to_come(bundle, exercise)
    assert found is not None
    assert (found.points, found.about) == (part.points, ())
    now = datetime.now(KOREA)
    lines = list(summary_lines(bundle, assignment.name, [(exercise, 1.0, 3.0)], now, "en"))
    assert lines[:2] == ["Public tests: 1 of 3 points.", f"Hidden tests give {part.points:g} more."]


def test_what_hidden_tests_are_about_is_said_once() -> None:
    parts = [ToCome(1, ("shapes", {"en": "Rectangles", "ko": "직사각형"})), ToCome(2, ("shapes",))]
    assert about_in_words(parts, "en") == "shapes, Rectangles"
    assert about_in_words(parts, "ko") == "여러 가지 shape, 직사각형"


def test_a_file_that_is_none_says_nothing(tmp_path: Path) -> None:
    course = msgspec.structs.replace(load_course(GOOD, public=True), root=tmp_path)
    (assignment,) = course.assignments.values()
    path = file_path(tmp_path, assignment.name)
    path.parent.mkdir(parents=True)
    path.write_text("[]")
    assert to_come(course, assignment.exercises[0]) is None
