"""``adjustments.yaml``: what it may say, and one clear line for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.adjustments import Adjustment, Decision
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.course.loading.adjustments import (
    load_adjustments,
    unknown_students,
    with_adjustment,
)
from autograder.errors import CourseError, UsageError
from tests.support.small_course import COURSE, copy_course


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(COURSE)


def load(course: Course, text: str) -> tuple[Adjustment, ...]:
    return load_adjustments(course, course.root / "adjustments.yaml", text)


WHOLE = """
adjustments:
  - student: dina
    assignment: linear-layer
    exercise: dx
    test: rectangles
    add: 2
    comment: A good idea
    by: kim
  - student: [0123, 2023.50, 김하나]
    assignment: linear-layer
    set: 3.5
  - all: {excuse: true}
    assignment: linear-layer
    exercise: dx
    test: rectangles
"""


def test_reads_every_kind(course: Course) -> None:
    first, second, third = load(course, WHOLE)
    assert first.decision == Decision("dx", "rectangles", add=2, comment="A good idea", by="kim")
    assert (first.students, first.line) == (("dina",), 3)
    # as they are written: an ID may begin with 0
    assert second.students == ("0123", "2023.50", "김하나")
    assert second.decision == Decision(set=3.5)
    assert third.students is None
    assert third.decision.excuse


def test_a_course_without_the_file_has_none(course: Course) -> None:
    assert load_adjustments(course) == ()


ENTRY = "adjustments:\n  - {{student: dina, assignment: linear-layer, {rest}}}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("adjustment: []", "1:1", "unknown key 'adjustment' in the file; did you mean"),
        ("adjustments: 3", "1:1", "must be a list"),
        ("adjustments:\n  - 3", "2:5", "must be a mapping"),
        (ENTRY.format(rest="ad: 2"), "2:47", "unknown key 'ad'"),
        (ENTRY.format(rest="add: two"), "2:47", "must be a number"),
        (ENTRY.format(rest="add: .nan"), "2:47", "must be finite"),
        (ENTRY.format(rest="add: 2, set: 3"), "2:5", "exactly one of"),
        (ENTRY.format(rest="comment: x"), "2:5", "exactly one of"),
        (ENTRY.format(rest="set: -1"), "2:47", "must be from 0"),
        (ENTRY.format(rest="set: 11"), "2:47", "there are 10 points"),
        (ENTRY.format(rest="add: -11"), "2:47", "there are 10 points"),
        (ENTRY.format(rest="exercise: dx, test: rectangles, set: 6"), "2:79", "there are 5 points"),
        (
            ENTRY.format(rest="exercise: dy, add: 1"),
            "2:47",
            "no exercise 'dy' in linear-layer; ",
        ),
        (ENTRY.format(rest="test: rectangles, add: 1"), "2:47", "belongs to an 'exercise'"),
        (
            ENTRY.format(rest="exercise: dx, test: rectangel, add: 1"),
            "2:61",
            "no test 'rectangel' in linear-layer/dx; did you mean 'rectangles'?",
        ),
        (ENTRY.format(rest="excuse: true"), "2:47", "name an 'exercise' or a 'test'"),
        (ENTRY.format(rest="exercise: dx, excuse: true"), "2:61", "nothing is left"),
        (ENTRY.format(rest="exercise: dx, test: rectangles, excuse: false"), "2:79", "'excuse' is"),
        (ENTRY.format(rest="all: {add: 1}"), "2:47", "'all' is for everybody"),
        (
            "adjustments:\n  - {assignment: linear-layer, add: 1}",
            "2:5",
            "needs a 'student', or 'all'",
        ),
        ("adjustments:\n  - {student: d, add: 1}", "2:5", "lacks the key 'assignment'"),
        (
            "adjustments:\n  - {student: d, assignment: linear, add: 1}",
            "2:18",
            "no assignment 'linear'; did you mean 'linear-layer'?",
        ),
        (
            "adjustments:\n  - {assignment: linear-layer, all: {add: 1}, add: 1}",
            "2:47",
            "belongs into 'all'",
        ),
        (
            "adjustments:\n  - {student: [], assignment: linear-layer, add: 1}",
            "2:6",
            "is empty",
        ),
        (
            "adjustments:\n  - {student: true, assignment: linear-layer, add: 1}",
            "2:6",
            "must be the name of a student",
        ),
        (
            "adjustments:\n  - {student: ' ', assignment: linear-layer, add: 1}",
            "2:6",
            "is empty; write the name",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(
    course: Course, text: str, place: str, words: str
) -> None:
    with pytest.raises(CourseError) as error:
        load(course, text)
    said = str(error.value)
    assert said.startswith(f"adjustments.yaml:{place}: "), said
    assert words in said
    assert "\n" not in said


def test_every_wrong_entry_is_found_at_once(course: Course) -> None:
    text = "adjustments:\n" + "  - {student: d, assignment: linear-layer, test: x, add: 1}\n" * 3
    with pytest.raises(CourseError) as error:
        load(course, text)
    assert [one.line for one in (error.value, *error.value.more)] == [2, 3, 4]


def test_students_that_nobody_knows(course: Course) -> None:
    adjustments = load(course, WHOLE)
    known = ["dinah", "0123", "2023.50", "\u1100\u1175\u11b7\u1112\u1161\u1102\u1161"]
    (error,) = unknown_students(adjustments, known)
    assert str(error) == "adjustments.yaml:3:5: there is no student 'dina'; did you mean 'dinah'?"


DECISION = Adjustment("linear-layer", Decision("dx", add=2.0, comment="x: y"), ("0123",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "adjustments:\n",
        "adjustments: []\n",
        "adjustments: [] # none yet\n",
        "# mine\nadjustments:\n  - {student: d, assignment: linear-layer, add: 1}  # why\n",
        "adjustments:\n- student: d\n  assignment: linear-layer\n  add: 1",
        "adjustments:\n    -   student: d\n        assignment: linear-layer\n        add: 1\n\n",
    ],
)
def test_an_entry_is_added_and_the_rest_stays(course: Course, text: str) -> None:
    new = with_adjustment(text, DECISION)
    assert all(line in new for line in text.splitlines() if "adjustments:" not in line)
    *_, last = load(course, new)
    assert (last.students, last.decision) == (("0123",), DECISION.decision)
    again = load(course, with_adjustment(new, DECISION))
    assert len(again) == len(load(course, new)) + 1


def test_a_list_in_brackets_is_left_to_its_author() -> None:
    with pytest.raises(UsageError, match="by hand"):
        with_adjustment("adjustments: [{student: d}]\n", DECISION)


def hidden(tmp_path: Path, extra: str) -> Path:

    root = copy_course(COURSE, tmp_path / "course")
    file = root / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    file.write_text(file.read_text("utf-8").replace("    cases: 6\n", f"    cases: 6\n{extra}"))
    return root


def test_a_disabled_test_counts_for_nobody_and_cannot_be_adjusted(tmp_path: Path) -> None:
    course = load_course(hidden(tmp_path, "    disabled: true\n    reason: It is wrong.\n"))
    (exercise,) = course.assignments["linear-layer"].exercises
    assert "rectangles" not in [test.name for test in exercise.tests]
    assert exercise.max_score == 5
    assert [(one.name, one.reason) for one in exercise.disabled] == [("rectangles", "It is wrong.")]
    with pytest.raises(CourseError, match="is disabled and counts for nobody"):
        load(course, ENTRY.format(rest="exercise: dx, test: rectangles, add: 1"))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("    disabled: true\n", "without saying why"),
        ("    disabled: true\n    reason: ' '\n", "without saying why"),
        ("    reason: x\n", "belongs to 'disabled: true'"),
        ("    disabled: maybe\n    reason: x\n", "must be true or false"),
    ],
)
def test_a_test_is_disabled_for_a_reason(tmp_path: Path, extra: str, words: str) -> None:
    with pytest.raises(CourseError, match=words):
        load_course(hidden(tmp_path, extra))


def test_a_public_test_is_not_disabled(tmp_path: Path) -> None:
    root = hidden(tmp_path, "")
    file = root / "assignments" / "linear-layer" / "dx.yaml"
    text = file.read_text("utf-8")
    name = "  - name: worked-example\n"
    assert name in text
    file.write_text(text.replace(name, f"{name}    disabled: true\n    reason: x\n"), "utf-8")
    with pytest.raises(CourseError, match="students have the public tests"):
        load_course(root)
