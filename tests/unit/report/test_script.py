"""Scripts that reproduce a case: they run, and make the very inputs of the case."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from autograder.course.exercise import Exercise
from autograder.course.loading import load_exercise
from autograder.grades import model
from autograder.report.script import MAX_WRITTEN, script
from autograder.student.checking import CheckedTest, Compared, FailedCase
from autograder.truth.cases import Case, draw_cases
from autograder.truth.expected import Expected
from autograder.truth.reference import solution_source
from tests.support.small_course import ROOT

# A function, a class with steps, an argument that is a function, and one of whole numbers.
EXERCISES = [
    ("linear-layer", "dx"),
    ("batched-linear", "linear_module"),
    ("gradient-checking", "numerical_gradient"),
    ("layers", "embedding_backward"),
]


def checked(test: str, case: Case, *outputs: Compared) -> CheckedTest:
    grade = model.TestGrade(test, "hidden", 0, 1, "failed", "m")
    return CheckedTest("t", grade, None, FailedCase(1, case.inputs, outputs))


def with_solution(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solution in the place of the student's file."""
    module = types.ModuleType(exercise.name)
    exec(solution_source(exercise) or "", module.__dict__)
    monkeypatch.setitem(sys.modules, exercise.name, module)


def lies_alike(one: Any, other: np.ndarray[Any, Any]) -> bool:
    return (one.flags.c_contiguous, one.flags.f_contiguous, one.dtype) == (
        other.flags.c_contiguous,
        other.flags.f_contiguous,
        other.dtype,
    )


@pytest.mark.parametrize(("assignment", "name"), EXERCISES)
def test_a_case_of_every_test_is_made_again(
    assignment: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = load_exercise(ROOT, assignment, name, ("en", "ko"))
    with_solution(exercise, monkeypatch)
    for test in exercise.run_tests:
        for case in draw_cases(exercise, test, 3)[:3]:
            if sum(array.size for array in case.inputs.values()) > 20 * MAX_WRITTEN:
                continue
            written = script(exercise, checked(test.name, case), case, note="who\nwhat")
            assert written.startswith("# who\n# what\n")
            made: dict[str, Any] = {}
            with np.errstate(all="ignore"):
                exec(compile(written, "case", "exec"), made)
            for array_name, array in case.inputs.items():
                if array.ndim == 0:
                    assert made[array_name] == array.item()
                else:
                    assert np.array_equal(made[array_name], array, equal_nan=True)
                    assert lies_alike(made[array_name], array)
            assert {result for step in test.steps for result in step.results} <= made.keys()


def test_what_was_expected_is_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exercise = load_exercise(ROOT, "linear-layer", "dx", ("en", "ko"))
    with_solution(exercise, monkeypatch)
    test = next(one for one in exercise.run_tests if one.visibility == "hidden")
    (case, *_) = draw_cases(exercise, test, 3)
    value = case.inputs["W"].T @ case.inputs["dy"]
    expected = Expected(value.shape, value, np.zeros(value.shape), "reference")
    wrong = np.ones(value.shape, dtype=bool)
    compared = Compared("dx", value, expected, wrong)
    exec(script(exercise, checked(test.name, case, compared), case), {})
    said = capsys.readouterr().out
    assert "expected" in said
    assert "difference" in said
    # Of another shape there is no difference to show, and the script comes to its end.
    other = Compared("dx", value[:0], expected, None)
    exec(script(exercise, checked(test.name, case, other), case), {})
    assert "difference" not in capsys.readouterr().out
