"""A course's own roster: nobody is left out of a table because she handed in nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.course.roster import Roster, course_roster, read_roster
from autograder.errors import UsageError
from autograder.exports import canvas, markdown, moodle, table_csv
from autograder.exports.context import Context
from autograder.exports.summary import write_summary
from autograder.exports.table import tables
from tests.support.grades import grade, perfect
from tests.support.small_course import rows_of

ROSTER = b"student,name,ID,email\nkim,Kim Dina,7,k@x\nlee,Lee Jiwoo,8,l@x\nzoe,Zoe Park,9,z@x\n"
HANGUL = "\u1112\u1161\u11ab"


@pytest.fixture
def roster() -> Roster:
    return read_roster(ROSTER, "roster.csv")


def test_who_is_absent(roster: Roster) -> None:
    assert roster.absent(["kim"]) == ["lee", "zoe"]
    assert roster.absent(["kim", "lee", "zoe", "stranger"]) == []
    assert roster.display_name("kim") == "Kim Dina"
    assert roster.display_name("stranger") == ""
    parts = read_roster("student\n한\n".encode(), "r")
    assert parts.absent([HANGUL]) == []
    assert parts.display_name("한") == ""


def test_every_table_has_everybody(roster: Roster, tmp_path: Path) -> None:
    grades = [grade("kim"), perfect("lee")]
    context = Context(everybody=roster)
    rows = rows_of(table_csv.write(grades, context).decode())
    assert [row[0] for row in rows] == ["student", "kim", "lee", "zoe"]
    assert set(rows[-1][1:]) == {""}
    assert len({len(row) for row in rows}) == 1
    assert "| zoe | – | – |" in markdown.write(grades, context).decode()
    write_summary(tmp_path / "summary.csv", grades, roster=roster)
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [(row["student"], row["score"]) for row in found][-1] == ("zoe", "")
    assert found[-1]["max_score"] == "10"
    (shown,) = tables(grades, 100, roster)
    assert shown.plain.endswith("Handed in nothing: zoe")


def test_who_handed_in_one_of_two_is_absent_in_the_other(roster: Roster, tmp_path: Path) -> None:
    grades = [grade("kim"), replace(perfect("lee"), assignment="mlp")]
    write_summary(tmp_path / "summary.csv", grades, roster=roster)
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as file:
        found = {(row["student"], row["assignment"]): row["score"] for row in csv.DictReader(file)}
    assert found["kim", "mlp"] == found["lee", "linear-layer"] == ""
    assert len(found) == 6


def test_platforms_take_their_ids_from_it(roster: Roster) -> None:
    context = Context(everybody=roster)
    rows = rows_of(canvas.write([grade("kim")], context).decode())
    assert rows[2][:2] == ["Kim Dina", "7"]
    assert rows[-1][-1] == ""  # nothing handed in
    rows = rows_of(moodle.write([grade("kim")], context).decode())
    assert rows[1][0] == "k@x"
    # Without IDs it is no roster for a platform, and a name does.
    plain = Context(everybody=read_roster(b"student,name\nkim,Kim\n", "roster.csv"))
    assert rows_of(canvas.write([grade("kim")], plain).decode())[2][3] == "kim"
    # What an option names comes first.
    other = Context(everybody=roster, roster=read_roster(b"student,ID\nkim,70\n", "r"))
    assert rows_of(canvas.write([grade("kim")], other).decode())[2][1] == "70"


def test_a_course_may_have_none_and_one_that_is_wrong_is_said(tmp_path: Path) -> None:
    assert course_roster(tmp_path) is None
    (tmp_path / "roster.csv").write_text("name\nKim\n")
    with pytest.raises(UsageError, match=r"roster.csv:1: there is no column 'student'"):
        course_roster(tmp_path)
    (tmp_path / "roster.csv").write_text("student\nkim\nkim,x\n")
    with pytest.raises(UsageError, match=r"roster.csv:3: the line has 2 cells"):
        course_roster(tmp_path)
