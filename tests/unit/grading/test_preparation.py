"""What is worked out once for a class is the same however many processes work on it."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from autograder.batch.cache import CourseCache
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.grading import preparation
from autograder.grading.grader import public_part
from autograder.grading.preparation import Prepared, prepare, prepare_for, prepare_for_one
from autograder.sandbox.host import Sandbox
from autograder.student.checking import CheckedExercise, check_exercise
from autograder.submissions.submission import Submission, SubmissionRef
from autograder.truth.witnesses import Witnesses

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(ROOT, only=["linear-layer"])


def numbers(prepared: Prepared) -> list[object]:
    return [
        (test, number, output, one.shape, one.value.tobytes(), np.asarray(one.tolerance).tobytes())
        for test, truths in prepared.truths.items()
        for number, expected in enumerate(truths)
        for output, one in expected.items()
        if one.value is not None
    ]


def test_jobs_change_nothing(course: Course) -> None:
    exercises = course.assignments["linear-layer"].exercises[:3]
    alone = prepare(exercises, course.seed)
    shared = prepare(exercises, course.seed, jobs=3)
    assert len(alone) == len(shared) == 3
    for exercise, one, other in zip(exercises, alone, shared, strict=True):
        assert list(one.cases) == list(one.truths) == [test.name for test in exercise.run_tests]
        assert [len(one.cases[name]) for name in one.cases] == [
            len(one.truths[name]) for name in one.truths
        ]
        assert numbers(one) == numbers(other) != []


def test_what_is_worked_out_later_is_the_same(course: Course) -> None:
    exercise = course.assignments["linear-layer"].exercises[2]
    (at_once,) = prepare([exercise], course.seed)
    assert numbers(prepare_for_one(exercise, course.seed)) == numbers(at_once) != []


def test_code_that_returns_nothing_is_held_against_nothing(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stub is judged at once, however long the truth takes."""
    exercise = course.assignments["linear-layer"].exercises[2]

    def truth(*_: object, **__: object) -> NoReturn:
        raise LookupError("what is expected was asked for")

    monkeypatch.setattr(preparation, "expected_outputs", truth)
    stub = exercise.stub_path.read_text("utf-8")
    with Sandbox("process", course.limits) as sandbox:

        def check(source: str) -> CheckedExercise:
            work = Submission("", "linear-layer", {f"{exercise.name}.py": source})
            return check_exercise(course, public_part(exercise), work, sandbox, "en")

        assert check(stub).untouched
        with pytest.raises(LookupError):
            check(
                f"def {exercise.signature.function}(W, dy):\n    return dy  # NotImplementedError"
            )


def test_only_exercises_that_somebody_handed_in(course: Course, tmp_path: Path) -> None:
    for student, file in {"kim": "dx.py", "lee": "dW.ipynb", "park": "notes.txt"}.items():
        folder = tmp_path / student / "linear-layer"
        folder.mkdir(parents=True)
        (folder / file).write_text("")
    refs = [
        SubmissionRef(name, "linear-layer", tmp_path / name / "linear-layer")
        for name in ("kim", "lee", "park")
    ]
    assert set(prepare_for(refs, course, 1)) == {("linear-layer", "dx"), ("linear-layer", "dW")}
    assert prepare_for(refs[2:], course, 1) == {}


def test_a_notebook_of_the_assignment_may_hold_any(course: Course, tmp_path: Path) -> None:
    (tmp_path / "linear-layer.ipynb").write_text("")
    names = {
        name for _, name in prepare_for([SubmissionRef("kim", "linear-layer", tmp_path)], course, 2)
    }
    assert names == {exercise.name for exercise in course.assignments["linear-layer"].exercises}


def test_a_bug_of_ours_is_left_to_the_workers_to_report(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Witnesses, "from_reference", broken)
    (tmp_path / "dx.py").write_text("")
    assert prepare_for([SubmissionRef("kim", "linear-layer", tmp_path)], course, 1) == {}


def places(prepared: Prepared) -> list[object]:
    """The inputs of every case with how they lie in memory, and its functions."""
    return [
        (test, name, array.dtype.str, array.shape, array.strides, array.tobytes())
        for test, cases in prepared.cases.items()
        for case in cases
        for name, array in case.arrays.items()
    ] + [
        (test, list(case.functions), case.dims)
        for test in prepared.cases
        for case in prepared.cases[test]
    ]


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    course = load_course(ROOT)
    exercises = [one for each in course.assignments.values() for one in each.exercises]
    (tmp_path / "config.yaml").write_text("")
    made = prepare(exercises, course.seed, jobs=2, cache=CourseCache(tmp_path))
    again = prepare(exercises, course.seed, cache=CourseCache(tmp_path))
    for one, other in zip(made, again, strict=True):
        assert places(one) == places(other) != []
        assert numbers(one) == numbers(other)
    strided = [
        array
        for prepared in again
        for cases in prepared.cases.values()
        for case in cases
        for array in case.arrays.values()
        if not (array.flags.c_contiguous or array.flags.f_contiguous)
    ]
    assert strided
    assert any(case.functions for one in again for cases in one.cases.values() for case in cases)
