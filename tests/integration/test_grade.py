"""`autograder grade`, as an instructor runs it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autograder.batch.cache import FOLDER
from tests.support.processes import descendants, is_running, wait_until
from tests.support.small_course import (
    COURSE,
    LOOPS,
    RIGHT,
    WRONG,
    contents,
    copy_course,
    grade,
    hand_in,
    read,
    run,
)


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    for student, source in {"ada": RIGHT, "bob": WRONG, "eve": LOOPS}.items():
        hand_in(folder, student, source)
    return folder


def test_grades_a_class(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = grade(submissions, out)
    assert done.returncode == 0, done.stderr
    assert "ada" in done.stdout
    assert "wrong-sign" in done.stdout
    ada, bob, eve = (read(out, student) for student in ("ada", "bob", "eve"))
    assert (ada["score"], ada["max_score"], ada["isolation"]) == (10, 10, "sandbox")
    assert bob["score"] == 0
    test = bob["exercises"][0]["tests"][2]
    assert (test["status"], test["mistake"]) == ("failed", "wrong-sign")
    assert test["hint"] == "Look at the sign."
    assert {test["status"] for test in eve["exercises"][0]["tests"]} == {"timeout"}
    with open(out / "summary.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["score"]) for row in rows] == [
        ("ada", "10"),
        ("bob", "0"),
        ("eve", "0"),
    ]


def test_messages_come_in_the_language_asked_for(submissions: Path, tmp_path: Path) -> None:
    grade(submissions, tmp_path / "out", "--lang", "ko", "--student", "bob")
    test = read(tmp_path / "out", "bob")["exercises"][0]["tests"][0]
    assert test["hint"] == "부호를 확인하세요."
    assert "틀렸습니다" in test["message"]


def test_two_runs_agree_with_any_number_of_jobs(submissions: Path, tmp_path: Path) -> None:
    grade(submissions, tmp_path / "one", "--jobs", 1)
    grade(submissions, tmp_path / "two", "--jobs", 2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_graded_and_unchanged_is_kept(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grade(submissions, out)
    before = read(out, "ada")
    (submissions / "bob" / "linear-layer" / "dx.py").write_text(RIGHT)
    done = grade(submissions, out)
    assert "1 graded, 2 unchanged" in done.stdout
    assert read(out, "ada") == before
    assert read(out, "bob")["score"] == 10
    assert "3 graded." in grade(submissions, out, "--force").stdout


@pytest.mark.parametrize("file", ["config.yaml", "tests/hidden/linear-layer/dx.yaml"])
def test_a_changed_course_is_graded_again(submissions: Path, tmp_path: Path, file: str) -> None:
    course, out = tmp_path / "course", tmp_path / "out"
    copy_course(COURSE, course)
    run("grade", submissions, "--out", out, "--student", "ada", course=course)
    text = (course / file).read_text("utf-8")
    (course / file).write_text(text.replace("seed: 7", "seed: 8").replace("cases: 6", "cases: 5"))
    done = run("grade", submissions, "--out", out, "--student", "ada", course=course)
    assert "1 graded." in done.stdout


def test_a_damaged_grade_file_is_made_again(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grade(submissions, out, "--student", "ada")
    (out / "ada" / "linear-layer.json").write_text('{"half": ')
    grade(submissions, out, "--student", "ada")
    assert read(out, "ada")["score"] == 10


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, how: signal.Signals) -> None:
    folder = tmp_path / "submissions"
    for number in range(60):
        hand_in(folder, f"student-{number:02}", RIGHT if number % 2 else WRONG)
    grade(folder, tmp_path / "whole")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "autograder", "grade", str(folder), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--course", str(COURSE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        deadline = time.monotonic() + 120
        while len(list(out.rglob("*.json"))) < 10 and time.monotonic() < deadline:
            time.sleep(0.005)
        if how is signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            os.kill(process.pid, how)
        stdout, stderr = process.communicate(timeout=120)
    assert b"Traceback" not in stderr
    assert process.returncode == (-9 if how is signal.SIGKILL else 130)
    finished = len(list(out.rglob("*.json")))
    if how is signal.SIGINT:
        assert f"Interrupted: {finished} graded, {60 - finished} left;" in stdout.decode()
    assert finished >= 10
    done = grade(folder, out)
    assert f"{finished} unchanged" in done.stdout
    assert contents(out) == contents(tmp_path / "whole")


def test_a_second_interrupt_ends_the_run_at_once(tmp_path: Path) -> None:
    folder, out = tmp_path / "submissions", tmp_path / "out"
    for student in ("ida", "kim"):
        hand_in(folder, student, "import time\ntime.sleep(60)")
    command = [sys.executable, "-m", "autograder", "grade", str(folder), "--course", str(COURSE)]
    process = subprocess.Popen(
        [*command, "--out", str(out), "--jobs", "1"], stdout=subprocess.PIPE, text=True
    )
    with process:
        wait_until(lambda: len(descendants(process.pid)) >= 4)  # with a child that sleeps
        family = descendants(process.pid)
        for _ in range(2):
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.1)
        stdout, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted: 0 graded, 2 left;" in stdout
    wait_until(lambda: not any(is_running(pid) for pid in family))


def test_an_interrupt_at_the_start_is_without_a_word(tmp_path: Path) -> None:
    """While what the command line needs is imported."""
    (tmp_path / "click.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "--version"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{COURSE.parents[2]}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_workers_may_be_started_anew(submissions: Path, tmp_path: Path) -> None:
    """As they are where a fork is unsafe."""
    program = f"""
import sys
from pathlib import Path
if __name__ == "__main__":
    from autograder.batch import grading as batch
    from autograder.batch import workers
    from autograder.course.loading import load_course
    from autograder.submissions.layouts import submissions as find
    workers._METHOD = "spawn"
    course = load_course(Path({str(COURSE)!r}))
    settings = batch.Settings(course, Path({str(tmp_path / "out")!r}), "process", "en", ())
    with find(Path({str(submissions)!r}), course, layout="nbgrader") as found:
        refs = found.refs
    for graded in batch.grade_all(refs, settings, jobs=2):
        print(graded.ref.student)
"""
    script = tmp_path / "script.py"
    script.write_text(program)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.stderr == ""
    assert sorted(done.stdout.split()) == ["ada", "bob", "eve"]
    grade(submissions, tmp_path / "forked", "--isolation", "process")
    for student in ("ada", "bob", "eve"):
        spawned, forked = (read(tmp_path / out, student) for out in ("out", "forked"))
        del spawned["timing"], forked["timing"]
        assert spawned == forked


def test_students_without_a_submission_are_named(submissions: Path, tmp_path: Path) -> None:
    (submissions / "kim").mkdir()
    hand_in(submissions, "lee", RIGHT)
    (submissions / "lee" / "linear-layer").rename(submissions / "lee" / "linear_layer")
    done = grade(submissions, tmp_path / "out")
    assert done.returncode == 0
    assert "4 graded." in done.stdout
    assert done.stderr.splitlines() == [
        "lee: took 'linear_layer/' for 'linear-layer/'",
        "kim: no submission found: it is empty; files belong in kim/linear-layer/",
        "1 warning about submissions that were not found; see above.",
    ]
    assert grade(submissions, tmp_path / "out", "--student", "ada").stderr == ""


def test_complaints_about_a_large_class_stay_readable(tmp_path: Path) -> None:
    folder = tmp_path / "submissions"
    for number in range(23):
        hand_in(folder, f"student-{number:02}", WRONG)
        (folder / f"empty-{number:02}").mkdir()
    done = grade(folder, tmp_path / "out", "--fail-under", 50)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines[:20]] == [f"empty-{n:02}" for n in range(20)]
    assert lines[20:22] == [
        "and 3 more",
        "23 warnings about submissions that were not found; see above.",
    ]
    assert lines[22:42] == [
        f"Below 50 %: student-{number:02}, linear-layer: 0 of 10 points" for number in range(20)
    ]
    assert lines[42:] == ["and 3 more; below 50 %: 23 of 23 grades"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("in", "--out", "in"), "--out in: is the folder of the submissions; name another one"),
        (("in", "--out", "link"), "--out link: is the folder of the submissions"),
        (("in", "--out", "in/grades"), "--out in/grades: lies in the folder of the submissions"),
        (
            ("in/ada", "--layout", "repository", "--out", "in/ada"),
            "--out in/ada: is the folder of the submissions",
        ),
        (("course", "--out", "out"), "course: is the course itself; give the folder that holds"),
        (("course", "--out", "out", "--layout", "auto"), "course: is the course itself"),
        (("in", "--out", "course"), "--out course: is the course itself; name another folder"),
    ],
)
def test_folders_that_are_no_students_are_not_graded(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path / "in", "ada", RIGHT)
    (tmp_path / "link").symlink_to("in")
    copy_course(COURSE, tmp_path / "course")
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    done = run("grade", *arguments, course=tmp_path / "course")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
    # But for what follows from the course.
    assert {path for path in tmp_path.rglob("*") if FOLDER not in path.parts} == before


def test_grades_may_lie_around_the_submissions_or_in_ones_own_work(tmp_path: Path) -> None:
    hand_in(tmp_path / "in", "ada", RIGHT)
    for _ in ("graded", "unchanged"):
        done = grade(tmp_path / "in", tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert read(tmp_path, "ada")["score"] == 10
    mine = tmp_path / "in" / "ada"
    done = grade(mine, mine / "grades", "--layout", "repository")
    assert (done.returncode, done.stderr) == (0, "")
    assert read(mine / "grades", "ada")["score"] == 10


CALLS: dict[str, tuple[tuple[object, ...], str]] = {
    "no such folder": (("grade", "nowhere", "--out", "out"), "nowhere: is not there"),
    "no submissions": (
        ("grade", "submissions/ada", "--out", "out"),
        "submissions/ada: no submissions of linear-layer",
    ),
    "unknown assignment": (
        ("grade", ".", "--out", "out", "--assignment", "x"),
        "--assignment x: no such assignment; the course has linear-layer",
    ),
    "unknown language": (("grade", "submissions", "--out", "out", "--lang", "fr"), "--lang fr"),
    "unknown option": (("grade", ".", "--uot", "out"), "No such option"),
    "threshold that nothing is below": (
        ("grade", ".", "--out", "out", "--fail-under", "nan"),
        "Invalid value for '--fail-under': nan is not in the range 0<=x<=100.",
    ),
    "no out": (("grade", "."), "Missing option '--out'"),
    "unknown command": (("graed",), "did you mean 'grade'?"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_end_with_one_line(
    name: str, submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, message = CALLS[name]
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_course_ends_with_its_place(submissions: Path, tmp_path: Path) -> None:
    course = copy_course(COURSE, tmp_path / "course")
    path = course / "assignments/linear-layer/dx.yaml"
    path.write_text(path.read_text("utf-8").replace("points: 2", "point: 2"), "utf-8")
    done = run("grade", submissions, "--out", tmp_path / "out", course=course)
    assert done.returncode == 2
    assert done.stderr.startswith("error: assignments/linear-layer/dx.yaml:16:5: unknown key")
    assert done.stderr.count("\n") == 1


def test_witnesses_that_disagree_stop_before_anything_is_graded(
    submissions: Path, tmp_path: Path
) -> None:
    course = copy_course(COURSE, tmp_path / "course")
    (course / "solutions/linear-layer/dx.py").write_text(WRONG)
    done = run("grade", submissions, "--out", tmp_path / "out", course=course)
    assert done.returncode == 2
    assert "witnesses disagree on" in done.stderr
    assert not list((tmp_path / "out").rglob("*.json"))


def test_an_out_that_cannot_be_written_is_one_clear_line(submissions: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = grade(submissions, tmp_path / "out")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_is_there_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "autograder", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "grade" in done.stdout
    assert "numpy" not in done.stderr


def test_the_terminal_shows_names_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "submissions"
    hand_in(folder, "\x1b[31mred\x07[bold]x", RIGHT)
    hand_in(folder, "=cmd|'1'!A1", "raise ValueError('\\x1b[2J\\n[link=x]')")
    done = grade(folder, tmp_path / "out")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[bold]x" in done.stdout
    with open(tmp_path / "out" / "summary.csv", newline="", encoding="utf-8") as file:
        names = [row["student"] for row in csv.DictReader(file)]
    assert "'=cmd|'1'!A1" in names


def test_a_fault_of_the_grader_costs_nobody_else_the_grade(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are forks of this process, so they inherit the fault."""
    from autograder.batch import grading as batch
    from autograder.course.loading import load_course
    from autograder.errors import MachineError
    from autograder.grading.grader import Grader
    from autograder.submissions.layouts import submissions as find

    grade_one = Grader.grade

    def faulty(self: Any, submission: Any, fingerprint: str) -> Any:
        if submission.student == "bob":
            raise ZeroDivisionError("a fault of ours")
        return grade_one(self, submission, fingerprint)

    monkeypatch.setattr(Grader, "grade", faulty)
    course = load_course(COURSE)
    settings = batch.Settings(course, tmp_path / "out", "process", "en", ())
    graded: list[str] = []
    with find(submissions, course, layout="nbgrader") as found:
        refs = found.refs
    with pytest.raises(MachineError, match=r"failed on 1 of 3 .*bob \(ZeroDivisionError"):
        graded.extend(one.ref.student for one in batch.grade_all(refs, settings, jobs=1))
    assert sorted(graded) == ["ada", "eve"]


def test_a_submission_that_kills_its_worker_costs_nobody_else_the_grade(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it keep the next run from ending."""
    from autograder.batch import grading as batch
    from autograder.course.loading import load_course
    from autograder.errors import MachineError
    from autograder.grading.grader import Grader
    from autograder.submissions.layouts import submissions as find

    grade_one = Grader.grade

    def deadly(self: Any, submission: Any, fingerprint: str) -> Any:
        if submission.student in ("bob", "dan"):
            os.kill(os.getpid(), signal.SIGKILL)
        return grade_one(self, submission, fingerprint)

    monkeypatch.setattr(Grader, "grade", deadly)
    for student in ("cem", "dan", "fay"):
        hand_in(submissions, student, RIGHT)
    course = load_course(COURSE)
    settings = batch.Settings(course, tmp_path / "out", "process", "en", ())
    graded: list[str] = []
    with find(submissions, course, layout="nbgrader") as found:
        refs = found.refs
    with pytest.raises(MachineError, match=r"failed on 2 of 6 .*bob \(killed .*dan \(killed"):
        graded.extend(one.ref.student for one in batch.grade_all(refs, settings, jobs=2))
    assert sorted(graded) == ["ada", "cem", "eve", "fay"]


def test_a_machine_that_kills_every_worker_is_given_up(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.batch import grading as batch
    from autograder.course.loading import load_course
    from autograder.errors import MachineError
    from autograder.grading.grader import Grader
    from autograder.submissions.layouts import submissions as find

    monkeypatch.setattr(Grader, "grade", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    for number in range(8):
        hand_in(submissions, f"student-{number}", RIGHT)
    course = load_course(COURSE)
    settings = batch.Settings(course, tmp_path / "out", "process", "en", ())
    with (
        find(submissions, course, layout="nbgrader") as found,
        pytest.raises(MachineError, match=r"killed again and again \(out of memory\?\)"),
    ):
        list(batch.grade_all(found.refs, settings, jobs=2))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the workers")
def test_nothing_runs_on_when_the_main_process_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "submissions"
    hand_in(folder, "kim", "import time\ntime.sleep(60)")
    command = [sys.executable, "-m", "autograder", "grade", str(folder), "--course", str(COURSE)]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "out")])
    with process:
        wait_until(lambda: len(descendants(process.pid)) >= 3)  # a worker, the zygote, a child
        family = descendants(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    wait_until(lambda: not any(is_running(pid) for pid in family))


def test_notebooks_are_submissions_too(tmp_path: Path) -> None:
    folder = tmp_path / "submissions"
    cells = [
        {"cell_type": "code", "source": "%matplotlib inline\nprint('not run')\n1 / 0"},
        {"cell_type": "code", "source": RIGHT},
    ]
    contents = {
        "ada/linear-layer/dx.ipynb": json.dumps({"cells": cells}),
        "bob/linear-layer/linear-layer.ipynb": json.dumps({"cells": cells}),
        "cem/linear-layer/dx.ipynb": "not a notebook",
        "dan/linear-layer/dx.ipynb": json.dumps(
            {"cells": [{"cell_type": "markdown", "source": "x"}, {**cells[1], "source": "def ("}]}
        ),
    }
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(content)
    assert grade(folder, tmp_path / "out").returncode == 0
    scores = {name: read(tmp_path / "out", name) for name in ("ada", "bob", "cem", "dan")}
    assert [grade["score"] for grade in scores.values()] == [10, 10, 0, 0]
    messages = {
        name: grade["exercises"][0]["tests"][0]["message"] for name, grade in scores.items()
    }
    assert "not in Jupyter's format" in messages["cem"]
    assert messages["dan"] == (
        "Python does not understand this line. "
        "Python cannot read cell 2 of the notebook (its line 1): invalid syntax"
    )
    assert grade(folder, tmp_path / "ko", "--lang", "ko", "--student", "dan").returncode == 0
    test = read(tmp_path / "ko", "dan")["exercises"][0]["tests"][0]
    assert "노트북의 2번 셀을 Python이 읽지 못했습니다(셀의 1번째 줄)" in test["message"]


def test_a_broken_cell_costs_only_what_it_was_to_define(tmp_path: Path) -> None:
    contents = {
        "ada": [RIGHT, "def another(:\n    pass"],
        "bob": [RIGHT, "def linear_dx(W, dy):\n    return W.T @"],
    }
    for student, sources in contents.items():
        path = tmp_path / "in" / student / "linear-layer" / "linear-layer.ipynb"
        path.parent.mkdir(parents=True)
        cells = [{"cell_type": "code", "source": source} for source in sources]
        path.write_text(json.dumps({"cells": cells}))
    assert grade(tmp_path / "in", tmp_path / "out").returncode == 0
    ada, bob = (read(tmp_path / "out", student) for student in contents)
    assert (ada["score"], bob["score"]) == (10, 0)
    test = bob["exercises"][0]["tests"][0]
    assert test["status"] == "error"
    assert "cell 2 of the notebook (its line 2): invalid syntax" in test["message"]
