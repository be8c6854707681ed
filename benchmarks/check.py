"""How long a student waits for `autograder check`, beside `python -c "import numpy"`.

    python benchmarks/check.py [--rounds 7]

In a bundle of one assignment (the course without its secret folders, with the locked hints),
measured from the start of the program to its first output and to its end: untouched stubs, one
exercise that is wrong, and one that is right. Only ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.course.loading import load_course
from autograder.sandbox.host import Sandbox
from autograder.student.mistake_index import build_index, index_path

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "linear-layer"
WRONG = "import numpy as np\n\ndef linear_backward(x, W, dy):\n    return W @ dy, np.outer(dy, x)\n"
AT_MOST = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.rounds)


def measure(root: Path, rounds: int) -> None:
    build_bundle(root)
    work = root / "assignments" / ASSIGNMENT
    (root / "wrong").mkdir()
    (root / "wrong" / "linear_backward.py").write_text(WRONG)
    (root / "right").mkdir()
    shutil.copy(ROOT / "solutions" / ASSIGNMENT / "linear_backward.py", root / "right")
    check = [sys.executable, "-m", "autograder", "check"]
    commands = {
        "import numpy": [sys.executable, "-c", "import numpy; print()"],
        "check, six untouched stubs": [*check, str(work)],
        "check, one exercise, wrong": [*check, "wrong"],
        "check, one exercise, right": [*check, "right"],
    }
    first: dict[str, list[float]] = {name: [] for name in commands}
    whole: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():  # in turn, so that a busy moment meets all
            times = run(command, root)
            if number:  # the first round fills the caches
                first[name].append(times[0])
                whole[name].append(times[1])
    base = statistics.median(whole["import numpy"])
    print(
        f"{'median of ' + str(rounds):28} {'first output':>15} {'ratio':>6} {'end':>9} {'ratio':>6}"
    )
    for name in commands:
        begun, done = statistics.median(first[name]), statistics.median(whole[name])
        print(
            f"{name:28} {begun * 1000:12.0f} ms {begun / base:6.2f} "
            f"{done * 1000:6.0f} ms {done / base:6.2f}"
        )
    worst = max(statistics.median(first[name]) for name in commands) / base
    verdict = "within" if worst <= AT_MOST else "NOT within"
    print(f"first output after {worst:.2f} times an import of numpy: {verdict} {AT_MOST:g}")


def build_bundle(root: Path) -> None:
    course = load_course(ROOT, only=[ASSIGNMENT])
    (root / "assignments").mkdir()
    shutil.copytree(ROOT / "assignments" / ASSIGNMENT, root / "assignments" / ASSIGNMENT)
    exercises = ", ".join(one.name for one in course.assignments[ASSIGNMENT].exercises)
    (root / "config.yaml").write_text(
        "title: {en: Bundle, ko: 묶음}\nlanguages: [en, ko]\nassignments:\n"
        f"  {ASSIGNMENT}:\n    title: {{en: Linear, ko: Linear}}\n    exercises: [{exercises}]\n",
        encoding="utf-8",
    )
    with Sandbox("process", course.limits) as sandbox:
        index_path(root, ASSIGNMENT).write_bytes(build_index(course, ASSIGNMENT, sandbox))


def run(command: list[str], cwd: Path) -> tuple[float, float]:
    """Seconds to the first output and to the end."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        begun = time.perf_counter() - start
        process.stdout.read()
    return begun, time.perf_counter() - start


if __name__ == "__main__":
    main()
