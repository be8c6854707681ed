"""Public tests as plain Python for a cell of a notebook: asserts that need nothing but numpy.

Students validate a notebook before they hand it in (`nbgrader validate`, the button in JupyterLab),
where neither this package nor the course's YAML need be. Inputs and right results are written
into the cell, so public tests alone can be: everything in them is public anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.course.exercise import (
    ExampleTest,
    Exercise,
    GradientTest,
    PropertyTest,
    RunTest,
    Step,
    Test,
)
from autograder.errors import CourseError
from autograder.text.language import Language
from autograder.text.messages import text
from autograder.truth.cases import Case, draw_cases
from autograder.truth.expected import Expected, expected_outputs

# A case with more numbers than this is left to the grader.
MAX_NUMBERS = 60
MAX_CASES = 2
# Validation is for students, not for grades: near enough is right.
_RELATIVE = 1e-6

_SAME = """\
def _same(name, actual, expected, slack):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{name}: shape {actual.shape} ≠ {expected.shape}"
    far = actual != expected if expected.dtype == bool else np.abs(actual - expected) > slack
    assert not np.any(far), f"{name}: {actual} ≠ {expected}"
"""


def plain_test(exercise: Exercise, test: Test, language: Language) -> str | None:
    """The code that tries a public ``test`` on what the notebook defines; None where it cannot be
    tried like this, as a test of time or of the source."""
    if test.visibility != "public" or not isinstance(
        test, (ExampleTest, GradientTest, PropertyTest)
    ):
        return None
    try:
        cases = draw_cases(exercise, test, 0)
        truths = [expected_outputs(exercise, test, case, None) for case in cases]
    except CourseError:  # said by lint
        return None
    small = [
        (case, truth)
        for case, truth in zip(cases, truths, strict=True)
        if sum(array.size for array in case.inputs.values()) <= MAX_NUMBERS
    ]
    blocks = [
        block for case, truth in small if (block := "\n".join(_case(test, case, truth, language)))
    ][:MAX_CASES]
    if not blocks:
        return None
    body = "\n\n".join(blocks).replace("\n", "\n    ").replace("\n    \n", "\n\n")
    # In a function, so that a student's own variables stay as they are.
    return f"import numpy as np\n\n\n{_SAME}\n\ndef _check():\n    {body}\n\n\n_check()"


def _case(test: RunTest, case: Case, truth: Any, language: Language) -> Iterator[str]:
    """One case: inputs, steps, and what must be so afterwards."""
    names = list(dict.fromkeys(name for step in test.steps for name in step.arguments or ()))
    for name in names:
        if name in case.inputs:
            yield f"{name} = {_literal(case.inputs[name])}"
        elif name in case.function_texts:
            yield f"{name} = {case.function_texts[name]}"
    arrays = [name for name in names if name in case.inputs and case.inputs[name].ndim]
    kind = test.property if isinstance(test, PropertyTest) else ""
    if kind == "inputs_unchanged":
        yield from (f"_{name} = {name}.copy()" for name in arrays)
    yield from (_step(step) for step in test.steps)
    outputs = [name for part in test.parts for name in part.outputs]
    for name in outputs:
        expected: Expected = truth[name]
        if expected.value is None:
            continue
        right, slack = _numbers(expected.value), _slack(expected.value, expected.tolerance)
        yield f"_same({name!r}, {name}, {right}, {slack})"
    if kind == "inputs_unchanged":
        message = text("nbgrader_changed", language)
        for name in arrays:
            yield f"assert np.array_equal({name}, _{name}, equal_nan=True), {message + name!r}"
    elif kind in ("fresh_results", "repeatable") and len(outputs) == len(test.steps[0].results):
        kept = ", ".join(f"_{name}" for name in outputs)
        copies = ", ".join(f"np.array({name})" for name in outputs)
        yield f"{kept} = {copies}"
        again = test.steps[0]
        changed = ", ".join(
            f"{name} * 3 + 1" if kind == "fresh_results" and _is_real(case, name) else name
            for name in again.arguments or ()
        )
        yield f"{again.target}({changed})"
        message = text("nbgrader_not_kept", language)
        for name in outputs:
            yield f"assert np.array_equal({name}, _{name}, equal_nan=True), {message + name!r}"


def _is_real(case: Case, name: str) -> bool:
    return (
        name in case.inputs and case.inputs[name].ndim > 0 and case.inputs[name].dtype.kind == "f"
    )


def _step(step: Step) -> str:
    call = step.target
    if step.arguments is not None:
        call += f"({', '.join(step.arguments)})"
    return f"{', '.join(step.results)} = {call}" if step.results else call


def _literal(array: np.ndarray[Any, Any]) -> str:
    """The array as it is written in Python, with its dtype."""
    if array.ndim == 0:
        return repr(array.item())
    dtype = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype.name}"
    numbers = _numbers(array)
    made = f"np.array({numbers}{dtype})"
    if array.dtype == np.float64 and "." not in numbers:
        made = f"np.array({numbers}, dtype=float)"
    if array.size == 0:
        made += f".reshape({array.shape})"
    return made


def _numbers(array: np.ndarray[Any, Any]) -> str:
    """Nested lists, whole numbers without a point."""
    return (
        repr(_short(np.asarray(array).tolist())).replace("nan", "np.nan").replace("inf", "np.inf")
    )


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def _slack(value: np.ndarray[Any, Any], tolerance: np.ndarray[Any, Any] | None) -> str:
    """How far off a result may be, as one number: generous, and the same for all elements."""
    if tolerance is None or not value.size:
        return "0"
    largest = float(np.max(np.abs(value), initial=0.0))
    most = float(np.max(np.asarray(tolerance), initial=0.0))
    return f"{max(most, _RELATIVE * max(largest, 1e-3)):.1e}"
