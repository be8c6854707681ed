"""Decisions by hand, regrading as a plan, and what changed: as an instructor does it."""

from __future__ import annotations

import base64
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import autograder
from autograder import AutograderError
from autograder.grades.model import Grade
from autograder.grades.wording import in_language
from tests.support.small_course import (
    COURSE,
    PARTLY,
    RIGHT,
    WRONG,
    contents,
    copy_course,
    hand_in,
    read,
    rows_of,
    run,
)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return copy_course(COURSE, tmp_path / "course")


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    for student, source in {"ada": RIGHT, "bob": WRONG, "dina": PARTLY}.items():
        hand_in(folder, student, source)
    return folder


def grade(submissions: Path, course: Path, *options: object) -> Any:
    out = submissions.parent / "out"
    return run("grade", submissions, "--out", out, *options, course=course)


def graded(submissions: Path, course: Path, *, force: bool = False) -> Path:
    """The folder of grades, made in this process."""
    out = submissions.parent / "out"
    list(autograder.grade(submissions, course, out=out, jobs=1, isolation="process", force=force))
    return out


def adjust(course: Path, *arguments: object) -> None:
    """``autograder adjust``, in this process. Raises :class:`AutograderError`."""
    from autograder.cli.adjust import command

    words = [*map(str, arguments), "--course", str(course)]
    command.main(words, standalone_mode=False)


def totals(out: Path) -> dict[str, float]:
    with open(out / "summary.csv", newline="", encoding="utf-8") as file:
        return {
            row["student"]: float(row.get("adjusted") or row["score"])
            for row in csv.DictReader(file)
        }


def test_a_decision_survives_grading_anew(submissions: Path, course: Path) -> None:
    out = submissions.parent / "out"
    graded(submissions, course)
    words = ("--comment", "A good idea", "--by", "kim")
    done = run(
        "adjust", "dina", "linear-layer", "dx", "--add", 2, *words, "--grades", out, course=course
    )
    assert done.returncode == 0, done.stderr
    assert "dina, linear-layer: 2 → 4" in done.stdout
    assert (read(out, "dina")["score"], read(out, "dina")["adjusted"]) == (2, 4)
    adjust(course, "--all", "linear-layer", "--add", 1)
    wanted = {"ada": 10, "bob": 1, "dina": 5}
    for force in (False, True):
        graded(submissions, course, force=force)
        assert totals(out) == wanted
    assert "Adjusted by hand: 3 grades" in grade(submissions, course, "--student", "bob").stdout
    assert totals(out) == wanted
    # By hand into the grade file is another thing: it stays, with the decisions on top.
    path = out / "bob" / "linear-layer.json"
    path.write_text(path.read_text("utf-8").replace('"score": 0.0', '"score": 1.0', 1), "utf-8")
    done = grade(submissions, course)
    assert "edited by hand" in done.stderr
    (course / "adjustments.yaml").unlink()
    graded(submissions, course, force=True)
    assert totals(out) == {"ada": 10, "bob": 0, "dina": 2}
    assert "adjust" not in (out / "dina" / "linear-layer.json").read_text("utf-8")


def test_a_decision_is_shown_apart_in_every_export(submissions: Path, course: Path) -> None:
    out = graded(submissions, course)
    about = ("bob", "linear-layer", "dx", "rectangles", "--add", 2, "--comment", "For the idea")
    adjust(course, *about, "--by", "kim", "--grades", out)
    loaded = autograder.load_course(course)
    (bob,) = (one for one in autograder.read_grades(out) if one.student == "bob")

    def export(name: str, grade: Grade = bob) -> str:
        (content,) = autograder.export([grade], name, course=loaded).values()
        return content.decode()

    said = "Changed by hand: +2 points for dx, rectangles: For the idea."
    for name in ("moodle", "markdown", "gradescope", "github", "junit"):
        assert said in export(name), name
        assert "kim" not in export(name)
    tests = json.loads(base64.b64decode(export("classroom")))["tests"]
    assert sum(test["score"] for test in tests) == 2  # points of tests are all there is
    korean = export("moodle", in_language(bob, "ko"))
    assert "직접 조정(dx, rectangles): +2점 – For the idea." in korean
    assert json.loads(export("gradescope"))["score"] == 2
    header, row = rows_of(export("csv"))
    found = dict(zip(header, row, strict=True))
    assert found["linear-layer/score"] == "0"
    assert found["linear-layer/adjusted"] == found["linear-layer/dx/rectangles"] == "2"
    assert rows_of(export("canvas"))[-1][-1] == "2"


def test_unknown_names_cost_nobody_a_run(submissions: Path, course: Path) -> None:
    file = course / "adjustments.yaml"
    entry = "  - {{student: {0}, assignment: linear-layer, exercise: dx, test: {1}, add: 1}}\n"
    file.write_text("adjustments:\n" + entry.format("dian", "rectangles"))
    done = grade(submissions, course)
    assert done.returncode == 2
    assert done.stderr == (
        "error: adjustments.yaml:2:5: there is no student 'dian'; did you mean 'dina'?\n"
    )
    assert not (submissions.parent / "out").exists()
    # Part of a class cannot tell who there is.
    assert grade(submissions, course, "--student", "bob").returncode == 0
    # A roster can.
    (course / "roster.csv").write_text("student,name\ndian,Dian Fossey\n")
    done = grade(submissions, course)
    assert done.returncode == 0, done.stderr
    assert "adjustments.yaml:2: no grade of dian in linear-layer" in done.stderr


def test_a_renamed_test_is_reported(submissions: Path, course: Path) -> None:
    adjust(course, "dina", "linear-layer", "dx", "rectangles", "--add", 1)
    hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    hidden.write_text(hidden.read_text("utf-8").replace("rectangles", "rectangels"), "utf-8")
    for command in (("grade", submissions, "--out", submissions.parent / "out"), ("lint",)):
        done = run(*command, course=course)
        assert done.returncode == 2
        assert "adjustments.yaml:5:5: there is no test 'rectangles'" in done.stderr
        assert "did you mean 'rectangels'?" in done.stderr


def test_adjust_refuses_what_would_not_be_right(submissions: Path, course: Path) -> None:
    out = graded(submissions, course)
    for call, words in (
        (("dina", "linear-layer", "dz", "--add", 1), "no exercise 'dz' in linear-layer"),
        (("dian", "linear-layer", "--add", 1), "no student 'dian'; did you mean 'dina'?"),
        (("dina", "linear-layer", "--add", 11), "there are 10 points"),
        (("dina", "linear-layer"), "exactly one of"),
        (("dina",), "name a student, an assignment"),
    ):
        with pytest.raises(AutograderError, match=words.replace("?", r"\?")):
            adjust(course, *call, "--grades", out)
        assert not (course / "adjustments.yaml").exists()
    with pytest.raises(AutograderError, match="or --grades to apply"):
        adjust(course)
    adjust(course, "--grades", out)  # there is nothing to apply


def test_a_dry_run_says_what_would_run_and_touches_nothing(submissions: Path, course: Path) -> None:
    out = submissions.parent / "out"
    done = grade(submissions, course, "--dry-run")
    assert "Would run 3 of 3" in done.stdout
    assert "not graded yet: 3 (ada, bob, dina)" in done.stdout
    assert not out.exists()
    grade(submissions, course)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    hand_in(submissions, "bob", RIGHT)
    hand_in(submissions, "eve", RIGHT)
    edited = out / "ada" / "linear-layer.json"
    edited.write_text(edited.read_text("utf-8").replace('"score": 10.0', '"score": 9.0', 1))
    before[edited] = edited.read_bytes()
    done = grade(submissions, course, "--dry-run")
    for line in (
        "Would run 2 of 4",
        "not graded yet: 1 (eve)",
        "other files were handed in: 1 (bob)",
        "edited by hand: 1 (ada)",
        "Would keep: 1",
    ):
        assert line in done.stdout
    hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    hidden.write_text(hidden.read_text("utf-8").replace("cases: 6", "cases: 5"), "utf-8")
    done = grade(submissions, course, "--dry-run")
    assert "have changed: 2 (bob, dina)" in done.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert "--force: 3" in grade(submissions, course, "--dry-run", "--force").stdout


def test_what_changed_is_said_and_written(submissions: Path, course: Path) -> None:
    out = submissions.parent / "out"
    done = grade(submissions, course)
    assert "grades changed" not in done.stdout
    assert not (out / "changes.csv").exists()
    old = shutil.copytree(out, submissions.parent / "old")
    hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    text = hidden.read_text("utf-8")
    hidden.write_text(
        text.replace("name: rectangles\n    points: 5", "name: rectangles\n    points: 4")
    )
    hand_in(submissions, "dina", RIGHT)
    done = grade(submissions, course)
    assert "dina, linear-layer: 2 → 9 (of 10 → of 9)" in done.stdout
    assert "rectangles: failed → passed" in done.stdout
    assert "3 of 3 grades changed: 1 up, 0 down, 2 with the same points" in done.stdout
    written = (out / "changes.csv").read_text("utf-8")
    assert ["dina", "linear-layer", "", "", "2", "9", "", ""] in rows_of(written)
    file = submissions.parent / "diff.csv"
    done = run("diff", old, out, "--out", file, course=course)
    assert done.returncode == 0
    assert file.read_text("utf-8") == written
    assert "dina, linear-layer: 2 → 9" in done.stdout
    assert run("diff", out, submissions, course=course).returncode == 2
    graded(submissions, course)
    grade(submissions, course)
    assert len(rows_of((out / "changes.csv").read_text("utf-8"))) == 1


def test_a_disabled_test_is_a_note_of_lint_and_no_flaw(course: Path) -> None:
    hidden = course / "tests" / "hidden" / "linear-layer" / "dx.yaml"
    text = hidden.read_text("utf-8")
    text = text.replace(
        "    property: inputs_unchanged\n",
        "    property: inputs_unchanged\n    disabled: true\n    reason: Breaks elsewhere\n",
    )
    hidden.write_text(text, "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 0, done.stdout
    assert "the test 'leaves-inputs-alone' is disabled: Breaks elsewhere" in done.stdout
    assert "nothing in service catches the mistake 'changes-inputs'" in done.stdout
    # Taken away instead, it is a flaw.
    hidden.write_text(text[: text.index("  - name: leaves")] + text[text.index("mistakes:") :])
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 1
    assert "the mistake 'changes-inputs' loses no points" in done.stdout


def test_two_runs_agree_with_decisions(submissions: Path, course: Path) -> None:
    adjust(course, "dina", "linear-layer", "dx", "rectangles", "--excuse")
    for out in ("one", "two"):
        list(autograder.grade(submissions, course, out=submissions.parent / out, jobs=1))
    assert contents(submissions.parent / "one") == contents(submissions.parent / "two")
    assert read(submissions.parent / "one", "dina")["adjusted"] == 4
