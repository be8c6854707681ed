"""Errors know their sentence in every language, and no room that is done writes one in code."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

from autograder.errors import CourseError, UsageError
from autograder.text import said as module
from autograder.text.catalogue import languages, text
from autograder.text.said import Said, in_language, joined, replaced, said, worded

PACKAGE = Path(module.__file__).parents[1]
ERRORS = {"AutograderError", "CourseError", "GraderFault", "MachineError", "UsageError"}
# Rooms and modules that are done. Elsewhere errors are still written in the code, in English.
DONE = {
    "batch/folder.py",
    "batch/grading.py",
    "batch/workers.py",
    "cli/check.py",
    "cli/exporting.py",
    "cli/gradescope.py",
    "cli/lint.py",
    "cli/nbgrader.py",
    "cli/options.py",
    "cli/pack.py",
    "cli/release.py",
    "exports/formats.py",
    "course/roster.py",
    "release",
    "sandbox/levels.py",
    "student/check_function.py",
    "student/discovery.py",
    "student/mistake_index.py",
    "student/notebook_check.py",
    "submissions",
}


def test_it_is_english_until_somebody_asks() -> None:
    message = said("error_no_format", format="xml", known="csv")
    assert message == "xml: no such format; known are csv"
    assert message.in_language("ko") == "xml: 그런 형식이 없습니다. 쓸 수 있는 형식: csv"
    assert message.in_language("xx") == message


def test_an_error_is_worded_with_its_place() -> None:
    message = said("error_link")
    error = CourseError(message, path="dx.py", line=3, column=7)
    assert str(error) == "dx.py:3:7: is a link; put the file itself here"
    assert worded(error, "ko") == f"dx.py:3:7: {text('error_link', 'ko')}"
    assert worded(UsageError(message), "ko") == text("error_link", "ko")


@pytest.mark.parametrize("error", [UsageError("plain"), CourseError("plain", path="a"), OSError()])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    assert worded(error, "ko") == str(error)


def test_a_sentence_in_a_sentence_is_translated_too() -> None:
    message = said("error_hints", reason=said("reason_no_file"))
    assert "일반 파일이 아님" in message.in_language("ko")
    assert "not an ordinary file" in message


def test_it_survives_the_way_between_processes() -> None:
    again = pickle.loads(pickle.dumps(said("error_no_folder", option="--into", path=Path("x"))))
    assert isinstance(again, Said)
    assert again.in_language("ko") == "--into x: 그런 폴더가 없습니다"


@pytest.mark.parametrize("language", languages())
def test_every_language_fills_every_value(language: str) -> None:
    assert "{" not in said(
        "error_leak_more", text="a", secret="b", n=2, assignment="c"
    ).in_language(language)


def test_parts_are_joined_in_every_language() -> None:
    names = joined("either", ["a", "b", "c"])
    assert names == "a or b or c"
    assert in_language(names, "ko") == "a 또는 b 또는 c"
    assert joined("either", ["a"]) == "a"
    assert joined("either", []) == ""


def test_a_place_is_replaced_in_whatever_is_quoted() -> None:
    inner = said("error_no_folder", option="--into", path=Path("/tmp/x/a"))
    message = said("release_done", assignment="l", written=1, n=1, folder=inner)
    again = replaced(message, "/tmp/x", "class.zip")
    assert again == "l: 1 of 1 file written to --into class.zip/a: no such folder"
    assert "class.zip/a: 그런 폴더가" in in_language(again, "ko")
    assert replaced("/tmp/x/b", "/tmp/x", "class.zip") == "class.zip/b"


def written_in_code() -> set[str]:
    """The modules in which an error is raised with a sentence that is no message's key."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                is_text = isinstance(node.args[0], (ast.Constant, ast.JoinedStr, ast.BinOp))
                if name in ERRORS and is_text:
                    found.add(path.relative_to(PACKAGE).as_posix())
    return found


def test_no_error_is_written_in_code_where_that_is_done() -> None:
    found = written_in_code()
    assert "course/loading/yaml_source.py" in found  # it does find what is written so
    assert {name for name in found if name in DONE or name.partition("/")[0] in DONE} == set()
