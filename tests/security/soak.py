"""A long run: thousands of submissions, good, wrong and hostile, with a look at what it costs.

``make soak`` prints the figures of 5,000 submissions; the tests do the same with fewer. It runs
in the jail that the attacks run in, and checks that

- every grade is right,
- the memory of the grader does not grow, and no descriptor, process or file is left,
- a run that is killed ten times and resumed ends with the same grades,
- a full disk and a folder that cannot be written to give one line, and no half a file.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.security import jail
from tests.security.attack_class import (
    ATTACKS,
    BATCHED,
    HERE,
    RIGHT,
    attack_files,
    command,
    deserves,
    hand_in,
)

KILLS = 10
SAMPLE_SECONDS = 0.2
MIB = 1 << 20
# What the grader may grow by between a fifth of the way and the end: anything by the noise of
# its allocator, the main process by the grades, which it keeps for its table.
MAY_GROW_MIB = 16
_GRADE_MIB = 0.01
# What the submissions in hand may have open at the moment of a sample. What leaks one a
# submission is far above.
MAY_OPEN = 10

# By kind: the files, and the points of linear_backward.
HONEST: dict[str, tuple[dict[str, str], float]] = {
    "right": ({"linear_backward.py": RIGHT.format("W.T @ dy"), "batched.py": BATCHED}, 20),
    "wrong": ({"linear_backward.py": RIGHT.format("-(W.T @ dy)"), "batched.py": BATCHED}, 10),
    "shape": ({"linear_backward.py": RIGHT.format("dy @ dy"), "batched.py": BATCHED}, 10),
    "raises": ({"linear_backward.py": "import numpy as np\n\nnp.ones(2) @ np.ones(3)\n"}, 0),
    "syntax": ({"linear_backward.py": "def linear_backward(x, W, dy:\n"}, 0),
    "nothing": ({"notes.py": "x = 1\n"}, 0),
}
# Every tenth is hostile; the others are mostly right or wrong in the usual way.
_ROUND = ("right", "wrong", "right", "shape", "right", "wrong", "raises", "right", "syntax")


def main(count: int) -> int:
    """Run the soak, print its figures; 1 where something is not as it should be."""
    namespaces = jail.unshare()
    if namespaces is None:
        print("the soak runs in namespaces of its own; unshare(1) cannot make them here")
        return 1
    with tempfile.TemporaryDirectory(prefix="autograder-soak-") as folder:
        figures = run(namespaces, Path(folder), count, KILLS, seconds=7200)
    for name, figure in figures.items():
        print(f"{name:44} {figure}")
    return 1 if figures["faults"] else 0


def run(
    namespaces: list[str], folder: Path, count: int, kills: int, seconds: float
) -> dict[str, Any]:
    """The figures of a soak of ``count`` submissions and a run that is killed ``kills`` times;
    ``faults`` says what is wrong."""
    shutil.copytree(HERE / "course", folder / "course")
    make_submissions(folder / "submissions", count)
    make_submissions(folder / "few", max(count // 10, 60), hostile=False)
    inside = [sys.executable, "-m", "tests.security.soak", "inside", str(kills)]
    (report,) = jail.run_in_jail(namespaces, folder, [inside], seconds=seconds)
    if report["returncode"]:
        raise RuntimeError(report["stderr"])
    figures: dict[str, Any] = json.loads((folder / "figures.json").read_text())
    for kind, before in report["before"].items():
        if left := set(report["after"][kind]) ^ set(before):
            figures["faults"].append(f"{kind} that came or went: {sorted(left)}")
    return figures


def make_submissions(folder: Path, count: int, *, hostile: bool = True) -> None:
    attacks = list(ATTACKS)
    for number in range(count):
        if hostile and number % 10 == 9:
            attack = attacks[(number // 10) % len(attacks)]
            kind, files = attack.replace("/", "+"), attack_files(attack)
        else:
            kind = _ROUND[number % len(_ROUND)]
            files = HONEST[kind][0]
        hand_in(folder, f"{number:05}-{kind}", files)


def expected(student: str) -> float:
    kind = student.partition("-")[2]
    return HONEST[kind][1] if kind in HONEST else deserves(kind.replace("+", "/"))


def inside(kills: int) -> None:
    """The soak itself, as the only thing that runs in the jail."""
    figures: dict[str, Any] = {}
    faults: list[str] = []
    _long_run(figures, faults)
    _killed_and_resumed(figures, faults, kills)
    _full_disk(figures, faults)
    _unwritable(figures, faults)
    figures["faults"] = faults
    (jail.CLASS / "figures.json").write_text(json.dumps(figures))


def _long_run(figures: dict[str, Any], faults: list[str]) -> None:
    out = jail.CLASS / "grades"
    watched = Watched(command("submissions", "grades", "--quiet"), out)
    if watched.returncode or watched.stderr:
        faults.append(f"exit {watched.returncode}: {watched.stderr}")
    students = sorted(os.listdir(jail.CLASS / "submissions"))
    figures["submissions"] = len(students)
    figures["seconds"] = round(watched.seconds, 1)
    figures["submissions per second"] = round(len(students) / watched.seconds, 1)
    wrong = [student for student in students if _score(out, student) != expected(student)]
    figures["wrong grades"] = len(wrong)
    if wrong:
        faults.append(f"wrong grades: {wrong[:5]}")
    for role in ("main process", "workers and warm process", "zygotes"):
        early, late = watched.memory(role)
        figures[f"memory of {role}, early and at the end"] = f"{early:.0f} and {late:.0f} MiB"
        kept = len(students) * _GRADE_MIB if role == "main process" else 0
        if late - early > MAY_GROW_MIB + kept:
            faults.append(f"memory of {role} grew from {early:.0f} to {late:.0f} MiB")
    early, late = watched.descriptors()
    figures["descriptors, early and at the end"] = f"{early} and {late}"
    if late > early + MAY_OPEN:
        faults.append(f"descriptors grew from {early} to {late}")


def _score(out: Path, student: str) -> float | None:
    try:
        grade = json.loads((out / student / "layer.json").read_text("utf-8"))
    except OSError:
        return None
    score: float = grade["exercises"][0]["score"]
    return score


class Watched:
    """A grading run, with samples of what its processes use."""

    def __init__(self, command: list[str], out: Path) -> None:
        self._samples: list[tuple[int, dict[str, float], int]] = []
        start = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
            while process.poll() is None:
                done = len(os.listdir(out)) if out.exists() else 0
                self._samples.append((done, *_sample(process.pid)))
                time.sleep(SAMPLE_SECONDS)
            errors.seek(0)
            self.stderr = errors.read().decode("utf-8", "replace")
        self.seconds = time.monotonic() - start
        self.returncode = process.returncode

    def _early_and_late(self) -> tuple[list[Any], list[Any]]:
        """Samples from the second fifth of the way, and from the last."""
        total = self._samples[-1][0]
        early = [one for one in self._samples if total * 0.2 <= one[0] <= total * 0.4]
        late = [one for one in self._samples if total * 0.8 <= one[0] < total]
        return early or self._samples, late or self._samples

    def memory(self, role: str) -> tuple[float, float]:
        """The typical memory in MiB, early and late."""
        early, late = (
            sorted(sample[1].get(role, 0.0) for sample in samples)
            for samples in self._early_and_late()
        )
        return early[len(early) // 2], late[len(late) // 2]

    def descriptors(self) -> tuple[int, int]:
        early, late = (max(sample[2] for sample in samples) for samples in self._early_and_late())
        return early, late


def _sample(main: int) -> tuple[dict[str, float], int]:
    """Resident memory in MiB by role, and open descriptors of the main process and workers."""
    memory = {"main process": _resident(main), "workers and warm process": 0.0, "zygotes": 0.0}
    descriptors = _count_descriptors(main)
    for process in _children(main):
        memory["workers and warm process"] += _resident(process)
        descriptors += _count_descriptors(process)
        memory["zygotes"] += sum(map(_resident, _children(process)))
    return memory, descriptors


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def _count_descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text("ascii").split())
        except OSError:
            continue
    return found


def _killed_and_resumed(figures: dict[str, Any], faults: list[str], kills: int) -> None:
    """Kill the main process, and with it all others, at random moments, and go on."""
    subprocess.run(command("few", "whole", "--quiet"), check=True, capture_output=True)
    seed = random.SystemRandom().randrange(1 << 30)
    moments = random.Random(seed)
    out = jail.CLASS / "resumed"
    every = len(os.listdir(jail.CLASS / "few")) // (kills + 1)
    before: list[int] = []
    for _ in range(kills):
        process = subprocess.Popen(
            command("few", "resumed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wanted = (before[-1] if before else 0) + moments.randrange(2 * every)
        _wait_until(lambda: _count(out) >= wanted or process.poll() is not None)  # noqa: B023
        time.sleep(moments.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        _wait_until(lambda: len(jail.machine()["processes"]) <= 2)
        before.append(_count(out))
        _check_whole(out, faults)
        if before != sorted(before):
            faults.append(f"grades were lost: {before} after each kill")
    done = subprocess.run(command("few", "resumed", "--quiet"), capture_output=True, text=True)
    figures["grades there after each kill"] = " ".join(map(str, before))
    if f"{before[-1]} unchanged" not in done.stdout and before[-1]:
        faults.append(f"resuming did not keep {before[-1]} grades: {done.stdout}")
    if _grades(out) != _grades(jail.CLASS / "whole"):
        faults.append(f"killed and resumed is not the same as uninterrupted (seed {seed})")


def _count(out: Path) -> int:
    return len(list(out.glob("*/*.json")))


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)


def _grades(out: Path) -> dict[str, Any]:
    """All grades without their timing, and the summary."""
    found: dict[str, Any] = {"summary": (out / "summary.csv").read_text("utf-8")}
    for path in sorted(out.glob("*/*.json")):
        grade = json.loads(path.read_text("utf-8"))
        del grade["timing"]
        # Whether it was quick enough is measured, and so may differ.
        grade["exercises"] = grade["exercises"][:1]
        del grade["score"]
        found[str(path.relative_to(out))] = grade
    found["summary"] = len(found["summary"].splitlines())
    return found


def _check_whole(out: Path, faults: list[str]) -> None:
    for path in out.glob("*/*.json"):
        try:
            json.loads(path.read_text("utf-8"))
        except ValueError:
            faults.append(f"half a file: {path}")


def _full_disk(figures: dict[str, Any], faults: list[str]) -> None:
    jail.mount("none", _folder("full"), kind="tmpfs", options="size=128k")
    figures["a full disk says"] = _refused("full", faults)


def _unwritable(figures: dict[str, Any], faults: list[str]) -> None:
    jail.mount("none", _folder("unwritable"), kind="tmpfs", flags=1)  # MS_RDONLY
    figures["an unwritable folder says"] = _refused("unwritable", faults)


def _folder(name: str) -> Path:
    folder = jail.CLASS / name
    folder.mkdir()
    return folder


def _refused(out: str, faults: list[str]) -> str:
    """Grade into a folder that refuses; the line that says so."""
    done = subprocess.run(command("few", out, "--quiet"), capture_output=True, text=True)
    if done.returncode != 2 or done.stderr.count("\n") != 1 or "Traceback" in done.stderr:
        faults.append(f"{out}: exit {done.returncode}: {done.stderr}")
    _check_whole(jail.CLASS / out, faults)
    left = [str(path) for path in (jail.CLASS / out).rglob(".*.tmp")]
    if left:
        faults.append(f"{out}: left {left[:3]}")
    jail.unmount(jail.CLASS / out)
    return done.stderr.strip().replace(str(jail.CLASS), "")


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(int(sys.argv[2]))
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 5000))
