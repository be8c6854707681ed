"""The pictures of the README, from what the commands print: run after a change of their output.

.venv/bin/python docs/pictures/make.py
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WIDTH = 96

# Students of the sample class whose rows show one thing each.
SHOWN = (
    "correct-einsum",
    "infinite-loop",
    "mistake-missing-transpose",
    "mistake-single-precision",
    "mistake-swapped-outputs",
    "reads-solutions",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        students = [part for name in SHOWN for part in ("--student", name)]
        graded = run(
            "grade", "examples/submissions", "--out", f"{folder}/grades", *students, cwd=ROOT
        )
        source = ROOT / "examples" / "submissions" / SHOWN[2] / "linear-layer" / "dx.py"
        bundle = Path(folder) / "bundle"
        run("release", "linear-layer", str(bundle), cwd=ROOT)
        stub = bundle / "assignments" / "linear-layer" / "dx.py"
        stub.write_text(source.read_text("utf-8"), "utf-8")
        checked = run("check", "dx", cwd=bundle)
    save("class", "$ autograder grade submissions/ --out grades/", graded)
    save("check", "$ autograder check dx", checked)


def run(*arguments: str, cwd: Path) -> str:
    """What the command prints, in colour."""
    command = [sys.executable, "-m", "autograder", *arguments]
    environment = {
        "FORCE_COLOR": "1",
        "COLUMNS": str(WIDTH),
        "PATH": "",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8")
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    lines = [line for line in done.stdout.splitlines() if "Grades in" not in line]
    return "\n".join(lines).strip("\n")


def save(name: str, prompt: str, printed: str) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(prompt, "bold"))
    console.print(Text.from_ansi(printed), soft_wrap=True)
    console.save_svg(str(HERE / f"{name}.svg"), title="autograder", theme=DIMMED_MONOKAI)


if __name__ == "__main__":
    main()
