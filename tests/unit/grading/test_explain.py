"""Findings in words: numbers that can be told apart, and no English where the course is Korean."""

from __future__ import annotations

import re

import numpy as np
import pytest
from msgspec.structs import replace

from autograder.course.exercise import Exercise, Step
from autograder.grading.explain import explain_finding, explain_verdict
from autograder.grading.failures import Failure
from autograder.grading.finding import ChangedInputs, Finding
from autograder.grading.observation import change_of
from autograder.sandbox.limits import Limits
from autograder.sandbox.protocol import Element
from autograder.truth.cases import Case
from autograder.truth.compare import NotAnArray, NumpyArray, compare
from autograder.truth.expected import Expected
from tests.support.exercises import gradient_test, linear_backward_exercise


def expected(value: object) -> Expected:
    array = np.asarray(value)
    is_truth_value = array.dtype == np.bool_
    return Expected(array.shape, array, None if is_truth_value else 1e-15 * array, "reference")


def test_two_different_numbers_look_different() -> None:
    verdict = compare(expected([54.0, 1.0, 1.0]), np.array([54.0 + 3e-13, 1.0, 1.0]))
    found = re.search(
        r"dx\[0\] is (\S+), not (\S+)\.$", explain_verdict("dx", verdict, Case({}), "en")
    )
    assert found is not None
    assert found[1] != found[2]


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        (np.array(True), "ok is True, not False."),
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
    finding = Finding(Failure("crashed", detail))
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
    finding = Finding(ChangedInputs(("W",), change), 0)
    exercise = linear_backward_exercise()
    (line,) = explain_finding(exercise, finding, Case({}), Limits(), "en", {})
    assert shown in line


NEARLY, NEARLY_KO = "dx is nearly right but not exact", "dx: 거의 맞지만 정확하지 않습니다"
UNROUNDED = "Return what was computed, unrounded."
UNROUNDED_KO = "계산한 값을 반올림하지 말고 그대로 반환하세요."
RENAMED = "Was it renamed or deleted?"
RENAMED_KO = "이름을 바꾸었거나 지우지 않았나요?"


def layer_exercise() -> Exercise:
    """A class ``Linear`` whose steps read an attribute after ``backward``."""
    steps = (
        Step(("layer",), "Linear", ("W",)),
        Step(("Y",), "layer.forward", ("x",)),
        Step((), "layer.backward", ("dy",)),
        Step(("dW",), "layer.dW"),
    )
    test = replace(gradient_test(), steps=steps)
    exercise = linear_backward_exercise(test)
    signature = replace(exercise.signature, function="Linear")
    return replace(exercise, signature=signature, is_class=True)


@pytest.mark.parametrize(
    ("exercise", "detail", "english", "korean"),
    [
        (
            linear_backward_exercise(),
            "",
            f"There is no linear_backward in linear_backward.py. {RENAMED}",
            f"linear_backward.py에 함수 linear_backward가 없습니다. {RENAMED_KO}",
        ),
        (
            layer_exercise(),
            "Linear",
            f"There is no class Linear in linear_backward.py. {RENAMED}",
            f"linear_backward.py에 class Linear가 없습니다. {RENAMED_KO}",
        ),
        (
            layer_exercise(),
            "layer.forward",
            f"The class Linear in linear_backward.py has no method forward. {RENAMED}",
            f"linear_backward.py의 class Linear에 메서드 forward가 없습니다. {RENAMED_KO}",
        ),
        (
            layer_exercise(),
            "layer.dW",
            "After backward has been called, there is no self.dW.",
            "backward를 호출한 뒤에도 self.dW가 없습니다.",
        ),
        (
            linear_backward_exercise(),
            "helper",
            "There is no helper in linear_backward.py.",
            "linear_backward.py에 helper가 없습니다.",
        ),
    ],
)
def test_what_is_missing_is_called_what_it_is(
    exercise: Exercise, detail: str, english: str, korean: str
) -> None:
    finding = Finding(Failure("missing_function", detail))
    for language, message in (("en", english), ("ko", korean)):
        assert explain_finding(exercise, finding, Case({}), Limits(), language, {}) == (message,)


@pytest.mark.parametrize(
    ("value", "returned", "english", "korean"),
    [
        ([54.0, 1.0], [40.0, 1.0], "dx: 1 of 2 elements is wrong; dx[0] is 40, not 54.",
         "dx: 원소 2개 중 1개가 틀렸습니다. dx[0]의 정답은 54인데 40이 나왔습니다."),
        ([54.0, 1.0], [42.0, 1.1], "dx: 2 of 2 elements are wrong; dx[0] is 42, not 54.",
         "dx: 원소 2개 중 2개가 틀렸습니다. dx[0]의 정답은 54인데 42가 나왔습니다."),
        (54.0, -2.5, "dx is wrong; dx is -2.5, not 54.",
         "dx: 값이 틀렸습니다. dx의 정답은 54인데 -2.5가 나왔습니다."),
        (False, True, "dx is True, not False.", "dx: 정답은 False인데 True를 반환했습니다."),
        (True, False, "dx is False, not True.", "dx: 정답은 True인데 False를 반환했습니다."),
        (54.0, np.nan, "dx is nan or inf.", "dx가 nan 또는 inf입니다."),
        ([54.0, 1.0], [np.inf, 1.0], "dx contains nan or inf, for example dx[0].",
         "dx에 nan 또는 inf가 있습니다(예: dx[0])."),
        (54.0, [54.0], "dx has shape (1,); it must be a single number, not an array.",
         "dx: shape이 (1,)입니다. 배열이 아니라 숫자 하나여야 합니다."),
        ([54.0], [[54.0]], "dx has shape (1, 1); it must be (1,).",
         "dx: shape이 (1, 1)입니다. 맞는 shape은 (1,)입니다."),
        ([123.456, 654.321], [123.5, 654.3],
         f"{NEARLY}; dx[0] is 123.5, not 123.456: its numbers look rounded to 1 decimal. "
         f"{UNROUNDED}",
         f"{NEARLY_KO}. dx[0]의 정답은 123.456인데 123.5가 나왔습니다. 값이 소수점 아래 1자리로 "
         f"반올림된 것 같습니다. {UNROUNDED_KO}"),
        ([1.23456, 12.3456], [1.235, 12.35],
         f"{NEARLY}; dx[1] is 12.35, not 12.3456: its numbers look rounded to 4 significant "
         f"digits. {UNROUNDED}",
         f"{NEARLY_KO}. dx[1]의 정답은 12.3456인데 12.35가 나왔습니다. 값이 유효 숫자 4자리로 "
         f"반올림된 것 같습니다. {UNROUNDED_KO}"),
    ],
)  # fmt: skip
def test_verdicts_in_both_languages(
    value: object, returned: object, english: str, korean: str
) -> None:
    verdict = compare(expected(value), np.array(returned))
    assert explain_verdict("dx", verdict, Case({}), "en") == english
    assert explain_verdict("dx", verdict, Case({}), "ko") == korean


@pytest.mark.parametrize(
    ("count", "english"),
    [
        ("1", "Returned 1 value instead of 2: return dx, dW, in this order."),
        ("3", "Returned 3 values instead of 2: return dx, dW, in this order."),
    ],
)
def test_one_value_is_singular(count: str, english: str) -> None:
    finding = Finding(Failure("wrong_count", count))
    exercise = linear_backward_exercise()
    assert explain_finding(exercise, finding, Case({}), Limits(), "en", {}) == (english,)
