"""The small course ``tests/courses/good``, work handed in for it, and the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from autograder.batch.cache import FOLDER
from autograder.exports.summary import from_spreadsheet

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "tests" / "courses" / "good"

RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"
WRONG = "def linear_dx(W, dy):\n    return -(W.T @ dy)\n"
# Until the limit: nobody can see that such a loop never ends.
LOOPS = "def linear_dx(W, dy):\n    for _ in iter(int, 1): pass\n"
# Right answers to the worked example alone.
PARTLY = "def linear_dx(W, dy):\n    return W.T @ dy if W.shape == (2, 3) else dy\n"


def copy_course(course: Path, to: Path) -> Path:
    """Copy a course, and not what was worked out of it, which others may be writing."""
    return shutil.copytree(
        course, to, ignore=shutil.ignore_patterns(FOLDER, "__pycache__"), dirs_exist_ok=True
    )


def hand_in(folder: Path, student: str, source: str) -> None:
    """One student's ``dx.py`` in a folder of submissions."""
    write_source(folder / student / "linear-layer", source)


def write_source(folder: Path, source: str, name: str = "dx.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(source)
    return folder


def run(
    *arguments: object, course: Path = COURSE, cwd: Path | None = None, **environment: object
) -> subprocess.CompletedProcess[str]:
    """``autograder`` with these arguments, outside of any workflow of GitHub's."""
    command = [sys.executable, "-m", "autograder", *map(str, arguments), "--course", str(course)]
    unset = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=900,  # pytest has a shorter limit of its own, but for the tests of the course
        check=False,
        cwd=cwd,
        env=inherited
        | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        | {name: str(value) for name, value in environment.items()},
    )


def grade(submissions: Path, out: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return run("grade", submissions, "--out", out, *options)


def read(out: Path, student: str) -> Any:
    """A student's grade."""
    return json.loads((out / student / "linear-layer.json").read_text("utf-8"))


def contents(out: Path) -> dict[str, Any]:
    """All grades without their timing, and the summary."""
    found: dict[str, Any] = {"summary": (out / "summary.csv").read_text("utf-8")}
    for path in sorted(out.rglob("*.json")):
        grade = json.loads(path.read_text("utf-8"))
        del grade["timing"]
        found[str(path.relative_to(out))] = grade
    return found


def configured(tmp_path: Path, *lines: str, assignment: str = "") -> Path:
    """A copy of the course with these lines more in its configuration."""
    course = copy_course(COURSE, tmp_path / "course")
    config = course / "config.yaml"
    text = (COURSE / "config.yaml").read_text("utf-8").rstrip("\n")
    config.write_text("\n".join([*lines, text, *([f"    {assignment}"] if assignment else [])]))
    return course


def grades(out: Path) -> dict[str, dict[str, Any]]:
    """Everybody's grade in the assignment, by name, without the seal, which follows from it."""
    return {
        path.parent.name: {**json.loads(path.read_text("utf-8")), "seal": ""}
        for path in out.glob("*/linear-layer.json")
    }


def rows_of(text: str) -> list[list[str]]:
    """The rows of a CSV, as a spreadsheet shows them."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [[from_spreadsheet(cell) for cell in row] for row in rows]
