"""Work is graded or named, however it was handed in: by the command, as an instructor runs it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.odd_class import EMPTY, NOT_WORKED, RIGHT, WORKED, notebook, write_class
from tests.support.small_course import COURSE, ROOT, copy_course, grade, hand_in, run

DUE = "    due: 2026-12-01T23:59:00+09:00\n"


def read(out: Path, student: str) -> Any:
    return json.loads((out / student / "linear-layer.json").read_text("utf-8"))


def summary(out: Path) -> dict[str, dict[str, str]]:
    with open(out / "summary.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def course_with(folder: Path, config: str = "", assignment: str = DUE) -> Path:
    """The small course with a due date."""
    copy_course(COURSE, folder)
    path = folder / "config.yaml"
    path.write_text(path.read_text("utf-8").rstrip("\n") + f"\n{assignment}{config}\n", "utf-8")
    return folder


def date_files(folder: Path, day: str) -> None:
    from datetime import datetime

    seconds = datetime.fromisoformat(day).timestamp()
    for path in folder.rglob("*"):
        os.utime(path, (seconds, seconds))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], str]:
    """A class of 500 in every way at once: its grades, who handed in how, and what was said."""
    folder = tmp_path_factory.mktemp("odd")
    late = "late: {penalty_per_day: 10}"
    course = course_with(folder / "course", late)
    students = write_class(folder / "submissions", 500)
    date_files(folder / "submissions", "2026-11-30T12:00:00")
    done = run(
        "grade", folder / "submissions", "--out", folder / "out", "--quiet", "--jobs", 2,
        course=course,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    said = done.stderr + (folder / "out" / "files.csv").read_text("utf-8")
    return folder / "out", students, said


def test_nobody_who_did_the_work_loses_a_point(odd: tuple[Path, dict[str, str], str]) -> None:
    out, students, _ = odd
    rows = summary(out)
    assert len(rows) == sum(way not in EMPTY for way in students.values())
    lost = {
        name: (rows[name]["score"], read(out, name)["exercises"][0]["tests"][0]["message"])
        for name, way in students.items()
        if way in WORKED and rows[name]["final_score"] != "10"
    }
    assert lost == {}


def test_everybody_else_is_told_why(odd: tuple[Path, dict[str, str], str]) -> None:
    out, students, _ = odd
    for name, way in students.items():
        if way in NOT_WORKED:
            grade = read(out, name)
            assert grade["score"] == 0, name
            assert all(test["message"] for test in grade["exercises"][0]["tests"])


def test_each_oddity_is_named(odd: tuple[Path, dict[str, str], str]) -> None:
    out, students, said = odd
    for way, (_, words) in (WORKED | NOT_WORKED).items():
        assert words in said, way
    files = {(row[0], row[2]): row for row in _rows(out / "files.csv")}
    for name, way in students.items():
        if way in EMPTY:
            continue
        of_student = [row for key, row in files.items() if key[0] == name]
        assert of_student, name
        for row in of_student:
            assert row[3] or row[4], row
    assert "empty-" in said
    assert "no submission found: it is empty" in said


def _rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def test_students_read_it_in_both_languages(tmp_path: Path) -> None:
    subs = tmp_path / "subs"
    ways = ("two-copies", "rar", "encrypted", "reads-a-file", "empty-zip")
    for way in ways:
        for path, content in NOT_WORKED[way][0].items():
            target = subs / way / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
    expected = {
        "en": {
            "two-copies": "There are 'dx (1).py', 'dx (2).py', and nothing says which of them is",
            "rar": "The archive handed in for dx.py is of a kind that cannot be opened.",
            "encrypted": "The zip handed in for dx.py has a password.",
            "reads-a-file": "The code at cell 1, line 2 was left out: it works with files",
            "empty-zip": "Handed in, but not used: 'hw.zip'.",
        },
        "ko": {
            "two-copies": "어느 것이 dx.py인지 알 수 없습니다",
            "rar": "열 수 없는 형식입니다",
            "encrypted": "암호가 걸려 있습니다",
            "reads-a-file": "1번 셀 2번째 줄의 코드는 채점할 때 실행하지 않았습니다",
            "empty-zip": "제출했지만 채점에 쓰지 않은 파일: 'hw.zip'.",
        },
    }
    for language, messages in expected.items():
        out = tmp_path / language
        assert grade(subs, out, "--lang", language).returncode == 0
        for way, message in messages.items():
            assert message in read(out, way)["exercises"][0]["tests"][0]["message"]


def test_where_work_lay_is_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for name in ("dx.py", "linear_layer/dx.py"):
        path = subs / name.partition("/")[0] / name
        path.parent.mkdir(parents=True)
        path.write_text(RIGHT, "utf-8")
    grade(subs, out, "--lang", "ko")
    english, korean = tmp_path / "en.md", tmp_path / "ko.md"
    run("export", out, "--to", "markdown", "--out", korean)
    said = (out / "files.csv").read_text("utf-8")
    assert "'linear_layer/' 폴더를 'linear-layer/' 폴더로 보고 채점했습니다" in said
    assert "'linear-layer/' 폴더의 파일로 보고 채점했습니다: dx.py" in said
    assert "다음에는 폴더 이름을 linear-layer로 정하세요" in korean.read_text("utf-8")
    assert "다음에는 'linear-layer' 폴더에 넣어 제출하세요" in korean.read_text("utf-8")
    assert "took" not in said + korean.read_text("utf-8")
    grade(subs, out, "--lang", "en")
    run("export", out, "--to", "markdown", "--out", english)
    said = (out / "files.csv").read_text("utf-8")
    assert "took 'linear_layer/' for 'linear-layer/'" in said
    assert "call the folder 'linear-layer' next time" in english.read_text("utf-8")
    assert "Put it into the folder 'linear-layer' next time" in english.read_text("utf-8")
    # Moved to its place, it is said no more, though nothing is graded again.
    (subs / "dx.py" / "linear-layer").mkdir()
    (subs / "dx.py" / "dx.py").rename(subs / "dx.py" / "linear-layer" / "dx.py")
    assert "found_at" in read(out, "dx.py")
    grade(subs, out, "--lang", "en")
    assert "found_at" not in read(out, "dx.py")


# One source of truth for a class


def test_a_call_about_one_student_keeps_the_summary(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for student in ("ada", "bob", "eve"):
        hand_in(subs, student, RIGHT)
    assert grade(subs, out, "--quiet").returncode == 0
    assert grade(subs, out, "--quiet", "--student", "ada", "--format", "csv").returncode == 0
    assert set(summary(out)) == {"ada", "bob", "eve"}
    assert len(_rows(out / "grades.csv")) == 3
    other = tmp_path / "other"
    hand_in(other, "zoe", RIGHT)
    done = grade(other, out, "--quiet")
    assert set(summary(out)) == {"ada", "bob", "eve", "zoe"}
    assert "3 grades in" in done.stderr
    assert "ada, bob, eve" in done.stderr


def test_who_is_gone_is_named_and_pruned(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for student in ("kim", "lee"):
        hand_in(subs, student, RIGHT)
    grade(subs, out)
    (subs / "kim").rename(subs / "kim-minsu")
    done = grade(subs, out)
    assert "1 grade in" in done.stderr
    assert "of nobody" in done.stderr
    assert set(summary(out)) == {"kim", "kim-minsu", "lee"}
    done = grade(subs, out, "--prune")
    assert "1 grade moved to" in done.stderr
    assert set(summary(out)) == {"kim-minsu", "lee"}
    assert (out / ".pruned" / "kim" / "linear-layer.json").is_file()
    assert "kim," not in run("export", out, "--to", "csv").stdout
    assert grade(subs, out).stderr == ""


def test_a_grade_edited_by_hand_stays_and_is_named(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    hand_in(subs, "ada", RIGHT)
    hand_in(subs, "bob", RIGHT)
    grade(subs, out)
    path = out / "ada" / "linear-layer.json"
    content = json.loads(path.read_text("utf-8"))
    content["score"] = 7.5
    path.write_text(json.dumps(content), "utf-8")
    (out / "bob" / "linear-layer.json").write_text("{ my notes", "utf-8")
    for _ in range(2):
        done = grade(subs, out)
        assert "ada, linear-layer: the grade file was edited by hand and stays" in done.stderr
        assert summary(out)["ada"]["score"] == "7.5"
        assert summary(out)["bob"]["score"] == "10"
    kept = out / "bob" / ".linear-layer.json.damaged"
    assert kept.read_text("utf-8") == "{ my notes"
    done = grade(subs, out, "--force")
    assert "edited" not in done.stderr
    assert summary(out)["ada"]["score"] == "10"


def test_an_export_goes_on_without_who_is_unknown(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for student in ("ada", "bob"):
        hand_in(subs, student, RIGHT)
    grade(subs, out)
    roster = tmp_path / "roster.csv"
    roster.write_text("student,ID\nada,1\n", "utf-8")
    for platform, ids in (("canvas", "ID"), ("moodle", "id")):
        roster.write_text(f"student,{ids}\nada,1\n", "utf-8")
        done = run("export", out, "--to", platform, "--roster", roster)
        assert done.returncode == 0
        assert "1 students are not in" in done.stderr
        assert "bob" in done.stderr
        assert '"1"' in done.stdout
        assert "bob" not in done.stdout
    roster.write_text("student,ID\nzoe,1\n", "utf-8")
    done = run("export", out, "--to", "canvas", "--roster", roster)
    assert done.returncode == 2
    assert "has nobody of the grades" in done.stderr
    (out / "bob" / "linear-layer.json").write_text("{", "utf-8")
    done = run("export", out, "--to", "csv")
    assert done.returncode == 0
    assert "is not a grade file" in done.stderr


# Times


def test_times_of_files_are_said_to_be_a_last_resort(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for student in ("ada", "bob", "eve"):
        hand_in(subs, student, RIGHT)
    date_files(subs, "2026-12-24T12:00:00")
    course = course_with(tmp_path / "course", "late: {penalty_per_day: 10}")
    done = run("grade", subs, "--out", out, "--quiet", course=course)
    assert done.returncode == 0
    assert "of 3 of 3 submissions nothing but the times of their files" in done.stderr
    assert "by these 3 are late; is that so?" in done.stderr
    times = tmp_path / "times.csv"
    times.write_text(
        "student,submitted\nada,2026-12-01 12:00\nbob,2026-12-02 00:30\nzoe,2026-12-01 01:00\n"
    )
    done = run("grade", subs, "--out", out, "--quiet", "--times", times, course=course)
    rows = summary(out)
    assert [rows[name]["final_score"] for name in ("ada", "bob", "eve")] == ["10", "9", "0"]
    assert "of 1 of 3 submissions" in done.stderr
    assert "nobody handed anything in as zoe" in done.stderr


def test_what_canvas_calls_late_is_late_by_the_least(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    subs.mkdir()
    (subs / "kim_LATE_1001_501_dx.py").write_text(RIGHT)
    (subs / "lee_1002_502_dx.py").write_text(RIGHT)
    date_files(subs, "2027-06-01T12:00:00")
    course = course_with(tmp_path / "course", "late: {penalty_per_day: 10}")
    done = run("grade", subs, "--out", out, "--layout", "canvas", course=course)
    rows = summary(out)
    assert (rows["1001"]["final_score"], rows["1002"]["final_score"]) == ("9", "10")
    assert "1 submissions are marked as late" in done.stderr
    exported = run("export", out, "--to", "canvas", course=course).stdout
    assert '"1001","1001","","",""' in exported


def test_an_extension_is_found_under_any_form_of_the_name(tmp_path: Path) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    hand_in(subs, unicodedata.normalize("NFD", "김민수"), RIGHT)
    hand_in(subs, "lee", RIGHT)
    for folder in subs.iterdir():
        (folder / "linear-layer" / "timestamp.txt").write_text("2026-12-03 09:00:00 KST")
    later = "2026-12-05T23:59:00+09:00"
    extensions = f"{DUE}    extensions: {{김민수: {later}, Lee: {later}}}\n"
    course = course_with(tmp_path / "course", "late: {penalty_per_day: 10}", extensions)
    done = run("grade", subs, "--out", out, course=course)
    rows = summary(out)
    assert (rows["김민수"]["final_score"], rows["lee"]["final_score"]) == ("10", "8")
    assert "as 'Lee', who has an extension; did you mean 'lee'?" in done.stderr
    done = run("grade", subs, "--out", out, "--student", "김민수", course=course)
    assert done.returncode == 0
    roster = tmp_path / "roster.csv"
    roster.write_bytes("student,email\n김민수,k@x.kr\nlee,l@x.kr\n".encode("cp949"))
    exported = run("export", out, "--to", "moodle", "--roster", roster, course=course)
    assert '"k@x.kr","10"' in exported.stdout


# Zips


def test_zips_of_windows(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert grade(_as_windows_writes(tmp_path), out).returncode == 0
    assert set(summary(out)) == {"김민수", "이지은", "lee"}
    assert {row["score"] for row in summary(out).values()} == {"10"}


def _as_windows_writes(folder: Path) -> Path:
    """A zip whose names are CP949 and not marked as anything."""
    path = folder / "windows.zip"

    class Plain(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:
            return self.filename.encode("cp949"), self.flag_bits

    with zipfile.ZipFile(path, "w") as archive:
        for name in ("김민수/linear-layer/dx.py", "이지은/linear-layer/dx.py"):
            archive.writestr(Plain(name), RIGHT)
        archive.writestr(Plain("lee\\linear-layer\\dx.py"), RIGHT)
    return path


# What counts is named


def test_the_file_that_counts_is_named_to_everybody(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    run("release", "linear-layer", bundle, "--notebook")
    folder = bundle / "assignments" / "linear-layer"
    (folder / "dx.py").write_text(
        f"class Layer:\n    def b(self):\n        raise NotImplementedError\n\n\n{RIGHT}"
    )
    done = _check(bundle)
    assert done.returncode == 0, done.stdout
    subs, out = tmp_path / "subs", tmp_path / "out"
    shutil.copytree(folder, subs / "kim" / "linear-layer")
    hand_in(subs, "lee", "def linear_dx(W, dy):\n    raise NotImplementedError\n")
    (subs / "lee" / "linear-layer" / "week5.ipynb").write_text(notebook(RIGHT), "utf-8")
    done = grade(subs, out)
    assert "lee: week5.ipynb: used as dx.py" in done.stderr
    assert {row["score"] for row in summary(out).values()} == {"10"}
    assert read(out, "kim")["exercises"][0]["file"] == "dx.py"
    assert read(out, "lee")["exercises"][0]["file"] == "week5.ipynb"
    for name in ("markdown", "moodle"):
        assert "week5" in run("export", out, "--to", name).stdout
    (folder / "dx.py").write_text("")
    (folder / "dx (1).py").write_text(RIGHT)
    done = _check(bundle)
    assert done.returncode == 0, done.stdout
    assert "dx (1).py" in done.stdout


def _check(bundle: Path) -> Any:
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-m", "autograder", "check", "dx"],
        cwd=bundle, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip


def test_integers_are_tested_where_the_task_allows_them(tmp_path: Path) -> None:
    source = (
        "import numpy as np\n\n\ndef numerical_gradient(f, x, h):\n    g = np.zeros_like(x)\n"
        "    for i in np.ndindex(x.shape):\n        z = x.copy()\n        z[i] += h\n"
        "        a = f(z)\n        z[i] -= 2 * h\n        g[i] = (a - f(z)) / (2 * h)\n"
        "    return g\n"
    )
    target = tmp_path / "subs" / "kim" / "gradient-checking"
    target.mkdir(parents=True)
    (target / "numerical_gradient.py").write_text(source)
    out = tmp_path / "out"
    done = run(
        "grade", tmp_path / "subs", "--out", out, "--assignment", "gradient-checking", course=ROOT
    )
    assert done.returncode == 0, done.stderr
    graded = json.loads((out / "kim" / "gradient-checking.json").read_text("utf-8"))
    exercise = graded["exercises"][0]
    assert exercise["score"] < exercise["max_score"]
    assert "integers-cut-off" in {test["mistake"] for test in exercise["tests"]}


# One submission's fault is its own


def test_a_parser_that_fails_is_one_students_grade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.batch.folder import grade as grade_folder
    from autograder.submissions.choice import choose

    def faulty(items: Any, wanted: Any, assignment: str) -> Any:
        if any(b"boom" in item.read(1000) for item in items):
            raise ZeroDivisionError
        return choose(items, wanted, assignment)

    monkeypatch.setattr("autograder.submissions.submission.choose", faulty)
    for student, source in {"ada": RIGHT, "bob": f"{RIGHT}# boom\n"}.items():
        hand_in(tmp_path / "subs", student, source)
    grades = list(grade_folder(tmp_path / "subs", COURSE, out=tmp_path / "out", jobs=1))
    assert {one.student: one.score for one in grades} == {"ada": 10, "bob": 0}
    assert "cannot be read" in grades[1].exercises[0].tests[0].message
    # The instructor learns what failed; the student, whom it would not help, does not.
    files = (tmp_path / "out" / "files.csv").read_text("utf-8")
    assert "ZeroDivisionError (test_intake.py:" in files
    assert "ZeroDivision" not in run("export", tmp_path / "out", "--to", "markdown").stdout
    assert set(summary(tmp_path / "out")) == {"ada", "bob"}


def test_a_fault_of_the_grader_leaves_the_others_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.batch.folder import grade as grade_folder
    from autograder.errors import GraderFault
    from autograder.grading.grader import Grader

    grade_one = Grader.grade

    def faulty(self: Any, submission: Any, fingerprint: str) -> Any:
        if submission.student == "bob":
            raise ZeroDivisionError("a fault of ours")
        return grade_one(self, submission, fingerprint)

    monkeypatch.setattr(Grader, "grade", faulty)
    for student in ("ada", "bob", "eve"):
        hand_in(tmp_path / "subs", student, RIGHT)
    with pytest.raises(GraderFault, match=r"bob \(ZeroDivisionError"):
        list(grade_folder(tmp_path / "subs", COURSE, out=tmp_path / "out", jobs=1))
    assert set(summary(tmp_path / "out")) == {"ada", "eve"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_one_students_grade(tmp_path: Path) -> None:
    for student in ("ada", "bob"):
        hand_in(tmp_path / "subs", student, RIGHT)
    (tmp_path / "subs" / "bob" / "linear-layer").chmod(0)
    try:
        done = grade(tmp_path / "subs", tmp_path / "out")
    finally:
        (tmp_path / "subs" / "bob" / "linear-layer").chmod(0o700)
    assert done.returncode == 0
    assert {name: row["score"] for name, row in summary(tmp_path / "out").items()} == {
        "ada": "10",
        "bob": "0",
    }


def test_excel_gets_its_byte_order_mark_when_it_is_asked_for(tmp_path: Path) -> None:
    hand_in(tmp_path / "subs", "김민수", RIGHT)
    out = tmp_path / "out"
    mark = b"\xef\xbb\xbf"
    for options, marked in (((), False), (("--excel",), True)):
        assert grade(tmp_path / "subs", out, "--format", "csv", *options).returncode == 0
        for name in ("summary.csv", "files.csv", "grades.csv"):
            assert (out / name).read_bytes().startswith(mark) == marked
        target = tmp_path / "canvas.csv"
        run("export", out, "--to", "canvas", "--out", target, *options)
        assert target.read_bytes().startswith(mark) == marked
