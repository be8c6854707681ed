"""What one student hands in decides neither how a class is read nor what others have handed in."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.submissions.layouts import submissions
from autograder.submissions.submission import read_submission
from tests.security.attack_class import BATCHED, HERE, RIGHT

STUDENTS = ("ada", "bob", "eve", "mia", "zoe")
HONEST = {"linear_backward.py": RIGHT.format("W.T @ dy"), "batched.py": BATCHED}
WRONG = "def linear_backward(x, W, dy): return x, W\n"
METADATA = "eve:\n  :submitters:\n  - :name: ada\n    :sid: ada\n    :email: a@b.c\n"


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(HERE / "course")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _many(folder: Path, name: str) -> None:
    for number in range(30):
        _put(folder / name.format(number=number, other=number + 9), WRONG)


def _class_within(folder: Path) -> None:
    for inner in (folder, folder / "layer"):
        _put(inner / "ada" / "layer" / FILE, WRONG)


def _zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "eve" / "layer" / "work.zip", "w") as archive:
        archive.writestr("../../ada/layer/linear_backward.py", WRONG)


FILE = "linear_backward.py"
ATTACKS: dict[str, Callable[[Path], None]] = {
    "files called as Canvas calls those of another": lambda at: _many(
        at / "eve", "ada_{number}_{other}_" + FILE
    ),
    "a file called as Blackboard calls those of another": lambda at: _put(
        at / f"layer_ada_attempt_2026-01-01-10-10-10_{FILE}", WRONG
    ),
    "a class within a student's folder": lambda at: _class_within(at / "eve"),
    "metadata of Gradescope beside the class": lambda at: _put(
        at / "submission_metadata.yml", METADATA
    ),
    "metadata of Gradescope in a folder": lambda at: _put(
        at / "eve" / "layer" / "submission_metadata.yml", METADATA
    ),
    "the name of another in capitals": lambda at: _put(at / "ADA" / "layer" / FILE, WRONG),
    "the name of another with a letter that nobody sees": lambda at: _put(
        at / "a\u200bda" / "layer" / FILE, WRONG
    ),
    "a zip with the way to another's folder": _zip,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_impersonation_leaves_the_others_what_they_handed_in(
    course: Course, tmp_path: Path, attack: str
) -> None:
    for name in STUDENTS:
        for file, text in HONEST.items():
            _put(tmp_path / name / "layer" / file, WRONG if name == "eve" else text)
    ATTACKS[attack](tmp_path)
    with submissions(tmp_path, course, layout="auto") as found:
        read = {ref.student: read_submission(ref) for ref in found.refs}
    for name in STUDENTS:
        work = {one: item.source for one, item in read[name].work.items()}
        if name == "eve":
            assert HONEST["linear_backward.py"] not in work.values()
        else:
            assert work["linear_backward"] == HONEST["linear_backward.py"]
