"""Plain `pytest` where a student works: the public tests as items."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.support.notebooks import notebook
from tests.support.pytest_course import HIDDEN, TESTS, make_course
from tests.support.small_course import COURSE, RIGHT, WRONG

FILE = "assignments/linear-layer/dx.yaml"
LOOPS = "def linear_dx(W, dy):\n    for _ in iter(int, 1): pass\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small course without anything secret, and two exercises."""
    folder = tmp_path / "bundle"
    shutil.copytree(COURSE / "assignments", folder / "assignments")
    config = (COURSE / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(config.replace("[dx]", "[dx, dx_again]"), "utf-8")
    for path in (folder / "assignments/linear-layer").glob("dx.*"):
        shutil.copy(path, path.with_name(f"dx_again{path.suffix}"))
    return folder


def write(bundle: Path, source: str, exercise: str = "dx") -> None:
    (bundle / f"assignments/linear-layer/{exercise}.py").write_text(source, "utf-8")


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def outcomes(folder: Path, *arguments: str) -> dict[str, str]:
    """How each item ended, by its node id."""
    done = run_pytest(folder, "-rA", "-q", *arguments)
    assert "INTERNALERROR" not in done.stdout + done.stderr
    return {
        found[2]: found[1]
        for found in re.finditer(r"^(PASSED|FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    }


@pytest.mark.parametrize("source", [RIGHT, WRONG, LOOPS, None, "def linear_dx(:\n", "x = 1\n"])
def test_the_verdicts_are_those_of_check(bundle: Path, source: str | None) -> None:
    if source is not None:
        write(bundle, source)
    command = [sys.executable, "-m", "autograder", "check", "--json", "dx"]
    checked = subprocess.run(
        command, cwd=bundle, capture_output=True, text=True, timeout=60, check=False
    )
    (exercise,) = json.loads(checked.stdout)["exercises"]
    expected = {
        f"{FILE}::{test['name']}": "PASSED" if test["status"] == "passed" else "FAILED"
        for test in exercise["tests"]
    }
    assert len(expected) == 2
    assert outcomes(bundle, FILE) == expected


def test_messages_are_those_of_check(bundle: Path) -> None:
    write(bundle, "def linear_dx(W, dy):\n    print('looking')\n    return -(W.T @ dy)\n")
    done = run_pytest(bundle, FILE)
    assert done.returncode == 1
    assert "linear-layer/dx: worked-example" in done.stdout
    assert "dx: 3 of 3 elements are wrong for W (2, 3), dy (2,)" in done.stdout
    assert "-39✗ -54✗ -69✗      39 54 69" in done.stdout
    assert "looking" in done.stdout
    assert "Traceback" not in done.stdout
    assert "checking.py" not in done.stdout
    korean = run_pytest(bundle, FILE, "--autograder-lang", "ko").stdout
    assert "원소 3개 중 3개가 틀렸습니다" in korean


def test_an_untouched_stub_fails_kindly(bundle: Path) -> None:
    done = run_pytest(bundle, FILE)
    assert done.returncode == 1
    assert "Not written yet" in done.stdout
    assert "NotImplementedError\n\ndx.py" not in done.stdout


def test_k_x_and_last_failed_work(bundle: Path) -> None:
    write(bundle, RIGHT)
    write(bundle, WRONG, "dx_again")
    assert list(outcomes(bundle, "-k", "again and worked")) == [
        "assignments/linear-layer/dx_again.yaml::worked-example"
    ]
    assert len(outcomes(bundle)) == 4
    failed = outcomes(bundle, "--lf")
    assert {name.partition("::")[0] for name in failed} == {
        "assignments/linear-layer/dx_again.yaml"
    }
    assert set(failed.values()) == {"FAILED"}
    assert list(outcomes(bundle, "-x").values()) == ["PASSED", "PASSED", "FAILED"]
    write(bundle, RIGHT, "dx_again")
    assert set(outcomes(bundle, "--lf").values()) == {"PASSED"}


def test_xdist_and_junit_work(bundle: Path) -> None:
    write(bundle, RIGHT)
    write(bundle, WRONG, "dx_again")
    done = run_pytest(bundle, "-n", "2", "--junitxml", "out.xml")
    assert done.returncode == 1
    assert "2 failed, 2 passed" in done.stdout
    cases = list(ElementTree.parse(bundle / "out.xml").iter("testcase"))
    assert {case.get("name") for case in cases} == {"worked-example", "small-rectangles"}
    failures = [case.find("failure") for case in cases if case.find("failure") is not None]
    assert len(failures) == 2
    assert all(failure is not None and "elements are wrong" in (failure.text or "")
               for failure in failures)  # fmt: skip


def test_a_notebook_is_tested_like_a_file(bundle: Path) -> None:
    (bundle / "assignments/linear-layer/dx.py").unlink()
    (bundle / "assignments/linear-layer/dx.ipynb").write_bytes(notebook("%magic", RIGHT))
    assert set(outcomes(bundle, FILE).values()) == {"PASSED"}


def test_warnings_that_are_errors_change_nothing(bundle: Path) -> None:
    write(bundle, "import warnings\n" + RIGHT.replace("return", "warnings.warn('!'); return"))
    assert set(outcomes(bundle, FILE, "-W", "error").values()) == {"PASSED"}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (FILE, "    points: 2", "    point: 2", f"{FILE}:16:5: unknown key 'point' in test"),
        ("config.yaml", "seed: 7", "sead: 7", "config.yaml:4:1: unknown key 'sead' in the file"),
    ],
)
def test_a_broken_course_is_one_line(
    bundle: Path, file: str, old: str, new: str, message: str
) -> None:
    text = (bundle / file).read_text("utf-8")
    assert old in text
    (bundle / file).write_text(text.replace(old, new, 1), "utf-8")
    done = run_pytest(bundle, FILE)
    assert done.returncode == 2
    assert message in done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout


def test_a_draft_that_is_not_listed_stops_nobody(bundle: Path) -> None:
    config = bundle / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("[dx, dx_again]", "[dx_again]"), "utf-8")
    shutil.copytree(bundle / "assignments/linear-layer", bundle / "assignments/draft")
    write(bundle, RIGHT, "dx_again")
    assert set(outcomes(bundle).values()) == {"PASSED"}


# What is no exercise of a course, each for one reason.
OTHERS = {
    "no course above": ("assignments/a/b.yaml", "function: f(x) -> y\n", None),
    "another program's configuration": (
        "assignments/a/b.yaml", "function: f(x) -> y\n", "debug: true\n"
    ),
    "another kind of file": ("assignments/a/b.yaml", "deploy: [a]\n", "assignments: {a: 1}\n"),
    "another folder": ("tasks/a/b.yaml", "function: f(x) -> y\n", "assignments: {a: 1}\n"),
    "deeper": ("assignments/a/c/b.yaml", "function: f(x) -> y\n", "assignments: {a: 1}\n"),
    "bytes": ("assignments/a/b.yaml", "\x00\udcff", "assignments: {a: 1}\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_other_projects_notice_nothing(tmp_path: Path, what: str) -> None:
    file, content, config = OTHERS[what]
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8", "surrogateescape")
    if config is not None:
        (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "test_own.py").write_text(
        "import sys\n\ndef test_own():\n"
        "    assert 'numpy' not in sys.modules and 'autograder.course.course' not in sys.modules\n"
    )
    arguments = ("-q", "-p", "no:hypothesispytest", "-p", "no:cov", "-p", "no:xdist")
    done = run_pytest(tmp_path, *arguments, "--strict-markers", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_can_be_turned_off(bundle: Path) -> None:
    assert run_pytest(bundle, "-p", "no:autograder").returncode == 5


def test_hidden_test_files_run_on_the_solution(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    hidden = f"{HIDDEN}/test_dx.py"
    more = (
        "\n\n@pytest.mark.points(1)\ndef test_calls(student):\n"
        "    with pytest.raises(AttributeError):\n        student.nothing(lambda x: x)\n"
    )
    (course / hidden).write_text(TESTS + more, "utf-8")
    done = run_pytest(course, "-q", "--strict-markers", "-W", "error", hidden)
    assert "6 passed" in done.stdout, done.stdout
    solution = course / "solutions/linear-layer/dx.py"
    solution.write_text(WRONG)
    done = run_pytest(course, "-q", hidden)
    assert "5 failed, 1 passed" in done.stdout
    assert "Is W transposed?" in done.stdout


def test_the_student_fixture_elsewhere_says_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(student):\n    pass\n")
    done = run_pytest(tmp_path, "-q")
    assert (
        "the fixture 'student' is for tests/hidden/<assignment>/test_<exercise>.py" in done.stdout
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef student():\n    return 'ada'\n"
    )
    assert run_pytest(tmp_path, "-q").returncode == 0
