"""`autograder pack`: one assignment with its secrets, which grades as the whole course does."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.loading import load_course
from tests.support.small_course import PARTLY, WRONG, configured, grades, run, write_source

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (
    "feedback: {hidden: names}",
    "late: {penalty_per_day: 10, at_most_days: 3, grace_minutes: 10.5}",
    "attempts: {keep: best, at_most: 5}",
)
DUE = (
    "due: 2026-12-01T23:59:00+09:00\n"
    "    extensions: {lee: 2026-12-03T23:59:00+09:00, 김: 2026-12-04T23:59:00+09:00}"
)


def packed(course: Path, assignment: str, tmp_path: Path) -> Path:
    done = run("pack", assignment, "--out", tmp_path / "c.tar.gz", course=course)
    assert done.returncode == 0, done.stderr
    assert "keep it secret" in done.stdout
    folder = tmp_path / "packed"
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "c.tar.gz").read_bytes())) as archive:
        archive.extractall(folder, filter="data")
    return folder


def plain(course: Course) -> Course:
    """What does not depend on where the course is."""
    return replace(course, root=Path(), assignments={})


def test_the_settings_survive(tmp_path: Path) -> None:
    course = configured(tmp_path, *SETTINGS, assignment=DUE)
    folder = packed(course, "linear-layer", tmp_path)
    before, after = load_course(course), load_course(folder)
    assert plain(after) == plain(before)
    (one,), (other,) = before.assignments.values(), after.assignments.values()
    assert (other.title, other.due, other.extensions) == (one.title, one.due, one.extensions)
    assert other.max_score == one.max_score


def test_grades_are_the_same_to_the_fingerprint(tmp_path: Path) -> None:
    course = configured(tmp_path, *SETTINGS)
    folder = packed(course, "linear-layer", tmp_path)
    for student, source in {"kim": PARTLY, "lee": WRONG}.items():
        write_source(tmp_path / "s" / student / "linear-layer", source)
    found = []
    for number, which in enumerate((course, folder)):
        out = tmp_path / f"out{number}"
        done = run("grade", tmp_path / "s", "--out", out, "--quiet", course=which)
        assert done.returncode == 0, done.stderr
        found.append({name: {**one, "timing": 0} for name, one in grades(out).items()})
    assert found[0] == found[1]


def test_other_assignments_stay_behind_and_the_same_files_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    folder = packed(ROOT, "gradient-checking", tmp_path)
    first = (tmp_path / "c.tar.gz").read_bytes()
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert "solutions/gradient-checking/check_linear.py" in names
    assert "tests/hidden/gradient-checking/check_linear.yaml" in names
    assert not [name for name in names if "linear-layer" in name or "pyc" in name]
    shutil.rmtree(folder)
    packed(ROOT, "gradient-checking", tmp_path)
    assert (tmp_path / "c.tar.gz").read_bytes() == first
    # An Actions secret holds 48 KB, of base64.
    assert len(first) * 4 / 3 < 48_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "--out", "c.tar.gz"), "x: no such assignment; the course has linear-layer"),
        (("linear-layer", "--out", "/dev/null/c"), "cannot be written"),
        (("linear-layer",), "--out"),
    ],
)
def test_wrong_calls_end_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("pack", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_link_in_a_secret_tree_is_refused(tmp_path: Path) -> None:
    course = configured(tmp_path)
    (course / "solutions" / "linear-layer" / "more").symlink_to("/etc/passwd")
    done = run("pack", "linear-layer", "--out", tmp_path / "c.tar.gz", course=course)
    assert done.returncode == 2
    assert "solutions/linear-layer/more: is a link" in done.stderr
    assert not (tmp_path / "c.tar.gz").exists()
