"""Grades made by autograder grade, written into nbgrader's gradebook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nbgrader.browser import free_port
from tests.nbgrader.lab import ASSIGNMENT, PARTIAL, RIGHT, WRONG, Lab, check


def snapshot(lab: Lab) -> dict[str, object]:
    """Everything that a second sync must leave as it is."""
    files = {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted((lab.root / "autograded").rglob("*"))
        if path.is_file()
    }
    return files | {"gradebook": {name: lab.scores(name) for name in ("ada", "bob")}}


def test_brings_scores_notebooks_and_feedback_and_changes_nothing_twice(lab: Lab) -> None:
    folder = lab.hand_in("ada", dx=RIGHT, dx2_py=PARTIAL)
    bare = lab.root / "submitted" / "bob" / ASSIGNMENT  # not through the exchange, and no notebook
    bare.mkdir(parents=True)
    (bare / "dx.py").write_text(WRONG)
    expected = lab.grade()
    assert lab.autograder("nbgrader", "sync", lab.grades) == "2 written.\n"
    assert {name: lab.scores(name) for name in expected} == expected
    before = snapshot(lab)
    assert lab.autograder("nbgrader", "sync", lab.grades) == "0 written, 2 unchanged.\n"
    assert snapshot(lab) == before
    assert "All right." in lab.feedback("ada")
    assert "Look at the sign." in lab.feedback("bob")
    target = lab.root / "autograded" / "ada" / ASSIGNMENT
    for name in ("timestamp.txt", "submission_secret.txt"):
        assert (target / name).read_bytes() == (folder / name).read_bytes()
    # release_feedback stops at a student without a secret.
    check(lab.api().generate_feedback(ASSIGNMENT))
    check(lab.api().release_feedback(ASSIGNMENT))
    lab.nbgrader("export")


def test_agrees_with_autograde(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT, dx2=PARTIAL)
    lab.autograde("ada")
    autograded = lab.scores("ada")
    lab.grade()
    lab.autograder("nbgrader", "sync", lab.grades)
    assert lab.scores("ada") == autograded


def test_scores_by_hand_stay_and_ask_for_a_look_when_the_work_changed(lab: Lab) -> None:
    lab.hand_in("ada", dx=WRONG)
    lab.grade()
    lab.autograder("nbgrader", "sync", lab.grades)
    key = ("dx", ASSIGNMENT, "ada")
    with lab.gradebook() as gradebook:
        grade = gradebook.find_grade("rectangles", *key)
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.find_comment("answer", *key).manual_comment = "Nearly."
        gradebook.db.commit()
    lab.autograder("nbgrader", "sync", lab.grades)
    with lab.gradebook() as gradebook:
        assert not gradebook.find_grade("rectangles", *key).needs_manual_grade
    lab.hand_in("ada", dx=RIGHT)
    lab.grade()
    lab.autograder("nbgrader", "sync", lab.grades)
    with lab.gradebook() as gradebook:
        grade = gradebook.find_grade("rectangles", *key)
        assert (grade.auto_score, grade.manual_score, grade.score) == (5, 4, 4)
        assert grade.needs_manual_grade
        assert gradebook.find_comment("answer", *key).comment == "Nearly."


def test_decisions_about_points_come_into_the_gradebook(lab: Lab) -> None:
    lab.hand_in("ada", dx=PARTIAL)
    lab.hand_in("bob", dx=WRONG)
    lab.grade()
    lab.autograder("nbgrader", "sync", lab.grades)
    computed = {name: lab.score(name) for name in ("ada", "bob")}
    adjust = ("adjust", "--grades", lab.grades)
    lab.autograder(*adjust, "bob", ASSIGNMENT, "dx", "rectangles", "--add", 2)
    lab.autograder(*adjust, "ada", ASSIGNMENT, "dx", "--add", 1)
    lab.autograder(*adjust, "--all", ASSIGNMENT, "--add", 1)
    assert lab.autograder("nbgrader", "sync", lab.grades) == "2 written.\n"
    assert (lab.scores("bob")["dx/rectangles"] or 0) > 2
    assert lab.score("bob") == pytest.approx(computed["bob"] + 3)
    assert lab.score("ada") == pytest.approx(computed["ada"] + 2)
    assert lab.autograder("nbgrader", "sync", lab.grades) == "0 written, 2 unchanged.\n"
    (lab.root / "adjustments.yaml").unlink()
    lab.autograder(*adjust)
    lab.autograder("nbgrader", "sync", lab.grades)
    assert {name: lab.score(name) for name in ("ada", "bob")} == computed


def test_a_test_added_later_works(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.grade()
    lab.autograder("nbgrader", "sync", lab.grades)
    lab.edit(
        f"tests/hidden/{ASSIGNMENT}/dx.yaml",
        "tests:\n",
        "tests:\n  - name: later\n    points: 4\n    against: [reference]\n"
        "    dims: {m: 2, n: 3}\n",
    )
    stale = lab.autograder("nbgrader", "sync", lab.grades, status=2)
    assert stale.count("\n") == 1
    assert "run 'autograder grade' again" in stale
    lab.grade()
    assert "added: dx/later" in lab.autograder("nbgrader", "sync", lab.grades)
    assert lab.score("ada") == 14


def test_only_the_students_asked_for(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.hand_in("bob", dx=RIGHT)
    lab.grade()
    assert lab.autograder("nbgrader", "sync", lab.grades, "--student", "bob") == "1 written.\n"
    assert not (lab.root / "autograded" / "ada").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: is not there"),
        (("grades", "--db", "no address"), "is no address of a database"),
        (("grades", "--db", "oracle+nothing://x/y"), "is no address of a database"),
        (("grades", "--db", "sqlite:////nowhere/gradebook.db"), "unable to open database file"),
        (("grades", "--into", "nowhere"), "--into nowhere: no such folder"),
        (("grades", "--student", "nobody"), "no grade of nobody"),
    ],
)
def test_bad_calls_get_one_line(lab: Lab, arguments: tuple[str, ...], message: str) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.autograder("grade", "submitted", "--out", "grades", "--quiet")
    said = lab.autograder("nbgrader", "sync", *arguments, status=2)
    assert message in said
    assert said.count("\n") == 1


def test_a_gradebook_that_is_no_database_gets_one_line(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.grade()
    (lab.root / "gradebook.db").write_text("this is text, and long enough to be looked at" * 99)
    said = lab.autograder("nbgrader", "sync", lab.grades, status=2)
    assert "file is not a database" in said
    assert said.count("\n") == 1


def test_a_grade_that_was_tampered_with_stays_within_its_points(lab: Lab) -> None:
    lab.hand_in("ada", dx=RIGHT)
    lab.grade()
    path = lab.grades / "ada" / f"{ASSIGNMENT}.json"
    grade = json.loads(path.read_text("utf-8"))
    for number, test in enumerate(grade["exercises"][0]["tests"]):
        test["score"] = (99.0, -5.0, 1e300, 0.5)[number]
    path.write_text(json.dumps(grade))
    lab.autograder("nbgrader", "sync", lab.grades)
    assert [lab.scores("ada")[f"dx/{test['name']}"] for test in grade["exercises"][0]["tests"]] == [
        2,
        0,
        5,
        0.5,
    ]


@pytest.fixture
def postgres(world: Path) -> Iterator[str]:
    """The address of a new PostgreSQL database, which no server but this one sees."""
    pytest.importorskip("psycopg")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or os.geteuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("there is no PostgreSQL server here, or no root to start it as somebody else")
    programs = found[-1].parent
    data = world / "postgres"
    data.mkdir()
    shutil.chown(data, "nobody")
    port = free_port()
    as_nobody = ["runuser", "-u", "nobody", "--"]

    def run(*command: str) -> None:
        subprocess.run([*as_nobody, *command], check=True, capture_output=True, cwd="/")

    run(str(programs / "initdb"), "-D", str(data), "-U", "course", "--auth=trust", "-E", "UTF8")
    server = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(data / "log")]
    run(*server, "-o", f"-p {port} -h 127.0.0.1 -k {data}", "start")
    try:
        yield f"postgresql://course@127.0.0.1:{port}/postgres"
    finally:
        run(*server, "-m", "immediate", "stop")


def test_a_gradebook_in_postgresql(tmp_path: Path, postgres: str) -> None:
    lab = Lab(tmp_path)
    lab.build()
    lab.edit(
        "nbgrader_config.py",
        "c.CourseDirectory.course_id",
        f"c.CourseDirectory.db_url = {postgres!r}\nc.CourseDirectory.course_id",
    )
    check(lab.api().generate_assignment(ASSIGNMENT))
    lab.hand_in("ada", dx=RIGHT)
    lab.hand_in("bob", dx=PARTIAL)
    lab.autograde("bob")
    lab.grade()
    assert lab.autograder("nbgrader", "sync", lab.grades) == "2 written.\n"
    assert lab.autograder("nbgrader", "sync", lab.grades) == "0 written, 2 unchanged.\n"
    from nbgrader.api import Gradebook

    with Gradebook(postgres, "ml") as gradebook:
        found = {name: gradebook.find_submission(ASSIGNMENT, name).score for name in ("ada", "bob")}
    assert found == {"ada": 10, "bob": 2}
    assert not (lab.root / "gradebook.db").exists()
