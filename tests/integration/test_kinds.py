"""The kinds of test that need more than one call: sequence, efficiency and source."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_grade import COURSE, grade, hand_in, read, run

CLASS = """
  - name: latest-input
    points: {dX: 2, dW: 1}
    against: [finite_differences, reference]
    cases: 3
    dims: {m: 2..3, n: 2..3, N: 2..4}
    steps:
      - layer = Linear(W)
      - layer.forward(X_old)
      - Y = layer.forward(X)
      - dX = layer.backward(dY)
      - dW = layer.dW
"""
LAYER = """
class Linear:
    def __init__(self, W):
        self.W = W
    def forward(self, X):
        self.X = X
        return X @ self.W.T
    def backward(self, dY):
        self.dW = dY.T @ self.X
        return dY @ self.W
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return shutil.copytree(COURSE, tmp_path / "course")


def outcome(course: Path, tmp_path: Path, source: str) -> Any:
    folder = tmp_path / "submissions"
    shutil.rmtree(folder, ignore_errors=True)
    hand_in(folder, "kim", source)
    done = run("grade", folder, "--out", tmp_path / "out", "--force", course=course)
    assert done.returncode == 0, done.stderr
    return {t["name"]: t for t in read(tmp_path / "out", "kim")["exercises"][0]["tests"]}


def make_class_exercise(course: Path) -> None:
    path = course / "assignments/linear-layer/dx.yaml"
    path.write_text(
        "title: A layer\nstatement: A layer\nclass: Linear(W)\noutputs: [Y, dX, dW]\n"
        "arrays: {W: [m, n], X: [N, n], X_old: [N, n], dY: [N, m]}\nforward: Y = X @ W.T\n"
        "gradients:\n  dX: {of: Y, wrt: X, upstream: dY}\n  dW: {of: Y, wrt: W, upstream: dY}\n"
        "tests:" + CLASS,
        "utf-8",
    )
    (course / "assignments/linear-layer/dx.py").write_text("class Linear:\n    pass\n")
    (course / "solutions/linear-layer/dx.py").write_text(LAYER)
    (course / "tests/hidden/linear-layer/dx.yaml").unlink()


@pytest.mark.parametrize(
    ("old", "new", "score", "message"),
    [
        ("", "", 3, "All right"),
        ("self.X = X\n", "self.X = getattr(self, 'X', X)\n", 2, "dW"),
        ("self.dW = dY", "self.grad = dY", 0, "no layer.dW"),
        ("def backward", "def back", 0, "no layer.backward"),
        ("class Linear", "class Layer", 0, "no Linear"),
        ("return dY @ self.W", "return dY @ self.W * 2", 1, "dX"),
    ],
)
def test_sequences(
    course: Path, tmp_path: Path, old: str, new: str, score: float, message: str
) -> None:
    make_class_exercise(course)
    test = outcome(course, tmp_path, LAYER.replace(old, new, 1))["latest-input"]
    assert test["score"] == score
    assert message in test["message"]


def add_hidden(course: Path, test: str) -> None:
    path = course / "tests/hidden/linear-layer/dx.yaml"
    path.write_text(path.read_text("utf-8").replace("mistakes:", test + "mistakes:"), "utf-8")


def test_efficiency_refuses_loops_and_not_other_products(course: Path, tmp_path: Path) -> None:
    add_hidden(
        course,
        "  - name: one-product\n    points: 2\n    efficiency: {at_most: 6}\n"
        "    dims: {m: 300, n: 300}\n",
    )
    fast = "import numpy as np\ndef linear_dx(W, dy): return np.einsum('ij,i->j', W, dy)\n"
    assert outcome(course, tmp_path, fast)["one-product"]["status"] == "passed"
    slow = (
        "import numpy as np\ndef linear_dx(W, dy):\n    return np.array([\n"
        "        sum(W[i, j] * dy[i] for i in range(len(dy))) for j in range(W.shape[1])])\n"
    )
    test = outcome(course, tmp_path, slow)["one-product"]
    assert (test["status"], test["score"]) == ("failed", 0)
    assert "too slow" in test["message"]
    wrong = "def linear_dx(W, dy): return 2 * (W.T @ dy)\n"
    assert "elements are wrong" in outcome(course, tmp_path, wrong)["one-product"]["message"]


def test_source_rules_refuse_or_cost_their_points(course: Path, tmp_path: Path) -> None:
    add_hidden(
        course,
        "  - name: numpy-only\n    refuse: true\n    source: {imports: [numpy]}\n"
        "  - name: no-products\n    points: 2\n    source: {forbid: [matmul]}\n",
    )
    loops = "import numpy as np\ndef linear_dx(W, dy): return (W * dy[:, None]).sum(axis=0)\n"
    tests = outcome(course, tmp_path, loops)
    assert tests["no-products"]["score"] == 2
    tests = outcome(course, tmp_path, "def linear_dx(W, dy): return W.T @ dy\n")
    assert tests["no-products"]["score"] == 0
    assert "Uses matmul (line 1)" in tests["no-products"]["message"]
    assert tests["rectangles"]["status"] == "passed"
    stub = "def linear_dx(W, dy): raise NotImplementedError\n"
    assert outcome(course, tmp_path, stub)["no-products"]["score"] == 0
    tests = outcome(course, tmp_path, "import json\n" + loops)
    assert {test["score"] for test in tests.values()} == {0}
    assert "Imports json (line 1)" in tests["rectangles"]["message"]


def test_the_whole_course_passes_its_own_lint() -> None:
    root = Path(__file__).parent.parent.parent
    done = run("lint", course=root)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("(100%)") == 19


def test_korean_is_all_there_is_in_korean(tmp_path: Path) -> None:
    """A student who reads Korean only finds it in every message and hint."""
    hand_in(tmp_path / "submissions", "kim", "def linear_dx(W, dy): return -(W.T @ dy)\n")
    grade(tmp_path / "submissions", tmp_path / "out", "--lang", "ko")
    for test in read(tmp_path / "out", "kim")["exercises"][0]["tests"]:
        for text in (test["message"], test["hint"]):
            assert any("가" <= char <= "힣" for char in text)
            assert "wrong" not in text
