"""`autograder.check()` in a notebook and in IPython's terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import autograder
from autograder.student import notebook_check

ROOT = Path(__file__).parents[2]
RIGHT = "import numpy as np\ndef linear_backward(x, W, dy):\n    return W.T @ dy, np.outer(dy, x)"
WRONG = RIGHT.replace("W.T @ dy", "2 * W.T @ dy").replace("outer(dy, x)", "outer(2 * dy, x)")


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What ran in a notebook that lies in a bundle; In[0] is always empty."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "assignments", tmp_path / "assignments")
    folder = tmp_path / "assignments" / "linear-layer"
    monkeypatch.chdir(folder)
    history: list[str] = [""]
    shell = SimpleNamespace(
        history_manager=SimpleNamespace(input_hist_parsed=history), user_ns={"dx": 1}
    )
    monkeypatch.setattr(notebook_check, "_shell", lambda: shell)
    return history


def test_the_function_of_the_cells_is_checked(cells: list[str]) -> None:
    cells.append(RIGHT)
    report = autograder.check("linear_backward")
    assert report.passed
    assert "✓ linear_backward" in repr(report)
    assert "✓" in report._repr_html_()


def test_the_latest_definition_counts(cells: list[str]) -> None:
    cells += [RIGHT, WRONG]
    assert not autograder.check("linear_backward").passed
    cells.append(RIGHT)
    assert autograder.check("linear_backward").passed


def test_only_definitions_count(cells: list[str]) -> None:
    """As when it is graded: what a call left behind is not there."""
    cells += [
        "import autograder",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "scale = float(input())",
        "raise SystemExit",
        RIGHT.replace("W.T", "scale * W.T"),
    ]
    report = autograder.check("linear_backward")
    assert not report.passed
    assert "NameError" in repr(report)
    assert "(cell 5, line 3: return" in repr(report)
    said = " ".join(repr(report).split())
    assert "cell 3, line 1 was left out: it asks for input" in said


def test_a_cell_that_is_not_python_never_ran(cells: list[str]) -> None:
    cells += ["def linear_backward(", RIGHT, "linear_backward = )"]
    assert autograder.check("linear_backward").passed


def test_a_cell_that_failed_is_named(cells: list[str]) -> None:
    cells += [RIGHT, "def linear_backward(x, W, dy:\n    return 1"]
    report = autograder.check("linear_backward")
    assert report.passed  # the one from before
    for shown in (" ".join(repr(report).split()), report._repr_html_()):
        assert "Cell 2 did not run" in shown
        assert "the one from before" in shown
    cells.append(RIGHT)
    assert "did not run" not in repr(autograder.check("linear_backward"))
    cells[:] = ["", "def linear_backward(x, W, dy:\n    return 1"]
    assert "Cell 1 did not run" in repr(autograder.check("linear_backward"))


def test_a_file_that_will_be_graded_instead_is_named(cells: list[str]) -> None:
    cells.append(RIGHT)
    assert "beside the notebook" not in repr(autograder.check("linear_backward"))  # a stub
    Path("linear_backward.py").write_text(WRONG)
    report = autograder.check("linear_backward")
    said = " ".join(repr(report).split())
    assert "the file linear_backward.py beside the notebook counts" in said
    assert "linear_backward.py" in report._repr_html_()


def test_what_a_cell_computed_is_said_not_to_count(cells: list[str]) -> None:
    cells.append(RIGHT.replace("W.T @ dy", "dx"))
    said = " ".join(repr(autograder.check("linear_backward")).split())
    assert "dx was computed in a cell." in said


def test_files_beside_the_notebook_can_be_imported(cells: list[str]) -> None:
    Path("helper.py").write_text("def transposed(W):\n    return W.T\n")
    cells.append(RIGHT.replace("W.T", "transposed(W)"))
    cells.insert(1, "from helper import transposed")
    assert autograder.check("linear_backward").passed


def test_no_names_check_what_is_defined(cells: list[str]) -> None:
    cells.append(RIGHT)
    report = autograder.check()
    assert [one.exercise.name for one in report.checked] == ["linear_backward"]


def test_languages(cells: list[str]) -> None:
    cells.append(WRONG)
    report = autograder.check("linear_backward", lang="ko")
    assert "올바른 dx" in report._repr_html_()
    assert 'lang="ko"' in report._repr_html_()


def test_what_is_no_array_is_shown_and_is_only_text(cells: list[str]) -> None:
    cells.append("def linear_backward(x, W, dy):\n    return ['<b>', 1.5], dy[:, None] * x\n")
    html = autograder.check("linear_backward")._repr_html_()
    assert "dx returned <span" in html
    assert "[&#x27;&lt;b&gt;&#x27;, 1.5]" in html
    assert "dx expected" in html


@pytest.mark.parametrize(
    ("names", "lang", "said"),
    [
        (["linear_backward"], None, "There is no linear_backward yet"),
        ([], None, "No cell that ran defines any of jacobian, "),
        (["nope"], None, "nope: no such file, exercise or assignment"),
        (["linear_backward"], "fr", "lang='fr': the course is written in en, ko"),
        (["linear_backward"], "ko", "아직 linear_backward의 정의가 없습니다"),
    ],
)
def test_a_call_that_cannot_be_is_a_message(
    names: list[str], lang: str | None, said: str, cells: list[str]
) -> None:
    report = autograder.check(*names, lang=lang)
    assert not report.passed
    assert said in repr(report)
    assert "\n" not in repr(report)
    assert 'role="alert"' in report._repr_html_()


def test_what_no_cell_defines_is_said(cells: list[str]) -> None:
    notebook_check._shell().user_ns["linear_backward"] = print
    report = autograder.check("linear_backward")
    assert "No cell of this notebook defines linear_backward" in repr(report)


def test_outside_a_course(
    cells: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    assert "there is no config.yaml" in repr(autograder.check("dx"))


def test_outside_ipython_files_are_checked(
    cells: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_check, "_shell", lambda: None)
    Path("linear_backward.py").write_text(RIGHT)
    assert autograder.check("linear_backward").passed
    assert not autograder.check("dx").passed


def test_nothing_of_a_student_is_taken_for_markup(cells: list[str]) -> None:
    cells.append(
        "def linear_backward(x, W, dy):\n    print('</pre><script>alert(1)</script>')\n"
        "    raise ValueError('<img src=x onerror=alert(1)>')"
    )
    html = autograder.check("linear_backward")._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "<style" not in html  # which untrusted notebooks lose


def executed(folder: Path, sources: list[str]) -> list[dict[str, Any]]:
    import nbclient
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    cells: list[dict[str, Any]] = json.loads(nbformat.writes(notebook))["cells"]
    return cells


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_in_a_real_kernel(tmp_path: Path) -> None:
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "assignments", tmp_path / "assignments")
    cells = executed(
        tmp_path / "assignments" / "linear-layer",
        [
            "import autograder\nautograder.check('linear_backward')",
            WRONG + "\nautograder.check('linear_backward')",
            RIGHT,
            "autograder.check('linear_backward')",
        ],
    )
    outputs = [
        {kind: "".join(text) for kind, text in output["data"].items()}
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "execute_result"
    ]
    assert len(outputs) == 3
    assert "There is no linear_backward yet" in outputs[0]["text/plain"]
    assert "108✗" in outputs[1]["text/plain"]
    assert "<table" in outputs[1]["text/html"]
    assert "✗" not in outputs[2]["text/plain"]
    assert "✓ linear_backward" in outputs[2]["text/plain"]
