"""`autograder lint` notices every single thing that it checks, when it is damaged."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.cli.lint import chosen_exercises
from autograder.course.loading import load_course
from autograder.errors import UsageError
from tests.support.small_course import COURSE, copy_course, run

CONFIG = "config.yaml"
PUBLIC = "assignments/linear-layer/dx.yaml"
HIDDEN = "tests/hidden/linear-layer/dx.yaml"
STUB = "assignments/linear-layer/dx.py"
SOLUTION = "solutions/linear-layer/dx.py"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return copy_course(COURSE, tmp_path / "course")


def test_a_good_course_passes(course: Path) -> None:
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 0, done.stdout
    assert "✓ linear-layer/dx: 10 points" in done.stdout
    assert "2 of 2 mistakes caught (100%)" in done.stdout


# File, what to replace, by what, and what lint must say.
DAMAGES = {
    "solution without all points": (
        SOLUTION, "return W.T @ dy", "dx = W.T @ dy\n    dy += 1.0\n    return dx",
        "the solution fails test 'leaves-inputs-alone'",
    ),
    "solution that is wrong": (
        SOLUTION, "W.T @ dy", "2 * (W.T @ dy)", "witnesses disagree on",
    ),
    "example that is wrong": (
        PUBLIC, "[39, 54, 69]", "[39, 54, 68]", "the example says 68",
    ),
    "stub that gives the answer": (
        STUB, "raise NotImplementedError", "return W.T @ dy", "the stub gets 2 points",
    ),
    "test that anything passes": (
        HIDDEN, "dims: {m: 1..6, n: 1..6}", "dims: {m: 1..6, n: 1..6}\n    draw: {dy: zeros}",
        "test 'rectangles': every right 'dx' is all zeros",
    ),
    "mistake that loses nothing": (
        HIDDEN, "outputs: {dx: -dx}", "outputs: {dx: dx + 0.0}",
        f"{HIDDEN}:12:5: the mistake 'wrong-sign' loses no points in the hidden tests; add a case",
    ),
    "mistakes that cannot be told apart": (
        HIDDEN, "mistakes:", "mistakes:\n  - name: minus\n    outputs: {dx: 0 - dx}\n"
        "    hint: {en: Minus?, ko: 마이너스?}",
        "the mistake 'minus' cannot be told from 'wrong-sign'",
    ),
    "LaTeX that cannot be read": (
        PUBLIC, "en: Find $dL/dx$", "en: Find $dL/dx", "a '$' has no partner",
    ),
    "LaTeX command that is not one": (
        PUBLIC, "$y = W x$의", "$\\partal y$의",
        "unknown command \\partal; did you mean \\partial?",
    ),
    "statement in one language only": (
        PUBLIC, "  ko: $y = W x$의 $dL/dx$를 구하세요.\n", "", "lacks the key 'ko'",
    ),
    "answer in the stub": (
        STUB, "raise NotImplementedError", "# W.T @ dy\n    raise NotImplementedError",
        "contains 'return W.T @ dy' of solutions/linear-layer/dx.py",
    ),
    "answer in the stub in capitals": (
        STUB, "raise NotImplementedError", "# W . T @ DY\n    raise NotImplementedError",
        "contains 'return W.T @ dy' of solutions/linear-layer/dx.py",
    ),
    "answer in the stub in base64": (
        STUB, "raise NotImplementedError",
        "# ZGVmIGxpbmVhcl9keChXLCBkeSk6CiAgICByZXR1cm4gVy5UIEAgZHkK\n    raise NotImplementedError",
        "contains 'return W.T @ dy' of solutions/linear-layer/dx.py",
    ),
    "answer in the stub in hexadecimal": (
        STUB, "raise NotImplementedError",
        "# 2020202072657475726e20572e542040206479\n    raise NotImplementedError",
        "contains 'return W.T @ dy' of solutions/linear-layer/dx.py",
    ),
    "solution that lacks the function": (
        SOLUTION, "linear_dx", "linear_dX", "the solution has no function 'linear_dx'",
    ),
    "stub that disagrees with its signature": (
        STUB, "(W, dy)", "(dy, W)", "the stub's linear_dx(dy, W) does not have the parameters",
    ),
    "title in one language only": (
        PUBLIC, "title: {en: Gradient by the input, ko: 입력에 대한 gradient}",
        "title: {en: Gradient by the input}", "lacks the key 'ko'",
    ),
    "hint in one language only": (
        HIDDEN, "{en: Look at the sign., ko: 부호를 확인하세요.}", "{en: Look at the sign.}",
        "lacks the key 'ko'",
    ),
    "empty hint": (
        HIDDEN, "ko: 부호를 확인하세요.", "ko: ''", "'hint' has no text in 'ko'",
    ),
    "LaTeX in a hint that cannot be read": (
        HIDDEN, "en: Look at the sign.", "en: 'Look at $\\frac{1}{2$'", "hint of 'wrong-sign' (en)",
    ),
    "forward pass that is wrong": (
        PUBLIC, "forward: y = W @ x", "forward: y = 2 * W @ x", "witnesses disagree on",
    ),
    "hint in the statement": (
        HIDDEN, "en: Look at the sign.",
        "en: Find the matrix with which the upstream gradient is multiplied and transpose it",
        "of tests/hidden/linear-layer/dx.yaml (hint of 'wrong-sign', en)",
    ),
    "stub without a marker": (
        STUB, "    # ---- your code starts here ----\n", "",
        f"{STUB}:1:1: the stub has no line '# ---- your code starts here ----'; write it once, on "
        "a line of its own, where students' code starts",
    ),
    "stub with a marker twice": (
        STUB, "# ---- your code ends here ----", "# ---- your code ends here ----\n" * 2,
        f"{STUB}:1:1: the stub has several lines '# ---- your code ends here ----'; write it once",
    ),
    "stub with its markers exchanged": (
        STUB,
        "    # ---- your code starts here ----\n    raise NotImplementedError\n"
        "    # ---- your code ends here ----\n",
        "    # ---- your code ends here ----\n    raise NotImplementedError\n"
        "    # ---- your code starts here ----\n",
        f"{STUB}:6:1: '# ---- your code ends here ----' stands above '# ---- your code starts here "
        "----'; exchange the two",
    ),
    "example that says something else": (
        PUBLIC, "ko: $y = W x$의",
        "ko: |-\n    **예.** $W = \\begin{pmatrix} 1 & 2 & 3 \\\\ 4 & 5 & 6 \\end{pmatrix}$, "
        "$dy = (7, 8)$이면 $dx = (39, 54, 68)$\n\n    $y = W x$의",
        f"{PUBLIC}:2:1: the example of the statement (ko) has dx = (39, 54, 68), and test "
        "'worked-example' has (39, 54, 69); change the one or the other",
    ),
    "dollars that are no formula": (
        PUBLIC, "en: Find $dL/dx$", "en: It costs $5 and not $6. Find $dL/dx$",
        f"{PUBLIC}:2:1: statement (en): a '$' stands beside a blank, so that not every reader sees "
        "a formula; write \\$ where dollars are meant, as in \\$5: near '5 and not'",
    ),
    "one dollar": (
        PUBLIC, "en: Find $dL/dx$", "en: It costs $5. Find dL/dx",
        "write \\$ where dollars are meant, as in \\$5: near '5. Find dL/dx of'",
    ),
    "a dollar left out": (
        PUBLIC, "en: Find $dL/dx$", "en: Find $dL/dx",
        f"{PUBLIC}:2:1: statement (en): a '$' has no partner; close the formula, or write",
    ),
    "code in the statement": (
        PUBLIC, "ko: $y = W x$의",
        "ko: |-\n    ```python\n    y = (W @ x\n    ```\n\n    $y = W x$의",
        f"{PUBLIC}:2:1: statement (ko): the code after '```python' is not Python: '(' was never "
        "closed near 'y = (W @ x'; mend it",
    ),
    "solution that prints": (
        SOLUTION, "return W.T @ dy", "print(W)\n    return W.T @ dy",
        f"{SOLUTION}:2:5: the solution prints; remove the line",
    ),
    "solution that fails": (
        SOLUTION, "return W.T @ dy", "return W.T @ dz",
        f"fails on it, in line 2 of {SOLUTION}: NameError: name 'dz' is not defined",
    ),
    "forward pass that fails": (
        PUBLIC, "forward: y = W @ x", "forward: y = W @ np.linalg.inv(x)",
        "the forward pass fails on it, in line 1 of 'forward': LinAlgError",
    ),
    "stub that is none": (
        STUB, "raise NotImplementedError", "return 2 * W.T @ dy  #",
        f"{STUB}:7:1: nothing says that the stub is to be written",
    ),
    "hint that is still to be written": (
        HIDDEN, "en: Look at the sign.", "en: 'TODO: the sign'",
        f"{HIDDEN}:12:5: hint of 'wrong-sign' (en): is still to be written; replace the TODO",
    ),
    "solution that changes its argument": (
        SOLUTION, "return W.T @ dy", "dx = W.T @ dy\n    W *= 2\n    return dx",
        f"{SOLUTION}:1:1: the solution changes 'W' in test 'worked-example'; write into an array "
        "of its own",
    ),
    "signature that disagrees": (
        SOLUTION, "(W, dy)", "(dy, W)", "does not have the parameters of its signature",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named(course: Path, damage: str) -> None:
    file, old, new, message = DAMAGES[damage]
    text = (course / file).read_text("utf-8")
    assert old in text
    (course / file).write_text(text.replace(old, new, 1), "utf-8")
    if damage == "hint in the statement":
        path = course / PUBLIC
        said = "Find the matrix with which the upstream gradient is multiplied and transpose it"
        path.write_text(path.read_text("utf-8").replace("en: Find", f"en: {said}. Find"), "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode in (1, 2)
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_an_answer_in_a_file_of_no_exercise_is_named(course: Path, encoding: str) -> None:
    (course / "assignments/linear-layer/notes.txt").write_text("so: return W.T @ dy", encoding)
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 1
    assert "assignments/linear-layer/notes.txt: contains 'return W.T @ dy'" in done.stdout


def test_a_hidden_test_that_catches_nothing_is_named(course: Path) -> None:
    path = course / HIDDEN
    text = path.read_text("utf-8")
    idle = (
        "tests:\n  - name: same-again\n    points: 1\n    property: repeatable\n"
        "    dims: {m: 2, n: 3}\n"
    )
    lines = text[text.index("mistakes:") :].replace("outputs: {dx: -dx}", "code: |\n"
        "      count = 0\n"
        "      def linear_dx(W, dy):\n"
        "          return W.T @ dy if W.shape == (2, 3) else -(W.T @ dy)\n")  # fmt: skip
    rest = text[text.index("  - name: rectangles") : text.index("mistakes:")]
    changes = lines.index("  - name: changes-inputs")
    path.write_text(idle + rest + lines[:changes], "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert (
        "idle: same-again, leaves-inputs-alone" in done.stdout or "idle: same-again" in done.stdout
    )
    assert done.returncode == 0, done.stdout


TIMED = "  - name: no-loops\n    points: 1\n    efficiency: {{at_most: 6}}\n    dims: {dims}\n"
LOOPS = """\
  - name: loops
    code: |
      import numpy as np
      def linear_dx(W, dy):
          m, n = W.shape
          return np.array([sum(W[i, j] * dy[i] for i in range(m)) for j in range(n)])
    hint: {en: One product?, ko: 곱 하나로?}
"""


def lint_timed(course: Path, dims: str, mistake: str) -> subprocess.CompletedProcess[str]:
    path = course / HIDDEN
    text = path.read_text("utf-8").replace("mistakes:\n", TIMED.format(dims=dims) + "mistakes:\n")
    path.write_text(text + mistake, "utf-8")
    return run("lint", "--no-mutants", course=course)


def test_an_efficiency_test_that_fails_loops_is_shown_with_its_times(course: Path) -> None:
    done = lint_timed(course, "{m: 300, n: 300}", LOOPS)
    assert done.returncode == 0, done.stdout
    assert re.search(
        r"note: test 'no-loops' allows 6 times the time of the reference: the solution takes "
        r"\d\.\d, 'loops' over \d+ lines of Python\n",
        done.stdout,
    ), done.stdout


@pytest.mark.parametrize(("dims", "mistake"), [("{m: 1, n: 1}", LOOPS), ("{m: 300, n: 300}", "")])
def test_an_efficiency_test_that_fails_nothing_slow_is_named(
    course: Path, dims: str, mistake: str
) -> None:
    done = lint_timed(course, dims, mistake)
    assert done.returncode == 1
    assert (
        f"{HIDDEN}:11:5: no known mistake is right in test 'no-loops' and too slow, so that "
        "nothing shows that it notices loops; add a mistake whose 'code' is, and where it passes, "
        "choose longer 'dims'"
    ) in done.stdout


def test_notes_are_nothing_wrong(course: Path) -> None:
    path = course / HIDDEN
    hint = "{en: Look at the sign., ko: 부호를 확인하세요.}"
    path.write_text(path.read_text("utf-8").replace(hint, "Look at the sign."), "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 0, done.stdout
    assert (
        "note: hint of 'wrong-sign': 'Look at the sign.' stands for all languages; write {en: ..., "
        "ko: ...} to translate it\n"
    ) in done.stdout
    assert "note: no public test notices, and so 'check' gives no hint: changes-inputs\n" in (
        done.stdout
    )


@pytest.mark.parametrize(
    "name", ["dx", "linear-layer/dx", "assignments/linear-layer/dx.yaml", PUBLIC, "linear-layer/"]
)
def test_one_exercise_is_linted_by_its_name(name: str) -> None:
    loaded = load_course(COURSE)
    assert [one.name for one in chosen_exercises(loaded, [name])] == ["dx"]


def test_a_name_that_is_none_suggests_one() -> None:
    with pytest.raises(UsageError, match=r"linear-layer/dxx: the course has linear-layer; .* dx\?"):
        chosen_exercises(load_course(COURSE), ["linear-layer/dxx"])


def test_lint_is_done_again_when_a_file_changes(course: Path) -> None:
    command = [sys.executable, "-m", "autograder", "lint", "dx", "--watch", "--no-mutants"]
    with subprocess.Popen(
        [*command, "--course", str(course)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        read: list[str] = []
        for line in process.stdout:
            read.append(line)
            if line.startswith("Waiting") and len(read) < 5:
                path = course / STUB
                path.write_text(path.read_text("utf-8").replace("# ---- your code ends", "# "))
            elif line.startswith("Waiting"):
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
    assert read[0].startswith("✓ linear-layer/dx")
    assert any("the stub has no line" in line for line in read), read


def test_an_unknown_assignment_is_a_wrong_call(course: Path) -> None:
    done = run("lint", "--no-mutants", "nothing", course=course)
    assert done.returncode == 2
    assert "the course has linear-layer" in done.stderr


def test_under_other_seeds_luck_shows(course: Path) -> None:
    """A mistake that one case in two catches, and a course that does not say its seed."""
    hidden = course / HIDDEN
    text = hidden.read_text("utf-8").replace(
        "outputs: {dx: -dx}", 'outputs: {dx: "-dx if W.flat[0] > 1.5 else dx + 0.0"}'
    )
    hidden.write_text(text, "utf-8")
    config = course / CONFIG
    config.write_text(re.sub(r"(?m)^seed: .*\n", "", config.read_text("utf-8")), "utf-8")
    done = run("lint", "--seeds", "12", "--no-mutants", course=course)
    assert done.returncode == 1
    assert re.search(
        r"under \d+ of 12 seeds \([\d, .]+\): the mistake 'wrong-sign' loses no", done.stdout
    ), done.stdout
    fine = run("lint", "--seeds", "3", "--no-mutants", course=COURSE)
    assert fine.returncode == 0, fine.stdout


def test_a_seed_that_is_found_by_trying_fails(course: Path) -> None:
    config = course / CONFIG
    text = config.read_text("utf-8").replace("seed_is_public: true\n", "")
    for line, saw in (("seed: 7\n", "'seed: 7' is found by trying"), ("", "there is no 'seed'")):
        config.write_text(text.replace("seed: 7\n", line), "utf-8")
        done = run("lint", "--no-mutants", course=course)
        assert done.returncode == 1
        assert f"✗ config.yaml: {saw}, and with it the hidden inputs; write 'seed: " in done.stdout
    mended = re.search(r"write '(seed: \d{30,})'", done.stdout)
    assert mended is not None
    config.write_text(text.replace("seed: 7", mended[1]), "utf-8")
    done = run("lint", "--no-mutants", course=course)
    assert done.returncode == 0, done.stdout


def test_a_right_answer_that_some_seeds_refuse_is_named(course: Path) -> None:
    hidden = course / HIDDEN
    hidden.write_text(
        hidden.read_text("utf-8").rstrip("\n") + "\nright:\n  - name: lucky\n    code: |\n"
        "      def linear_dx(W, dy):\n"
        "          return W.T @ dy * (1 + 1e-6 * (abs(float(W.flat[0])) < 0.1))\n",
        "utf-8",
    )
    done = run("lint", "--seeds", "12", "--no-mutants", course=course)
    assert done.returncode == 1
    assert re.search(
        r"under \d+ of 12 seeds \([\d, .]+\): the right answer 'lucky' fails test", done.stdout
    ), done.stdout
