"""The class that the attacks are graded in, and how it is handed in and graded."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.security import jail

HERE = Path(__file__).parent
ATTACKS = {
    f"{path.parent.name}/{path.stem}": path for path in sorted((HERE / "attacks").glob("*/*.py"))
}
LOOT = HERE / "attacks" / "loot.py"

RIGHT = "import numpy as np\n\n\ndef linear_backward(x, W, dy):\n    return {0}, np.outer(dy, x)\n"
BATCHED = "def batched(W, dY):\n    return dY @ W\n"
HONEST = {
    "honest-ada": {
        "linear_backward.py": "# CANARY-student-3c8d\n" + RIGHT.format("W.T @ dy"),
        "batched.py": BATCHED,
    },
    "honest-bob": {"linear_backward.py": RIGHT.format("W @ x"), "batched.py": "x = 1\n"},
    "zoe-honest": {"linear_backward.py": RIGHT.format("-(W.T @ dy)"), "batched.py": BATCHED},
}
SCORES = {"honest-ada": 27, "honest-bob": 10, "zoe-honest": 17}

# What no attack may get to see. Written apart where an attacker's own file has it.
SECRETS = (
    "CANARY-",
    "904613275",
    "root:*:",
    "root:!",
    "root:$",
    "root:x:0",
    "1704711",
    "rectangles",
)

# Of the inputs of a hidden test, which student code has, and may print where nobody reads it.
HIDDEN_INPUT = "321.125"

# How an attack ends: the status of the worked example, and what its message says.
ENDS = {
    "passed": ("passed", ""),
    "failed": ("failed", ""),
    "error": ("error", "Raised|Not allowed|Calls itself|Files cannot be written"),
    "timeout": ("timeout", "(Did not return within|Used more than|Never ends)"),
    "crashed": ("crashed", "ended in the middle of the test"),
    "missing": ("missing", ""),
    "memory": ("error", "MiB of memory allowed"),
    "malformed": ("error", "What came back was not an answer"),
    "oversized": ("error", "Returned more than the 64 MiB"),
}


def student(attack: str) -> str:
    return "eve-" + attack.replace("/", "-")


def note(attack: str, name: str, default: str) -> str:
    found = re.search(rf"^# {name}: (\S+)$", ATTACKS[attack].read_text("utf-8"), re.MULTILINE)
    return found[1] if found else default


def deserves(attack: str) -> float:
    """The points for what it does right besides."""
    return float(note(attack, "deserves", "0"))


def attack_files(attack: str) -> dict[str, str]:
    return {
        "linear_backward.py": ATTACKS[attack].read_text("utf-8"),
        "loot.py": LOOT.read_text("utf-8"),
    }


def forbidden(attack: str, output: str) -> set[str]:
    """What the attack got done and should not have."""
    got = set(re.findall(r"^GOT (\S*)", output, re.MULTILINE))
    return got - {"", *note(attack, "may", "").split(",")}


class Class:
    """A class that was graded in the jail, and the report on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alone, self.together = json.loads((folder / "report.json").read_text())

    def grade(self, name: str, out: str = "grades") -> Any:
        grade = json.loads((self.folder / out / name / "layer.json").read_text("utf-8"))
        del grade["timing"]
        return grade

    def exercise(self, attack: str) -> Any:
        return self.grade(student(attack))["exercises"][0]


def hand_in(folder: Path, name: str, files: dict[str, str]) -> None:
    target = folder / name / "layer"
    target.mkdir(parents=True)
    for file, source in files.items():
        (target / file).write_text(source, "utf-8")


def command(submissions: str, out: str, *options: str) -> list[str]:
    paths = [str(jail.CLASS / name) for name in (submissions, out, "course")]
    return [
        *(sys.executable, "-m", "autograder", "grade", paths[0], "--out", paths[1]),
        *("--course", paths[2], "--jobs", "2", *options),
    ]


def make_class(folder: Path, attacks: Iterable[str]) -> None:
    """A course, an honest class, and the same class with the attackers in it."""
    shutil.copytree(HERE / "course", folder / "course")
    for name, files in HONEST.items():
        hand_in(folder / "honest", name, files)
        hand_in(folder / "submissions", name, files)
    for attack in attacks:
        hand_in(folder / "submissions", student(attack), attack_files(attack))
    # An earlier grade with something to find.
    earlier = folder / "alone" / "honest-ada"
    earlier.mkdir(parents=True)
    (earlier / "remarks.json").write_text('{"remark": "CANARY-grade-6b1e"}')
