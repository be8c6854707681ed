"""A few lines of numpy in which a failing case can be tried by hand."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.course.exercise import EfficiencyTest, Exercise, PropertyTest, RunTest, Step
from autograder.grading.plan import second_inputs
from autograder.student.checking import CheckedTest
from autograder.truth.cases import Case

# An array of more elements is written in base64.
MAX_WRITTEN = 400


def script(exercise: Exercise, test: CheckedTest, case: Case, *, note: str = "") -> str:
    """A program that makes the inputs of a failing case, calls the student's code as the test does,
    and compares. It stands beside the student's file. ``note`` is its first comment."""
    declared = next(one for one in exercise.run_tests if one.name == test.grade.name)
    lines = [f"# {line}" for line in note.splitlines()]
    lines += ["import numpy as np", ""]
    entry = exercise.signature.function
    lines += [f"from {exercise.name} import {entry}", "", "np.set_printoptions(precision=17)"]
    for name, array in case.inputs.items():
        lines += _array(name, array)
    for name in case.functions:
        lines += _function(name, exercise, declared)
    lines += ["", *_call(exercise, declared, case)]
    if test.case is not None:
        for compared in test.case.outputs:
            if compared.expected.value is not None:
                expected = f"expected_{compared.output}"
                lines += ["", *_array(expected, np.asarray(compared.expected.value))]
                returned = compared.output if compared.look == 1 else f"again_{compared.output}"
                lines += [
                    f"print({compared.output!r}, {returned})",
                    f"print('expected', {expected})",
                ]
                if compared.wrong is not None:  # they have one shape
                    lines.append(f"print('difference', np.asarray({returned}) - {expected})")
    return "\n".join(lines) + "\n"


def _array(name: str, array: np.ndarray[Any, Any]) -> Iterator[str]:
    """The array as it is, element for element and in its order in memory."""
    dtype = array.dtype.name
    if array.ndim == 0:
        yield f"{name} = {array.item()!r}"
        return
    if array.size > MAX_WRITTEN:
        packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes())).decode()
        yield "import base64, zlib"
        yield f"{name} = np.frombuffer(zlib.decompress(base64.b64decode({packed!r})), {dtype!r})"
        yield f"{name} = {name}.reshape({array.shape}).copy()"
    else:
        written = np.array2string(
            array, separator=", ", threshold=array.size + 1, floatmode="unique", max_line_width=96
        )
        written = written.replace("nan", "np.nan").replace("inf", "np.inf")
        yield f"{name} = np.array({written}, dtype={dtype!r}).reshape({array.shape})"
    if array.flags.c_contiguous:
        return
    if array.flags.f_contiguous:
        yield f"{name} = np.asfortranarray({name})"
    elif any(stride < 0 for stride in array.strides):
        back = ", ".join(["::-1"] * array.ndim)
        yield f"{name} = {name}[{back}].copy()[{back}]  # backwards in memory"
    else:
        apart = ", ".join(["::2"] * array.ndim)
        yield f"_room = np.zeros([2 * length for length in {name}.shape], {dtype!r})"
        yield f"_room[{apart}] = {name}"
        yield f"{name} = _room[{apart}]  # with gaps in memory"


def _function(name: str, exercise: Exercise, test: RunTest) -> Iterator[str]:
    own = getattr(test.inputs, "functions", {}).get(name) or exercise.functions.get(name, ())
    first, *others = own
    yield f"{name} = {first}"
    if others:
        yield f"# or one of: {'; '.join(others)}"


def _call(exercise: Exercise, test: RunTest, case: Case) -> Iterator[str]:
    if isinstance(test, PropertyTest) and test.property == "inputs_unchanged":
        for name in case.inputs:
            yield f"before_{name} = np.copy({name})"
    yield from _steps(test.steps)
    if isinstance(test, EfficiencyTest):
        yield "# The result is right; it is the time of such calls that counts."
    if not isinstance(test, PropertyTest):
        return
    if test.property == "inputs_unchanged":
        for name in case.inputs:
            yield f"print({name!r}, 'is unchanged:', np.array_equal({name}, before_{name}))"
        return
    second = second_inputs(exercise, test, case)
    (step,) = test.steps
    if second is None:
        return
    if test.property == "fresh_results":
        for name in step.results:
            yield f"first_{name} = np.copy({name})"
    for name, array in second.inputs.items():
        if array is not case.inputs[name]:
            yield from _array(f"other_{name}", array)
    arguments = [
        name
        if name not in second.inputs or second.inputs[name] is case.inputs[name]
        else f"other_{name}"
        for name in step.arguments or ()
    ]
    results = ", ".join(f"again_{name}" for name in step.results)
    yield f"{results} = {step.target}({', '.join(arguments)})  # the second call"
    if test.property == "fresh_results":
        for name in step.results:
            yield f"again_{name} = {name}  # the first result, after it"
            yield f"print({name!r}, 'has stayed:', np.array_equal({name}, first_{name}))"


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        results = f"{', '.join(step.results)} = " if step.results else ""
        arguments = "" if step.arguments is None else f"({', '.join(step.arguments)})"
        yield f"{results}{step.target}{arguments}"
