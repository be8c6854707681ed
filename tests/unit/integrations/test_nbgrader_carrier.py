"""The notebooks for nbgrader, as data: nbgrader itself is not needed for these."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import CourseError
from autograder.grades.model import ExerciseGrade
from autograder.grades.model import TestGrade as OneTest
from autograder.integrations.nbgrader.carrier import carrier, compose, fill, students_cells
from autograder.integrations.nbgrader.cells import grade_cells, grade_id
from autograder.integrations.nbgrader.config import answer_files, configure, faults
from autograder.submissions.submission import Submission
from tests.support.whole_course import COURSE

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "courses" / "good"
# Exercises that are filled in by hand have no notebook.
WITH_CODE = [
    name
    for name, assignment in COURSE.assignments.items()
    if not any(exercise.answers for exercise in assignment.exercises)
]


@pytest.fixture
def dx() -> Exercise:
    return load_course(GOOD).assignments["linear-layer"].exercises[0]


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_every_name_of_a_test_has_an_id_of_its_own(one: str, other: str) -> None:
    for name in (one, other):
        assert 1 <= len(grade_id(name)) <= 80
        assert grade_id(name).replace("_", "").replace("-", "").isascii()
        assert all(char.isalnum() or char in "_-" for char in grade_id(name))
    assert (grade_id(one) == grade_id(other)) == (one == other)


@pytest.mark.parametrize("name", ["answer", "statement", "hidden-tests"])
def test_a_test_named_as_one_of_our_cells_gets_another_id(name: str) -> None:
    assert grade_id(name) != name


@pytest.mark.parametrize("assignment", COURSE.assignments)
@pytest.mark.parametrize("policy", ["none", "names", "hints", "all"])
def test_cells_are_worth_the_exercise(assignment: str, policy: str) -> None:
    for exercise in COURSE.assignments[assignment].exercises:
        cells = grade_cells(exercise, policy, "en")  # type: ignore[arg-type]
        assert math.fsum(cell.points for cell in cells) == pytest.approx(exercise.max_score)
        assert len({cell.grade_id for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    "assignment",
    [WITH_CODE[0], *(pytest.param(name, marks=pytest.mark.course) for name in WITH_CODE[1:])],
)
def test_every_exercise_of_the_course_has_a_carrier(
    assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nbgrader grades without our configuration, a grade cell raises."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    for exercise in COURSE.assignments[assignment].exercises:
        for language in COURSE.languages:
            notebook = json.loads(carrier(exercise, "hints", language))
            for cell in notebook["cells"]:
                source = "".join(cell["source"])
                if cell["cell_type"] == "code":
                    compile(source, exercise.name, "exec")
                if cell["metadata"]["nbgrader"]["grade"]:
                    with pytest.raises(RuntimeError, match="autograder"):
                        exec(source, {})


@pytest.mark.parametrize("assignment", WITH_CODE)
def test_public_tests_are_tried_where_students_validate(
    assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the solution every cell passes; with a stub those of public tests that run code fail."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    monkeypatch.syspath_prepend(str(ROOT / "solutions" / assignment))
    tried = 0
    for exercise in COURSE.assignments[assignment].exercises:
        assert exercise.solution_path is not None
        solution = {"__name__": exercise.name}
        exec(exercise.solution_path.read_text("utf-8"), solution)
        stub = {"__name__": exercise.name}
        exec(exercise.stub_path.read_text("utf-8"), stub)
        for cell in json.loads(carrier(exercise, "hints", "en"))["cells"]:
            if not cell["metadata"]["nbgrader"]["grade"]:
                continue
            source = "".join(cell["source"])
            exec(source, solution)
            if "_check()" in source:
                tried += 1
                with pytest.raises(NotImplementedError):
                    exec(source, stub)
    assert tried >= len(COURSE.assignments[assignment].exercises)


def test_the_answer_cell_keeps_the_stub_around_its_regions(dx: Exercise) -> None:
    answer = json.loads(carrier(dx, "hints", "en"))["cells"][1]["source"]
    assert [line.strip() for line in answer][-5:] == [
        "# ---- your code starts here ----",
        "### BEGIN SOLUTION",
        "raise NotImplementedError",
        "### END SOLUTION",
        "# ---- your code ends here ----",
    ]


def test_a_stub_without_a_place_for_the_answer_is_refused(dx: Exercise, tmp_path: Path) -> None:
    stub = tmp_path / "dx.py"
    stub.write_text("def linear_dx(W, dy):\n    pass\n")
    with pytest.raises(CourseError, match="has no 'raise NotImplementedError'"):
        carrier(replace(dx, stub_path=stub), "hints", "en")


def graded(score: float, name: str = "worked-example") -> ExerciseGrade:
    test = OneTest(name, "public", score, 2, "failed", "No.")
    return ExerciseGrade("dx", score, 10, (test,))


@pytest.mark.parametrize(
    ("score", "written"),
    [
        (1.5, "1.5"),
        (99.0, "2.0"),
        (-1.0, "0.0"),
        (math.nan, "0.0"),
        (math.inf, "0.0"),
        (True, "1.0"),
    ],
)
def test_a_score_is_a_plain_number_within_its_points(
    dx: Exercise, score: float, written: str
) -> None:
    notebook = json.loads(carrier(dx, "hints", "en"))
    fill(notebook["cells"], graded(score), grade_cells(dx, "hints", "en"), "en")
    outputs = notebook["cells"][2]["outputs"]
    assert outputs[-1]["output_type"] == "execute_result"
    assert outputs[-1]["data"] == {"text/plain": written}
    assert {output.get("name") for output in outputs[:-1]} == {"stdout"}


def test_a_cell_whose_test_has_no_grade_gets_nothing(dx: Exercise) -> None:
    notebook = json.loads(carrier(dx, "hints", "en"))
    scores = fill(notebook["cells"], graded(2.0, "other"), grade_cells(dx, "hints", "en"), "en")
    assert set(scores.values()) == {0.0}
    for cell in notebook["cells"][2:]:
        assert cell["outputs"][-1]["data"] == {"text/plain": "0.0"}


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["cells", "cell_type", "source", "metadata", "nbgrader", "grade_id"]),
        inner, max_size=4,
    ),
    max_leaves=12,
).map(lambda content: json.dumps(content).encode()))  # fmt: skip
def test_whatever_comes_back_the_carrier_stays_whole(content: bytes) -> None:
    exercise = load_dx()
    original = carrier(exercise, "hints", "en")
    cells = students_cells(content, original)
    composed = compose(original, cells, Submission("ada", "linear-layer", {}), "dx")
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in composed["cells"]]
    wanted = [
        "statement",
        "answer",
        *(cell.grade_id for cell in grade_cells(exercise, "hints", "en")),
    ]
    assert [one for one in ids if one is not None] == wanted
    assert all(cell.get("outputs", []) == [] for cell in composed["cells"])
    assert {cell["cell_type"] for cell in composed["cells"][1:]} == {"code"}


@pytest.mark.parametrize("odd", [{}, {"a": 1}, [], ["answer"], 1, 0.5, None, True])
def test_cells_with_odd_identifiers_are_the_student_s_own(odd: object, dx: Exercise) -> None:
    cells = [
        {"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": odd}}},
        {"cell_type": "code", "source": "y = 2", "metadata": {"nbgrader": odd}},
        {"cell_type": "code", "source": "z = 3", "metadata": {"nbgrader": {"grade_id": "answer"}}},
    ]
    found = students_cells(json.dumps({"cells": cells}).encode(), carrier(dx, "hints", "en"))
    assert (found.answer, found.others) == ("z = 3", ["x = 1", "y = 2"])


def load_dx() -> Exercise:
    return _DX


_DX = load_course(GOOD).assignments["linear-layer"].exercises[0]


class Section(dict[str, object]):
    """Like a section of traitlets' configuration."""

    def __getattr__(self, name: str) -> object:
        return self.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value


class Configuration:
    def __init__(self) -> None:
        self.Autograde = Section()
        self.GenerateFeedback = Section()
        self.Autograder = Section()
        self.CourseDirectory = Section(root=str(GOOD))


def test_configure_leaves_no_faults_and_keeps_what_was_there() -> None:
    c = Configuration()
    assert len(faults(c, GOOD)) == 4
    theirs = ["Execute", "SaveAutoGrades", "AssignLatePenalties"]
    c.Autograde["autograde_preprocessors"] = [
        "theirs.First",
        *(f"nbgrader.preprocessors.{name}" for name in theirs),
    ]
    c.Autograde["exclude_overwriting"] = {"linear-layer": ["notes.txt"], "other": ["x.py"]}
    configure(c)
    assert faults(c, GOOD) == []
    chosen = c.Autograde["autograde_preprocessors"]
    assert isinstance(chosen, list)
    assert [name.rpartition(".")[2] for name in chosen] == [
        "First",
        "ExternalGrade",
        "SaveScores",
        "LatePenalties",
    ]
    assert c.Autograde["exclude_overwriting"] == {
        "linear-layer": ["dx.py", "notes.txt"],
        "other": ["x.py"],
    }


def test_answer_files_are_the_stubs_of_the_course() -> None:
    assert answer_files(ROOT) == {
        name: sorted(f"{exercise.name}.py" for exercise in assignment.exercises)
        for name, assignment in COURSE.assignments.items()
    }
