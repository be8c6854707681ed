"""Ways around the sandbox: each test is called by the class of the attack, and each is made beside
honest work, which keeps what it deserves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.exercise import EfficiencyTest
from autograder.course.loading import load_course
from autograder.grades.model import Grade
from autograder.grading import grader as grading
from autograder.grading.grader import Grader
from autograder.grading.run import run_exercise
from autograder.sandbox.host import Sandbox
from autograder.submissions import opening, reader
from autograder.submissions.layouts.archive import MAX_STUDENT_BYTES, unpacked
from autograder.submissions.submission import Submission, SubmissionRef, Wanted, read_submission
from autograder.submissions.submission_time import evidence
from tests.security.attack_class import BATCHED, HERE, RIGHT

HONEST = {"linear_backward.py": RIGHT.format("W.T @ dy"), "batched.py": BATCHED}


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(HERE / "course")


def grade(course: Course, files: dict[str, str]) -> Grade:
    with Sandbox("sandbox", course.limits) as sandbox:
        return Grader(course, sandbox, "en").grade(Submission("eve", "layer", files), "")


# Hidden inputs told in one attempt


def test_hidden_inputs_told_all_public_tests_are_over_before_the_first_hidden_one(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    run = run_exercise

    def noted(*arguments: object, **named: object) -> object:
        order.extend(test.visibility for test in arguments[3])  # type: ignore[attr-defined]
        return run(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(grading, "run_exercise", noted)
    grade(course, HONEST)
    assert {"public", "hidden"} == set(order)
    assert order == sorted(order, reverse=True)  # "public" comes after "hidden" in the alphabet


# Points for a memory of answers

REMEMBERS = """
answers = []
def batched(W, dY):
    if dY.shape != (2048, 8): return dY @ W
    answers.append(dY @ W)
    return answers[{which}]
"""


@pytest.mark.parametrize("which", ["min(1, len(answers) - 1)", "0"])
def test_answers_kept_from_one_timing_to_the_next_are_wrong(course: Course, which: str) -> None:
    """As if an earlier process had told what it was asked: the answer to the inputs of the class is
    there, without any work."""
    source = REMEMBERS.format(which=which)
    tests = {
        test.name: test
        for test in grade(course, HONEST | {"batched.py": source}).exercises[1].tests
    }
    assert tests["rectangles"].status == "passed"
    assert tests["fast"].score == 0
    honest = {test.name: test for test in grade(course, HONEST).exercises[1].tests}
    assert honest["fast"].score == honest["fast"].max_score


def test_each_timing_has_other_inputs(course: Course) -> None:
    exercise = course.assignments["layer"].exercises[1]
    (test,) = (one for one in exercise.run_tests if isinstance(one, EfficiencyTest))
    with Sandbox("sandbox", course.limits) as sandbox:
        plan = grading.ExerciseGrader(course, exercise, sandbox)._plan
        drawn = [plan.drawn_anew(test)[0].inputs["dY"].tobytes() for _ in range(10)]
    assert len({*drawn, plan.cases[test.name][0].inputs["dY"].tobytes()}) == 11


# Slow on purpose


@pytest.mark.parametrize("source", [
    "import time\ntime.sleep(0.7)\n" + RIGHT.format("W.T @ dy"),
    "import os, time\ntime.sleep(0.7)\ndef linear_backward(x, W, dy): os._exit(1)\n",
    "import time\ndef linear_backward(x, W, dy): time.sleep(0.7)\n",
], ids=["while loading", "crashes and is loaded anew", "in every call"])  # fmt: skip
def test_slow_on_purpose_has_a_budget(course: Course, source: str) -> None:
    from msgspec.structs import replace

    limits = replace(course.limits, submission_seconds=1.5)
    limited = replace(course, limits=limits)
    start = time.monotonic()
    slow = grade(limited, {"linear_backward.py": source, "batched.py": source})
    taken = time.monotonic() - start
    statuses = [test.status for one in slow.exercises for test in one.tests]
    assert "timeout" in statuses  # not run any more
    assert slow.score == 0 or "passed" in statuses
    assert taken < 30  # and without a budget, more than twice the limit for each of 9 tests


# What reads submissions


def slow(_: object) -> list[str]:
    while True:
        pass


def greedy(_: object) -> list[str]:
    return ["x" * (1 << 33)]


def deep(_: object) -> list[str]:
    return deep(_)


def dies(_: object) -> list[str]:
    os.kill(os.getpid(), 11)
    return []


def lies(_: object) -> list[str]:
    return {  # type: ignore[return-value]
        "not": ["a", "list"]
    }


def fails(why: str) -> list[str]:
    raise AssertionError(why)


def honest(argument: str) -> list[str]:
    return [argument]


FAILING: dict[Callable[[object], list[str]], str] = {
    slow: "it took more than 1 seconds of processor time",
    greedy: "MemoryError",
    deep: "RecursionError: maximum recursion depth exceeded",
    dies: "reading it ended by Segmentation fault",
    lies: "Expected `array`, got `object`",
}


@pytest.mark.parametrize("function", FAILING)
def test_reading_that_does_not_end_costs_itself_alone(
    function: Callable[[object], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CPU_SECONDS", 1)
    with reader.bounded():
        assert reader.read(honest, "one", list[str], fails) == ["one"]
        (why,) = reader.read(function, 1, list[str], lambda why: [why])
        assert why.startswith(FAILING[function])
        assert reader.read(honest, "two", list[str], fails) == ["two"]


def test_reading_a_commit_without_end(tmp_path: Path) -> None:
    repository = tmp_path / "eve"
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    repository.mkdir()
    for command in (
        ["init", "-q"],
        ["-c", "user.name=e", "-c", "user.email=e@e", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *command], cwd=repository, check=True, env=environment)
    ref = SubmissionRef("eve", "layer", repository, repository=repository)
    with reader.bounded():
        assert evidence(ref).source == "commit"
        for path in (repository / ".git" / "objects").glob("??"):
            shutil.rmtree(path)
        alternates = repository / ".git" / "objects" / "info" / "alternates"
        alternates.symlink_to("/dev/zero")
        assert evidence(ref).source in ("files", "nothing")


def test_reading_everything_else_goes_on_as_without_a_child(tmp_path: Path) -> None:
    for name, source in HONEST.items():
        (tmp_path / name).write_text(source)
    (tmp_path / "notes.ipynb").write_text(json.dumps({"cells": []}))
    wanted = (Wanted("linear_backward", "linear_backward"), Wanted("batched", "batched"))
    ref = SubmissionRef("ada", "layer", tmp_path, wanted=wanted)
    alone = read_submission(ref)
    with reader.bounded(tmp_path):
        assert read_submission(ref) == alone


# Links swapped while reading


def test_links_on_the_way_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``O_NOFOLLOW`` alone would open it: the last component is an ordinary file."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "dx.py").write_text("secret")
    root = tmp_path / "class"
    (root / "ada" / "layer").mkdir(parents=True)
    (root / "ada" / "layer" / "dx.py").write_text("own")
    (root / "eve").mkdir()
    (root / "eve" / "layer").symlink_to(tmp_path / "solutions")
    (root / "mallory").symlink_to(tmp_path)
    (tmp_path / "here").symlink_to(root)
    monkeypatch.setattr(opening, "_roots", [])
    opening.trust(tmp_path / "here")  # the instructor's own link
    with open(opening.open_file(tmp_path / "here" / "ada" / "layer" / "dx.py")) as file:
        assert file.read() == "own"
    for path in ("eve/layer/dx.py", "mallory/solutions/dx.py", "mallory/class/ada/layer/dx.py"):
        assert (root / path).is_file()
        with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
            opening.open_file(tmp_path / "here" / path)


# One student's zip


def test_a_zip_of_one_student_has_a_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submissions.layouts.archive.MAX_STUDENT_BYTES", 1 << 20)
    assert MAX_STUDENT_BYTES > 1 << 20
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"eve/layer/{number:03}.py", " " * 100_000)
        archive.writestr("zoe/layer/batched.py", BATCHED)
    left_out: list[str] = []
    with unpacked(tmp_path / "class.zip", left_out) as folder:
        assert (folder / "zoe/layer/batched.py").read_text() == BATCHED
        sizes = [path.stat().st_size for path in (folder / "eve").rglob("*.py")]
    assert sum(sizes) <= 1 << 20
    assert set(sizes) == {100_000}
    assert len(left_out) == 30 - len(sizes)
    assert all(line.startswith("eve/") for line in left_out)
