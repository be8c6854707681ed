"""Ways around the sandbox: each test is called by the class of the attack, and each is made beside
honest work, which keeps what it deserves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.authoring.lint import find_weak_seed
from autograder.batch.fingerprint import Fingerprints
from autograder.course.course import Course
from autograder.course.exercise import Drawing, EfficiencyTest, RunTest
from autograder.course.loading import load_course
from autograder.grades.model import Grade
from autograder.grading import grader as grading
from autograder.grading import run
from autograder.grading.grader import Grader
from autograder.grading.observation import Observation
from autograder.grading.run import run_exercise
from autograder.integrations.nbgrader.grading import CourseGrader
from autograder.sandbox.clock import Clock
from autograder.sandbox.host import Sandbox
from autograder.sandbox.session import Session
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
    original = run_exercise

    def noted(*arguments: object, **named: object) -> object:
        order.extend(test.visibility for test in arguments[3])  # type: ignore[attr-defined]
        return original(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(grading, "run_exercise", noted)
    grade(course, HONEST)
    assert {"public", "hidden"} == set(order)
    assert order == sorted(order, reverse=True)  # "public" comes after "hidden" in the alphabet


def test_hidden_inputs_told_nor_where_nbgrader_asks_for_one_notebook_after_the_other(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    original = run_exercise

    def noted(*arguments: object, **named: object) -> object:
        order.extend(test.visibility for test in arguments[3])  # type: ignore[attr-defined]
        return original(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(grading, "run_exercise", noted)
    grader = CourseGrader(course, "sandbox", ())
    submission = Submission("eve", "layer", HONEST)
    try:
        for _ in range(2):  # and again where it is graded again
            order.clear()
            for exercise in course.assignments["layer"].exercises:
                graded = grader.grade(exercise, submission, "en").grade
                assert graded.score == graded.max_score
            assert {"public", "hidden"} == set(order)
            assert order == sorted(order, reverse=True)
    finally:
        grader.close()


ATTEMPTS = {
    "first": HONEST,
    "a comment more": HONEST | {"linear_backward.py": HONEST["linear_backward.py"] + "# again\n"},
    "another file": HONEST | {"helpers.py": "x = 1\n"},
}


def hidden_of(course: Course, files: dict[str, str], student: str = "eve") -> dict[str, bytes]:
    """An array of each test of a submission whose inputs are drawn, hidden or public."""
    with Sandbox("sandbox", course.limits) as sandbox:
        grader = grading.ExerciseGrader(course, course.assignments["layer"].exercises[0], sandbox)
        own = grader.for_attempt(Submission(student, "layer", files))
        return {
            f"{test.visibility} {test.name}": own.cases[test.name][0].inputs["W"].tobytes()
            for test in own.exercise.run_tests
            if isinstance(test.inputs, Drawing)
        }


def test_hidden_inputs_told_are_others_in_the_next_attempt(course: Course) -> None:
    """Across attempts, nothing closes the kernel's caches: what is told is of no use any more."""
    course = replace(course, hidden_inputs="per-attempt", seed=(1 << 127) + 5)
    seen = [hidden_of(course, files) for files in ATTEMPTS.values()]
    seen.append(hidden_of(course, HONEST, "mallory"))
    assert len(seen[0]) >= 3
    for name in seen[0]:
        kinds = len({one[name] for one in seen})
        assert kinds == (len(seen) if name.startswith("hidden") else 1), name
    assert seen[0] == hidden_of(course, HONEST)  # graded again, the same comes out
    grade_of = grade(course, HONEST)
    assert grade_of.score == grade_of.max_score
    for name in ("seed", "hidden_inputs"):  # and another grade is made when either changes
        other = replace(course, **{name: {"seed": 1 << 127, "hidden_inputs": "fixed"}[name]})
        submission = Submission("eve", "layer", HONEST)
        assert Fingerprints(course, "sandbox", "en").of(submission) != Fingerprints(
            other, "sandbox", "en"
        ).of(submission)


def test_hidden_inputs_found_by_trying_seeds_are_refused_by_lint(course: Course) -> None:
    exercises = course.assignments["layer"].exercises
    for seed in (0, 1, 2024, 904613275, 20261127, 1 << 32, 1 << 48, (1 << 64) - 1):
        assert f"'seed: {seed}'" in (find_weak_seed(replace(course, seed=seed), exercises) or "")
    complaint = find_weak_seed(replace(course, seed=0, has_seed=False), exercises)
    assert complaint is not None
    mend = re.search(r"write 'seed: (\d+)'", complaint)
    assert mend is not None
    assert find_weak_seed(replace(course, seed=int(mend[1])), exercises) is None
    assert find_weak_seed(replace(course, seed_is_public=True), exercises) is None
    assert find_weak_seed(course, [grading.public_part(one) for one in exercises]) is None


# Points for a memory of answers

REMEMBERS = """
answers = []
def batched(W, dY):
    if dY.shape != (2048, 8): return dY @ W
    answers.append(dY @ W)
    return answers[{which}]
"""


@pytest.mark.parametrize("which", ["max(0, len(answers) - 2)", "0"])
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


SLOW = {
    "while loading": "import time\ntime.sleep(0.2)\n" + RIGHT.format("W.T @ dy"),
    "crashes and is loaded anew": (
        "import os, time\ntime.sleep(0.2)\ndef linear_backward(x, W, dy): os._exit(1)\n"
    ),
    "in every call": "import time\ndef linear_backward(x, W, dy): time.sleep(0.2)\n",
    "raises late": "import time\ndef linear_backward(x, W, dy):\n    time.sleep(0.2)\n    1 / 0\n",
    "on the processor": (
        "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
        "def linear_backward(x, W, dy): pass\n"
    ),
    "while it ends": (
        "import time\nclass Late:\n    def __del__(self): time.sleep(0.2)\n"
        "def linear_backward(x, W, dy): Late()\n"
    ),
    "in its repr": (
        "import time\nclass Late:\n    def __repr__(self):\n        time.sleep(0.2)\n"
        "        return ''\ndef linear_backward(x, W, dy): raise ValueError('late', Late())\n"
    ),
    "as an exception": (
        "import time\nclass Late(Exception):\n    def __str__(self):\n        time.sleep(0.2)\n"
        "        return ''\ndef linear_backward(x, W, dy): raise Late\n"
    ),
}


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was loaded of slow submissions, in processes of its own each time."""
    found: list[str] = []
    load = Session.load

    def noted(self: Session, entry: str, files: Mapping[str, str]) -> object:
        if files[f"{entry}.py"] in SLOW.values():  # and is no reference
            found.append(entry)
        return load(self, entry, files)

    monkeypatch.setattr(Session, "load", noted)
    return found


@pytest.mark.parametrize("kind", SLOW)
def test_slow_on_purpose_has_a_budget(
    course: Course, kind: str, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started is counted: on a busy machine that can only be less."""
    answered: list[bool] = []
    complete = run._Runner._complete

    def seen(self: run._Runner, test: RunTest, observations: Sequence[Observation]) -> object:
        if not set(SLOW.values()).isdisjoint(self._files.values()):
            answered.append(bool(observations))
        return complete(self, test, observations)

    monkeypatch.setattr(run._Runner, "_complete", seen)
    files = {"linear_backward.py": SLOW[kind], "batched.py": SLOW[kind]}
    limited = replace(course, limits=replace(course.limits, submission_seconds=0.1))
    slow = grade(limited, files)
    assert len(loads) == 1
    assert sum(answered) <= 1
    statuses = [test.status for one in slow.exercises for test in one.tests]
    assert statuses.count("timeout") >= len(statuses) - 1  # not run any more


def test_slow_on_purpose_has_a_budget_in_nbgrader_too(course: Course, loads: list[str]) -> None:
    kind = SLOW["crashes and is loaded anew"]
    submission = Submission("eve", "layer", {"linear_backward.py": kind, "batched.py": kind})
    limited = replace(course, limits=replace(course.limits, submission_seconds=0.1))
    grader = CourseGrader(limited, "sandbox", ())
    try:
        for exercise in course.assignments["layer"].exercises:
            assert grader.grade(exercise, submission, "en").grade.score == 0
    finally:
        grader.close()
    assert len(loads) == 1


def test_slow_on_purpose_would_go_on_without_a_budget(course: Course, loads: list[str]) -> None:
    kind = SLOW["crashes and is loaded anew"]
    grade(course, {"linear_backward.py": kind, "batched.py": kind})
    assert len(loads) > 3


def test_the_budget_is_of_what_code_uses(
    course: Course, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has to wait for a processor uses nothing meanwhile."""
    monkeypatch.setattr(Clock, "spent", lambda _: 0.0)
    kind = SLOW["crashes and is loaded anew"]
    limited = replace(course, limits=replace(course.limits, submission_seconds=0.1))
    grade(limited, {"linear_backward.py": kind, "batched.py": kind})
    assert len(loads) > 3


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
