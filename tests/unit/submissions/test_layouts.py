"""Each layout finds whose work is where, and says what it saw where it finds nothing."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise, Signature
from autograder.errors import UsageError
from autograder.grades.grade_file import grade_path
from autograder.sandbox.limits import Limits
from autograder.submissions.found_at import in_words
from autograder.submissions.layouts import AUTO, LAYOUTS, Found, archive, submissions
from autograder.submissions.submission import (
    MAX_NOTEBOOK_BYTES,
    SubmissionRef,
    read_submission,
    storable,
)


def _exercise(name: str) -> Exercise:
    signature = Signature(name, ("x",), ("dx",))
    nowhere = Path(name)
    return Exercise(
        "linear-layer", name, {}, {}, signature, {}, {}, {}, None, {}, (), (), nowhere, None,
        nowhere, None,
    )  # fmt: skip


COURSE = Course(
    Path(),
    {},
    "en",
    ("en",),
    0,
    Limits(),
    {
        "linear-layer": Assignment("linear-layer", {}, (_exercise("dx"), _exercise("dW"))),
        "linear-layer-2": Assignment("linear-layer-2", {}, (_exercise("dx"),)),
    },
)

# Files of one class in each layout: ada and 'Kim Lee', as far as the layout can name them.
METADATA = """\
submission_11:
  :submitters:
  - :name: Ada
    :sid: "ada"
    :email: ada@x.edu
  :created_at: 2026-12-01 12:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: Kim Lee
    :sid:
    :email: kim@x.edu
  - :name: Park
    :sid: park
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-12-01 12:30:00.000000000 Z
    zone: &1 !ruby/object:ActiveSupport::TimeZone
      name: Asia/Seoul
"""
CLASSES = {
    "nbgrader": ["ada/linear-layer/dx.py", "Kim Lee/linear-layer/dx.py"],
    "classroom": [
        "linear-layer-ada/linear-layer/dx.py",
        "linear-layer-kim-lee/assignments/linear-layer/dx.py",
        "linear-layer-2-bob/dx.py",
        "README.md",
    ],
    "gradescope": ["submission_11/dx.py", "submission_12/dx.py", "submission_metadata.yml"],
    "canvas": [
        "ada_101_9001_dx.py",
        "ada_101_9001_helpers-2.py",
        "leekim_LATE_102_9002_dx.py",
        "leekim_LATE_102_9002_dx-1.py",
        "leekim_LATE_102_9002_dx-2.py",
        "leekim_102_9002_notes.pdf",
    ],
    "moodle": [
        "Ada_31_assignsubmission_file_/dx.py",
        "Kim Lee_32_assignsubmission_file/linear-layer/dx.py",
        "Kim Lee_33_assignsubmission_file_dx.py",
        "Kim Lee_33_assignsubmission_onlinetext_/onlinetext.html",
    ],
    "blackboard": [
        "Home_work 1_ada_attempt_2026-12-01-12-30-00_dx.py",
        "Home_work 1_ada_attempt_2026-12-01-12-30-00.txt",
        "Home_work 1_kim_lee_attempt_2026-12-02-00-00-01_dx.py",
    ],
    "brightspace": [
        "101-900 - Ada - Dec 1, 2026 1159 PM/dx.py",
        "102-900 - Kim Lee - Dec 2, 2026 1205 AM - dx.py",
        "index.html",
    ],
    "teams": [
        "Submitted files/Ada/Linear layer/Version 1/dW.py",
        "Submitted files/Ada/Linear layer/Version 2/dx.py",
        "Submitted files/Kim Lee/Essay/Version 9/essay.txt",
        "Submitted files/Kim Lee/Linear layer/버전 1/dx.py",
        "Working files/Kim Lee/Linear layer/dx.py",
    ],
    "google": ["Ada - dx.py", "Kim Lee - dx.ipynb"],
    "repository": ["README.md", "assignments/linear-layer/dx.py", "dW.py"],
    "flat": ["ada.py", "Kim Lee/dx.py", "bob.ipynb", "notes.txt"],
}
FOUND = {
    "nbgrader": {"ada", "Kim Lee"},
    "classroom": {"ada", "kim-lee"},
    "gradescope": {"ada", "kim@x.edu", "park"},
    "canvas": {"101", "102"},
    "moodle": {"Ada", "Kim Lee (32)", "Kim Lee (33)"},
    "blackboard": {"ada", "kim_lee"},
    "brightspace": {"Ada", "Kim Lee"},
    "teams": {"Ada", "Kim Lee"},
    "google": {"Ada", "Kim Lee"},
    "repository": {"submissions"},
    "flat": {"ada", "Kim Lee", "bob"},
}


def content(path: str) -> str:
    if path.endswith(".yml"):
        return METADATA
    return f'{{"cells": [], "x": "{path}"}}' if path.endswith(".ipynb") else f"# {path}\n"


@pytest.fixture(params=["folder", "zip"])
def packed(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def hand_in(tmp_path: Path, files: list[str], packed: str = "folder") -> Path:
    if packed == "zip":
        path = tmp_path / "submissions.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            for file in files:
                zipped.writestr(file, content(file))
        return path
    folder = tmp_path / "submissions"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content(file))
    return folder


def find(path: Path, layout: str, *, students: tuple[str, ...] = ()) -> Found:
    with submissions(
        path, COURSE, layout=layout, assignments=["linear-layer"], students=students
    ) as found:
        return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_finds_the_class(tmp_path: Path, layout: str, packed: str) -> None:
    path = hand_in(tmp_path, CLASSES[layout], packed)
    with submissions(path, COURSE, layout=layout, assignments=["linear-layer"]) as found:
        assert {ref.student for ref in found.refs} == FOUND[layout]
        assert {ref.assignment for ref in found.refs} == {"linear-layer"}
        for ref in found.refs:
            work = read_submission(ref).for_exercise("dx")
            assert "dx.py" in work.files, ref
        places = {grade_path(Path("out"), ref) for ref in found.refs}
        assert len(places) == len(found.refs)
    if packed == "zip":
        assert not found.folder.exists()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_auto_says_what_it_chose(tmp_path: Path, layout: str, packed: str) -> None:
    path = hand_in(tmp_path, CLASSES[layout], packed)
    found = find(path, AUTO)
    assert (found.layout, {ref.student for ref in found.refs}) == (layout, FOUND[layout])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_says_what_it_saw_instead(tmp_path: Path, layout: str) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "\x1b[2Jgrades.pdf").touch()
    with pytest.raises(UsageError) as error:
        find(tmp_path, layout)
    assert str(error.value).endswith("saw \\x1b[2Jgrades.pdf, papers/")
    assert "expected" in str(error.value)
    if layout != "nbgrader":
        assert f"layout {layout}: expected" in str(error.value)


def test_auto_lists_the_layouts_where_none_fits(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"fits no layout; saw nothing; known are gradescope: "):
        find(tmp_path, AUTO)


@pytest.mark.parametrize("layout", ["gradescope", "canvas", "moodle", "flat", "repository"])
def test_the_assignment_must_be_named_where_files_do_not(tmp_path: Path, layout: str) -> None:
    path = hand_in(tmp_path, CLASSES[layout])
    with (
        pytest.raises(UsageError, match=r"--assignment \(linear-layer, linear-layer-2\)"),
        submissions(path, COURSE, layout=layout),
    ):
        pass


def test_students_can_be_chosen(tmp_path: Path) -> None:
    path = hand_in(tmp_path, CLASSES["canvas"])
    assert [ref.student for ref in find(path, "canvas", students=("102",)).refs] == ["102"]
    with pytest.raises(UsageError, match=r"no submission of 7; there are 101, 102$"):
        find(path, "canvas", students=("7",))


def test_a_student_who_is_not_there_is_told_from_those_who_are(tmp_path: Path) -> None:
    names = ["ann", "bob", "cem", "dan", "eve", "kim-lee", "zoe"]
    path = hand_in(tmp_path, [f"{name}/linear-layer/dx.py" for name in names])
    with pytest.raises(UsageError) as error:
        find(path, "nbgrader", students=("Kim_Le", "nobody"))
    assert str(error.value) == (
        f"{path}: no submission of Kim_Le or nobody; "
        "there are ann, bob, cem, dan, eve and 2 more; did you mean 'kim-lee'?"
    )
    found = find(path, "nbgrader", students=("ann", "zo"))
    assert [ref.student for ref in found.refs] == ["ann"]
    assert found.unmatched == (
        "zo: no submission found: there are ann, bob, cem, dan, eve and 2 more; "
        "did you mean 'zoe'?",
    )


# The whole decides how a class is read, not what one student has called a file or a folder.

FOREIGN = {
    "moodle": "eve_1_assignsubmission_file_/linear-layer/dx.py",
    "gradescope": "eve/submission_metadata.yml",
    "canvas": "eve_12_13_dx.py",
    "blackboard": "hw_eve_attempt_2026-12-01-12-30-00_dx.py",
    "brightspace": "1-2 - Eve - Dec 1, 2026 1159 PM/dx.py",
    "teams": "eve/hw/Version 1/dx.py",
    "classroom": "linear-layer-eve/linear-layer/dx.py",
    "google": "Eve - dx.py",
    "flat": "eve.py",
    "repository": "eve/assignments/linear-layer/dx.py",
}


@pytest.mark.parametrize("layout", FOREIGN)
def test_one_name_of_another_layout_does_not_decide(tmp_path: Path, layout: str) -> None:
    own = [f"{name}/linear-layer/dx.py" for name in ("ada", "bob")]
    path = hand_in(tmp_path, [*own, FOREIGN[layout]])
    found = find(path, AUTO)
    assert found.layout == "nbgrader"
    named = {ref.student for ref in found.refs} | {line.split(":")[0] for line in found.unmatched}
    assert named == {"ada", "bob", FOREIGN[layout].split("/")[0]}


@pytest.mark.parametrize("layout", ["moodle", "canvas", "blackboard", "brightspace", "google"])
def test_what_does_not_agree_is_named(tmp_path: Path, layout: str) -> None:
    path = hand_in(tmp_path, [*CLASSES[layout], "eve-linear.py"])
    found = find(path, AUTO)
    assert found.layout == layout
    assert [line.split(":")[0] for line in found.unmatched] == ["eve-linear.py"]


def test_a_students_own_metadata_describes_nobody_else(tmp_path: Path) -> None:
    """Also where it is the only student's."""
    files = ["eve/submission_1/dx.py", "eve/linear-layer/dx.py", "eve/submission_metadata.yml"]
    path = hand_in(tmp_path, files)
    assert [ref.student for ref in find(path, AUTO).refs] == ["eve"]


@pytest.mark.parametrize("layout", [one for one in LAYOUTS if one not in ("repository", "google")])
def test_one_folder_around_a_class_is_no_student(tmp_path: Path, layout: str) -> None:
    files = CLASSES[layout] if layout != "flat" else ["ada/dx.py", "Kim Lee/hw/dx.py"]
    path = hand_in(tmp_path, [f"hw1/{file}" for file in files])
    alone = hand_in(tmp_path / "alone", files)
    found, expected = find(path, AUTO), find(alone, AUTO)
    assert found.layout == expected.layout == layout
    assert [ref.student for ref in found.refs] == [ref.student for ref in expected.refs]


@pytest.mark.parametrize("layout", ["classroom", AUTO])
def test_the_folder_of_gh_classroom_is_no_student(tmp_path: Path, layout: str) -> None:
    files = [f"linear-layer-submissions/linear-layer-{name}/dx.py" for name in ("ada", "bob")]
    found = find(hand_in(tmp_path, files), layout)
    assert (found.layout, [ref.student for ref in found.refs]) == ("classroom", ["ada", "bob"])
    alone = hand_in(tmp_path / "alone", ["linear-layer-submissions/dx.py"])
    assert [ref.student for ref in find(alone, layout).refs] == ["submissions"]


# Folders of students in which nothing was found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_there_is_no_warning_where_nothing_is_wrong(
    tmp_path: Path, layout: str, packed: str
) -> None:
    assert find(hand_in(tmp_path, CLASSES[layout], packed), layout).unmatched == ()


# Work that does not lie where it should, and what is said when it is taken all the same.
TAKEN = {
    "park/linear_layer/dx.py": "park: took 'linear_layer/' for 'linear-layer/'",
    "park/Linear Layer (1)/dx.py": "park: took 'Linear Layer (1)/' for 'linear-layer/'",
    "park/dx.py": "park: took dx.py for files of 'linear-layer/'",
    "park/hw1.zip": "park: took hw1.zip for files of 'linear-layer/'",
    "park/week5.ipynb": "park: took week5.ipynb for files of 'linear-layer/'",
    "park/assignments/linear-layer/dx.py": "park: took assignments/ for files of 'linear-layer/'",
    "park/hw1/dx.py": "park: took hw1/ for files of 'linear-layer/'",
}


def said(refs: Sequence[SubmissionRef], language: str = "en") -> list[str]:
    return [
        f"{ref.student}: {in_words(ref.found_at, ref.assignment, language)}"
        for ref in refs
        if ref.found_at is not None
    ]


@pytest.mark.parametrize("file", TAKEN)
def test_work_in_another_place_is_taken_and_that_is_said(tmp_path: Path, file: str) -> None:
    path = hand_in(tmp_path, ["ada/linear-layer/dx.py", "ada/essay/essay.txt", file])
    found = find(path, "nbgrader")
    assert [ref.student for ref in found.refs] == ["ada", "park"]
    assert said(found.refs) == [TAKEN[file]]
    assert found.unmatched == ()
    handed_in = [one.path for one in read_submission(found.refs[1]).handed_in]
    assert any(path.endswith(file.rpartition("/")[2]) for path in handed_in)


def test_work_beside_a_right_folder_is_looked_at_too(tmp_path: Path) -> None:
    path = hand_in(tmp_path, ["ada/linear-layer/dW.py", "ada/dx.py", "ada/report.pdf"])
    (ref,) = find(path, "nbgrader").refs
    handed_in = {one.path: one for one in read_submission(ref).handed_in}
    assert handed_in["../dx.py"].used_as == ("dx.py",)
    assert handed_in["../report.pdf"].reason == "not_code"


def test_work_that_may_be_of_two_assignments_is_not_taken(tmp_path: Path) -> None:
    files = ["ada/linear-layer/dx.py", "park/dx.py", "lee/dW.py"]
    with submissions(hand_in(tmp_path, files), COURSE, layout="nbgrader") as found:
        assert [(ref.student, ref.assignment) for ref in found.refs] == [
            ("ada", "linear-layer"),
            ("lee", "linear-layer"),  # the other one has no dW
        ]
        assert found.unmatched == (
            "park: no submission found: saw dx.py directly in it; "
            "files belong in park/<assignment>/",
        )


MISFITS = {
    "park/sketches/notes.txt": (
        "park: no submission found: saw sketches/; files belong in park/linear-layer/"
    ),
    "park\x1b[2J/linear-layer2/dx.py": None,
    "park/essay/essay.txt": None,
    "park/linear-layer-2/dx.py": None,
    "park/linear_layer_2/dx.py": None,
    "__pycache__/dx.py": None,
    ".git/dx.py": None,
}


@pytest.mark.parametrize("file", MISFITS)
def test_a_student_without_a_submission_is_named(tmp_path: Path, file: str) -> None:
    """Not who handed in other work: that of another assignment, or what others have too."""
    path = hand_in(tmp_path, ["ada/linear-layer/dx.py", "ada/essay/essay.txt", file])
    found = find(path, "nbgrader")
    assert [ref.student for ref in found.refs] == ["ada"]
    message = MISFITS[file]
    assert found.unmatched == (() if message is None else (message,))
    if message is not None:
        with pytest.raises(UsageError) as error:
            find(path, "nbgrader", students=("park",))
        assert str(error.value) == f"{path}: {message}"
        assert find(path, "nbgrader", students=("ada",)).unmatched == ()


def test_a_misspelled_assignment_beside_a_right_one_is_named(tmp_path: Path) -> None:
    files = ["ada/linear-layer/dx.py", "ada/Linear_Layer-2/dx.py", "bob/linear-layer/dx.py"]
    path = hand_in(tmp_path, [*files, "bob/linear-layer-old/dx.py", "bob/linear-layer-3/dx.py"])
    with submissions(path, COURSE, layout="nbgrader") as found:
        assert found.unmatched == ()
        assert said(found.refs) == ["ada: took 'Linear_Layer-2/' for 'linear-layer-2/'"]
    path = hand_in(tmp_path, ["ada/Linear Layer-2/dx.py"])
    with submissions(path, COURSE, layout="nbgrader") as found:
        assert found.unmatched == (
            "ada: no submission of linear-layer-2 found: "
            "saw 'Linear Layer-2/', did you mean 'linear-layer-2/'? "
            "saw 'Linear_Layer-2/', did you mean 'linear-layer-2/'?",
        )


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    path = hand_in(tmp_path, ["ada/linear-layer/dx.py", "bob.py"])
    (path / "park\x1b[2J").mkdir()
    line, loose = find(path, "nbgrader").unmatched
    assert loose == (
        "bob.py: not read: nothing says whose it is; files belong in <student>/<assignment>/"
    )
    assert line == (
        "park\\x1b[2J: no submission found: it is empty; files belong in park\\x1b[2J/linear-layer/"
    )
    flat = find(path, "flat")
    assert [ref.student for ref in flat.refs] == ["ada", "bob"]  # one folder around the work
    assert flat.unmatched == (
        "park\\x1b[2J: no submission found: it is empty; files belong directly in park\\x1b[2J/",
    )


def test_a_repository_of_another_name_is_named(tmp_path: Path) -> None:
    files = [*CLASSES["classroom"], "linear_layer_park/dx.py", "lee/dx.py", "Linear-layer.2-kim/x"]
    found = find(hand_in(tmp_path, files), "classroom")
    assert {ref.student for ref in found.refs} == FOUND["classroom"]
    assert found.unmatched == (
        "lee: no submission found: repositories are called <assignment>-<user>/",
        "linear_layer_park: no submission found: did you mean 'linear-layer-<user>/'?",
    )


def by_student(found: Found) -> dict[str, SubmissionRef]:
    return {ref.student: ref for ref in found.refs}


def test_a_student_called_assignments_makes_no_repository(tmp_path: Path) -> None:
    path = hand_in(tmp_path, ["assignments/linear-layer/dx.py", "kim/linear-layer/dx.py"])
    found = find(path, AUTO)
    assert (found.layout, len(found.refs)) == ("nbgrader", 2)


def test_a_repository_is_whose_it_is_said_to_be(tmp_path: Path) -> None:
    path = hand_in(tmp_path, CLASSES["repository"])
    (ref,) = find(path, "repository", students=("=1+1/../x",)).refs
    assert ref.student == "=1+1/../x"
    assert "/" not in ref.stored_as
    assert ref.folder == path / "assignments" / "linear-layer"
    (outside := tmp_path / "outside").mkdir()
    (outside / "dx.py").write_text("# not theirs\n")
    (linked := tmp_path / "linked").mkdir()
    (linked / "assignments").symlink_to(tmp_path)
    (linked / "linear-layer").symlink_to(outside)
    with pytest.raises(UsageError, match=r"not a folder of layout repository.*saw nothing"):
        find(linked, "repository")


def test_canvas_takes_the_newest_upload_under_its_own_name(tmp_path: Path) -> None:
    refs = by_student(find(hand_in(tmp_path, CLASSES["canvas"]), "canvas"))
    assert read_submission(refs["102"]).files == {"dx.py": "# leekim_LATE_102_9002_dx-2.py\n"}
    assert set(read_submission(refs["101"]).files) == {"dx.py", "helpers-2.py"}


def test_classroom_names_the_longest_assignment(tmp_path: Path) -> None:
    path = hand_in(tmp_path, CLASSES["classroom"])
    with submissions(path, COURSE, layout="classroom") as found:
        assert {(ref.student, ref.assignment) for ref in found.refs} == {
            ("ada", "linear-layer"),
            ("kim-lee", "linear-layer"),
            ("bob", "linear-layer-2"),
        }
        assert {ref.repository for ref in found.refs} == {
            path / name for name in os.listdir(path) if name != "README.md"
        }


def test_gradescope_says_when_and_who(tmp_path: Path) -> None:
    refs = by_student(find(hand_in(tmp_path, CLASSES["gradescope"]), "gradescope"))
    assert refs["ada"].submitted == datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    assert refs["park"].submitted == datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
    assert refs["park"].folder == refs["kim@x.edu"].folder


def test_several_submissions_of_one_student_are_attempts(tmp_path: Path) -> None:
    path = hand_in(tmp_path, CLASSES["gradescope"])
    (path / "submission_metadata.yml").write_text(METADATA.replace('"ada"', "park"))
    found = [(ref.student, ref.attempt, ref.folder.name) for ref in find(path, "gradescope").refs]
    assert found == [
        ("kim@x.edu", 0, "submission_12"),
        ("park", 1, "submission_11"),
        ("park", 2, "submission_12"),
    ]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("- a list", "is not a mapping"),
        ("a: [", "is not the YAML of a Gradescope export"),
        ("[" * 5000, "is not the YAML of a Gradescope export"),
        ("? [a]\n: b", "is not the YAML of a Gradescope export"),
    ],
)
def test_metadata_that_is_damaged_is_one_clear_line(
    tmp_path: Path, metadata: str, message: str
) -> None:
    path = hand_in(tmp_path, CLASSES["gradescope"])
    (path / "submission_metadata.yml").write_text(metadata)
    with pytest.raises(UsageError, match=message) as error:
        find(path, "gradescope")
    assert "\n" not in str(error.value)


def test_metadata_runs_nothing(tmp_path: Path) -> None:
    path = hand_in(tmp_path, CLASSES["gradescope"])
    ran = tmp_path / "ran"
    evil = f"!!python/object/apply:os.mkdir ['{ran}']"
    (path / "submission_metadata.yml").write_text(f"submission_11:\n  :submitters: {evil}\n")
    with pytest.raises(UsageError, match="is not the YAML"):
        find(path, "gradescope")
    assert not ran.exists()


# Names


@pytest.mark.parametrize(
    "name", ["../../etc", "/etc", "..", ".", "", ".hidden", "a\0b", "a" * 300, "가" * 100, "a\\b"]
)
def test_a_name_from_elsewhere_is_made_a_folders(name: str) -> None:
    stored = storable(name)
    assert stored != name
    assert not stored.startswith(".")
    assert "/" not in stored
    assert "\0" not in stored
    assert len(stored.encode()) < 255
    assert stored == storable(name)


@pytest.mark.parametrize("name", ["kim", "Kim Lee", "kim@x.edu", "김", "=1+1\n"])
def test_ordinary_names_stay(name: str) -> None:
    assert storable(name) == name


def test_different_names_are_stored_apart() -> None:
    names = ["a/b", "a_b", "a\\b", "a" * 300, "a" * 301, "../x", "..\\x"]
    assert len({storable(name) for name in names}) == len(names)


# Zips


def test_a_zip_writes_nothing_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    outside = tmp_path / "outside.py"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("ada_1_2_dx.py", "x = 1\n")
        for name in (
            f"..{'/..' * 20}{outside}",
            str(outside),
            "../outside.py",
            "a/../../outside.py",
            "a\\..\\outside.py",
            "C:/outside.py",
        ):
            zipped.writestr(zipfile.ZipInfo(name), "stolen")
        link = zipfile.ZipInfo("bob_1_2_dx.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, "/etc/passwd")
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        assert [ref.student for ref in found.refs] == ["1"]
        assert read_submission(found.refs[0]).files == {"dx.py": "x = 1\n"}
        assert len(found.left_out) == 7
        assert [file.name for file in found.folder.rglob("*")] == ["ada_1_2_dx.py"]
    assert not outside.exists()


def test_a_file_that_swells_is_too_large_for_its_student_only(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("ada_1_2_dx.py", b"#" * (4 * MAX_NOTEBOOK_BYTES))
        zipped.writestr("bob_2_3_dx.py", "x = 1\n")
    with submissions(path, COURSE, layout="canvas", assignments=["linear-layer"]) as found:
        ada, bob = (read_submission(ref) for ref in found.refs)
        sizes = [file.stat().st_size for file in found.folder.iterdir()]
    assert ada.unreadable == {"dx.py": "too_large"}
    assert bob.files == {"dx.py": "x = 1\n"}
    assert max(sizes) == MAX_NOTEBOOK_BYTES + 1


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_damaged_file_in_a_zip_costs_nobody_else(tmp_path: Path, method: int) -> None:
    path = tmp_path / "submissions.zip"
    source = "".join(f"# {7919 * number % 10007}\n" for number in range(99))
    with zipfile.ZipFile(path, "w") as zipped:
        for student in ("ada", "bob"):
            zipped.writestr(f"{student}/linear-layer/dx.py", source, method)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as zipped:
        start = zipped.infolist()[0].header_offset + 30 + len("ada/linear-layer/dx.py")
    path.write_bytes(content[:start] + b"\xff" * 20 + content[start + 20 :])
    with submissions(path, COURSE, layout="nbgrader") as found:
        files = {ref.student: read_submission(ref).files for ref in found.refs}
    assert found.left_out == ("ada/linear-layer/dx.py",)
    assert files["bob"] == {"dx.py": source}
    assert not files.get("ada")


def test_a_zip_that_is_too_large_as_a_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_in(tmp_path, CLASSES["canvas"], "zip")
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 40)
    with pytest.raises(UsageError, match="MiB of files"):
        find(path, "canvas")
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(UsageError, match="has more than 2 files"):
        find(path, "canvas")


def test_what_is_no_zip_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 not really")
    with pytest.raises(UsageError, match="is not a zip that can be read"):
        find(tmp_path / "x.zip", AUTO)
    with pytest.raises(UsageError, match="is not there"):
        find(tmp_path / "y.zip", AUTO)


def test_a_gradescope_zip_may_have_a_folder_around_it(tmp_path: Path) -> None:
    files = [f"assignment_5_export/{file}" for file in CLASSES["gradescope"]]
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for file in files:
            zipped.writestr(file, content(file))
    assert {ref.student for ref in find(path, AUTO).refs} == FOUND["gradescope"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "dx.py").write_text("secret\n")
    folder = tmp_path / "class"
    (folder / "linear-layer-ada").mkdir(parents=True)
    (folder / "linear-layer-ada" / "linear-layer").symlink_to(secret)
    (folder / "linear-layer-bob").symlink_to(secret)
    found = find(folder, "classroom")
    assert [ref.student for ref in found.refs] == ["ada"]
    assert read_submission(found.refs[0]).files == {}
