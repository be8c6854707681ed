"""The package's Python API: each call of it, and what it does not import."""

from __future__ import annotations

import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograder
from autograder import AutograderError
from autograder.grades.model import Grade
from tests.support.small_course import copy_course

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "tests" / "courses" / "good"
RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"
WRONG = "def linear_dx(W, dy):\n    return 2 * (W.T @ dy)\n"


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    for student, source in (("ada", RIGHT), ("bob", WRONG)):
        folder = tmp_path / "submissions" / student / "linear-layer"
        folder.mkdir(parents=True)
        (folder / "dx.py").write_text(source)
    return tmp_path / "submissions"


def test_a_class_is_graded_read_and_exported(submissions: Path, tmp_path: Path) -> None:
    course = tmp_path / "course"
    copy_course(GOOD, course)
    out = tmp_path / "grades"
    graded = list(autograder.grade(submissions, course, out=out, jobs=1))
    assert {(one.student, one.score == one.max_score) for one in graded} == {
        ("ada", True),
        ("bob", False),
    }
    assert autograder.read_grades(out) == sorted(graded, key=lambda one: one.student)
    assert (out / "summary.csv").read_text("utf-8").count("\n") == 3
    files = autograder.export(graded, "canvas", course=autograder.load_course(course))
    assert list(files) == ["canvas.csv"]
    assert b"ada" in files["canvas.csv"]
    several = autograder.export(graded, "gradescope")
    assert sorted(several) == [
        "ada/linear-layer/results.json",
        "bob/linear-layer/results.json",
    ]


def test_of_several_attempts_the_one_that_counts_comes_last(tmp_path: Path) -> None:
    course = tmp_path / "course"
    copy_course(GOOD, course)
    folder = tmp_path / "export"
    for number, source in ((1, WRONG), (2, RIGHT)):
        attempt = folder / f"submission_{number}"
        attempt.mkdir(parents=True)
        (attempt / "dx.py").write_text(source)
    (folder / "submission_metadata.yml").write_text(
        "".join(
            f"submission_{number}:\n"
            f"  :submitters:\n  - :name: Ada\n    :sid: ada\n"
            f"  :created_at: 2026-11-2{number} 10:00:00 +0000\n"
            for number in (1, 2)
        )
    )
    found = list(
        autograder.grade(
            folder, course, out=tmp_path / "grades", layout="gradescope", assignments=()
        )
    )
    assert [(one.student, one.score == one.max_score) for one in found] == [("ada", True)]


def test_errors_are_the_packages_own(tmp_path: Path) -> None:
    with pytest.raises(AutograderError, match=r"config\.yaml"):
        autograder.load_course(tmp_path)
    with pytest.raises(AutograderError, match="no such format; known are csv"):
        autograder.export([], "cvs")
    with pytest.raises(AutograderError, match="is not there"):
        autograder.read_grades(tmp_path / "nowhere")
    with pytest.raises(AttributeError, match="has no attribute 'gradee'"):
        autograder.gradee  # noqa: B018


def right(W: np.ndarray, dy: np.ndarray) -> np.ndarray:
    return np.asarray(W.T @ dy)


def test_a_function_of_this_process_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOOD)
    passed = autograder.check_function(right, "dx")
    assert passed
    assert all(test.status == "passed" for test in passed)
    failed = autograder.check_function(lambda W, dy: 2 * right(W, dy), "dx")
    assert all(test.score == 0 for test in failed)
    raised = autograder.check_function(lambda W, dy: 1 / 0, "dx")
    assert any("ZeroDivisionError" in test.message for test in raised)
    with pytest.raises(AutograderError):
        autograder.check_function(right, "nothing")


def test_functions_that_call_back_and_classes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for name in ("gradient-checking/numerical_gradient", "batched-linear/linear_module"):
        exec((ROOT / "solutions" / f"{name}.py").read_text("utf-8"), names)
    for name in ("numerical_gradient", "linear_module"):
        function = names["Linear" if name == "linear_module" else name]
        assert callable(function)
        assert {test.status for test in autograder.check_function(function, name)} == {"passed"}


def test_check_without_a_notebook_reads_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOOD)
    report = autograder.check("dx")
    assert not report.passed
    assert "dx" in repr(report)


def test_the_numerical_gradient_knows_its_error() -> None:
    x = np.array([0.3, -2.0, 5.0])
    value, error = autograder.numerical_gradient(lambda at: np.sum(np.sin(at)), x)
    assert np.all(np.abs(value - np.cos(x)) <= 8 * error + 1e-15)
    assert np.all(error < 1e-6)


@pytest.mark.parametrize("room", ["exports.formats", "truth.numerical_gradient"])
def test_examples_of_the_documentation(room: str) -> None:
    module = importlib.import_module(f"autograder.{room}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_readers_of_grades_import_no_numpy() -> None:
    code = (
        "import sys, autograder, autograder.exports, autograder.exports.formats\n"
        "autograder.read_grades, autograder.export, autograder.AutograderError\n"
        "assert 'numpy' not in sys.modules and 'yaml' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)


def test_what_the_api_lists_is_there() -> None:
    assert set(autograder.__all__) <= set(dir(autograder))
    assert all(getattr(autograder, name) is not None for name in autograder.__all__)
    assert Grade.__module__ == "autograder.grades.model"
