"""How fast `nbgrader autograde` is with this grader underneath, beside nbgrader alone.

    .venv-nbgrader/bin/python benchmarks/nbgrader.py [--students 20] [--rounds 1]

The same submissions of ``linear_backward`` go through two nbgrader courses: one built by
``autograder nbgrader build``, one with the same tests written out in hidden test cells, as
nbgrader wants it. Measured is the whole command, start included, divided by the submissions;
the two take turns, as only ratios within one run mean anything. Ends with 1 where ours takes
more than a third of the time, or gives another score than ``autograder grade``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.release.notebook_writing import Cell, notebook

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT, EXERCISE = "linear-layer", "linear_backward"
BIN = Path(sys.executable).parent

HIDDEN_TEST = """\
### BEGIN HIDDEN TESTS
import numpy as np
rng = np.random.default_rng(0)
for _ in range({cases}):
    m, n = rng.integers(1, 10, size=2)
    x, W, dy = rng.normal(size=n), rng.normal(size=(m, n)), rng.normal(size=m)
    dx, dW = linear_backward(x, W, dy)
    np.testing.assert_allclose(dx, W.T @ dy)
    np.testing.assert_allclose(dW, np.outer(dy, x))
### END HIDDEN TESTS"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), arguments.students, arguments.rounds)


def measure(folder: Path, students: int, rounds: int) -> int:
    answers = sample_class(students)
    ours, stock = our_course(folder / "ours"), stock_course(folder / "stock")
    for course in (ours, stock):
        run(course, "nbgrader", "generate_assignment", ASSIGNMENT)
        for student, source in answers.items():
            hand_in(course, student, source)
    times: dict[str, list[float]] = {"ours": [], "stock": []}
    for _ in range(rounds):
        for name, course in (("ours", ours), ("stock", stock)):
            shutil.rmtree(course / "autograded", ignore_errors=True)
            start = time.perf_counter()
            run(course, "nbgrader", "autograde", ASSIGNMENT)
            times[name].append((time.perf_counter() - start) / students)
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{students} submissions, {os.cpu_count()} cores, medians of {rounds} round(s)")
    for name, seconds in middle.items():
        print(f"{name:>6}: {seconds:.3f} s a submission")
    ratio = middle["ours"] / middle["stock"]
    print(f"ours takes {ratio:.2f} of the time of nbgrader alone")
    differing = differences(ours, folder / "grades")
    print(f"scores that differ from autograder grade: {', '.join(differing) or 'none'}")
    return int(bool(differing) or ratio > 1 / 3)


def sample_class(students: int) -> dict[str, str]:
    """Answers of the sample class, right and wrong; none that runs for ever, for which nbgrader
    alone waits half a minute a cell."""
    folders = sorted((ROOT / "examples" / "submissions").glob("*"))
    paths = [folder / ASSIGNMENT / f"{EXERCISE}.py" for folder in folders]
    chosen = [
        path
        for path in paths
        if path.is_file() and path.parents[1].name.startswith(("correct-", "mistake-"))
    ]
    if students > len(chosen):
        sys.exit(f"error: --students {students}: the sample class has {len(chosen)} that fit")
    step = len(chosen) / students
    picked = [chosen[int(number * step)] for number in range(students)]
    return {path.parents[1].name: path.read_text("utf-8") for path in picked}


def our_course(folder: Path) -> Path:
    for tree in ("assignments", "solutions", "tests/hidden"):
        target = folder / tree / ASSIGNMENT
        target.mkdir(parents=True)
        for path in (ROOT / tree / ASSIGNMENT).glob(f"{EXERCISE}.*"):
            shutil.copy(path, target)
    (folder / "config.yaml").write_text(
        "title: {en: Benchmark, ko: 벤치마크}\nlanguages: [en, ko]\nassignments:\n"
        f"  {ASSIGNMENT}:\n    title: {{en: The linear layer, ko: Linear layer}}\n"
        f"    exercises: [{EXERCISE}]\n",
        "utf-8",
    )
    run(folder, "autograder", "nbgrader", "build", ASSIGNMENT, "--course-id", "bench")
    return folder


def stock_course(folder: Path) -> Path:
    """A hidden test cell for each test of ours, with as many cases and points."""
    exercise = load_course(ROOT, only=(ASSIGNMENT,)).assignments[ASSIGNMENT].exercises
    (ours,) = (one for one in exercise if one.name == EXERCISE)
    stub = "def linear_backward(x, W, dy):\n    ### BEGIN SOLUTION\n    ...\n    ### END SOLUTION"
    cells = [Cell("code", stub, _nbgrader("answer", solution=True))]
    for test in ours.tests:
        metadata = _nbgrader(f"test-{len(cells)}", grade=True, locked=True)
        metadata["nbgrader"]["points"] = sum(part.points for part in test.parts)
        cells.append(Cell("code", HIDDEN_TEST.format(cases=_cases(ours, len(cells) - 1)), metadata))
    source = folder / "source" / ASSIGNMENT / f"{EXERCISE}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(notebook(cells))
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'bench'\n"
    )
    return folder


def _cases(exercise: Exercise, number: int) -> int:
    drawing = getattr(exercise.tests[number], "drawing", None)
    return 1 if drawing is None else int(drawing.cases)


def _nbgrader(grade_id: str, **options: bool) -> dict[str, Any]:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **plain, **options}}


def hand_in(course: Path, student: str, source: str) -> None:
    folder = course / "submitted" / student / ASSIGNMENT
    shutil.copytree(course / "release" / ASSIGNMENT, folder)
    path = folder / f"{EXERCISE}.ipynb"
    content = json.loads(path.read_text("utf-8"))
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "answer":
            cell["source"] = source
    path.write_text(json.dumps(content), "utf-8")


def differences(course: Path, grades: Path) -> list[str]:
    """Students whose score in the gradebook is not that of ``autograder grade``."""
    run(course, "autograder", "grade", "submitted", "--out", str(grades), "--quiet")
    run(course, "nbgrader", "export", "--to=totals.csv")
    with open(course / "totals.csv", newline="", encoding="utf-8") as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    found = []
    for path in sorted(grades.glob("*/*.json")):
        grade = json.loads(path.read_text("utf-8"))
        if abs(scores.get(grade["student"], -1) - grade["score"]) > 1e-9:
            found.append(grade["student"])
    return found


def run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    arguments: Sequence[str] = [str(BIN / command[0]), *command[1:]]
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)} failed:\n{done.stdout[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
