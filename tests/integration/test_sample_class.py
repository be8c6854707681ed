"""The sample class in every format: accepted by what reads it, with the totals of summary.csv."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from autograder.exports.formats import FORMATS
from tests.support.formats import ALL, read
from tests.support.grades import HOSTILE
from tests.support.small_course import rows_of, run

ROOT = Path(__file__).resolve().parents[2]
CLASS = ROOT / "examples" / "submissions"
SCHEMA = ROOT / "tests" / "formats" / "xunit2.xsd"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Totals = dict[str, float]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The class and one student more, of the name that is hardest to carry."""
    work = tmp_path_factory.mktemp("sample")
    shutil.copytree(CLASS, work / "submissions", symlinks=True)
    shutil.copytree(CLASS / "mistake-wrong-sign", work / "submissions" / HOSTILE)
    formats = [part for name in ALL for part in ("--format", name)]
    done = run(
        "grade", work / "submissions", "--out", work / "out", "--assignment", "linear-layer",
        "--jobs", 2, *formats, course=ROOT, GITHUB_STEP_SUMMARY=work / "out" / "step.md",
        GITHUB_OUTPUT=work / "out" / "step.txt", COLUMNS=140,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (work / "out" / "terminal.txt").write_text(done.stdout, "utf-8")
    return work / "out"


@pytest.fixture(scope="module")
def summary(out: Path) -> Totals:
    header, *rows = rows_of(read(out / "summary.csv"))
    assert header[:4] == ["student", "assignment", "score", "max_score"]
    totals = {row[0]: float(row[2]) for row in rows}
    assert len(totals) == len(rows) == len(list(CLASS.iterdir())) + 1
    assert set(totals) == {path.name for path in CLASS.iterdir()} | {HOSTILE}
    assert len(set(totals.values())) > 5
    assert totals[HOSTILE] == totals["mistake-wrong-sign"] < 50
    return totals


def test_the_table_of_the_examples_has_these_totals(summary: Totals) -> None:
    table = (ROOT / "examples" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([\d.]+) \|$", table, re.MULTILINE)
    assert {student: float(score) for student, score in rows} == {
        student: score for student, score in summary.items() if student != HOSTILE
    }


def from_csv(out: Path) -> Totals:
    header, *rows = rows_of(read(out / "grades.csv"))
    score = len(header) - 2
    assert header[score:] == ["score", "max_score"]
    return {row[0]: float(row[score]) for row in rows}


def from_canvas(out: Path) -> Totals:
    header, possible, *rows = rows_of(read(out / "canvas.csv"))
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible[0].strip() == "Points Possible"
    assert float(possible[5]) == 100
    return {row[3]: float(row[5]) for row in rows}


def from_moodle(out: Path) -> Totals:
    header, *rows = rows_of(read(out / "moodle.csv"))
    assert header == ["idnumber", "The linear layer", "The linear layer feedback"]
    assert all(row[2] for row in rows)
    return {row[0]: float(row[1]) for row in rows}


def from_junit(out: Path) -> Totals:
    xmlschema.XMLSchema(str(SCHEMA)).validate(str(out / "junit.xml"))
    totals = {}
    suites: list[Any] = list(JUnitXml.fromfile(str(out / "junit.xml")))
    for suite in suites:
        properties = {one.name: one.value for one in suite.properties()}
        totals[properties["student"]] = float(properties["score"])
        reached = [
            float(value.split("/")[0])
            for name, value in properties.items()
            if name.startswith("points ")
        ]
        assert sum(reached) == pytest.approx(totals[properties["student"]])
    return totals


def from_gradescope(out: Path) -> Totals:
    totals = {}
    for path in (out / "gradescope").rglob("results.json"):
        result = json.loads(path.read_text("utf-8"))
        totals[result["extra_data"]["student"]] = float(result["score"])
        assert sum(test["score"] for test in result["tests"]) == pytest.approx(result["score"])
    return totals


def from_classroom(out: Path) -> Totals:
    totals = {}
    for path in (out / "classroom").rglob("classroom.txt"):
        result = json.loads(base64.b64decode(path.read_bytes()))
        totals[result["student"]] = sum(test["score"] for test in result["tests"])
    return totals


def from_github(out: Path) -> Totals:
    outputs = dict(line.split("=", 1) for line in read(out / "step.txt").splitlines())
    totals = {one["student"]: float(one["score"]) for one in json.loads(outputs["grades"])}
    assert float(outputs["score"]) == pytest.approx(sum(totals.values()))
    return totals


def from_markdown(out: Path) -> Totals:
    """From the HTML that GitHub makes of it, with names as a browser shows them."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(read(out / "grades.md"))
    assert "<b>" not in html
    rows = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>(.*?)</tr>", html.split("<h3>")[0], re.DOTALL)
    return {
        unescape(student): float(re.findall(r">([\d.]+) / 100<", rest)[0]) for student, rest in rows
    }


READERS: dict[str, Callable[[Path], Totals]] = {
    "csv": from_csv,
    "canvas": from_canvas,
    "moodle": from_moodle,
    "junit": from_junit,
    "gradescope": from_gradescope,
    "classroom": from_classroom,
    "github": from_github,
    "markdown": from_markdown,
}


def test_every_format_has_a_reader_here() -> None:
    assert set(READERS) == set(FORMATS) == set(ALL)


@pytest.mark.parametrize("name", READERS)
def test_totals_are_those_of_the_summary(out: Path, summary: Totals, name: str) -> None:
    assert READERS[name](out) == pytest.approx(summary)


def test_a_line_of_the_terminal_is_a_line(out: Path, summary: Totals) -> None:
    text = read(out / "terminal.txt")
    shown = [line for line in text.splitlines() if line.startswith('=1+1,"x"<b> ')]
    (line,) = shown
    assert "wrong-sign" in line
    assert "\x1b" not in text


def test_annotations_are_one_line_each(out: Path) -> None:
    lines = read(out / "terminal.txt").splitlines()
    ours = [line for line in lines if line.startswith("::")]
    assert len(ours) > 50
    for line in ours:
        assert re.fullmatch(r"::(error|warning) (file=[^:]*,line=\d+,)?title=[^:]*::.+", line)
    assert not [line for line in lines if "##[" in line]


def test_a_spreadsheet_computes_nothing(out: Path) -> None:
    for name in ("summary.csv", "grades.csv", "canvas.csv", "moodle.csv"):
        for cell in cells(read(out / name)):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), (name, cell)


def cells(text: str) -> Iterator[str]:
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        yield from row
