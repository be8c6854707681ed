"""Attacks on hidden tests written for pytest, one submission each, graded with an honest class.

The tests of :mod:`tests.security.pytest_attacks` run in a fork of the grader, and hold what
student code returns, raises and calls. Of each attack is checked that it gains no points, that
its student reads nothing secret whatever the course shows of hidden tests, and that the class is
graded as without it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autograder.course.course import HiddenFeedback
from autograder.grades.feedback import visible
from autograder.grades.grade_file import read_grade
from tests.security.attack_class import HERE, hand_in
from tests.security.pytest_attacks import ATTACKS, FILE, HONEST, NAMES, SOLUTION, TESTS

HIDDEN = "tests/hidden/layer"
YAML = """\
# CANARY-hidden-e08d
tests:
  - name: rectangles
    points: 2
    against: [finite_differences, reference]
    cases: 3
    dims: {m: 2..5, n: 2..5, s: 2..5}
mistakes:
  - name: never-made
    outputs: {dX: dX + 987654.5}
    hint: {en: CANARY-hint-2b66, ko: CANARY-hint-2b66}
"""
CLASS = {
    "honest-ada": HONEST,
    "honest-bob": HONEST.replace("return [Layer(W)]", "return [Layer(-W)]"),
    "zoe-honest": HONEST.replace("dY @ W", "-(dY @ W)"),
}
# Expected values, the seed, and what stands in the files of the course.
SECRETS = ("CANARY-", "904613275", "1704781", "default_rng", "np.tri")
POLICIES: tuple[HiddenFeedback, ...] = ("none", "names", "hints")


def student(attack: str) -> str:
    return "eve-" + attack.replace(" ", "-").replace(",", "")


def make_course(folder: Path) -> Path:
    course = shutil.copytree(HERE / "course", folder / "course")
    config = course / "config.yaml"
    config.write_text(config.read_text().replace("[linear_backward, batched]", "[batched]"))
    for path in list(course.rglob("linear_backward.*")):
        path.unlink()
    (course / HIDDEN / "batched.yaml").write_text(YAML)
    (course / HIDDEN / FILE).write_text(TESTS)
    (course / "solutions/layer/batched.py").write_text(SOLUTION)
    return course


def grade(folder: Path, submissions: str, out: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "autograder", "grade", str(folder / submissions)),
            *("--out", str(folder / out), "--course", str(folder / "course"), "--jobs", "2"),
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=250,
        check=False,
        cwd=folder / submissions,
    )


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All attacks, graded in one run, from the folder that they lie in."""
    folder = tmp_path_factory.mktemp("pytest-attacks")
    course = make_course(folder)
    for name, source in CLASS.items():
        for submissions in ("honest", "submissions"):
            hand_in(folder / submissions, name, {"batched.py": source})
    for name, attack in ATTACKS.items():
        files = {"batched.py": attack.source.replace("@course@", str(course)), **attack.files}
        hand_in(folder / "submissions", student(name), files)
    for submissions, out in (("honest", "alone"), ("submissions", "grades")):
        done = grade(folder, submissions, out)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.replace("\n", "").isprintable()
    return folder


def read(folder: Path, name: str, out: str = "grades") -> Any:
    found = json.loads((folder / out / name / "layer.json").read_text("utf-8"))
    del found["timing"]
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_gains_nothing(graded: Path, attack: str) -> None:
    (exercise,) = read(graded, student(attack))["exercises"]
    scores = {test["name"]: test["score"] for test in exercise["tests"] if "::" in test["name"]}
    assert list(scores) == [f"{FILE}::{name}" for name in NAMES]
    earned = {name.partition("::")[2] for name, score in scores.items() if score}
    assert earned == set(ATTACKS[attack].earned)


@pytest.mark.parametrize("attack", ATTACKS)
def test_learns_nothing(graded: Path, attack: str) -> None:
    found = read_grade(graded / "grades" / student(attack) / "layer.json")
    assert found is not None
    shown = [visible(found, policy, after_due=True) for policy in POLICIES]
    shown.append(visible(found, "all", after_due=False))
    for one in shown:
        told = msgspec.json.encode(one.exercises).decode()
        assert [secret for secret in SECRETS if secret in told] == []
        for test in one.exercises[0].tests:
            text = f"{test.name}{test.message}{test.hint}"
            assert text.replace("\n", "").isprintable()
            assert len(text) < 5000


@pytest.mark.parametrize("name", CLASS)
def test_the_rest_of_the_class_is_graded_as_without_it(graded: Path, name: str) -> None:
    assert read(graded, name) == read(graded, name, "alone")
    assert (read(graded, name)["score"] == 3 + len(NAMES)) == (name == "honest-ada")


# Plain pytest, with the module itself for the fixture.
PLAIN = """
import pytest

@pytest.fixture
def student():
    import batched
    return batched

@pytest.fixture
def hint():
    return lambda **texts: texts["en"]
"""


@pytest.mark.parametrize(
    ("attack", "gained"),
    [
        ("patches what compares", "test_allclose[4]"),
        ("patches pytest", "test_name"),
        ("an array that equals everything", "test_not_skipped"),
        ("no elements", "test_scalar"),
        ("an array of nan", "test_worst"),
        ("an empty list", "test_layers"),
        ("functions called far away", "test_slope"),
        ("looks for the test in its folder", ""),
    ],
)
def test_the_attacks_succeed_where_nothing_stops_them(
    tmp_path: Path, attack: str, gained: str
) -> None:
    """Otherwise they would prove nothing."""
    course = make_course(tmp_path)
    tests = tmp_path / "tests"
    shutil.copytree(course / HIDDEN, tests)
    (tests / "conftest.py").write_text(PLAIN)
    (tests / "batched.py").write_text(ATTACKS[attack].source.replace("@course@", str(course)))
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-v",
                "-p",
                "no:autograder",
                "-p",
                "no:cacheprovider",
            ),
            *("-c", "/dev/null", f"--rootdir={tests}", str(tests)),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if gained:
        assert f"::{gained} PASSED" in done.stdout
        assert gained.partition("[")[0] not in ATTACKS[attack].earned
    else:
        assert "CANARY-hidden-e08d" in done.stdout


def test_everybody_has_a_grade(graded: Path) -> None:
    have = {path.parent.name for path in (graded / "grades").glob("*/layer.json")}
    assert have == {*CLASS, *map(student, ATTACKS)}
