"""`autograder next` and `autograder submit`, and the receipt when the zip comes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder.course.loading import load_course
from autograder.submissions.submission import SubmissionRef, read_submission, wanted_of

ROOT = Path(__file__).parents[2]
RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "config.yaml", tmp_path)
    for name in ("linear-layer", "mlp"):
        shutil.copytree(ROOT / "assignments" / name, tmp_path / "assignments" / name)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text("utf-8"))
    config["assignments"] = {name: config["assignments"][name] for name in ("linear-layer", "mlp")}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    (tmp_path / "assignments/linear-layer/dx.py").write_text(RIGHT, "utf-8")
    return tmp_path


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
    )


def test_the_zip_and_its_receipt(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = run(bundle, "submit", "linear-layer", "--name", "김 학생")
    assert done.returncode == 1  # five exercises are not begun
    assert "✓ dx: dx.py counts" in done.stdout
    assert "· dW: dW.py counts, and nothing is written in it" in done.stdout
    (path,) = bundle.glob("*.zip")
    assert path.name == "linear-layer-김-학생.zip"
    with zipfile.ZipFile(path) as archive:
        receipt = json.loads(archive.read("receipt.json"))
        assert archive.read("dx.py").decode() == RIGHT
        assert sorted(receipt["files"]) == sorted(set(archive.namelist()) - {"receipt.json"})
    assert receipt["student"] == "김 학생"
    assert receipt["hash"][:4] in done.stdout
    folder = tmp_path_factory.mktemp("handed-in")
    shutil.copy(path, folder)
    assert _reasons(bundle, folder)["receipt.json"] == "receipt"
    # The same with a file changed after it was packed.
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (folder / path.name).unlink()
    assert _reasons(bundle, folder)["receipt.json"] == "receipt"
    (folder / "dx.py").write_text(RIGHT + "\n", "utf-8")
    assert _reasons(bundle, folder)["receipt.json"] == "receipt_differs"
    (folder / "receipt.json").write_text("[1]", "utf-8")
    assert _reasons(bundle, folder)["receipt.json"] == "not_code"


def test_a_syntax_error_is_said_before_handing_in(bundle: Path) -> None:
    (bundle / "assignments/linear-layer/dW.py").write_text("def linear_dW(x, dy)\n    return x\n")
    done = run(bundle, "submit", "linear-layer", "--lang", "en")
    assert done.returncode == 1
    assert "✗ dW: dW.py counts, but it has a syntax error in line 1" in done.stdout
    assert len(list(bundle.glob("*.zip"))) == 1


def _reasons(bundle: Path, folder: Path) -> dict[str, str]:
    assignment = load_course(bundle, public=True, only=["linear-layer"]).assignments["linear-layer"]
    ref = SubmissionRef("kim", assignment.name, folder, wanted=wanted_of(assignment))
    submission = read_submission(ref)
    assert submission.file_for("dx").endswith("dx.py")
    return {one.path.rpartition("/")[2]: one.reason for one in submission.handed_in}


def test_the_layout_is_the_courses(bundle: Path) -> None:
    config = bundle / "config.yaml"
    config.write_text(config.read_text("utf-8") + "hand_in: folder\n", "utf-8")
    run(bundle, "submit", "linear-layer", "--out", "work.zip")
    with zipfile.ZipFile(bundle / "work.zip") as archive:
        assert all(name.startswith("linear-layer/") for name in archive.namelist())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the assignment to hand in: linear-layer, mlp"),
        (("mlp",), "nothing is written yet"),
        (("linear-layer", "--out", "assignments"), "is a folder"),
        (("nowhere",), "no such file, exercise or assignment"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: tuple[str, ...], said: str, bundle: Path) -> None:
    done = run(bundle, "submit", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_next_is_the_first_that_is_not_finished(bundle: Path) -> None:
    shown = run(bundle, "next", "dx", "dW").stdout
    assert "Linear layer, gradient with respect to the weights" in shown
    assert "assignments/linear-layer/dW.py" in shown
    assert "Allowed: numpy and Python's own modules." in shown
    assert "$" not in shown
    assert "\\" not in shown
    done = run(bundle, "next", "dx", "--lang", "ko")
    assert done.returncode == 0
    assert "autograder submit" in done.stdout
