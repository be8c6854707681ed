"""Forms that students fill in: what is a number, what is a form, and what may be done to one."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.submissions.forms import (
    MAX_NUMBERS,
    Form,
    decode,
    encode,
    read_assignments,
    read_text,
    read_yaml,
)
from autograder.submissions.names import meaning
from autograder.submissions.submission import Submission, SubmissionRef, Wanted, read_submission

FORM = """\
# a form
exercise: dx
code: 7KQ2-M9XT
numbers:
  W: [[1, 2, 3], [4, 5, 6]]
answers:
  y: [50, 122]
  dx: [_, _, _]
"""
WANTED = (Wanted("dx", "dx", answers=("y", "dx")), Wanted("code", "linear_dx"))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("3", 3), ("-2", -2), ("+4", 4), ("0.5", 0.5), (".5", 0.5), ("7.", 7), ("1/3", 1 / 3),
        ("-1/2", -0.5), ("\u22124", -4), ("- 3", -3), ("1e3", 1000), ("010", 10), ("１２", 12),
        ("1.5/3", 0.5), (" 8 ", 8),
        ("_", None), ("", None), ("?", None), ("...", None), ("null", None), ("~", None),
        ("___", None), ("TODO", None),
        ("(39, 54, 69)", [39, 54, 69]), ("[39,54,69]", [39, 54, 69]), ("39, 54, 69", [39, 54, 69]),
        ("39 54 69", [39, 54, 69]), ("(1, _)", [1, None]), ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("[1, 2], [3, 4]", [[1, 2], [3, 4]]), ("((1, 2), (3, 4))", [[1, 2], [3, 4]]),
        ("1 2\n3 4", [[1, 2], [3, 4]]), ("(5)", [5]),
        ("1:30", "1:30"), ("0x10", "0x10"), ("1_000", "1_000"), ("abc", "abc"), ("3x", "3x"),
        ("1/0", "1/0"), ("nan", "nan"), ("inf", "inf"), ("1e999", "1e999"), ("true", "true"),
        ("2*3", "2*3"), ("(7, 14) + (1, 2)", "(7, 14) + (1, 2)"), ("__import__('os')",
        "__import__('os')"),
    ],
)  # fmt: skip
def test_numbers_are_what_is_written(written: str, number: Any) -> None:
    """YAML 1.1 takes 010 for eight, 1:30 for ninety and 1_000 for a thousand."""
    assert read_text(written) == number


def test_a_form() -> None:
    assert read_yaml(FORM.encode()) == Form(
        exercise="dx",
        code="7KQ2-M9XT",
        numbers={"W": [[1, 2, 3], [4, 5, 6]]},
        answers={"y": [50, 122], "dx": [None, None, None]},
    )


@pytest.mark.parametrize(
    "changed",
    [
        FORM.replace("\n", "\r\n"),
        "\ufeff" + FORM,
        FORM.replace("  y", "\ty"),
        FORM.replace("[50, 122]", "(50, 122)"),
        FORM.replace("[50, 122]", "\n    - 50\n    - 122"),
        FORM.replace("[50, 122]", "\n    - 50.0\n    - 366/3"),
        FORM.replace("dx: [_, _, _]", "dx: ['_', ?, ~]").replace("?,", "'?',"),
        FORM + "remark: I was not sure\n",
        FORM.replace("dx: [_, _, _]", "dx: [_, _, _]  # later"),
    ],
    ids=range(9),
)
def test_an_editor_may_have_saved_it_otherwise(changed: str) -> None:
    form, expected = read_yaml(changed.encode()), read_yaml(FORM.encode())
    assert form is not None
    assert expected is not None
    assert (form.code, form.answers["y"], form.filled) == ("7KQ2-M9XT", expected.answers["y"], 2)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[50, 122]", "[50, 122", 7),
        ("  y: [", "   y: [", 8),
        ("y: [50", "y [50", 8),
        ("[50, 122]", "[50, 122]]", 7),
        ("[50, 122]", "'50, 122", 7),
        ("[50, 122]", "*numbers", 7),
        ("answers:\n", "answers: {\n", 6),
        ("[50, 122]", "[" * 40 + "]" * 40, 7),
    ],
)
def test_yaml_that_breaks_off_is_told_by_its_line(old: str, new: str, line: int) -> None:
    form = read_yaml(FORM.replace(old, new, 1).encode())
    assert form is not None
    assert form.exercise == "dx"
    assert abs(form.line - line) <= 1
    assert form.line
    assert not form.answers


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: b", "title: x\nanswers: {y: {points: 1}}", "exercise: dx", "\x00", "- a", "%"],
)
def test_other_yaml_is_no_form(text: str) -> None:
    assert read_yaml(text.encode()) is None


def test_aliases_do_not_make_much_of_little() -> None:
    bomb = "exercise: dx\nanswers:\n  a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n  b: [*a, *a, *a]\n"
    form = read_yaml(bomb.encode())
    assert form is not None
    assert form.line
    assert not form.answers


def test_what_is_too_much_is_no_number() -> None:
    form = read_yaml(FORM.replace("50, 122", ", ".join(["1"] * (MAX_NUMBERS + 1))).encode())
    assert form is not None
    assert form.answers["y"] == "..."


@given(st.binary(max_size=400))
def test_any_bytes_are_read(content: bytes) -> None:
    form = read_yaml(content)
    assert form is None or isinstance(form, Form)
    other = read_yaml(b"exercise: dx\nanswers:\n  y: " + content)
    assert other is None or all(
        one is None or isinstance(one, str) or math.isfinite(one)
        for one in other.answers.values()
        if not isinstance(one, list)
    )


values = st.recursive(
    st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=9), values, max_size=3), st.text(max_size=9))
def test_a_form_survives_as_source_text(answers: dict[str, Any], code: str) -> None:
    form = Form(exercise="dx", code=code, answers=answers)
    assert decode(encode(form)) == form


def test_code_is_no_form() -> None:
    assert decode("def dx(W, dy):\n    return W.T @ dy\n") is None


@pytest.mark.parametrize(
    ("source", "answers"),
    [
        ("y = [50, 122]\ndx = [_, _, _]", {"y": [50, 122], "dx": [None, None, None]}),
        ("y = np.array([50, 122.0])", {"y": [50, 122]}),
        ("y = (50, 122)\ny = [1, 2]", {"y": [1, 2]}),
        ("y = '50 122'", {"y": [50, 122]}),
        ("y = [[1, -2], [1/3, None]]", {"y": [[1, -2], [1 / 3, None]]}),
        ("y = W @ x", {"y": "W @ x"}),
        ("y = [f(1), 2]", {"y": ["f(1)", 2]}),
        ("z = 3", {}),
        ("y, dx = 1, 2", {}),
    ],
)
def test_assignments_are_read_and_not_run(source: str, answers: dict[str, Any]) -> None:
    form = read_assignments(ast.parse(source).body, "dx", ("y", "dx"))
    assert form.answers == answers


def test_the_last_code_counts() -> None:
    source = 'code = "_"\ncode = "7KQ2-M9XT"'
    assert read_assignments(ast.parse(source).body, "dx", ("y",)).code == "7KQ2-M9XT"


@pytest.mark.parametrize(
    ("name", "distance"),
    [
        ("dx.answers.yaml", 0), ("dx.answers.yml", 0), ("dx.answers (1).yaml", 2),
        ("Dx.Answers.yaml", 1), ("dx_answers.yaml", 1), ("dx.answers-2.yaml", 2),
        ("kim_dx.answers.yaml", 3), ("dxanswers.yaml", 1),
    ],
)  # fmt: skip
def test_names_of_forms(name: str, distance: int) -> None:
    meant = meaning(name, ["dx", "dW"], "by-hand")
    assert (meant.kind, meant.exercise) == ("form", "dx")
    assert meant.distance >= min(distance, 1)


@pytest.mark.parametrize("name", ["dx.yaml", "config.yaml", "schema.yml"])
def test_other_yaml_is_not_looked_into(name: str) -> None:
    assert meaning(name, ["dx"], "by-hand").kind == "other"


# What counts


def handed_in(folder: Path, files: dict[str, str]) -> Submission:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return read_submission(SubmissionRef("kim", "by-hand", folder, wanted=WANTED))


NOTEBOOK = '{"cells": [{"cell_type": "code", "source": "y = [1, 2]\\ndx = [3, 4, 5]"}], \
"metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.parametrize(
    ("files", "counts", "filled"),
    [
        ({"dx.answers.yaml": FORM}, "dx.answers.yaml", 2),
        ({"deep/er/dx.answers.yaml": FORM}, "deep/er/dx.answers.yaml", 2),
        ({"dx.answers (1).yaml": FORM}, "dx.answers (1).yaml", 2),
        ({"mine.answers.yaml": FORM}, "mine.answers.yaml", 2),
        (
            {"dx.answers.yaml": FORM.replace("50, 122", "_, _"), "dx.answers (1).yaml": FORM},
            "dx.answers (1).yaml",
            2,
        ),
        ({"dx.ipynb": NOTEBOOK}, "dx.ipynb", 5),
        ({"by-hand.ipynb": NOTEBOOK}, "by-hand.ipynb", 5),
        ({"dx.py": "y = [1, 2]\n"}, "dx.py", 2),
        ({"dx.answers.yaml": FORM, "dx.ipynb": NOTEBOOK}, "dx.ipynb", 5),
        ({"dx.answers.yaml": FORM, "dx.yaml": "title: x\nanswers: {}\n"}, "dx.answers.yaml", 2),
    ],
)
def test_the_form_in_which_most_is_filled_in_counts(
    tmp_path: Path, files: dict[str, str], counts: str, filled: int
) -> None:
    submission = handed_in(tmp_path, files | {"code.py": "def linear_dx(W, dy):\n    return 1\n"})
    work = submission.work["dx"]
    assert work.file == counts
    form = decode(work.source or "")
    assert form is not None
    assert form.filled == filled
    assert "linear_dx" in (submission.source_for("code") or "")
    used = {one.path: one for one in submission.handed_in}
    assert used[counts].used_as[0] == "dx.answers.yaml"
    for other in files.keys() - {counts, "dx.yaml"}:
        assert used[other].reason == "other_counts"
        assert used[other].meant == counts


def test_a_form_for_another_exercise_does_not_count(tmp_path: Path) -> None:
    submission = handed_in(tmp_path, {"dx.answers.yaml": FORM.replace("dx\n", "dW\n", 1)})
    assert "dx" not in submission.work


def test_a_folder_in_the_place_of_a_form_is_told(tmp_path: Path) -> None:
    (tmp_path / "dx.answers.yaml").mkdir()
    assert handed_in(tmp_path, {}).work["dx"].problem == "not_a_file"


def test_a_form_as_large_as_a_book_is_told(tmp_path: Path) -> None:
    submission = handed_in(tmp_path, {"dx.answers.yaml": FORM + "#" * (1 << 18)})
    assert submission.work["dx"].problem == "too_large"
