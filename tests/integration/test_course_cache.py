"""What was worked out of a course is kept in its folder, and made anew when anything changes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.batch.cache import FOLDER, CourseCache
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import CourseError
from autograder.grading import preparation
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from tests.support.small_course import COURSE, RIGHT, WRONG, contents, copy_course, hand_in

ENTRIES = {
    "course",
    "linear-layer.dx",
    "linear-layer.dx.mistake-0",
    "linear-layer.dx.mistake-1",
    "linear-layer.dx.explanations",
    ".gitignore",
}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    root = tmp_path / "course"
    copy_course(COURSE, root)
    return root


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    hand_in(folder, "ada", RIGHT)
    hand_in(folder, "bob", WRONG)
    return folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was worked out and not found, as often as it was."""
    names: list[str] = []
    work_out = preparation._work_out

    def loading(root: Path, *, jobs: int) -> object:
        names.append("course")
        return load_course(root, jobs=jobs)

    def working_out(exercises: Sequence[Exercise], *arguments: Any) -> object:
        names.extend(exercise.name for exercise in exercises)
        return work_out(exercises, *arguments)

    monkeypatch.setattr("autograder.course.loading.load_course", loading)
    monkeypatch.setattr(preparation, "_work_out", working_out)
    return names


def grade(course: Path, submissions: Path, out: Path, *options: str) -> None:
    arguments = [str(submissions), "--out", str(out), "--course", str(course), *options]
    assert cli.cli.main(["grade", *arguments], standalone_mode=False) == 0


def test_a_second_run_works_nothing_out_and_grades_alike(
    course: Path, submissions: Path, tmp_path: Path, made: list[str]
) -> None:
    grade(course, submissions, tmp_path / "one")
    assert made == ["course", "dx"]
    assert {path.name for path in (course / FOLDER).iterdir()} == ENTRIES
    grade(course, submissions, tmp_path / "two")
    assert made == ["course", "dx"]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "wrong-sign" in str(contents(tmp_path / "two"))


def test_force_makes_everything_anew(
    course: Path, submissions: Path, tmp_path: Path, made: list[str]
) -> None:
    for _ in range(2):
        grade(course, submissions, tmp_path / "out", "--force")
    assert made == ["course", "dx"] * 2


def replace_in(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(course: Path) -> None:
        text = (course / file).read_text("utf-8")
        assert old in text
        (course / file).write_text(text.replace(old, new))

    return change


def link_to_another_solution(course: Path) -> None:
    """The same names, and dates that nobody would take for a change."""
    solutions, other = course / "solutions" / "linear-layer", course / "other"
    shutil.copytree(solutions, other)
    (other / "dx.py").write_text("# another\n" + (other / "dx.py").read_text("utf-8"))
    shutil.rmtree(solutions)
    solutions.symlink_to(other)


def move(course: Path) -> None:
    course.rename(course.with_name("elsewhere"))


CHANGES = {
    "seed": replace_in("config.yaml", "seed: 7", "seed: 8"),
    "hidden tests": replace_in("tests/hidden/linear-layer/dx.yaml", "cases: 6", "cases: 5"),
    "solution": replace_in("solutions/linear-layer/dx.py", "return", "return 1 *"),
    "stub": replace_in("assignments/linear-layer/dx.py", "def ", "\ndef "),
    "new file": lambda course: (course / "solutions" / "linear-layer" / "aid.py").write_text(""),
    "link": link_to_another_solution,
    "move": move,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_worked_out_anew(
    course: Path, submissions: Path, tmp_path: Path, made: list[str], change: str
) -> None:
    grade(course, submissions, tmp_path / "one")
    CHANGES[change](course)
    now = course if course.is_dir() else course.with_name("elsewhere")
    grade(now, submissions, tmp_path / "two")
    assert made == ["course", "dx"] * 2


def test_a_link_that_leads_elsewhere_in_the_course_is_a_change(
    course: Path, submissions: Path, tmp_path: Path, made: list[str]
) -> None:
    solutions = course / "solutions"
    shutil.copytree(solutions / "linear-layer", solutions / "a-second")
    (solutions / "linear-layer").rename(solutions / "a-first")
    (solutions / "linear-layer").symlink_to("a-first")
    grade(course, submissions, tmp_path / "one")
    (solutions / "linear-layer").unlink()
    (solutions / "linear-layer").symlink_to("a-second")
    grade(course, submissions, tmp_path / "two")
    assert made == ["course", "dx"] * 2


def test_what_is_no_file_counts_too(course: Path, submissions: Path, tmp_path: Path) -> None:
    grade(course, submissions, tmp_path / "one")
    stray = course / "tests" / "hidden" / "linear-layer" / "extra.yaml"
    stray.symlink_to("nowhere")
    with pytest.raises(CourseError, match=r"extra\.yaml"):
        grade(course, submissions, tmp_path / "two")


def test_what_lies_beside_pytest_files_is_part_of_the_grade(
    course: Path, submissions: Path, tmp_path: Path
) -> None:
    hidden = course / "tests" / "hidden" / "linear-layer"
    (hidden / "test_dx.py").write_text(
        "import pytest\n\n@pytest.mark.points(1)\ndef test_it(student):\n    pass\n"
    )
    fingerprints = []
    for content in ("1", "2"):
        (hidden / "data.txt").write_text(content)
        grade(course, submissions, tmp_path / "out")
        fingerprints.append(contents(tmp_path / "out")["ada/linear-layer.json"]["fingerprint"])
    assert fingerprints[0] != fingerprints[1]


def test_a_mistake_made_since_is_reported(course: Path, submissions: Path, tmp_path: Path) -> None:
    grade(course, submissions, tmp_path / "one")
    replace_in("tests/hidden/linear-layer/dx.yaml", "cases: 6", "caces: 6")(course)
    with pytest.raises(CourseError, match="caces"):
        grade(course, submissions, tmp_path / "two")
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:20] + b"no pickle" + content[-20:],
        lambda content: content[:20] + content[40:],
        lambda content: content[:-9] + bytes([content[-9] ^ 64]) + content[-8:],
    ],
)
def test_what_is_damaged_is_made_again(
    course: Path,
    submissions: Path,
    tmp_path: Path,
    made: list[str],
    damage: Callable[[bytes], bytes],
) -> None:
    grade(course, submissions, tmp_path / "one")
    for name in ENTRIES - {".gitignore"}:
        path = course / FOLDER / name
        path.write_bytes(damage(path.read_bytes()))
    grade(course, submissions, tmp_path / "two")
    assert made == ["course", "dx"] * 2
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    grade(course, submissions, tmp_path / "three")
    assert made == ["course", "dx"] * 2


def test_where_nothing_can_be_kept_everything_is_graded(
    course: Path, submissions: Path, tmp_path: Path, made: list[str]
) -> None:
    (course / FOLDER).write_text("in the way")
    for out in ("one", "two"):
        grade(course, submissions, tmp_path / out)
    assert made == ["course", "dx"] * 2
    assert (course / FOLDER).read_text("utf-8") == "in the way"


def test_an_entry_that_cannot_be_replaced_leaves_nothing_else(course: Path) -> None:
    (course / FOLDER / "course").mkdir(parents=True)
    (course / FOLDER / ".gitignore").write_text("mine")
    CourseCache(course).put({"course": 1})
    assert {path.name for path in (course / FOLDER).iterdir()} == {"course", ".gitignore"}
    assert (course / FOLDER / ".gitignore").read_text("utf-8") == "mine"


def test_what_was_made_of_something_older_is_not_kept(course: Path) -> None:
    kept = CourseCache(course)
    replace_in("config.yaml", "seed: 7", "seed: 8")(course)
    kept.put({"course": "made meanwhile"})
    assert not (course / FOLDER).exists()


def test_of_a_course_too_large_to_look_through_nothing_is_kept(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.batch.cache.MAX_COURSE", 100)
    kept = CourseCache(course)
    kept.put({"course": 1})
    assert kept.get(["course"]) == {}
    assert not (course / FOLDER).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_links_in_circles_and_pipes_hold_nobody_up(course: Path) -> None:
    folder = course / "assignments" / "linear-layer"
    for name in ("around", "again"):
        (folder / name).symlink_to(course / "assignments")
    os.mkfifo(folder / "pipe")
    CourseCache(course).put({"course": 1})
    assert CourseCache(course).get(["course", "other"]) == {"course": 1}


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_only_the_owner_may_read_it(course: Path, submissions: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        grade(course, submissions, tmp_path / "one")
    finally:
        os.umask(before)
    assert (course / FOLDER).stat().st_mode & 0o777 == 0o700
    for path in (course / FOLDER).iterdir():
        if path.name != ".gitignore":  # which says nothing
            assert path.stat().st_mode & 0o777 == 0o600, path


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize("which", [".", "course"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_one_that_others_can_write_to_is_not_read(
    course: Path, submissions: Path, tmp_path: Path, made: list[str], which: str, mode: int
) -> None:
    """Reading a pickle runs what its writer wants."""
    grade(course, submissions, tmp_path / "one")
    written = course / FOLDER / which
    written.chmod(written.stat().st_mode | mode)
    made.clear()
    grade(course, submissions, tmp_path / "two")
    assert "course" in made
    assert written.stat().st_mode & 0o077 == 0
    made.clear()
    grade(course, submissions, tmp_path / "three")
    assert made == []


@pytest.mark.skipif(os.name != "posix", reason="links are of POSIX")
def test_a_link_in_its_place_is_not_followed(
    course: Path, submissions: Path, tmp_path: Path, made: list[str]
) -> None:
    grade(course, submissions, tmp_path / "one")
    elsewhere = tmp_path / "elsewhere"
    (course / FOLDER).rename(elsewhere)
    (course / FOLDER).symlink_to(elsewhere)
    made.clear()
    grade(course, submissions, tmp_path / "two")
    assert "course" in made


def test_what_known_mistakes_do_is_found_out_once(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_course(course)
    exercise = next(
        one for each in loaded.assignments.values() for one in each.exercises if one.mistakes
    )
    found = []
    with Sandbox("sandbox", loaded.limits) as sandbox:
        for cache in (CourseCache(course), CourseCache(course)):
            grader = ExerciseGrader(loaded, exercise, sandbox, cache=cache)
            found.append(grader.mutants())
            monkeypatch.setattr(ExerciseGrader, "start", None)
    first, second = found
    assert list(second) == [mistake.name for mistake in exercise.mistakes]
    for name in first:
        assert [one.wrong for one in first[name][1]] == [one.wrong for one in second[name][1]]
        assert first[name][0].observations.keys() == second[name][0].observations.keys()


def test_what_is_made_anew_is_found_by_the_others_of_the_run(course: Path) -> None:
    CourseCache(course).put({"old": 1, "both": 1})
    time.sleep(0.05)  # times of files are coarse
    run = CourseCache(course, anew=True)
    assert run.get(["old", "both"]) == {}
    time.sleep(0.05)
    run.put({"both": 2})
    assert run.get(["old", "both"]) == {"both": 2}
    assert CourseCache(course).get(["old", "both"]) == {"old": 1, "both": 2}


@pytest.mark.skipif(os.name != "posix", reason="elsewhere times of files say less")
@pytest.mark.parametrize("coarse", [0, 2_000_000_000])
def test_a_course_that_changes_while_it_is_graded_is_noticed_before_anything_is_kept(
    course: Path, monkeypatch: pytest.MonkeyPatch, coarse: int
) -> None:
    """Of the same length, and with the time of before."""
    monkeypatch.setattr("autograder.batch.cache._COARSE", coarse)
    cache = CourseCache(course)
    cache.put({"before": 1})
    path = course / "solutions" / "linear-layer" / "dx.py"
    status, text = path.stat(), path.read_text("utf-8")
    path.write_text(text.replace("W", "V"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    cache.put({"after": 2})
    path.write_text(text)
    assert CourseCache(course).get(["before", "after"]) == {"before": 1}
