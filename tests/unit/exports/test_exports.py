"""Every format is read back by what reads it in the world, hostile names and messages too."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import msgspec
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml
from markdown_it import MarkdownIt
from msgspec import Struct

from autograder.course.roster import read_roster
from autograder.errors import UsageError
from autograder.exports import github
from autograder.exports.context import Context, GradescopeVisibility
from autograder.exports.formats import FORMATS, ClassFormat, export_bytes, for_format
from autograder.exports.markdown import escape
from autograder.exports.summary import from_spreadsheet, spreadsheet_safe
from autograder.exports.table import table_lines
from autograder.grades.model import Grade
from tests.support.grades import HOSTILE, SECRET, grade, perfect

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parents[2] / "formats" / "xunit2.xsd"))
CLASS = [grade(HOSTILE), grade("kim"), perfect("lee")]
LATE = {"submitted": "2026-12-02T00:00:00+09:00", "late_seconds": 60, "penalty": 1.0}
STUDENTS_SEE = [name for name, one in FORMATS.items() if one.for_students]


def written(name: str, grades: list[Grade], context: Context | None = None) -> str:
    """The class in a format; of those with a file a grade, all files."""
    context = context or Context()
    groups = [grades] if isinstance(FORMATS[name], ClassFormat) else [[one] for one in grades]
    return "".join(export_bytes(name, group, context).decode() for group in groups)


def cells(name: str, grades: list[Grade], context: Context | None = None) -> list[list[str]]:
    text = written(name, grades, context)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    return rows


def plain(rows: list[list[str]]) -> list[list[str]]:
    return [[from_spreadsheet(cell) for cell in row] for row in rows]


# What students may not see


@pytest.mark.parametrize("name", STUDENTS_SEE)
def test_students_do_not_see_what_hidden_tests_check(name: str) -> None:
    text = written(name, CLASS)
    if name == "classroom":
        text = "".join(base64.b64decode(line).decode() for line in text.split())
    assert "27182" not in text
    assert "Look at the sign." in text
    names = written(name, CLASS, Context(feedback="names"))
    if name == "classroom":
        names = "".join(base64.b64decode(line).decode() for line in names.split())
    assert "Look at the sign." not in names


def test_only_instructors_formats_show_everything() -> None:
    assert set(FORMATS) - set(STUDENTS_SEE) == {"csv", "canvas"}
    context = Context(feedback="all", past_due=frozenset({"linear-layer"}))
    assert "27182" in written("markdown", CLASS, context)


# Spreadsheets


@given(st.text())
def test_the_apostrophe_can_be_undone_and_no_cell_is_a_formula(name: str) -> None:
    safe = spreadsheet_safe(name)
    assert from_spreadsheet(safe) == name
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("name", ["csv", "canvas", "moodle"])
def test_no_cell_of_a_table_is_a_formula(name: str) -> None:
    nasty = [grade(start + "1+1;=2") for start in "=+-@\t\r\n'＝"]
    for row in cells(name, nasty):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    # A spreadsheet that separates by semicolons sees the same number of cells.
    first = written(name, nasty).split("\n")[1]
    assert first.startswith('"')


def test_csv_has_a_row_a_student_and_a_column_a_test() -> None:
    rows = plain(cells("csv", CLASS))
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["student"] for row in table] == [HOSTILE, "kim", "lee"]
    assert table[1]["linear-layer/dx/rectangles"] == "0"
    assert table[1]["linear-layer/dx/worked-example"] == "2"
    assert table[2]["linear-layer/dx/rectangles"] == ""
    assert [row["score"] for row in table] == ["2.5", "2.5", "2"]
    assert [row["linear-layer/max_score"] for row in table] == ["10", "10", "2"]


def test_csv_has_final_scores_where_there_are_due_dates() -> None:
    rows = cells("csv", [grade("kim", final_score=1.5, **LATE), grade("kim", assignment="mlp")])
    (row,) = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert (row["linear-layer/score"], row["linear-layer/final_score"]) == ("2.5", "1.5")
    assert "mlp/final_score" not in row
    assert row["score"] == "4"


# Learning platforms


def test_canvas_without_a_roster_knows_students_by_their_login() -> None:
    rows = plain(cells("canvas", CLASS, Context(titles={"linear-layer": "Week 3 (77)"})))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 3 (77)"]
    assert rows[1] == ["    Points Possible", "", "", "", "", "10"]
    assert rows[2] == [HOSTILE, "", "", HOSTILE, "", "2.5"]


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_two_assignments_of_one_title_are_refused(name: str) -> None:
    both = [grade("kim"), grade("kim", assignment="mlp")]
    titles = {"linear-layer": "Week 3", "mlp": "Week 3"}
    with pytest.raises(UsageError, match=r"called 'Week 3'; .* --title linear-layer=TITLE"):
        export_bytes(name, both, Context(titles=titles))
    assert cells(name, both, Context(titles={"mlp": "Week 3"}))


ROSTER = read_roster(
    (
        "student,Student,ID,Section,idnumber,email\r\n"
        'lee,"Lee, Ann",7,A,20260007,lee@x.edu\r\n'
        f'"\'{HOSTILE.replace(chr(34), chr(34) * 2)}",Hostile,9,B,20260009,h@x.edu\r\n'
        "kim,Kim,8,A,20260008,kim@x.edu\r\nabsent,Absent,10,A,20260010,a@x.edu\r\n"
    ).encode("utf-8-sig"),
    "roster.csv",
)


def test_canvas_with_a_roster_has_its_ids() -> None:
    rows = plain(cells("canvas", CLASS, Context(roster=ROSTER)))
    assert rows[2:] == [
        ["Lee, Ann", "7", "", "", "A", "2"],
        ["Hostile", "9", "", "", "B", "2.5"],
        ["Kim", "8", "", "", "A", "2.5"],
        ["Absent", "10", "", "", "A", ""],
    ]


def test_moodle_has_grade_and_feedback() -> None:
    rows = plain(cells("moodle", CLASS))
    assert rows[0] == ["idnumber", "linear-layer", "linear-layer feedback"]
    assert [row[:2] for row in rows[1:]] == [[HOSTILE, "2.5"], ["kim", "2.5"], ["lee", "2"]]
    assert "Look at the sign." in rows[2][2]
    assert rows[3][2] == "All tests passed."
    with_roster = plain(cells("moodle", CLASS, Context(roster=ROSTER)))
    assert with_roster[0][:2] == ["idnumber", "email"]
    assert with_roster[1][:3] == ["20260009", "h@x.edu", "2.5"]


def test_a_late_penalty_is_in_the_comment_and_the_points() -> None:
    row = cells("moodle", [grade("kim", final_score=1.5, **LATE)])[1]
    assert row[1] == "1.5"
    assert row[2].startswith("Handed in late: 1 of 2.5 points taken off.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "r.csv:1: there is no column 'student'; saw nothing"),
        (b"name,ID\nkim,1\n", "r.csv:1: there is no column 'student'; saw name, ID"),
        (b"student,ID\n", "r.csv: has no students"),
        (b"student,ID\nkim,1\nkim,2\n", "r.csv:3: 'kim' is there twice"),
        (b"student,ID\nkim,1,2\n", "r.csv:2: the line has 3 cells and the first one 2 columns"),
        (b'student,ID\n"kim,1\n', "r.csv:2: is not CSV"),
        (b"student,ID\n\xff,1\n", "r.csv: is not UTF-8 (byte 11)"),
    ],
)
def test_a_wrong_roster_is_named_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read_roster(content, "r.csv")


def test_a_roster_without_ids_is_refused() -> None:
    context = Context(roster=read_roster(b"student,Section\nkim,A\n", "r.csv"))
    with pytest.raises(UsageError, match="Canvas needs one of the columns ID, SIS User ID"):
        export_bytes("canvas", [grade("kim"), perfect("lee")], context)


def test_a_roster_of_others_is_refused() -> None:
    roster = read_roster(b"student,ID\nann,1\n", "r.csv")
    with pytest.raises(UsageError, match="has nobody of the grades; it has 'ann', and"):
        roster.missing(["kim", "lee"], ["ID"])


@pytest.mark.parametrize("rows", [b"kim,1\n", b"kim,1\nlee,\n"])
def test_who_is_not_on_the_roster_is_left_out(rows: bytes) -> None:
    roster = read_roster(b"student,ID\n" + rows, "r.csv")
    assert roster.missing(["kim", "lee"], ["ID"]) == ["lee"]
    exported = plain(cells("canvas", [grade("kim")], Context(roster=roster)))
    assert [row[1] for row in exported[2:]][:1] == ["1"]


# A roster with kim's Canvas ID, as programs and people write it.
SPREADSHEETS: dict[str, bytes] = {
    "blanks": b" student , ID\n kim , 1001 \n",
    "lines of commas": b"student,ID\nkim,1001\n,\n,\n",
    "empty lines": b"\n\nstudent,ID\n\nkim,1001\n\n",
    "cells at the end": b"student,ID,,\nkim,1001,,\n",
    "short lines": b"student,ID,Section\nkim,1001\n",
    "semicolons": b"student;ID\nkim;1001\n",
    "tabs": b"student\tID\nkim\t1001\n",
    "a byte order mark": b"\xef\xbb\xbfstudent,ID\nkim,1001\n",
    "UTF-16": "student,ID\nkim,1001\n".encode("utf-16"),
    "CP949": "student,ID,이름\nkim,1001,김민수\n".encode("cp949"),
    "line ends of Windows": b"student,ID\r\nkim,1001\r\n",
    "line ends of old Macs": b"student,ID\rkim,1001\r",
    "capitals": b"Student,ID\nkim,1001\n",
    "the same line twice": b"student,ID\nkim,1001\nkim,1001\n",
    "Canvas' export": (
        b"Student,ID,SIS User ID,SIS Login ID,Section,Week 3 (55)\n"
        b"    Points Possible,,,,,100\n"
        b'"Kim, Minsu",1001,,kim,1,\n"Student, Test",2,,x,1,\n'
    ),
    "Canvas' export with our names": (
        b"Student,ID,SIS User ID,SIS Login ID,Section,student\n"
        b'    Points Possible,,,,,\n"Kim, Minsu",1001,,k,1,kim\n"Student, Test",,,x,1,\n'
    ),
    "no-break spaces": "student,ID\nkim\u00a0,1001\n".encode(),
}


@pytest.mark.parametrize("how", SPREADSHEETS)
def test_a_roster_is_read_as_spreadsheets_write_it(how: str) -> None:
    roster = read_roster(SPREADSHEETS[how], "r.csv")
    assert roster.missing(["kim"], ["ID"]) == []
    exported = plain(cells("canvas", [grade("kim")], Context(roster=roster)))
    assert [row[1] for row in exported[2:]] == ["1001"]


def test_a_name_is_the_same_in_every_form_of_unicode() -> None:
    composed, parts = "김민수", unicodedata.normalize("NFD", "김민수")
    assert composed != parts
    for written, graded in ((composed, parts), (parts, composed)):
        roster = read_roster(f"student,ID\n{written},1\n".encode(), "r.csv")
        assert roster.missing([graded], ["ID"]) == []


def test_canvas_ids_are_in_the_column_of_ids() -> None:
    rows = plain(cells("canvas", [msgspec.structs.replace(grade("1001"), student_is="canvas_id")]))
    assert rows[2][:4] == ["1001", "1001", "", ""]
    assert plain(cells("canvas", [grade("1001")]))[2][:4] == ["1001", "", "", "1001"]


# JUnit


def test_junit_fits_the_schema_and_is_read_by_a_parser() -> None:
    content = export_bytes("junit", CLASS, Context())
    SCHEMA.validate(content.decode().partition("?>")[2].strip())
    suites: list[Any] = list(JUnitXml.fromstring(content))
    student = {one.name: one.value for one in suites[0].properties()}
    assert student["student"] == HOSTILE
    assert (student["score"], student["max_score"]) == ("2.5", "10")
    assert student["points dx/small"] == "0.5/2"
    assert [(suite.tests, suite.failures, suite.errors) for suite in suites] == [
        (4, 1, 2),
        (4, 1, 2),
        (1, 0, 0),
    ]
    by_name = {case.name: case for case in suites[0]}
    assert by_name["worked-example"].result == []
    (wrong,) = by_name["rectangles"].result
    assert isinstance(wrong, Failure)
    assert wrong.type == "wrong-sign"
    (raised,) = by_name["small"].result
    assert isinstance(raised, Error)
    assert raised.message == "Raised E: 100% ::stop (line 5)"
    assert raised.text == "Raised E: 100%\n::stop (line 5)"


def test_the_schema_can_fail() -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate("<testsuites><testsuite name='x'/></testsuites>")


@given(st.text(min_size=1))
def test_junit_is_xml_whatever_a_student_is_called(name: str) -> None:
    content = export_bytes("junit", [grade(name)], Context())
    SCHEMA.validate(content.decode().partition("?>")[2].strip())


# Terminal


def test_the_table_shows_the_points_that_count() -> None:
    lines = [line.plain for line in table_lines([grade("kim", final_score=1.5, **LATE)], 120)]
    (row,) = [line for line in lines if "kim" in line]
    assert re.match(r"kim +2\.5 +1\.5 ", row)
    assert "Handed in late: 1 of 2.5 points taken off" in row


# Gradescope


class GradescopeTest(Struct, forbid_unknown_fields=True):
    score: float
    max_score: float
    status: str
    name: str
    name_format: str
    number: str
    output: str
    output_format: str
    visibility: str
    extra_data: dict[str, Any]


class GradescopeResult(Struct, forbid_unknown_fields=True):
    """https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format"""

    score: float
    output: str
    output_format: str
    test_output_format: str
    test_name_format: str
    visibility: str
    stdout_visibility: str
    extra_data: dict[str, Any]
    tests: list[GradescopeTest]


def test_gradescope_results_have_the_documented_shape() -> None:
    late = grade(HOSTILE, final_score=1.5, **LATE)
    result = msgspec.json.decode(
        export_bytes("gradescope", [late], Context()), type=GradescopeResult
    )
    assert result.score == 1.5
    assert result.extra_data["student"] == HOSTILE
    assert result.output == "Handed in late: 1 of 2.5 points taken off."
    formats = {result.output_format, result.test_output_format, result.test_name_format}
    assert formats == {"text"}
    hidden = "after_due_date"
    assert [test.visibility for test in result.tests] == ["visible", "visible", hidden, hidden]
    assert [test.status for test in result.tests] == ["passed", "failed", "failed", "failed"]
    assert sum(test.score for test in result.tests) == 2.5
    assert sum(test.max_score for test in result.tests) == 10
    assert [test.number for test in result.tests] == ["1.1", "1.2", "1.3", "1.4"]


@pytest.mark.parametrize("when", get_args(GradescopeVisibility))
def test_gradescope_shows_hidden_tests_when_it_is_told_to(when: GradescopeVisibility) -> None:
    context = Context(hidden_visibility=when)
    result = msgspec.json.decode(
        export_bytes("gradescope", [grade()], context), type=GradescopeResult
    )
    assert [test.visibility for test in result.tests] == ["visible", "visible", when, when]


# GitHub


class ReporterTest(Struct, forbid_unknown_fields=True):
    name: str
    status: str
    score: float
    message: str
    test_code: str
    filename: str
    line_no: int
    duration: float


class ReporterResult(Struct):
    version: int
    status: str
    max_score: float
    tests: list[ReporterTest]
    student: str


def reporter(graded: Grade) -> ReporterResult:
    content = export_bytes("classroom", [graded], Context())
    assert content.count(b"\n") == 1
    return msgspec.json.decode(base64.b64decode(content, validate=False), type=ReporterResult)


def test_classroom_is_what_the_reporter_adds_up() -> None:
    result = reporter(grade(HOSTILE, final_score=1.5, **LATE))
    assert (result.version, result.status, result.max_score) == (1, "error", 10)
    assert sum(test.score for test in result.tests) == 1.5
    assert result.student == HOSTILE
    assert {test.status for test in result.tests} == {"pass", "fail", "error"}
    raised = result.tests[1]
    assert (raised.filename, raised.line_no) == ("assignments/linear-layer/dx.py", 5)
    for test in result.tests:
        assert "\n" not in test.name + test.message
        assert not (test.name + test.message).startswith("::")
    assert reporter(perfect()).status == "pass"


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as the runner reads them, line by line; no line may be anything else."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert match is not None, line
        pairs = (pair.partition("=") for pair in match[2].split(","))
        properties = {name: unquote(value) for name, _, value in pairs}
        found.append((match[1], properties, unquote(match[3])))
    return found


def test_annotations_stand_at_the_students_line() -> None:
    found = commands(export_bytes("github", [grade(HOSTILE)], Context(folder="")).decode())
    assert found[0] == (
        "error",
        {"file": "dx.py", "line": "5", "title": "dx: small (0.5/2)"},
        "Raised E: 100%\n::stop (line 5)",
    )
    assert len(found) == 3
    context = Context(folders={(HOSTILE, "linear-layer"): "a,b:c/100%"})
    (_, properties, _), *_ = commands(export_bytes("github", [grade(HOSTILE)], context).decode())
    assert properties["file"] == "a,b:c/100%/dx.py"


def test_a_late_submission_is_a_warning() -> None:
    late = perfect(HOSTILE, final_score=1, **LATE)
    ((kind, properties, message),) = commands(export_bytes("github", [late], Context()).decode())
    assert (kind, message) == ("warning", "Handed in late: 1 of 2 points taken off.")
    assert properties["title"].startswith('=1+1,"x"<b>')


def test_outputs_are_lines_and_totals() -> None:
    readable = for_format("github", CLASS, Context())
    lines = github.outputs(readable, Context()).splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert (values["score"], values["max_score"], values["passed"]) == ("7", "22", "false")
    assert [one["student"] for one in json.loads(values["grades"])] == [HOSTILE, "kim", "lee"]
    assert "passed=true" in github.outputs([perfect()], Context())


def test_a_summary_that_is_too_long_loses_its_details(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = github.summary(CLASS, Context())
    assert SECRET.split()[0] in whole.replace("&#91;", "[").replace("&#93;", "]")
    monkeypatch.setattr(github, "MAX_SUMMARY_BYTES", 200)
    short = github.summary(CLASS, Context())
    assert len(short.encode()) <= 200
    assert "###" not in short


# Markdown


def tables(text: str) -> list[list[list[str]]]:
    """The text of every cell of every table, as a browser would show it."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark", {"html": False}).enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found:
            inside = token.children or []
            assert {child.type for child in inside} <= {"text", "text_special", "html_inline"}
            found[-1][-1].append(
                "".join("\n" if child.content == "<br>" else child.content for child in inside)
            )
    return found


def test_markdown_is_tables_with_the_text_as_it_is() -> None:
    text = export_bytes("markdown", CLASS, Context()).decode()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 2
    overview = MarkdownIt("commonmark").enable("table").render(text)
    assert "<b>" not in overview
    (first, *_) = tables(text.partition("###")[0])
    assert first[1] == [HOSTILE, "linear-layer", "2.5 / 10"]
    assert [len(row) for row in first] == [3, 3, 3, 3]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Cf", "Zl", "Zp")), min_size=1))
def test_markdown_of_any_name_is_its_text(name: str) -> None:
    rows = tables(f"| a | b |\n| - | - |\n| {escape(name)} | x |\n")
    assert rows[0][1] == [name, "x"]


@pytest.mark.parametrize("link", ["https://evil.example", "www.evil.example", "@someone", "#12"])
def test_markdown_makes_no_links(link: str) -> None:
    assert link not in escape(f"see {link} !")
