"""The kinds of test that need more than one call, or a truth without the solution."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.course.loading import load_course
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from autograder.truth.reference import solution_source
from tests.support.small_course import COURSE, copy_course, grade, hand_in, read, run

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
    return copy_course(COURSE, tmp_path / "course")


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
        ("self.dW = dY", "self.grad = dY", 0, "there is no self.dW"),
        ("def backward", "def back", 0, "no method backward"),
        ("class Linear", "class Layer", 0, "no class Linear"),
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
        "  - name: one-product\n    points: 2\n    efficiency: {at_most: 15}\n"
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


def check(course: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """`autograder check` where there is nothing secret."""
    for secret in ("solutions", "tests"):
        shutil.rmtree(course / secret, ignore_errors=True)
    (course / "assignments/linear-layer/dx.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "autograder", "check", *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=course
    )


def checked(course: Path, source: str) -> Any:
    """The public tests, by name."""
    done = check(course, source, "--json")
    assert done.returncode in (0, 1), done.stderr
    return {t["name"]: t for t in json.loads(done.stdout)["exercises"][0]["tests"]}


def make_public(course: Path, test: str, *, forward: bool) -> None:
    """Leave this as the only public test, and a forward pass or none."""
    path = course / "assignments/linear-layer/dx.yaml"
    head, _, _ = path.read_text("utf-8").partition("tests:\n")
    if not forward:
        head = head[: head.index("auxiliary:")]
    path.write_text(f"{head}tests:\n{test}", "utf-8")


WRITTEN = """\
  - name: written
    points: 1
    property: {property}
    given: {{W: [[1, 2, 3], [4, 5, 6]], dy: [7, 8]}}
    expect: {{dx: [39, 54, 69]}}
    layouts: [C, F]
"""


@pytest.mark.parametrize(
    ("property", "body", "message"),
    [
        ("inputs_unchanged", "dx = W.T @ dy; dy -= 1; return dx", "changed"),
        ("repeatable", "n.append(1); return W.T @ dy * (1 if len(n) % 2 else 2)", "second time"),
        ("fresh_results", "n[:] = n or [W.T @ dy]; n[0][:] = W.T @ dy; return n[0]", "earlier"),
        ("linear_in_upstream", "return W.T @ np.minimum(dy, 8)", "Doubling"),
        ("repeatable", "return W.ravel('K').reshape(W.shape).T @ dy", "elements are wrong"),
    ],
)
def test_properties_of_written_inputs(course: Path, property: str, body: str, message: str) -> None:
    """The truth is the example's: there is neither a forward pass nor a solution."""
    linear = property == "linear_in_upstream"
    make_public(course, WRITTEN.format(property=property), forward=linear)
    head = "import numpy as np\nn = []\ndef linear_dx(W, dy): "
    test = checked(course, f"{head}return W.T @ dy\n")["written"]
    assert test["status"] == "passed", test
    test = checked(course, f"{head}{body}\n")["written"]
    assert test["status"] == "failed"
    assert message in test["message"], test


AGAINST = "against: [finite_differences, reference]"
# Loops over elements take some thousand times as long as a product, and einsum twice as long: far
# enough from both that no busy machine decides.
PACE = "efficiency: {at_most: 15, relative_to: forward}"
TIMED = f"""\
  - name: timed
    points: 1
    {PACE}
    dims: {{m: 300, n: 300}}
"""
FAST = "import numpy as np\ndef linear_dx(W, dy): return np.einsum('ij,i->j', W, dy)\n"
SLOW = (
    "import numpy as np\ndef linear_dx(W, dy):\n    return np.array([\n"
    "        sum(W[i, j] * dy[i] for i in range(len(dy))) for j in range(W.shape[1])])\n"
)


def test_without_a_solution_the_forward_pass_sets_the_pace(course: Path) -> None:
    """Its input x, which the function does not get, goes to it all the same."""
    make_public(course, TIMED, forward=True)
    assert checked(course, FAST)["timed"]["status"] == "passed"
    test = checked(course, SLOW)["timed"]
    assert test["status"] == "failed"
    assert "executes more than 10,000 lines of code" in test["message"]
    korean = check(course, SLOW, "--lang", "ko").stdout
    assert "10,000줄 넘게 실행" in " ".join(korean.split())


def test_loops_that_c_runs_are_told_by_their_time(course: Path) -> None:
    """A product of objects executes no more lines of Python than one of numbers."""
    make_public(course, TIMED.replace("at_most: 15", "at_most: 2"), forward=True)
    assert checked(course, FAST)["timed"]["status"] == "passed"
    objects = (
        "def linear_dx(W, dy): return (W.astype(object).T @ dy.astype(object)).astype(float)\n"
    )
    test = checked(course, objects)["timed"]
    assert test["status"] == "failed"
    assert "times the time of the forward pass" in test["message"]
    assert "Forward pass보다" in check(course, objects, "--lang", "ko").stdout


def test_the_pace_of_a_forward_pass_of_several_statements(course: Path) -> None:
    make_public(course, TIMED, forward=True)
    path = course / "assignments/linear-layer/dx.yaml"
    forward = "forward: |\n  if len(x) > 1:\n      z = W @ x\n  y = z + 0\n"
    path.write_text(path.read_text("utf-8").replace("forward: y = W @ x\n", forward), "utf-8")
    assert checked(course, FAST)["timed"]["status"] == "passed"


def test_a_forward_pass_that_cannot_be_timed_is_the_course_s_fault(course: Path) -> None:
    """This one runs in the grader, for finite differences, and not in the sandbox."""
    make_public(course, TIMED, forward=True)
    path = course / "assignments/linear-layer/dx.yaml"
    picky = (
        "forward: |\n  import sys\n"
        "  assert 'autograder.truth.expected' in sys.modules\n  y = W @ x\n"
    )
    path.write_text(path.read_text("utf-8").replace("forward: y = W @ x\n", picky), "utf-8")
    done = check(course, FAST)
    assert done.returncode == 2, done.stdout
    assert "dx.yaml:18:5: test 'timed': the forward pass cannot be timed: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("ratios", "status", "tries"),
    [
        ([2.0], "passed", 1),
        ([600.0, 50.0, 40.0, 20.0, 2.0], "passed", 5),
        ([600.0, 2.0], "passed", 2),
        ([600.0] * 20, "failed", 3),
        ([30.0] * 20, "failed", 9),
    ],
)
def test_a_busy_moment_does_not_decide(
    monkeypatch: pytest.MonkeyPatch, ratios: list[float], status: str, tries: int
) -> None:
    """Answers that stay far too slow are not tried for long."""
    root = Path(__file__).parent.parent.parent
    loaded = load_course(root)
    (exercise,) = (
        one
        for one in loaded.assignments["batched-linear"].exercises
        if one.name == "batched_backward"
    )
    left = iter(ratios)
    taken: list[float] = []

    def slowdown(*_: object) -> float:
        taken.append(next(left))
        return taken[-1]

    monkeypatch.setattr("autograder.grading.grader.slowdown", slowdown)
    source = solution_source(exercise) or ""
    submission = Submission("kim", "batched-linear", {"batched_backward.py": source})
    with Sandbox("process", loaded.limits) as sandbox:
        _, judgements = ExerciseGrader(loaded, public_part(exercise), sandbox).run(submission)
    (judgement,) = (one for one in judgements if one.test.name == "many-samples")
    assert (judgement.status, len(taken)) == (status, tries)


def test_a_class_is_timed_against_the_forward_pass_with_all_its_steps(
    course: Path, tmp_path: Path
) -> None:
    make_class_exercise(course)
    path = course / "assignments/linear-layer/dx.yaml"
    text = path.read_text("utf-8")
    for drawn, timed in (
        (AGAINST, PACE),
        ("cases: 3\n    dims: {m: 2..3, n: 2..3, N: 2..4}", "dims: {m: 9, n: 9, N: 2000}"),
    ):
        assert drawn in text
        text = text.replace(drawn, timed)
    path.write_text(text, "utf-8")
    assert outcome(course, tmp_path, LAYER)["latest-input"]["status"] == "passed"
    loops = "[[sum(d[i] * self.W[i, j] for i in range(9)) for j in range(9)] for d in dY]"
    slow = LAYER.replace("return dY @ self.W", f"return np.array({loops})")
    slow = f"import numpy as np\n{slow}"
    test = outcome(course, tmp_path, slow)["latest-input"]
    assert "executes more than 10,000 lines of code" in test["message"], test


def test_what_depends_on_the_call_before_is_a_known_mistake_in_efficiency_tests_too(
    course: Path, tmp_path: Path
) -> None:
    """What is called before the clock starts is the same for everybody."""
    add_hidden(
        course,
        "  - name: one-product\n    points: 2\n    efficiency: {at_most: 15}\n"
        "    dims: {m: 30, n: 30}\n",
    )
    adds_up = "t = {}\ndef linear_dx(W, dy):\n    t[W.shape] = t.get(W.shape, 0) + W.T @ dy\n"
    path = course / "tests/hidden/linear-layer/dx.yaml"
    code = "".join(f"      {line}\n" for line in (adds_up + "    return t[W.shape]").splitlines())
    path.write_text(
        path.read_text("utf-8")
        + f"  - name: adds-up\n    code: |\n{code}    hint: {{en: Once?, ko: 한 번?}}\n",
        "utf-8",
    )
    tests = outcome(course, tmp_path, adds_up + "    return 1 * t[W.shape]\n")
    assert tests["one-product"]["mistake"] == "adds-up"
    lost = [test for test in tests.values() if test["status"] != "passed"]
    assert {test["hint"] for test in lost} == {"Once?"}


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
    assert "Uses @ (line 1)" in tests["no-products"]["message"]
    assert tests["rectangles"]["status"] == "passed"
    stub = "def linear_dx(W, dy): raise NotImplementedError\n"
    assert outcome(course, tmp_path, stub)["no-products"]["score"] == 0
    tests = outcome(course, tmp_path, "import json\n" + loops)
    assert {test["score"] for test in tests.values()} == {0}
    assert "Imports json (line 1)" in tests["rectangles"]["message"]


@pytest.mark.course
@pytest.mark.slow
def test_an_assignment_of_the_course_passes_its_own_lint() -> None:
    """``make lint-course`` asks the others, too, with mutants."""
    root = Path(__file__).parent.parent.parent
    exercises = load_course(root).assignments["gradient-checking"].exercises
    done = run("lint", "--no-mutants", "gradient-checking", course=root)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("(100%)") == len(exercises) >= 3


def test_korean_is_all_there_is_in_korean(tmp_path: Path) -> None:
    """A student who reads Korean only finds it in every message and hint."""
    hand_in(tmp_path / "submissions", "kim", "def linear_dx(W, dy): return -(W.T @ dy)\n")
    grade(tmp_path / "submissions", tmp_path / "out", "--lang", "ko")
    for test in read(tmp_path / "out", "kim")["exercises"][0]["tests"]:
        for text in (test["message"], test["hint"]):
            assert any("가" <= char <= "힣" for char in text)
            assert "wrong" not in text
