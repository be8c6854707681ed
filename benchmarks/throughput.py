"""How fast the grader is, beside what people use today, measured in one run.

    python benchmarks/throughput.py [--copies 200] [--rounds 3]

Compared, per submission of a correct ``linear_backward.py`` with all its tests:

* this grader with the sandbox on, one and two jobs, start of the program included; and a first
  run with two jobs, when nothing that follows from the course has been kept;
* a fresh ``python -c "import numpy"``: the least that a process per submission costs;
* a fresh ``python -m pytest`` on one test of the same gradients: what graders built on
  pytest do, without any sandbox.

Only ratios within one run mean anything: machines differ, and so do their moods.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.batch.cache import FOLDER

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = ROOT / "solutions" / "linear-layer" / "linear_backward.py"

PYTEST_FILE = """\
import numpy as np
from linear_backward import linear_backward

def test_gradients():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, W, dy = rng.normal(size=5), rng.normal(size=(4, 5)), rng.normal(size=4)
        dx, dW = linear_backward(x, W, dy)
        np.testing.assert_allclose(dx, W.T @ dy)
        np.testing.assert_allclose(dW, np.outer(dy, x))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.copies, arguments.rounds)


def measure(folder: Path, copies: int, rounds: int) -> None:
    submissions = folder / "submissions"
    for number in range(copies):
        target = submissions / f"student-{number:04}" / "linear-layer"
        target.mkdir(parents=True)
        shutil.copy(SOLUTION, target)
    pytest_folder = folder / "pytest"
    pytest_folder.mkdir()
    shutil.copy(SOLUTION, pytest_folder)
    (pytest_folder / "test_linear.py").write_text(PYTEST_FILE)

    import_numpy = [sys.executable, "-c", "import numpy"]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(pytest_folder)]
    names = ("first run", "jobs 1", "jobs 2", "import numpy", "pytest")
    times: dict[str, list[float]] = {name: [] for name in names}
    few = max(copies // 10, 5)
    for _ in range(rounds):  # in turn, so that a slow moment of the machine hits all
        shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
        times["first run"].append(grade(submissions, folder / "out", 2) / copies)
        times["jobs 1"].append(grade(submissions, folder / "out", 1) / copies)
        times["import numpy"].append(repeat(import_numpy, few))
        times["jobs 2"].append(grade(submissions, folder / "out", 2) / copies)
        times["pytest"].append(repeat(pytest, few))
    report(times, copies)


def grade(submissions: Path, out: Path, jobs: int) -> float:
    """Seconds for the whole command on the whole class."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "autograder", "grade", str(submissions)]
    command += ["--out", str(out), "--jobs", str(jobs), "--course", str(ROOT)]
    return timed(command)


def repeat(command: list[str], times: int) -> float:
    """Seconds for one run, the mean of several."""
    return sum(timed(command) for _ in range(times)) / times


def timed(command: list[str]) -> float:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def report(times: dict[str, list[float]], copies: int) -> None:
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{copies} submissions, {os.cpu_count()} cores, medians of {len(times['jobs 1'])} rounds")
    for name, seconds in middle.items():
        print(f"{name:>14}: {seconds * 1e3:8.2f} ms a submission, {1 / seconds:7.1f} a second")
    for other in ("import numpy", "pytest"):
        ratio = middle[other] / middle["jobs 1"]
        print(f"one job is {ratio:.1f} times as fast as a fresh {other} per submission")
    print(f"two jobs are {middle['jobs 1'] / middle['jobs 2']:.2f} times as fast as one")


if __name__ == "__main__":
    main()
