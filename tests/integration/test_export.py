"""`autograder export` and `grade --format`, `--layout`, due dates and attempts, as used."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from autograder.submissions.submission import displayable
from tests.support.formats import ALL, read
from tests.support.grades import HOSTILE
from tests.support.small_course import (
    PARTLY,
    RIGHT,
    WRONG,
    configured,
    grades,
    rows_of,
    run,
    write_source,
)

RAISES = 'def linear_dx(W, dy):\n    raise ValueError("::error::<b>=1+1|")\n'


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with every format written beside its grades."""
    work = tmp_path_factory.mktemp("class")
    for student, source in {HOSTILE: RAISES, "kim": WRONG, "lee": RIGHT, "park": PARTLY}.items():
        write_source(work / "submissions" / student / "linear-layer", source)
    formats = [part for name in ALL for part in ("--format", name)]
    done = run(
        "grade", work / "submissions", "--out", work / "out", "--quiet", *formats,
        GITHUB_STEP_SUMMARY=work / "summary.md", GITHUB_OUTPUT=work / "output.txt",
        GITHUB_WORKSPACE=work / "submissions",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (work / "stdout.txt").write_text(done.stdout, "utf-8")
    return work


@pytest.fixture(scope="module")
def totals(graded: Path) -> dict[str, float]:
    rows = rows_of(read(graded / "out" / "summary.csv"))
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    found = {row["student"]: float(row["score"]) for row in table}
    assert found == {displayable(HOSTILE): 0, "kim": 0, "lee": 10, "park": found["park"]}
    assert 0 < found["park"] < 10
    return found


def test_tables_have_everybody_with_the_totals_of_the_summary(
    graded: Path, totals: dict[str, float]
) -> None:
    out = graded / "out"
    header, *rows = rows_of(read(out / "grades.csv"))
    assert {row[0]: float(row[header.index("score")]) for row in rows} == totals
    for row in rows:
        tests = [cell for name, cell in zip(header, row, strict=True) if name.count("/") == 2]
        assert sum(map(float, tests)) == totals[row[0]]
    canvas = rows_of(read(out / "canvas.csv"))[2:]
    assert {row[3]: float(row[-1]) for row in canvas} == totals
    assert rows_of(read(out / "canvas.csv"))[0][-1] == "The linear layer"
    moodle = rows_of(read(out / "moodle.csv"))[1:]
    assert {row[0]: float(row[1]) for row in moodle} == totals


def test_junit_has_everybody_with_the_totals_of_the_summary(
    graded: Path, totals: dict[str, float]
) -> None:
    found = {}
    suites: list[Any] = list(JUnitXml.fromfile(str(graded / "out" / "junit.xml")))
    for suite in suites:
        properties = {one.name: one.value for one in suite.properties()}
        found[properties["student"]] = float(properties["score"])
    assert found == totals


def test_files_for_each_student_have_the_totals_of_the_summary(
    graded: Path, totals: dict[str, float]
) -> None:
    found = {}
    for path in (graded / "out" / "gradescope").rglob("results.json"):
        result = json.loads(path.read_text("utf-8"))
        found[result["extra_data"]["student"]] = result["score"]
    assert found == totals
    found = {}
    for path in (graded / "out" / "classroom").rglob("classroom.txt"):
        result = json.loads(base64.b64decode(path.read_bytes()))
        found[result["student"]] = sum(test["score"] for test in result["tests"])
    assert found == totals


def test_github_gets_annotations_summary_and_outputs(
    graded: Path, totals: dict[str, float]
) -> None:
    printed = read(graded / "stdout.txt")
    annotations = [line for line in printed.splitlines() if line.startswith("::")]
    assert all(line.startswith("::error file=") for line in annotations)
    (raised,) = [line for line in annotations if "worked-example" in line and "line=2" in line]
    folder = HOSTILE.replace("\n", "%0A").replace(",", "%2C")
    assert f"file={folder}/linear-layer/dx.py,line=2," in raised
    assert "Raised ValueError: ::error::<b>=1+1|" in raised
    assert "# The" not in printed
    outputs = dict(line.split("=", 1) for line in read(graded / "output.txt").splitlines())
    assert float(outputs["score"]) == sum(totals.values())
    assert {one["student"]: one["score"] for one in json.loads(outputs["grades"])} == totals
    assert read(graded / "summary.md") == read(graded / "out" / "grades.md")


def test_export_writes_what_grade_wrote(graded: Path) -> None:
    for name, file in {"csv": "grades.csv", "junit": "junit.xml", "moodle": "moodle.csv"}.items():
        done = run("export", graded / "out", "--to", name, "--out", graded / f"again.{name}")
        assert done.returncode == 0, done.stderr
        assert read(graded / f"again.{name}") == read(graded / "out" / file)


def test_export_takes_one_grade_to_the_terminal(graded: Path) -> None:
    out = graded / "out"
    done = run("export", out, "--to", "gradescope", "--student", "lee")
    assert json.loads(done.stdout)["score"] == 10
    done = run("export", out / "lee" / "linear-layer.json", "--to", "gradescope")
    assert json.loads(done.stdout)["score"] == 10


def test_feedback_comes_from_the_course_and_the_option(graded: Path, tmp_path: Path) -> None:
    course = configured(tmp_path, "feedback: {hidden: none}")
    kim = ("export", graded / "out", "--to", "markdown", "--student", "kim")
    assert "Look at the sign" in run(*kim).stdout
    hidden = run(*kim, course=course).stdout
    assert "hidden tests" in hidden
    assert "leaves-inputs-alone" not in hidden
    shown = run(*kim, "--feedback", "names", course=course).stdout
    assert "leaves-inputs-alone" in shown


def test_everything_comes_in_the_language_asked_for(graded: Path, tmp_path: Path) -> None:
    kim = ("export", graded / "out", "--student", "kim", "--lang", "ko")
    done = run(*kim, "--to", "markdown")
    assert "학생" in done.stdout
    assert done.stderr == ""
    korean = tmp_path / "ko"
    done = run(
        "grade", graded / "submissions", "--out", korean, "--student", "kim", "--lang", "ko",
        "--format", "moodle",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Graded in Korean or in English, it reads the same.
    assert run(*kim, "--to", "moodle").stdout == read(korean / "moodle.csv")
    done = run("export", korean, "--to", "moodle", "--lang", "ko")
    assert done.stderr == ""
    assert done.stdout == read(korean / "moodle.csv")
    assert done.stdout.startswith('"idnumber","Linear layer",')  # and not: The linear layer


def test_a_grade_of_an_earlier_version_keeps_its_words_and_is_named(
    graded: Path, tmp_path: Path
) -> None:
    def without(value: object) -> object:
        if isinstance(value, dict):
            kept = (pair for pair in value.items() if pair[0] not in ("said", "hint_said"))
            return {name: without(one) for name, one in kept}
        return [without(one) for one in value] if isinstance(value, list) else value

    folder = tmp_path / "bob"
    folder.mkdir()
    old = json.loads((graded / "out" / "kim" / "linear-layer.json").read_text("utf-8"))
    (folder / "linear-layer.json").write_text(json.dumps(without(old)), "utf-8")
    done = run("export", tmp_path, "--to", "markdown", "--lang", "ko")
    assert "학생" in done.stdout
    assert done.stderr.startswith(
        "--lang ko: what is said about tests stays in en in 1 of 1 grades"
    ) or done.stderr.startswith("--lang ko: 이전 버전으로 채점한 성적 1개 중 1개")


CALLS: dict[str, tuple[tuple[object, ...], str]] = {
    "no grades": (("nowhere", "--to", "csv"), "nowhere: is not there"),
    "an empty folder": ((".", "--to", "csv"), ".: no grades here; they are expected at"),
    "a file that is no grade": (("no.json", "--to", "csv"), "no.json: is not a grade file"),
    "an unknown format": (("out", "--to", "excel"), "Invalid value for '--to'"),
    "an unknown student": (("out", "--to", "csv", "--student", "x"), "out: no grade of x"),
    "a language of no course": (("out", "--to", "csv", "--lang", "fr"), "--lang fr: the course is"),
    "several for one": (("out", "--to", "gradescope"), "one grade a file and there are 4"),
    "a roster for nothing": (("out", "--to", "csv", "--roster", "r"), "for canvas and moodle"),
    "no such roster": (("out", "--to", "canvas", "--roster", "r"), "--roster r: cannot be read"),
    "a title without one": (("out", "--to", "canvas", "--title", "x"), "ASSIGNMENT=TITLE"),
    "an out that is a folder's file": (
        ("out", "--to", "csv", "--out", "no.json/x"),
        "cannot be written",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_end_with_one_line(name: str, graded: Path, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("{}")
    (tmp_path / "out").symlink_to(graded / "out")
    arguments, message = CALLS[name]
    done = run("export", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


# Due dates and attempts


DUE = "due: 2026-12-01T23:59:00+09:00\n    extensions: {lee: 2026-12-03T23:59:00+09:00}"
LATE = "late: {penalty_per_day: 10, at_most_days: 3, grace_minutes: 10}"


def test_due_dates_change_the_final_score_and_nothing_else(tmp_path: Path) -> None:
    folder, out = tmp_path / "submissions", tmp_path / "out"
    for student, time in {
        "ada": "2026-12-01 14:59:00.000000 UTC",
        "kim": "2026-12-01 15:59:00.000000 UTC",
        "lee": "2026-12-01 15:59:00.000000 UTC",
    }.items():
        write_source(folder / student / "linear-layer", RIGHT)
        write_source(folder / student / "linear-layer", time, "timestamp.txt")
    course = configured(tmp_path)
    run("grade", folder, "--out", out, "--quiet", course=course)
    before = grades(out)
    assert not {"submitted", "late_seconds", "penalty", "final_score"} & set(before["kim"])

    course = configured(tmp_path, LATE, assignment=DUE)
    done = run("grade", folder, "--out", out, "--quiet", "--format", "canvas", course=course)
    assert "0 graded, 3 unchanged" in done.stdout
    after = grades(out)
    late = {
        "submitted": "2026-12-02T00:59:00+09:00",
        "known_by": "timestamp",
        "late_seconds": 3600,
        "penalty": 1.0,
        "final_score": 9.0,
    }
    assert after["kim"] == before["kim"] | late
    assert (after["ada"]["late_seconds"], after["ada"]["final_score"]) == (0, 10)
    assert (after["lee"]["late_seconds"], after["lee"]["final_score"]) == (0, 10)
    rows = [row.split(",") for row in read(out / "summary.csv").splitlines()]
    assert rows[0][-3:] == ["late_seconds", "penalty", "final_score"]
    assert [row[-1] for row in rows[1:]] == ["10", "9", "10"]
    assert [row[-1] for row in rows_of(read(out / "canvas.csv"))[2:]] == ["10", "9", "10"]

    fresh = tmp_path / "fresh"
    run("grade", folder, "--out", fresh, "--quiet", course=course)
    for student, grade in grades(fresh).items():
        assert {**grade, "timing": 0} == {**after[student], "timing": 0}

    course = configured(tmp_path)
    run("grade", folder, "--out", out, "--quiet", course=course)
    assert grades(out) == before


METADATA = "".join(
    f"submission_{number}:\n"
    "  :submitters:\n"
    "  - :sid: kim\n"
    f"  :created_at: 2026-12-01 {9 + number}:00:00 Z\n"
    for number in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("attempts", "score"),
    [("{keep: best}", 10), ("{keep: last}", 0), ("{keep: last, at_most: 2}", 10)],
)
def test_the_attempt_that_counts_is_the_grade(tmp_path: Path, attempts: str, score: float) -> None:
    folder, out = tmp_path / "export", tmp_path / "out"
    for number, source in ((1, PARTLY), (2, RIGHT), (3, WRONG)):
        write_source(folder / f"submission_{number}", source)
    write_source(folder, METADATA, "submission_metadata.yml")
    course = configured(tmp_path, f"attempts: {attempts}")
    for _ in ("graded", "unchanged"):
        done = run("grade", folder, "--out", out, "--layout", "auto", course=course)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Layout: gradescope (")
    assert [grade["score"] for grade in grades(out).values()] == [score]
    assert len(read(out / "summary.csv").splitlines()) == 2
    exported = rows_of(run("export", out, "--to", "csv", course=course).stdout)
    assert [(row[0], float(row[-2])) for row in exported[1:]] == [("kim", score)]


# Layouts


def test_a_canvas_zip_is_graded(tmp_path: Path) -> None:
    path = tmp_path / "submissions.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("adalovelace_101_9001_dx.py", RIGHT)
        zipped.writestr("kim_LATE_102_9002_dx-1.py", WRONG)
        zipped.writestr("../../evil.py", RIGHT)
    done = run("grade", path, "--out", tmp_path / "out", "--layout", "canvas")
    assert done.returncode == 0, done.stderr
    assert "Left out of the zip" in done.stderr
    found = grades(tmp_path / "out")
    assert {name: grade["score"] for name, grade in found.items()} == {"101": 10, "102": 0}
    again = run("grade", path, "--out", tmp_path / "out", "--layout", "canvas", "--quiet")
    assert "0 graded, 2 unchanged" in again.stdout


def test_a_wrong_layout_ends_with_one_line(tmp_path: Path) -> None:
    write_source(tmp_path / "submissions" / "kim" / "linear-layer", RIGHT)
    done = run("grade", tmp_path / "submissions", "--out", "out", "--layout", "moodle")
    assert done.returncode == 2
    assert done.stderr.endswith("saw kim/\n")
    assert done.stderr.count("\n") == 1


# One repository, and a threshold


def test_a_repository_is_graded_as_the_student_it_is_said_to_be(tmp_path: Path) -> None:
    work = write_source(tmp_path / "checkout" / "assignments" / "linear-layer", RIGHT)
    write_source(tmp_path / "checkout", WRONG)  # not where the files belong
    out = tmp_path / "out"
    done = run(
        "grade", tmp_path / "checkout", "--layout", "repository", "--student", HOSTILE,
        "--out", out, "--fail-under", "100", "--quiet",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (grade,) = (json.loads(path.read_text("utf-8")) for path in out.glob("*/linear-layer.json"))
    assert (grade["student"], grade["score"]) == (HOSTILE, 10)

    write_source(work, PARTLY)
    for threshold, code in (("50", 1), ("10", 0), ("0", 0)):
        done = run(
            "grade", tmp_path / "checkout", "--layout", "repository", "--student", HOSTILE,
            "--out", out, "--fail-under", threshold, "--quiet",
        )  # fmt: skip
        assert done.returncode == code
        assert done.stderr.count("\n") == code
        if code:
            assert done.stderr.startswith('Below 50 %: =1+1,"x"<b> ')


def test_grade_takes_the_feedback_of_its_formats(tmp_path: Path) -> None:
    write_source(tmp_path / "s" / "kim" / "linear-layer", WRONG)
    for policy, told in (("names", True), ("none", False)):
        run(
            "grade", tmp_path / "s", "--out", tmp_path / "out", "--format", "markdown",
            "--feedback", policy,
        )  # fmt: skip
        assert ("leaves-inputs-alone" in read(tmp_path / "out" / "grades.md")) is told
    done = run("grade", tmp_path / "s", "--out", tmp_path / "out", "--fail-under", "101")
    assert done.returncode == 2
    assert "--fail-under" in done.stderr
