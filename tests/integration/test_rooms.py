"""The order of the rooms: what `make lint` checks, and that it can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
][0]["layers"]
ROOMS = [layer.strip("()") for layer in LAYERS]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    # Not the package that is installed: the copy in the current folder.
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from importlinter.cli import lint_imports_command\nlint_imports_command()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=root, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("importlinter")
    root = tmp_path_factory.mktemp("package")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "autograder", root / "autograder", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_imports_run_downwards(package: Path) -> None:
    done = lint(package)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("truth/compare.py", "autograder.grading.judge"),
        ("text/messages.py", "autograder.course.exercise"),
        ("sandbox/session.py", "autograder.truth.cases"),
        ("grades/model.py", "autograder.exports.summary"),
        ("student/checking.py", "autograder.cli"),
    ],
)
def test_an_import_from_a_room_above_is_refused(package: Path, lower: str, upper: str) -> None:
    module = package / "autograder" / lower
    before = module.read_text("utf-8")
    module.write_text(f"{before}\nimport {upper}\n", "utf-8")
    try:
        done = lint(package)
    finally:
        module.write_text(before, "utf-8")
    assert done.returncode != 0
    assert upper in done.stdout


def test_every_room_is_listed_and_says_its_role() -> None:
    folders = {path.name for path in (ROOT / "autograder").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= set(ROOMS)
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for room in folders - {"__pycache__"}:
        assert f"| `{room}/` |" in guide
        face = (ROOT / "autograder" / room / "__init__.py").read_text("utf-8")
        assert face.startswith('"""')
    assert len(list((ROOT / "autograder").glob("*.py"))) <= 4
