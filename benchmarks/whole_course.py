"""How long a large class takes, and the memory of all processes together meanwhile.

    python benchmarks/whole_course.py [--students 1000] [--jobs 2]

The class of ``mixed_class.py``: every file different (with ``--no-program-twice`` every program),
right, wrong, slow and crashing answers of 19 exercises. Graded once, with nothing kept of the
course. Memory is counted as the kernel shares it out among processes (PSS): what two have in
common counts once. Where it does not say that of a process, as of one that may not be looked into,
resident memory without files counts.

That it stays flat is seen on the way: memory after each tenth of the class, and a line through the
second half of it, which says what 50,000 submissions more would take.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograder.batch.cache import FOLDER  # noqa: E402
from autograder.course.loading import load_course  # noqa: E402
from benchmarks.mixed_class import make_class, write_class  # noqa: E402

ASSIGNMENTS = ("linear-layer", "batched-linear", "gradient-checking", "mlp")
SAMPLE_SECONDS = 0.5
MIB = 1 << 20
MANY = 50_000
# Of fewer grades, most memory is what workers load when they first need it.
ENOUGH = 1000

Samples = list[tuple[int, float]]
"""How many grades there were, and the MiB of all processes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-program-twice", action="store_true")
    parser.add_argument("--assignments", nargs="*", default=ASSIGNMENTS)
    arguments = parser.parse_args()
    course = load_course(ROOT)
    exercises = [
        one for name in arguments.assignments for one in course.assignments[name].exercises
    ]
    with tempfile.TemporaryDirectory() as folder:
        submissions, out = Path(folder) / "class", Path(folder) / "out"
        twice = arguments.no_program_twice
        answers = make_class(exercises, arguments.students, arguments.seed, no_program_twice=twice)
        write_class(submissions, answers, exercises)
        seconds, samples = grade(submissions, out, arguments.jobs)
    count = arguments.students * len(exercises)
    print(
        f"{arguments.students} students, {len(exercises)} exercises, {arguments.jobs} jobs, "
        f"{os.cpu_count()} cores: {seconds:.0f} s, {seconds / count * 1e3:.2f} ms an exercise"
    )
    print(f"most memory of all processes together: {max(used for _, used in samples):.0f} MiB")
    report_growth(samples)


def grade(submissions: Path, out: Path, jobs: int) -> tuple[float, Samples]:
    """Seconds for the whole command, and what was seen meanwhile."""
    shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--quiet"]
    command += ["--out", str(out), "--jobs", str(jobs), "--course", str(ROOT)]
    samples: Samples = []
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            samples.append((sum(1 for _ in out.glob("*/*.json")), memory(process.pid)))
            time.sleep(SAMPLE_SECONDS)
    if process.returncode != 0:
        sys.exit(f"error: grading ended with {process.returncode}")
    return time.perf_counter() - start, samples


def memory(root: int) -> float:
    """MiB of a process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            stat = _read(f"/proc/{entry.name}/stat")
            if stat:
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    total, found = 0.0, [root]
    while found:
        pid = found.pop()
        found += children.get(pid, [])
        total += _of_process(pid)
    return total


def _of_process(pid: int) -> float:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    pages = _read(f"/proc/{pid}/statm").split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") / MIB if pages else 0.0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it has ended, or may not be looked into
        return ""


def report_growth(samples: Samples) -> None:
    most = samples[-1][0]
    for tenth in range(1, 11):
        within = [used for done, used in samples if (tenth - 1) * most < 10 * done <= tenth * most]
        if within:
            print(f"{tenth * most // 10:>7} grades: {np.median(within):.0f} MiB, median")
    # Not those of the end, when the workers are gone.
    late = np.array([one for one in samples if most <= 2 * one[0] < 2 * most])
    if most >= ENOUGH:
        slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0])
        print(f"growth in the second half: {slope * 1024:.2f} KiB a grade,", end=" ")
        print(f"{slope * MANY:.0f} MiB for {MANY:,}")


if __name__ == "__main__":
    main()
