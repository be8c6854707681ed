"""Findings in words: numbers that can be told apart, and no English where the course is Korean."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograder.grading.explain import explain_finding, explain_verdict
from autograder.grading.judge import Finding
from autograder.grading.observation import Failure, change_of
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Element
from autograder.truth.cases import Case
from autograder.truth.compare import NotAnArray, NumpyArray, compare
from autograder.truth.expected import Expected
from tests.support.exercises import linear_backward_exercise


def expected(value: object) -> Expected:
    array = np.asarray(value)
    is_truth_value = array.dtype == np.bool_
    return Expected(array.shape, array, None if is_truth_value else 1e-15 * array, "reference")


def test_two_different_numbers_look_different() -> None:
    verdict = compare(expected([54.0, 1.0]), np.array([54.0 + 3e-13, 1.0]))
    found = re.search(
        r"dx\[0\] is (\S+), not (\S+)\.$", explain_verdict("dx", verdict, Case({}), "en")
    )
    assert found is not None
    assert found[1] != found[2]


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        (np.array(True), "Returned True; the right answer is False."),
        (np.array(0), "ok has the type int64; it must be True or False."),
        (np.array([False]), "ok has the type numpy.ndarray (1,); it must be True or False."),
        (NotAnArray("str"), "ok has the type str; it must be True or False."),
    ],
)
def test_truth_values_are_called_by_their_names(
    actual: NumpyArray | NotAnArray, message: str
) -> None:
    verdict = compare(expected(False), actual)
    assert explain_verdict("ok", verdict, Case({}), "en") == message


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("exit code 3", "(종료 코드 3)"), ("signal 64", "(시그널 64)"), ("SIGSEGV", "(SIGSEGV)")],
)
def test_the_end_of_a_process_is_told_in_korean(detail: str, shown: str) -> None:
    finding = Finding(None, failure=Failure("crashed", detail))
    (line,) = explain_finding(linear_backward_exercise(), finding, Case({}), Limits(), "ko", {})
    assert shown in line


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        (Element((0, 1), 2.5), " (W[0, 1] was 1 and is 2.5 now)."),
        (Element((0, 1), 1 + 1e-15), " (W[0, 1] was 1 and is 1.000000000000001 now)."),
        (Element((0, 1), True), " (W[0, 1] was 1 and is True now)."),
        (None, "input W. "),
        # what no honest process says
        (Element((0,), 2.5), "input W. "),
        (Element((0, 2), 2.5), "input W. "),
    ],
)
def test_a_changed_element_is_one_of_the_argument(element: Element | None, shown: str) -> None:
    change = change_of("W", np.ones((1, 2)), element)
    finding = Finding(0, property="inputs_unchanged", names=("W",), change=change)
    exercise = linear_backward_exercise()
    (line,) = explain_finding(exercise, finding, Case({}), Limits(), "en", {})
    assert shown in line
