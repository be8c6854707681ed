"""A program that came before is not run again, and its grade is the one that it would get."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from autograder.batch import workers
from autograder.batch.folder import GradeOptions, open_class
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.grades.model import ExerciseGrade
from autograder.grading import grader as grading
from autograder.grading import known_programs
from autograder.grading.finding import Finding, Slow, WrongWhenTimed
from autograder.grading.grader import Grader
from autograder.grading.judge import Judgement
from autograder.grading.run import ExerciseRun
from autograder.grading.submission_budget import Budget
from autograder.sandbox.host import Sandbox
from autograder.submissions.submission import Submission
from tests.support.pytest_course import make_course
from tests.support.small_course import COURSE, RIGHT, hand_in

COURSE_HERE = load_course(COURSE)
HEAD = "import numpy as np\n"
WRONG = f"{HEAD}def linear_dx(W, dy):\n    return -(W.T @ dy)\n"
RAISES = f"{HEAD}def linear_dx(W, dy):\n    return W @ dy\n"


class Counting:
    """A grader, and how many processes of student code it has started."""

    def __init__(self, course: Course, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes = 0
        self.grader = Grader(course, sandbox, "en")
        start = Sandbox._open

        def counted(sandbox: Sandbox) -> Any:
            self.processes += 1
            return start(sandbox)

        monkeypatch.setattr(Sandbox, "_open", counted)

    def grade(self, source: str, student: str = "ada") -> ExerciseGrade:
        submission = Submission(student, "linear-layer", {"dx.py": source})
        (exercise,) = self.grader.grade(submission, "").exercises
        return exercise

    def is_run(self, source: str) -> bool:
        before = self.processes
        self.grade(source, "bob")
        return self.processes > before


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("sandbox", COURSE_HERE.limits) as opened:
        yield opened


@pytest.fixture
def counting(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(COURSE_HERE, sandbox, monkeypatch)


@pytest.mark.parametrize("source", [HEAD + RIGHT, WRONG, f"{HEAD}print('mine')\n{RIGHT}"])
def test_the_same_program_gets_the_same_grade_without_a_process(
    counting: Counting, source: str
) -> None:
    first = counting.grade(source)
    assert not counting.is_run(f"# by Bob\n\n{source}")
    assert counting.grade(f"{source}\n\n# done\n", "eve") == first
    assert first.score == (0 if "-(" in source else first.max_score)
    assert ("mine" in first.output) == ("mine" in source)


def test_a_grade_that_is_known_is_what_another_grader_gives(
    counting: Counting, sandbox: Sandbox
) -> None:
    for source in (HEAD + RIGHT, WRONG, WRONG.replace("-", "2 * ")):
        counting.grade(source)
        (anew,) = (
            Grader(COURSE_HERE, sandbox, "en")
            .grade(Submission("kim", "linear-layer", {"dx.py": f"# mine\n{source}"}), "")
            .exercises
        )
        assert counting.grade(f"# mine\n{source}", "kim") == anew


@pytest.mark.parametrize(
    "source",
    [
        RAISES,
        f"{HEAD}def linear_dx(W, dy):\n    return (W.T @ dy",
        f"{HEAD}def linear_dx(W, dy):\n    while True: pass\n",
        f"{HEAD}def linear(W, dy):\n    return W.T @ dy\n",
    ],
)
def test_what_failed_is_run_again(counting: Counting, source: str) -> None:
    """It may be bad luck, and messages name lines of the file."""
    first = counting.grade(source)
    assert counting.is_run(f"# by Bob\n{source}")
    assert first.score == 0


@pytest.mark.parametrize("fault", [Slow(9.0, "reference"), WrongWhenTimed()])
def test_who_was_timed_and_lost_by_it_is_timed_again(
    counting: Counting, monkeypatch: pytest.MonkeyPatch, fault: Slow | WrongWhenTimed
) -> None:
    def judge(_: Any, judgement: Judgement, *__: Any) -> Judgement:
        return replace(judgement, finding=Finding(fault), scores=(0.0,) * len(judgement.scores))

    monkeypatch.setattr(grading.ExerciseGrader, "_judge_time", judge)
    counting.grade(HEAD + RIGHT)
    assert counting.is_run(HEAD + RIGHT)


def test_who_had_no_time_left_decides_nothing_for_others(counting: Counting) -> None:
    """Tests for pytest leave no trace of that in what was observed."""
    (exercise,) = counting.grader.exercise_graders("linear-layer")
    submission, budget = Submission("eve", "linear-layer", {"dx.py": HEAD + RIGHT}), Budget(60)
    started = exercise.start(submission, budget, language="en")
    budget.take(60)
    exercise.finish(started, "en")
    assert counting.is_run(HEAD + RIGHT)


class NoTests:
    """Stands for the exercise's hidden tests for pytest, of which there are none."""

    def run(self, _: Submission) -> ExerciseRun:
        return ExerciseRun({})


@pytest.mark.parametrize("has_pytest", [False, True])
@pytest.mark.parametrize("stage", ["public", "hidden"])
def test_what_ran_after_others_is_run_alone_when_it_comes_again(
    counting: Counting, monkeypatch: pytest.MonkeyPatch, stage: str, has_pytest: bool
) -> None:
    (exercise,) = counting.grader.exercise_graders("linear-layer")
    exercise.__dict__["_pytest"] = NoTests() if has_pytest else None
    judged = grading.ExerciseGrader._judged

    def after_others(grader: Any, submission: Any, tests: Any, *rest: Any) -> Any:
        run, judgements = judged(grader, submission, tests, *rest)
        is_stage = {test.visibility for test in tests} == {stage}
        return replace(run, is_alone=run.is_alone and not is_stage), judgements

    with monkeypatch.context() as patched:
        patched.setattr(grading.ExerciseGrader, "_judged", after_others)
        counting.grade(HEAD + RIGHT)
    assert counting.is_run(HEAD + RIGHT)
    assert not counting.is_run(HEAD + RIGHT)


def test_tests_for_pytest_may_look_at_other_files(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(load_course(make_course(tmp_path)), sandbox, monkeypatch)
    counting.grade(HEAD + RIGHT)
    assert counting.is_run(HEAD + RIGHT)


def test_lines_are_those_of_the_file(counting: Counting) -> None:
    line = counting.grade(RAISES).tests[0].line
    assert isinstance(line, int)
    assert counting.grade(f"# one more\n{RAISES}").tests[0].line == line + 1


def test_chance_decides_anew(counting: Counting) -> None:
    source = f"{HEAD}def linear_dx(W, dy):\n    return W.T @ dy + 0 * np.random.rand()\n"
    counting.grade(source)
    assert counting.is_run(source)


def test_another_language_says_it_in_its_own_words(counting: Counting, sandbox: Sandbox) -> None:
    (exercise,) = counting.grader.exercise_graders("linear-layer")
    counting.grade(WRONG)
    submission = Submission("kim", "linear-layer", {"dx.py": WRONG})
    assert exercise.start(submission, language="en").grade is not None
    assert exercise.start(submission, language="ko").grade is None
    assert exercise.start(submission).grade is None


def test_each_attempt_has_its_own_hidden_inputs(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(replace(COURSE_HERE, hidden_inputs="per-attempt"), sandbox, monkeypatch)
    counting.grade(HEAD + RIGHT)
    assert counting.is_run(HEAD + RIGHT)


def test_the_programs_that_came_last_are_known(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_programs, "MAX_PROGRAMS", 2)
    programs = [WRONG.replace("-", f"{factor} * ") for factor in (2, 3, 4)]
    counting.grade(programs[0])
    counting.grade(programs[1])
    assert not counting.is_run(programs[0])  # and so it stays
    counting.grade(programs[2])
    assert [counting.is_run(one) for one in (programs[0], programs[1])] == [False, True]


def test_who_grades_the_same_class_learns_from_others(counting: Counting, sandbox: Sandbox) -> None:
    """A program counts as seen, too, so that it is run alone when it comes to somebody else."""
    other = Grader(COURSE_HERE, sandbox, "en")
    other.grade(Submission("eve", "linear-layer", {"dx.py": WRONG}), "")
    counting.grader.learn(other.learned())
    assert not counting.is_run(WRONG)
    assert counting.is_run(HEAD + RIGHT)
    assert other.learned() == {}
    assert [name for _, name in counting.grader.learned()] == ["dx"]


def test_workers_tell_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each what another has found out, and not what it has found out itself."""
    learn, learned = workers.SubmissionGrader.learn, workers.SubmissionGrader.learned

    def noted(what: str, news: Iterable[bytes]) -> None:
        for told in filter(None, news):
            name = f"{what}-{os.getpid()}-{blake2b(told).hexdigest()[:20]}"
            (tmp_path / name).write_bytes(told)

    def hears(worker: workers.SubmissionGrader, news: Sequence[bytes]) -> None:
        noted("heard", news)
        learn(worker, news)

    def tells(worker: workers.SubmissionGrader) -> bytes:
        told = learned(worker)
        noted("told", [told])
        while len({path.name.split("-")[1] for path in tmp_path.glob("told-*")}) < 2:
            time.sleep(0.01)  # until the other has one, too
        return told

    monkeypatch.setattr(workers.SubmissionGrader, "learn", hears)  # forks have it
    monkeypatch.setattr(workers.SubmissionGrader, "learned", tells)
    for number in range(20):
        hand_in(tmp_path / "class", f"student-{number}", f"{HEAD}by = {number}\n{RIGHT}")
    options = GradeOptions(
        course=COURSE, submissions=tmp_path / "class", out=tmp_path / "out", jobs=2
    )
    with (
        open_class(options) as opened,
        workers.WorkerPool(opened.settings, 2, None) as pool,
    ):
        made = list(filter(None, pool.grade(opened.found.refs, lambda: False)))
    assert len(made) == 20
    told, heard = (
        {tuple(path.name.split("-")[1:]) for path in tmp_path.glob(f"{what}-*")}
        for what in ("told", "heard")
    )
    assert len(told) == 20
    assert {news for _, news in heard} <= {news for _, news in told}
    assert heard
    assert not heard & told
