"""Known mistakes are run as far as a wrong answer asks, and explain as if all had been run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from autograder.course.exercise import EfficiencyTest
from autograder.course.loading import load_course
from autograder.grading.finding import ManyLines
from autograder.grading.grader import ExerciseGrader, Grader
from autograder.grading.mistakes import explaining, with_shapes
from autograder.sandbox.host import Sandbox
from autograder.sandbox.session import Outcome, Session
from autograder.submissions.submission import Submission
from tests.support.small_course import ROOT

EXERCISE = "dW"


@pytest.fixture(scope="module")
def grader() -> Iterator[ExerciseGrader]:
    course = load_course(ROOT, only=("linear-layer",))
    exercises = course.assignments["linear-layer"].exercises
    (exercise,) = (one for one in exercises if one.name == EXERCISE)
    with Sandbox("sandbox", course.limits) as sandbox:
        yield ExerciseGrader(course, exercise, sandbox)


def answers() -> dict[str, str]:
    path = Path(ROOT) / "tests" / "answers" / f"{EXERCISE}.yaml"
    found = yaml.safe_load(path.read_text("utf-8"))["wrong"]
    return {name: f"import numpy as np\n{source}" for name, source in found.items()}


def test_what_public_tests_tell_from_an_answer_explains_nothing(grader: ExerciseGrader) -> None:
    exercise, known = grader.exercise, grader._known_mistakes
    seen = []
    for source in answers().values():
        submission = Submission("ada", exercise.assignment, {f"{EXERCISE}.py": source})
        run, judgements = grader.run(submission)
        run = with_shapes(exercise, grader.cases, run, submission)
        few = known.like(judgements, run, grader.truths)
        seen.append((judgements, run, few))
        assert len(few) < len(exercise.mistakes)
    everything = known._whole(known._submissions)
    explained = 0
    for judgements, run, few in seen:
        said = explaining(exercise, judgements, run, few, grader.truths)
        assert said == explaining(exercise, judgements, run, everything, grader.truths)
        explained += any(said.values())
    assert explained >= 2


Loaded = dict[int, set[str]]
"""By process: the files that it has run."""


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    found: Loaded = {}
    load = Session.load

    def note(session: Session, entry: str, files: Mapping[str, str]) -> Outcome:
        assert session._channel.pid is not None
        found.setdefault(session._channel.pid, set()).update(files.values())
        return load(session, entry, files)

    monkeypatch.setattr(Session, "load", note)
    return found


def test_those_of_an_exercise_share_a_process(loaded: Loaded) -> None:
    course = load_course(ROOT, only=("linear-layer",))
    (exercise,) = (
        one for one in course.assignments["linear-layer"].exercises if one.name == EXERCISE
    )
    with Sandbox("sandbox", course.limits) as sandbox:
        grader = ExerciseGrader(course, exercise, sandbox)
        mutants = grader.mutants()
        assert not sandbox.is_lending
    assert len(mutants) == len(exercise.mistakes) > 5
    assert len(loaded) == 1
    for judgements in (judgements for _, judgements in mutants.values()):
        assert sum(one.score for one in judgements) < sum(one.max_score for one in judgements)


def test_no_process_runs_both_a_mistake_and_a_student(loaded: Loaded) -> None:
    """Whatever a student does to a process changes nothing that is known of mistakes; the student's
    goes on where no mistake had to be run."""
    course = load_course(ROOT, only=("linear-layer",))
    takes_over = (
        "import numpy as np\nnp.outer = np.multiply.outer = None\n"
        "def linear_dW(dy, x):\n    return dy[:, None] - x\n"
    )
    files = {
        "dW.py": takes_over,
        "dx.py": "def linear_dx(W, dy):\n    return W @ W.T @ dy\n",
        "linear_backward.py": "def linear_backward(x, W, dy):\n    return W.T @ dy, x\n",
    }
    theirs = set(files.values())
    with Sandbox("sandbox", course.limits) as sandbox:
        grader = Grader(course, sandbox, "en")
        grader.grade(Submission("eve", "linear-layer", files), "")
        shared = [files for files in loaded.values() if files & theirs and files - theirs]
        first = len(loaded)
        grader.grade(Submission("bob", "linear-layer", files), "")
    assert shared == []
    assert any(not files & theirs for files in loaded.values())
    assert 0 < len(loaded) - first < first


LOOPS = """import numpy as np
def batched_backward(X, W, b, dY):
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for s in range(len(X)):
        for i in range(len(W)):
            db[i] += dY[s, i]{by}
            for j in range(W.shape[1]):
                dX[s, j] += dY[s, i] * W[i, j]
                dW[i, j] += dY[s, i] * X[s, j]{by}
    return dX, dW, db
"""


@pytest.fixture(scope="module")
def batched() -> Iterator[ExerciseGrader]:
    course = load_course(ROOT, only=("batched-linear",))
    exercises = course.assignments["batched-linear"].exercises
    (exercise,) = (one for one in exercises if one.name == "batched_backward")
    with Sandbox("sandbox", course.limits) as sandbox:
        yield ExerciseGrader(course, exercise, sandbox)


@pytest.mark.parametrize(
    ("by", "named"),
    [("", {"python-loops"}), (" / len(X)", {"mean-instead-of-sum"}), (" * 3.5", set())],
)
def test_who_is_slow_as_well_is_told_both(
    batched: ExerciseGrader, by: str, named: set[str]
) -> None:
    source = LOOPS.format(by=by)
    submission = Submission("ada", "batched-linear", {"batched_backward.py": source})
    run, judgements = batched.run(submission)
    timed = [one for one in judgements if isinstance(one.test, EfficiencyTest)]
    assert timed
    for one in timed:
        assert one.score == 0
        assert one.finding is not None
        assert isinstance(one.finding.fault, ManyLines)
        assert not one.proven  # nothing came of it
    behind = batched.mistakes_behind(judgements, run, submission)
    assert set(behind.values()) == named
    wrong = {one.test.name for one in judgements if one.finding is not None and one not in timed}
    assert bool(wrong) == bool(by)
    if by and named:
        assert wrong <= behind.keys()
