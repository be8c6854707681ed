"""A course in nbgrader, in a folder of its own, and what its people do with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.small_course import copy_course

COURSE = Path(__file__).parent.parent / "courses" / "good"
ASSIGNMENT = "linear-layer"
BIN = Path(sys.executable).parent

RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"
WRONG = "def linear_dx(W, dy):\n    return -(W.T @ dy)\n"
# Right for the public example alone.
PARTIAL = """\
import numpy as np

def linear_dx(W, dy):
    return np.array([39.0, 54.0, 69.0]) if W.shape == (2, 3) and W[0, 0] == 1 else 0 * W[0]
"""
LOOPS = "def linear_dx(W, dy):\n    while True: pass\n"


class Lab:
    """A copy of the course ``good`` with a second exercise ``dx2``, or of another lab."""

    def __init__(self, folder: Path, template: Lab | None = None) -> None:
        self.root = folder / "course"
        self.exchange = folder / "exchange"
        self.grades = folder / "grades"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        if template is not None:
            shutil.copytree(template.root, self.root)
            self.edit("nbgrader_config.py", str(template.exchange), str(self.exchange))
            return
        copy_course(COURSE, self.root)
        self.add_exercise("dx2")
        self.edit("config.yaml", "exercises: [dx]", "exercises: [dx, dx2]")

    def add_exercise(self, name: str) -> None:
        """The exercise dx once more, under another name."""
        for tree in ("assignments", "solutions", "tests/hidden"):
            for suffix in (".yaml", ".py"):
                path = self.root / tree / ASSIGNMENT / f"dx{suffix}"
                if path.is_file():
                    shutil.copy(path, path.with_name(f"{name}{suffix}"))

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")

    def autograder(self, *arguments: object, status: int = 0) -> str:
        return self._run([sys.executable, "-m", "autograder", *map(str, arguments)], status)

    def nbgrader(self, *arguments: object, status: int = 0) -> str:
        return self._run([str(BIN / "nbgrader"), *map(str, arguments)], status)

    def _run(self, command: list[str], status: int) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=environment(self.root.parent / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def build(self) -> str:
        options = () if (self.root / "nbgrader_config.py").exists() else self.new_config
        return self.autograder("nbgrader", "build", ASSIGNMENT, *options)

    @property
    def new_config(self) -> tuple[str, ...]:
        return ("--course-id", "ml", "--exchange", str(self.exchange))

    def hand_in(self, student: str, **answers: str | bytes | Callable[[Any], None]) -> Path:
        """A submission as collect leaves it. ``dx="..."`` writes the answer cell of dx.ipynb,
        ``dx_py="..."`` the file dx.py, ``dx=b"..."`` the notebook file, and ``dx=function``
        changes the loaded notebook."""
        folder = self.root / "submitted" / student / ASSIGNMENT
        shutil.copytree(self.root / "release" / ASSIGNMENT, folder, dirs_exist_ok=True)
        for name, content in answers.items():
            if name.endswith("_py"):
                assert isinstance(content, str)
                (folder / f"{name.removesuffix('_py')}.py").write_text(content, "utf-8")
            elif isinstance(content, bytes):
                (folder / f"{name}.ipynb").write_bytes(content)
            else:
                change = _answer(content) if isinstance(content, str) else content
                change_notebook(folder / f"{name}.ipynb", change)
        (folder / "timestamp.txt").write_text("2026-11-24 10:00:00.000000 UTC")
        (folder / "submission_secret.txt").write_text(f"secret of {student}")
        return folder

    def api(self) -> Any:
        """nbgrader's own interface, as formgrader uses it."""
        from nbgrader.apps.api import NbGraderAPI

        from autograder.integrations.nbgrader.settings import load_settings

        return NbGraderAPI(config=load_settings(self.root).config)

    def generate(self) -> None:
        self.build()
        check(self.api().generate_assignment(ASSIGNMENT))

    def autograde(self, *students: str, success: bool = True) -> str:
        api = self.api()
        logs = []
        for student in students:
            result = api.autograde(ASSIGNMENT, student)
            assert result["success"] is success, result
            logs.append(result.get("log", "") + result.get("error", ""))
        return "\n".join(logs)

    @contextmanager
    def gradebook(self) -> Iterator[Any]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}", "ml") as gradebook:
            yield gradebook

    def scores(self, student: str) -> dict[str, float | None]:
        """What the gradebook has, by notebook/cell."""
        with self.gradebook() as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, student)
            return {
                f"{notebook.name}/{grade.name}": grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }

    def score(self, student: str) -> float:
        with self.gradebook() as gradebook:
            return float(gradebook.find_submission(ASSIGNMENT, student).score)

    def grade(self) -> dict[str, dict[str, float]]:
        """What ``autograder grade`` makes of it, by student and exercise/test."""
        self.autograder("grade", "submitted", "--out", self.grades, "--quiet")
        found = {}
        for path in sorted(self.grades.glob("*/*.json")):
            grade = json.loads(path.read_text("utf-8"))
            found[grade["student"]] = {
                f"{exercise['name']}/{test['name']}": test["score"]
                for exercise in grade["exercises"]
                for test in exercise["tests"]
            }
        return found

    def feedback(self, student: str, exercise: str = "dx") -> str:
        check(self.api().generate_feedback(ASSIGNMENT, student))
        return (self.root / "feedback" / student / ASSIGNMENT / f"{exercise}.html").read_text(
            "utf-8"
        )


def check(result: dict[str, Any]) -> None:
    assert result["success"], result


def environment(home: Path) -> dict[str, str]:
    """That of a person with the virtual environment active and a home of their own."""
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONWARNINGS": "ignore",  # of nbgrader's dependencies
    }


def change_notebook(path: Path, change: Callable[[Any], None]) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), "utf-8")


def cell(notebook: Any, grade_id: str) -> Any:
    return next(
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def _answer(source: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        cell(notebook, "answer")["source"] = source

    return change
