"""A check as JSON, for editors and scripts. The shape is documented in docs/check.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from autograder.student.checking import CheckedExercise, CheckedTest, Compared, FailedCase
from autograder.text.language import Language
from autograder.truth.compare import NotAnArray

VERSION = 1
# Larger arrays come without their values.
MAX_ELEMENTS = 1000


class JsonArray(Struct, frozen=True):
    """``values`` are nested lists; None for an array that is too large. nan and inf are null."""

    shape: tuple[int, ...]
    dtype: str
    values: Any = None


class JsonOutput(Struct, frozen=True, omit_defaults=True):
    name: str
    returned: JsonArray | str
    expected: JsonArray | None
    wrong: list[list[int]] | UnsetType = UNSET


class JsonFrame(Struct, frozen=True):
    file: str
    line: int
    function: str


class JsonCase(Struct, frozen=True):
    number: int
    inputs: dict[str, JsonArray]
    outputs: list[JsonOutput]
    traceback: list[JsonFrame]


class JsonTest(Struct, frozen=True):
    name: str
    title: str
    status: str
    score: float
    max_score: float
    message: str
    waiting: bool
    mistake: str | None
    hint: str | None
    case: JsonCase | None


class JsonExercise(Struct, frozen=True):
    assignment: str
    name: str
    title: str
    file: str
    passed: bool
    started: bool
    tests: list[JsonTest]
    output: str


class JsonCheck(Struct, frozen=True):
    version: int
    language: str
    passed: bool
    exercises: list[JsonExercise]


def encode(checked: Sequence[tuple[CheckedExercise, str]], language: Language) -> str:
    """All exercises, each with the file that was checked, as one line of JSON."""
    exercises = [_exercise(one, file) for one, file in checked]
    passed = all(one.passed for one in exercises)
    return msgspec.json.encode(JsonCheck(VERSION, language, passed, exercises)).decode()


def indented(encoded: str) -> str:
    """The same for people."""
    return msgspec.json.format(encoded, indent=2)


def _exercise(checked: CheckedExercise, file: str) -> JsonExercise:
    return JsonExercise(
        assignment=checked.exercise.assignment,
        name=checked.exercise.name,
        title=checked.title,
        file=file,
        passed=checked.passed,
        started=not checked.untouched,
        tests=[_test(test) for test in checked.tests],
        output=checked.output,
    )


def _test(test: CheckedTest) -> JsonTest:
    grade = test.grade
    return JsonTest(
        name=grade.name,
        title=test.title,
        status=grade.status,
        score=grade.score,
        max_score=grade.max_score,
        message=str(grade.message),  # which may be words that know how they came about
        waiting=test.is_waiting,
        mistake=grade.mistake,
        hint=grade.hint,
        case=None if test.case is None else _case(test.case),
    )


def _case(case: FailedCase) -> JsonCase:
    return JsonCase(
        number=case.number,
        inputs={name: _array(array) for name, array in case.inputs.items()},
        outputs=[_output(compared) for compared in case.outputs],
        traceback=[JsonFrame(frame.file, frame.line, frame.function) for frame in case.frames],
    )


def _output(compared: Compared) -> JsonOutput:
    returned, value = compared.returned, compared.expected.value
    places: list[list[int]] | UnsetType = UNSET
    if compared.wrong is not None and compared.wrong.size <= MAX_ELEMENTS:
        places = np.argwhere(compared.wrong).tolist()
    return JsonOutput(
        name=compared.output,
        returned=returned.type_name if isinstance(returned, NotAnArray) else _array(returned),
        expected=None if value is None else _array(value),
        wrong=places,
    )


def _array(array: np.ndarray[Any, Any]) -> JsonArray:
    values = None
    if array.size <= MAX_ELEMENTS and array.dtype.kind in "fiub":
        values = array.tolist()
    return JsonArray(array.shape, array.dtype.name, values)
