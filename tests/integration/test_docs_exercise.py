"""The exercise that docs/exercises.md takes apart, made from its code blocks, does what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.course.loading import load_exercise
from tests.support.small_course import run

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?:yaml|python)\n# (?P<title>.+)\n(?P<code>(?s:.+?))^```$", re.MULTILINE)
FILES = [
    "config.yaml",
    "assignments/activations/sigmoid_backward.yaml",
    "assignments/activations/sigmoid_backward.py",
    "solutions/activations/sigmoid_backward.py",
    "tests/hidden/activations/sigmoid_backward.yaml",
]
STUB, SOLUTION, HIDDEN = FILES[2:]


def section(page: str, heading: str) -> str:
    return (DOCS / page).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]


def blocks(text: str) -> dict[str, str]:
    """The code of each block whose first line is a comment, by that comment."""
    return {match["title"]: match["code"] for match in BLOCK.finditer(text)}


EXAMPLE = section("exercises.md", "A complete example")
(ADDED,) = blocks(section("tests.md", "Time")).items()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    for name, code in blocks(EXAMPLE).items():
        path = tmp_path / "course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, "utf-8")
    return tmp_path / "course"


def add_efficiency(course: Path) -> None:
    """Add the block of docs/tests.md to the file that it names, list by list."""
    title, block = ADDED
    path = course / title.removeprefix("added to ")
    content = path.read_text("utf-8")
    tests, _, mistakes = block.removeprefix("tests:\n").partition("mistakes:\n")
    before, _, after = content.partition("mistakes:\n")
    path.write_text(f"{before}{tests}mistakes:\n{after}{mistakes}", "utf-8")


def grade(course: Path, tmp_path: Path, **sources: str) -> dict[str, Any]:
    """The grades of students who hand in these sources, by their names."""
    for student, source in sources.items():
        path = tmp_path / "submissions" / student / "activations" / "sigmoid_backward.py"
        path.parent.mkdir(parents=True)
        path.write_text(source, "utf-8")
    out = tmp_path / "grades"
    done = run("grade", tmp_path / "submissions", "--out", out, course=course)
    assert done.returncode == 0, done.stderr
    return {
        student: json.loads((out / student / "activations.json").read_text("utf-8"))
        for student in sources
    }


def mistakes(course: Path) -> dict[str, str]:
    """The source of each known mistake that is written out."""
    exercise = load_exercise(course, "activations", "sigmoid_backward", ("en",))
    return {mistake.name: mistake.code for mistake in exercise.mistakes if mistake.code}


def test_the_page_has_five_files(course: Path) -> None:
    assert list(blocks(EXAMPLE)) == FILES
    assert ADDED[0] == f"added to {HIDDEN}"


def test_lint_says_what_the_page_says(course: Path) -> None:
    done = run("lint", "activations", course=course)
    said = re.search(r"```text\n(.+?)```", EXAMPLE, re.DOTALL)
    assert said is not None
    assert (done.stdout, done.returncode) == (said[1], 0), done.stdout + done.stderr


def test_the_solution_gets_all_points_and_the_stub_none(course: Path, tmp_path: Path) -> None:
    solution, stub = ((course / name).read_text("utf-8") for name in (SOLUTION, STUB))
    wrong = mistakes(course)["changes-upstream"]
    grades = grade(course, tmp_path, solution=solution, stub=stub, wrong=wrong)
    assert grades["solution"]["score"] == grades["solution"]["max_score"] == 9
    assert grades["stub"]["score"] == 0
    assert 0 < grades["wrong"]["score"] < 9
    (exercise,) = grades["wrong"]["exercises"]
    hints = {test["hint"] for test in exercise["tests"] if test["hint"]}
    assert hints == {"The numbers are right, but the caller's dy is another one now. "
                     "What does *= write to?"}  # fmt: skip


def test_students_see_how_public_inputs_changed_and_not_how_hidden_ones_did(
    course: Path, tmp_path: Path
) -> None:
    graded = grade(course, tmp_path, wrong=mistakes(course)["changes-upstream"])["wrong"]
    numbers = {
        test["visibility"]: re.search(r"\(dy\S+( \d)?\] was -?([\d.]+) and is", test["message"])
        for test in graded["exercises"][0]["tests"]
        if "changed its input dy" in test["message"]
    }
    assert sorted(numbers) == ["hidden", "public"]
    done = run("export", tmp_path / "grades", "--to", "markdown", course=course)
    for visibility, found in numbers.items():
        assert found is not None
        assert (found[2] in done.stdout) == (visibility == "public")


def test_what_students_get_can_be_checked(course: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    done = run("release", "activations", bundle, course=course)
    assert done.returncode == 0, done.stderr
    secret = (course / HIDDEN).read_text("utf-8")
    assert "any-shape" in secret
    assert not any(b"any-shape" in path.read_bytes() for path in bundle.rglob("*.yaml"))
    for name, says in ((STUB, "not started"), (SOLUTION, "3 of 3 tests")):
        (bundle / STUB).write_text((course / name).read_text("utf-8"), "utf-8")
        checked = subprocess.run(
            [sys.executable, "-m", "autograder", "check"],
            cwd=bundle, capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        assert says in checked.stdout, checked.stdout + checked.stderr
        assert checked.returncode == (name == STUB)


def test_with_the_efficiency_test_lint_is_content(course: Path) -> None:
    add_efficiency(course)
    done = run("lint", "activations", course=course)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 points, 13 tests, 65 cases, 5 of 5 mistakes caught (100%)" in done.stdout


def test_the_slow_mistake_is_right_and_too_slow(course: Path, tmp_path: Path) -> None:
    add_efficiency(course)
    (graded,) = grade(course, tmp_path, slow=mistakes(course)["python-loops"]).values()
    (exercise,) = graded["exercises"]
    lost = [test for test in exercise["tests"] if test["status"] != "passed"]
    assert [(test["name"], test["mistake"]) for test in lost] == [("many-numbers", "python-loops")]
    assert "Right, but too slow" in lost[0]["message"]


def test_without_the_slow_mistake_lint_asks_for_one(course: Path) -> None:
    add_efficiency(course)
    path = course / HIDDEN
    content = path.read_text("utf-8")
    path.write_text(content[: content.index("  - name: python-loops")], "utf-8")
    done = run("lint", "activations", course=course)
    assert done.returncode == 1
    assert "many-numbers" in done.stdout
