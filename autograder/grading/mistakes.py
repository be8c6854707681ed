"""Which known mistake explains what a student's code did.

A mistake is code. It is run like a submission, on the same cases, and what it did
is compared with what the student's code did: the same wrong numbers, the same
exception, the same changed input. So a mistake that only shows in the second call,
or in what happens to the inputs, is recognised like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.course.exercise import Exercise, Mistake
from autograder.grading.judge import CHECKS, Judgement, Truth
from autograder.grading.observation import Failure, Observation
from autograder.grading.run import ExerciseRun
from autograder.submissions.submission import Submission
from autograder.truth.compare import NotAnArray
from autograder.truth.expected import Expected

# How closely wrong numbers must agree, relative to the largest of them. Far above what
# different ways to sum differ by, far below what different mistakes do.
AGREEMENT = 1e-9
AGREEMENT_FLOAT32 = 1e-4


def mutant(exercise: Exercise, mistake: Mistake, solution: str) -> Submission:
    """The submission that makes ``mistake`` in one place and is otherwise the ``solution``."""
    return Submission(
        student=mistake.name,
        assignment=exercise.assignment,
        files={f"{exercise.name}.py": mistake.code or _overridden(exercise, mistake, solution)},
    )


def _overridden(exercise: Exercise, mistake: Mistake, solution: str) -> str:
    """The solution, with some outputs replaced by the mistake's expressions."""
    signature = exercise.signature
    parameters, outputs = ", ".join(signature.parameters), ", ".join(signature.outputs)
    wrong = "\n".join(
        f"    _wrong_{output} = ({expression})" for output, expression in mistake.outputs.items()
    )
    results = ", ".join(
        f"_wrong_{output}" if output in mistake.outputs else output for output in signature.outputs
    )
    return "\n".join(
        [
            solution,
            "import numpy as np",
            f"_right = {signature.function}",
            f"def {signature.function}({parameters}):",
            f"    {outputs} = _right({parameters})",
            wrong,
            f"    return {results}",
        ]
    )


def explain(
    exercise: Exercise,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    mutants: Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]],
    truths: Mapping[str, Sequence[Truth]],
) -> dict[str, str]:
    """The names of the tests that lost points to a known mistake, and of that mistake.

    ``mutants`` holds, per mistake, what it did and how that was judged; ``truths`` what was
    expected, by test and case. A mistake explains
    an output if it was observed, unmistakably at least once, in every case in which the
    output is wrong, and if it would have been wrong in no case in which the output is right.
    """
    explained: dict[str, str] = {}
    for output, names in explaining(exercise, judgements, run, mutants, truths).items():
        if names:
            for judgement in judgements:
                if judgement.wrong.get(output):
                    explained.setdefault(judgement.test.name, names[0])
    return explained


def explaining(
    exercise: Exercise,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    mutants: Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]],
    truths: Mapping[str, Sequence[Truth]],
) -> dict[str, list[str]]:
    """For every output that is wrong somewhere, the names of all mistakes that explain it.

    Mistakes that explain everything, the outputs that are right too, go before those that
    explain some outputs. Of the latter are left out those that also make an output wrong that is
    right here, or wrong in another way.
    """
    outputs = list(dict.fromkeys(name for judgement in judgements for name in judgement.wrong))
    wrong = [
        output for output in outputs if any(judgement.wrong.get(output) for judgement in judgements)
    ]
    explained = {
        output: {
            mistake.name
            for mistake in exercise.mistakes
            if mistake.name in mutants
            and _explains(output, judgements, run, *mutants[mistake.name], truths)
        }
        for output in wrong
    }
    if CHECKS in wrong and len(wrong) > 1:
        explained[CHECKS] = _failing_alike(judgements, explained, mutants)
    right = [output for output in outputs if output not in wrong]
    whole = [
        mistake.name
        for mistake in exercise.mistakes
        if wrong
        and all(mistake.name in names for names in explained.values())
        and not any(
            judgement.wrong.get(output)
            for judgement in mutants[mistake.name][1]
            for output in right
        )
    ]
    if whole:
        return dict.fromkeys(wrong, whole)
    # What a mistake says of several outputs is true only where all of these are as it makes them.
    # A mistake that is written as expressions is about these, whatever an exception takes along.
    about = {mistake.name: mistake.outputs for mistake in exercise.mistakes}
    contradicted = {
        name
        for name, (_, others) in mutants.items()
        for judgement in others
        for output, numbers in judgement.wrong.items()
        if numbers
        and name not in explained.get(output, ())
        and (not about[name] or output in about[name])
    }
    return {
        output: [
            mistake.name
            for mistake in exercise.mistakes
            if mistake.name in names and mistake.name not in contradicted
        ]
        for output, names in explained.items()
    }


def _failing_alike(
    judgements: Sequence[Judgement],
    explained: Mapping[str, set[str]],
    mutants: Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]],
) -> set[str]:
    """Of the mistakes that explain an output, those that the same pytest tests catch: what
    their messages say may differ in the last digit."""
    return {
        name
        for output, names in explained.items()
        if output != CHECKS
        for name in names
        if all(
            one.wrong.get(CHECKS) == other.wrong.get(CHECKS)
            for one, other in zip(judgements, mutants[name][1], strict=True)
        )
    }


def _explains(
    output: str,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    other_run: ExerciseRun,
    others: Sequence[Judgement],
    truths: Mapping[str, Sequence[Truth]],
) -> bool:
    unmistakable = False
    for judgement, other in zip(judgements, others, strict=True):
        name = judgement.test.name
        wrong = judgement.wrong.get(output, ())
        if wrong != other.wrong.get(output, ()):
            return False
        for number in wrong:
            likeness = _likeness(
                output,
                run.observations[name][number],
                other_run.observations[name][number],
                # Of a pytest test only the failures are compared.
                truths[name][number][output] if name in truths else None,
            )
            if likeness is None:
                return False
            unmistakable = unmistakable or likeness
    return unmistakable


def _likeness(
    output: str, one: Observation, other: Observation, expected: Expected | None
) -> bool | None:
    """None if they differ, True if they are the same unmistakably, False if they may be."""
    if one.failure is not None or other.failure is not None or expected is None:
        return _same_failure(one.failure, other.failure)
    if (one.changed, one.shared) != (other.changed, other.shared):
        return None
    if not _same(one.outputs.get(output), other.outputs.get(output), expected):
        return None
    if (one.again is None) != (other.again is None):
        return None
    if one.again is not None and other.again is not None:
        return True if _same(one.again.get(output), other.again.get(output), expected) else None
    return True


def _same_failure(one: Failure | None, other: Failure | None) -> bool | None:
    if one is None or other is None or failure_key(one) != failure_key(other):
        return None
    # The author's words alone tell nothing of the values that a check failed on.
    return one.kind != "check" or one.exception is not None


def failure_key(failure: Failure) -> tuple[str, ...]:
    """What two failures that come from the same mistake have in common."""
    if failure.exception is None:
        return failure.kind, failure.detail
    exception = failure.exception
    return failure.kind, exception.type_name, exception.message


def _same(one: Any, other: Any, expected: Expected) -> bool:
    if isinstance(one, NotAnArray) and isinstance(other, NotAnArray):
        return one.type_name == other.type_name
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return bool(one.dtype.kind == other.dtype.kind)
    low = [is_low_precision(array, expected) for array in (one, other)]
    if low[0] != low[1]:
        return False
    agreement = agreement_of(low[0], expected)
    scale = np.max(np.abs(other), initial=0.0, where=np.isfinite(other))
    return bool(np.allclose(one, other, rtol=agreement, atol=agreement * scale, equal_nan=True))


def agreement_of(low: bool, expected: Expected) -> float:
    """How closely equal results agree, relative to the largest element."""
    return AGREEMENT_FLOAT32 if low or expected.itemsize < 8 else AGREEMENT


def is_low_precision(array: np.ndarray[Any, Any], expected: Expected) -> bool:
    """Whether the dtype alone makes it wrong."""
    return bool(array.dtype.kind == "f" and array.dtype.itemsize < expected.itemsize)
