"""Names that Canvas gives to files, read from the class as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.submissions.layouts import submissions
from autograder.submissions.submission import read_submission
from tests.unit.submissions.test_layouts import COURSE, hand_in

# Files of one download, and by student what was handed in.
CLASSES: dict[str, tuple[list[str], dict[str, set[str]]]] = {
    "a number for each file": (
        ["kim_1001_501_dx.py", "kim_1001_502_dW.py", "lee_1002_503_dx.py"],
        {"1001": {"dx.py", "dW.py"}, "1002": {"dx.py"}},
    ),
    "a group with a number in its name": (
        ["kim_1001_501_dx.py", "team_2_1005_522_dx.py"],
        {"1001": {"dx.py"}, "1005": {"dx.py"}},
    ),
    "groups alone": (
        ["team_2_1005_522_dx.py", "team_13_1006_523_dx.py"],
        {"1005": {"dx.py"}, "1006": {"dx.py"}},
    ),
    "a number at the beginning": (
        ["20231234_최영_1004_521_dx.py", "kim_1001_501_dx.py"],
        {"1004": {"dx.py"}, "1001": {"dx.py"}},
    ),
    "a student number before the file's name": (
        ["kim_1001_501_20231234_dx.py", "kim_1001_502_20231234_dW.py", "lee_1002_503_dx.py"],
        {"1001": {"20231234_dx.py", "20231234_dW.py"}, "1002": {"dx.py"}},
    ),
    "a student number before the file's name, alone": (
        ["kim_1001_501_20231234_dx.py"],
        {"1001": {"20231234_dx.py"}},
    ),
    "numbers as Canvas has them": (
        ["kimminsu_LATE_104523_28831042_dx.py", "team_7_104530_28831050_dx.py"],
        {"104523": {"dx.py"}, "104530": {"dx.py"}},
    ),
    "late": (["kim_LATE_1001_501_dx.py"], {"1001": {"dx.py"}}),
    "anonymous": (
        ["anon_aB3xY_501_dx.py", "LATE_anon_Qq9zZ_502_dx.py"],
        {"anon_aB3xY": {"dx.py"}, "anon_Qq9zZ": {"dx.py"}},
    ),
    "handed in again": (
        ["kim_1001_501_dx.py", "kim_1001_502_dx-1.py", "kim_1001_503_dx-2.py"],
        {"1001": {"dx.py"}},
    ),
    "handed in again under one name": (
        ["kim_1001_501_dx.py", "kim_1001_509_dx.py"],
        {"1001": {"dx.py"}},
    ),
    "a zip and a report": (
        ["kim_1001_501_hw1.zip", "kim_1001_502_report.pdf"],
        {"1001": {"hw1.zip", "report.pdf"}},
    ),
    "underscores in the file's name": (
        ["kim_1001_501_linear_backward_v2.py", "kim_1001_502_dx (1).py"],
        {"1001": {"linear_backward_v2.py", "dx (1).py"}},
    ),
    "an apostrophe and a hyphen taken out": (["oneilltim_1001_501_dx.py"], {"1001": {"dx.py"}}),
}


@pytest.mark.parametrize("which", CLASSES)
def test_names_are_read_from_the_right(tmp_path: Path, which: str) -> None:
    files, expected = CLASSES[which]
    path = hand_in(tmp_path, files)
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        assert {ref.student: set(ref.files or {}) for ref in found.refs} == expected
        assert found.unmatched == ()


def test_the_newest_upload_counts(tmp_path: Path) -> None:
    files = ["kim_1001_501_dx.py", "kim_1001_503_dx-2.py", "kim_1001_502_dx-1.py"]
    path = hand_in(tmp_path, files)
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        (ref,) = found.refs
        assert read_submission(ref).files["dx.py"] == "# kim_1001_503_dx-2.py\n"


def test_what_canvas_marks_as_late_is_late(tmp_path: Path) -> None:
    path = hand_in(tmp_path, ["kim_LATE_1001_501_dx.py", "lee_1002_502_dx.py"])
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        assert {ref.student: ref.is_late for ref in found.refs} == {"1001": True, "1002": False}


def test_a_file_of_nobody_is_named(tmp_path: Path) -> None:
    path = hand_in(tmp_path, ["kim_1001_501_dx.py", "dx.py", "lee_1002_text.html"])
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        assert found.unmatched == (
            "dx.py: not read: Canvas gives no file such a name",
            "1002: no submission found: there is lee_1002_text.html alone",
        )
