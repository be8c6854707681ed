"""`autograder check` as students call it, in a bundle of this repository's course."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len

from autograder.course.loading import load_course
from autograder.release.answer_form import form_yaml

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = len(list((ROOT / "assignments").iterdir()))
EXERCISES = len(list((ROOT / "assignments").glob("*/*.yaml")))
RIGHT = (
    "import numpy as np\n\n\ndef linear_backward(x, W, dy):\n    return W.T @ dy, np.outer(dy, x)\n"
)
WRONG = RIGHT.replace("W.T @ dy", "W.T * 1.0 @ dy * np.array([1.0, 2.0, 1.0])[: W.shape[1]]")

Check = Callable[..., "subprocess.CompletedProcess[str]"]


@cache
def forms() -> dict[str, bytes]:
    """The forms that `release` writes beside the statements of exercises by hand."""
    course = load_course(ROOT, only=["by-hand"], public=True)
    exercises = course.assignments["by-hand"].exercises
    return {one.file: form_yaml(course, one, "en", None) for one in exercises}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "assignments", tmp_path / "assignments")
    for name, content in forms().items():
        (tmp_path / "assignments" / "by-hand" / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def check(bundle: Path) -> Check:
    def run(*arguments: str, cwd: Path = bundle, **environment: str) -> object:
        return subprocess.run(
            [sys.executable, "-m", "autograder", "check", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            timeout=120,
            check=False,
            env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment},
        )

    return run  # type: ignore[return-value]


def write(bundle: Path, source: str, exercise: str = "linear_backward") -> Path:
    path = bundle / "assignments" / "linear-layer" / f"{exercise}.py"
    path.write_text(source, "utf-8")
    return path


def test_untouched_stubs_are_no_wall_of_errors(check: Check) -> None:
    done = check()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert sum("not started" in line for line in lines) == EXERCISES
    assert len(lines) == ASSIGNMENTS + ASSIGNMENTS - 1 + EXERCISES + 3  # headings, gaps, ...
    assert f"0 of {EXERCISES} exercises pass" in done.stdout
    assert "To start, fill in assignments/by-hand/jacobian_by_hand.answers.yaml" in done.stdout
    assert done.stderr == ""


def test_right_code_passes(check: Check, bundle: Path) -> None:
    write(bundle, RIGHT)
    done = check("linear_backward")
    assert done.returncode == 0
    assert "✓ linear_backward" in done.stdout
    assert re.search(r"(\d+) of \1 tests", done.stdout)
    assert "All public tests passed." in done.stdout


def test_a_wrong_element_is_shown_where_it_is(check: Check, bundle: Path) -> None:
    write(bundle, WRONG)
    done = check("linear_backward")
    assert done.returncode == 1
    assert "dx returned (3,)    dx expected (3,)" in done.stdout
    assert "      39  108✗ 69         39 54 69\n" in done.stdout
    assert "x (3,)  9 10 11" in done.stdout
    assert "      1 2 3\n      4 5 6\n" in done.stdout
    assert "Not all public tests pass yet." in done.stdout


def test_korean(check: Check, bundle: Path) -> None:
    write(bundle, WRONG)
    done = check("linear_backward", "--lang", "ko")
    assert done.returncode == 1
    assert "반환된 dx (3,)" in done.stdout
    assert "올바른 dx (3,)" in done.stdout
    assert "강의의 예제" in done.stdout
    for english in ("returned", "expected", "tests", "wrong", "Hint"):
        assert english not in done.stdout


def test_a_traceback_has_the_students_lines_alone(check: Check, bundle: Path) -> None:
    write(
        bundle,
        "import numpy as np\n\n\ndef helper(W, dy):\n    return np.linalg.solve(W, dy)\n\n\n"
        "def linear_backward(x, W, dy):\n    return helper(W, dy), 0\n",
    )
    done = check("linear_backward")
    assert done.returncode == 1
    assert "linear_backward.py, line 9, in linear_backward:\n" in done.stdout
    assert "      return helper(W, dy), 0\n" in done.stdout
    assert "linear_backward.py, line 5, in helper:\n" in done.stdout
    assert "      return np.linalg.solve(W, dy)\n" in done.stdout
    assert "site-packages" not in done.stdout
    assert "autograder/" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_syntax_error_is_said_once(check: Check, bundle: Path) -> None:
    write(bundle, "def linear_backward(x, W, dy)\n    return 1\n")
    done = check("linear_backward")
    assert done.returncode == 1
    assert done.stdout.count("SyntaxError") == 1
    assert "def linear_backward(x, W, dy)" in done.stdout  # the line, quoted
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "linear_backward"),
        ("linear_backward = 3\n", "cannot be called"),
        ("import nowhere\n" + RIGHT.replace("W.T", "nowhere.T"), "Imports nowhere (line 1)"),
        ("def linear_backward(x, W, dy):\n    pass\n", "None came back"),
        ("def linear_backward(x, W, dy):\n    return 1, 2, 3\n", "3 values instead of 2"),
        ("def linear_backward(x, W, dy):\n    return 'a', 'b'\n", "not a numpy array"),
        ("def linear_backward(x, W, dy):\n    return dy, W\n", "has shape (2,)"),
        ("def linear_backward(x, W, dy):\n    return x * float('nan'), W\n", "nan or inf"),
        ("import os\ndef linear_backward(x, W, dy):\n    os._exit(1)\n", "ended in the middle"),
        ("def linear_backward(x, W, dy):\n    while True: pass\n", "Never ends for x (3,)"),
        ("def linear_backward(x, W, dy):\n    sum(iter(int, 1))\n", "Did not return within 2 s"),
    ],
)
def test_what_students_write_is_never_our_traceback(
    source: str, said: str, check: Check, bundle: Path
) -> None:
    write(bundle, source)
    done = check("linear_backward")
    assert done.returncode == 1
    assert said in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr == ""


def test_control_characters_do_not_reach_the_terminal(check: Check, bundle: Path) -> None:
    write(
        bundle,
        "def linear_backward(x, W, dy):\n"
        "    print('\\x1b[2J\\x07[bold]boo')\n    raise ValueError('\\x1b]0;owned\\x07[red]hm')\n",
    )
    done = check("linear_backward")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[bold]boo" in done.stdout  # no markup either
    assert "[red]hm" in done.stdout


@pytest.mark.parametrize("columns", [40, 50, 80, 200])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_lines_fit_the_terminal(columns: int, language: str, check: Check, bundle: Path) -> None:
    write(bundle, WRONG)
    done = check("linear_backward", "dx", "--lang", language, COLUMNS=str(columns))
    assert max(map(cell_len, done.stdout.splitlines())) <= min(columns, 100)
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_large_arrays_are_cut_around_the_worst_element(check: Check, bundle: Path) -> None:
    path = bundle / "assignments" / "linear-layer" / "linear_backward.yaml"
    path.write_text(
        path.read_text("utf-8").replace("m: 1..4, n: 1..4, m != n", "m: 20, n: 15"), "utf-8"
    )
    write(
        bundle,
        RIGHT.replace(
            "return W.T @ dy, np.outer(dy, x)",
            "dW = np.outer(dy, x)\n    if len(x) == 15:\n        dW[17, 13] += 1\n"
            "    return W.T @ dy, dW",
        ),
    )
    done = check("linear_backward")
    assert done.returncode == 1
    assert done.stdout.count("✗") == 3  # exercise, test, and the element
    assert "…" in done.stdout
    assert len(done.stdout.splitlines()) < 60


def test_colour_is_only_for_terminals_and_can_be_refused(check: Check, bundle: Path) -> None:
    write(bundle, WRONG)
    assert "\x1b[" not in check("linear_backward").stdout
    forced = check("linear_backward", FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[1;31m" in forced.stdout
    refused = check("linear_backward", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*3\d", refused.stdout)
    assert "108✗" in re.sub(r"\x1b\[[\d;]*m", "", refused.stdout)


NO_ARRAY = {
    "a list": ("list(W.T @ dy)", "dx returned list", "[39, 54, 69]"),
    "a list of lists": (
        "[[9, 10, 11], [1.5, 'a'], [W]]",
        "dx returned list",
        "[[9, 10, 11], [1.5, 'a'],",
    ),
    "a list of arrays": ("[dy, W]", "dx returned list", "[array([7, 8]), array(2, 3)]"),
    "a long list": ("list(range(1000))", "dx returned list", "[0, 1, 2, 3, 4, 5, …]"),
    "a list in itself": ("x_list", "dx returned list", "[[[…]]]"),
    "text": ("'39 54\\x1b[2J 69'", "dx returned str", "'39 54\\x1b[2J 69'"),
    "a dict": ("{'dx': dy}", "dx returned dict", ""),
}


@pytest.mark.parametrize("name", NO_ARRAY)
def test_what_is_no_array_is_shown_as_it_is(name: str, check: Check, bundle: Path) -> None:
    code, heading, value = NO_ARRAY[name]
    source = f"x_list = []\nx_list.append(x_list)\n\ndef linear_dx(W, dy):\n    return {code}\n"
    write(bundle, source, "dx")
    done = check("dx")
    assert done.returncode == 1
    assert done.stderr == ""
    assert re.search(rf"^    {heading} +dx expected \(3,\)$", done.stdout, re.MULTILINE)
    assert value in done.stdout
    assert "39 54 69" in done.stdout
    assert "\n\n\n" not in done.stdout


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The call changed its input dy (dy[1] was 8 and is 16 now). Callers"),
        ("ko", "입력 dy의 값이 바뀌었습니다(dy[1]: 8 → 16). 호출한"),
    ],
)
def test_a_changed_input_is_shown_before_and_after(
    language: str, said: str, check: Check, bundle: Path
) -> None:
    path = bundle / "assignments" / "linear-layer" / "dx.yaml"
    content = path.read_text("utf-8")
    start = content.index("property: inputs_unchanged")
    test = "property: inputs_unchanged\n    given: {W: [[1, 2, 3], [4, 5, 6]], dy: [7, 8]}\n"
    path.write_text(content[:start] + test, "utf-8")
    write(
        bundle,
        "def linear_dx(W, dy):\n    dx = W.T @ dy\n    dy[1:] *= 2\n    return dx\n",
        "dx",
    )
    done = check("dx", "--lang", language, COLUMNS="100")
    assert done.returncode == 1
    assert said in " ".join(done.stdout.split())


def test_json(check: Check, bundle: Path) -> None:
    write(bundle, WRONG)
    done = check("linear_backward", "dx", "--json")
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert (found["version"], found["language"], found["passed"]) == (1, "en", False)
    first, second = found["exercises"]
    assert list(first) == [
        "assignment", "name", "title", "file", "passed", "started", "tests", "output",
    ]  # fmt: skip
    assert first["file"] == os.path.join("assignments", "linear-layer", "linear_backward.py")
    assert (first["started"], second["started"]) == (True, False)
    test = first["tests"][0]
    assert (test["name"], test["status"], test["score"]) == ("worked-example", "partial", 2.0)
    (output,) = test["case"]["outputs"]
    assert output["returned"] == {"shape": [3], "dtype": "float64", "values": [39.0, 108.0, 69.0]}
    assert output["expected"]["values"] == [39.0, 54.0, 69.0]
    assert output["wrong"] == [[1]]
    assert test["case"]["inputs"]["dy"]["values"] == [7.0, 8.0]


def test_json_holds_no_numbers_that_json_lacks(check: Check, bundle: Path) -> None:
    write(bundle, "def linear_backward(x, W, dy):\n    return x * float('inf'), W\n")
    done = check("linear_backward", "--json")
    found = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(name))
    assert found["exercises"][0]["tests"][0]["case"]["outputs"][0]["returned"]["values"] == [
        None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope.py"], "nope.py: no such file, exercise or assignment"),
        (["linear_backwrad"], "did you mean 'linear_backward'?"),
        (["--lang", "fr"], "--lang fr: the course is written in en, ko"),
        (["config.yaml"], "config.yaml: belongs to no exercise"),
        (["empty"], "empty: no file here belongs to an exercise"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: list[str], said: str, check: Check, bundle: Path
) -> None:
    (bundle / "empty").mkdir()
    done = check(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_outside_any_course(check: Check, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = check(cwd=tmp_path_factory.mktemp("elsewhere"))
    assert done.returncode == 2
    assert "there is no config.yaml here or above" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_exercise_is_one_line(check: Check, bundle: Path) -> None:
    path = bundle / "assignments" / "linear-layer" / "dx.yaml"
    path.write_text(path.read_text("utf-8").replace("points:", "point:"), "utf-8")
    done = check("dx")
    assert done.returncode == 2
    assert re.search(r"dx\.yaml:\d+:\d+: .*did you mean 'points'", done.stderr)
    assert done.stderr.count("\n") == 1


def test_the_syntax_error_of_one_exercise_does_not_stop_another(check: Check, bundle: Path) -> None:
    write(bundle, "def (", "dx")
    write(bundle, RIGHT)
    done = check(cwd=bundle / "assignments" / "linear-layer")
    assert done.returncode == 1
    assert "✓ linear_backward" in done.stdout
    assert "✗ dx" in done.stdout


def test_a_student_never_meets_the_hidden_tests(check: Check) -> None:
    """In the course itself, where there are some."""
    answer = "import numpy as np\n\ndef linear_backward(x, W, dy):\n    return W.T @ dy, 0 * W\n"
    course_file = ROOT / "examples" / "submissions" / "correct-matmul" / "linear-layer"
    done = check(str(course_file / "linear_backward.py"), "--json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    names = {test["name"] for test in json.loads(done.stdout)["exercises"][0]["tests"]}
    assert "small-rectangles" in names
    assert "rectangles" not in names
    assert answer  # nothing else was read


def test_notebooks(check: Check, bundle: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": "# Work"},
        {"cell_type": "code", "source": "import numpy as np\n%matplotlib inline\nprint('no')"},
        {"cell_type": "code", "source": RIGHT.partition("\n\n\n")[2].replace("W.T", "W")},
    ]
    notebook = bundle / "assignments" / "linear-layer" / "linear-layer.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    done = check("linear_backward")  # the stub beside it is untouched, so the notebook counts
    assert done.returncode == 1
    assert "(cell 3, line 2: return" in " ".join(done.stdout.split())
    cells[2]["source"] = RIGHT
    notebook.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    assert check("linear_backward").returncode == 0
    assert check(str(notebook), "--json").returncode == 1  # all exercises of the assignment
    write(bundle, WRONG)  # and now the file counts, as it does when it is graded
    assert check("linear_backward").returncode == 1


def test_output_that_nobody_reads(bundle: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "autograder", "check"],
        cwd=bundle,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        complaint = process.stderr.read()
    assert b"Traceback" not in complaint


@pytest.mark.slow
def test_watch_checks_again_and_ends_with_ctrl_c(bundle: Path) -> None:
    path = write(bundle, WRONG)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "autograder", "check", "linear_backward", "--watch", "--json"],
        cwd=bundle,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        guard = threading.Timer(280, process.kill)
        guard.start()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["passed"] is False
        time.sleep(0.05)  # for a time of change of its own, on coarse clocks
        path.write_text(RIGHT)
        assert json.loads(process.stdout.readline())["passed"] is True
        path.unlink()
        assert json.loads(process.stdout.readline())["passed"] is False
        path.write_text(RIGHT)
        assert json.loads(process.stdout.readline())["passed"] is True
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=280)
        guard.cancel()
    assert process.returncode == 0
    assert complaint.strip() == ""
