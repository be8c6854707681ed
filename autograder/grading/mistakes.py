"""Which known mistake explains what a student's code did.

A mistake is code. It is run like a submission, on the same cases, and what it did
is compared with what the student's code did: the same wrong numbers, the same
exception, the same changed input. So a mistake that only shows in the second call,
or in what happens to the inputs, is recognised like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.exercise import Exercise, Mistake
from autograder.grading.clashes import find_shapes
from autograder.grading.failures import Failure
from autograder.grading.judge import CHECKS, Judgement, Truth
from autograder.grading.observation import Observation
from autograder.grading.run import ExerciseRun
from autograder.grading.sketch import Sketch, sketch
from autograder.submissions.submission import Submission
from autograder.truth.cases import Case
from autograder.truth.compare import NotAnArray
from autograder.truth.expected import Expected

# How closely wrong numbers must agree, relative to the largest of them. Far above what
# different ways to sum differ by, far below what different mistakes do.
AGREEMENT = 1e-9
AGREEMENT_FLOAT32 = 1e-4


def mutant(
    exercise: Exercise, mistake: Mistake, solution: str, values: Mapping[str, float] | None = None
) -> Submission:
    """The submission that makes ``mistake`` in one place and is otherwise the ``solution``.

    ``values`` are the numbers that its names stand for, by default the usual ones.
    """
    if values is None:
        values = {name: numbers[-1] for name, numbers in mistake.values.items()}
    numbers = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    code = mistake.code or _overridden(exercise, mistake, solution)
    return Submission(
        student=mistake.name,
        assignment=exercise.assignment,
        files={f"{exercise.name}.py": numbers + code},
    )


def other_values(mistake: Mistake) -> list[dict[str, float]]:
    """The numbers that the names of a mistake may stand for, besides the usual ones."""
    combinations = product(*mistake.values.values())
    every = [dict(zip(mistake.values, numbers, strict=True)) for numbers in combinations]
    return every[:-1]


def label(name: str, number: int) -> str:
    """What a mistake with the ``number``-th of its :func:`other_values` is called."""
    return f"{name}\n{number}"


def name_of(label: str) -> str:
    """The name of the mistake that has this :func:`label`."""
    return label.partition("\n")[0]


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
            # Not the tests that were lost to something else that the code does besides.
            same = [one for label, (_, one) in mutants.items() if name_of(label) == names[0]]
            for number, judgement in enumerate(judgements):
                wrong = set(judgement.wrong.get(output, ()))
                if wrong and any(wrong & set(one[number].wrong.get(output, ())) for one in same):
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
    order = {mistake.name: number for number, mistake in enumerate(exercise.mistakes)}
    labels = sorted(
        (one for one in mutants if name_of(one) in order), key=lambda x: order[name_of(x)]
    )
    explained: dict[str, set[str]] = {}
    for output in wrong:
        likeness = {
            one: _explains(output, judgements, run, *mutants[one], truths) for one in labels
        }
        # What is alike in all effects goes before what the code has further effects besides.
        best = min((one for one in likeness.values() if one is not None), default=None)
        explained[output] = {one for one in labels if best is not None and likeness[one] == best}
    if CHECKS in wrong and len(wrong) > 1:
        explained[CHECKS] = _failing_alike(judgements, explained, mutants)
    right = [output for output in outputs if output not in wrong]
    whole = [
        one
        for one in labels
        if wrong
        and all(one in names for names in explained.values())
        and not any(
            judgement.wrong.get(output) for judgement in mutants[one][1] for output in right
        )
    ]
    if whole:
        names = list(dict.fromkeys(map(name_of, whole)))
        return {output: names for output in wrong}
    # What a mistake says of several outputs is true only where all of these are as it makes them.
    # A mistake that is written as expressions is about these, whatever an exception takes along.
    about = {mistake.name: mistake.outputs for mistake in exercise.mistakes}
    contradicted = {
        one
        for one in labels
        for judgement in mutants[one][1]
        for output, numbers in judgement.wrong.items()
        if numbers
        and one not in explained.get(output, ())
        and (not about[name_of(one)] or output in about[name_of(one)])
    }
    return {
        output: list(
            dict.fromkeys(
                name_of(one) for one in labels if one in names and one not in contradicted
            )
        )
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


def may_explain(
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    others: Sequence[Judgement],
    other_run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> bool:
    """Whether a mistake of which the judgements of some tests are known, ``others``, may explain
    an output in the way of :func:`explaining`."""
    outputs = {name for one in judgements for name, numbers in one.wrong.items() if numbers}
    if len(outputs) > 1:  # what explains the checks explains another output
        outputs.discard(CHECKS)
    by_name = {judgement.test.name: judgement for judgement in judgements}
    pairs = [(by_name[other.test.name], other) for other in others]
    return any(_effects(output, pairs, run, other_run, truths) is not None for output in outputs)


def _explains(
    output: str,
    judgements: Sequence[Judgement],
    run: ExerciseRun,
    other_run: ExerciseRun,
    others: Sequence[Judgement],
    truths: Mapping[str, Sequence[Truth]],
) -> int | None:
    """In how many cases the code has effects that the mistake has not; None where the mistake
    does not explain the output."""
    pairs = list(zip(judgements, others, strict=True))
    effects = _effects(output, pairs, run, other_run, truths)
    return effects.further if effects is not None and effects.is_unmistakable else None


class _Effects(Struct):
    """How what a student's code did compares with what a mistake does that it may have."""

    further: int = 0
    """In so many cases the code has effects that the mistake has not."""
    is_unmistakable: bool = False


def _effects(
    output: str,
    pairs: Sequence[tuple[Judgement, Judgement]],
    run: ExerciseRun,
    other_run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> _Effects | None:
    """What the two have in common in these tests; None where one tells them apart."""
    effects = _Effects()
    for judgement, other in pairs:
        name = judgement.test.name
        wrong, as_well = judgement.wrong.get(output, ()), other.wrong.get(output, ())
        if (wrong or as_well) and not (name in run.observations and name in other_run.observations):
            return None  # one of them is too slow, and the other was not timed
        for number in sorted({*wrong, *as_well}):
            one, like = run.observations[name][number], other_run.observations[name][number]
            if one.is_ended and like.is_ended:
                effects.is_unmistakable = True
                continue
            if one.is_ended or (
                _is_refused_in_place(one.failure) and not _is_refused_in_place(like.failure)
            ):
                effects.further += 1
                continue
            if number not in wrong:
                return None
            likeness = _likeness(
                output,
                one,
                like,
                # Of a pytest test only the failures are compared.
                truths[name][number][output] if name in truths else None,
            )
            if likeness is None:
                return None
            if (one.changed, one.shared) != (like.changed, like.shared):
                effects.further += 1
            if number in as_well:
                effects.is_unmistakable = effects.is_unmistakable or likeness
            elif (one.changed, one.shared) == (like.changed, like.shared):
                return None
    return effects


def _is_refused_in_place(failure: Failure | None) -> bool:
    """Whether whole numbers could not hold what was computed in their place (``dW /= len(X)``)."""
    return (
        failure is not None
        and failure.exception is not None
        and failure.exception.type_name.endswith(("UFuncTypeError", "OutputCastingError"))
    )


def _likeness(
    output: str, one: Observation, other: Observation, expected: Expected | None
) -> bool | None:
    """None if they differ, True if they are the same unmistakably, False if they may be.

    What the one changes and shares besides does not count.
    """
    if one.failure is not None or other.failure is not None or expected is None:
        return _same_failure(one.failure, other.failure)
    if not set(other.changed) <= set(one.changed) or not set(other.shared) <= set(one.shared):
        return None
    if not _same(one.outputs.get(output), other.outputs.get(output), expected):
        return None
    if one.again is not None and other.again is not None:
        return True if _same(one.again.get(output), other.again.get(output), expected) else None
    return True if (one.again is None) == (other.again is None) else None


def _same_failure(one: Failure | None, other: Failure | None) -> bool | None:
    if one is None or other is None or failure_key(one) != failure_key(other):
        return None
    # The author's words alone tell nothing of the values that a check failed on.
    return one.kind != "check" or one.exception is not None


def failure_key(failure: Failure) -> tuple[str, ...]:
    """What two failures that come from the same mistake have in common."""
    if failure.exception is None:
        return failure.kind, failure.detail
    if failure.met is not None:
        return failure.kind, *failure.met
    exception = failure.exception
    return failure.kind, exception.type_name, exception.message


def with_shapes(
    exercise: Exercise,
    cases: Mapping[str, Sequence[Case]],
    run: ExerciseRun,
    submission: Submission,
) -> ExerciseRun:
    """The run with what shapes met where calls failed: failures are compared by these, however
    the operation is spelled."""
    observations = dict(run.observations)
    for name, seen in run.observations.items():
        if name in cases and any(one.failure is not None for one in seen):
            observations[name] = tuple(
                one
                if one.failure is None or number >= len(cases[name])
                else replace(
                    one, failure=_met(exercise, one.failure, cases[name][number], submission)
                )
                for number, one in enumerate(seen)
            )
    return replace(run, observations=observations)


def _met(exercise: Exercise, failure: Failure, case: Case, submission: Submission) -> Failure:
    clash = find_shapes(exercise, failure, case, submission)
    return failure if clash is None else replace(failure, met=clash.key)


def _same(one: Any, other: Any, expected: Expected) -> bool:
    if isinstance(one, NotAnArray) and isinstance(other, NotAnArray):
        return one.type_name == other.type_name
    if not isinstance(one, (np.ndarray, Sketch)) or not isinstance(other, (np.ndarray, Sketch)):
        return False
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return bool(one.dtype.kind == other.dtype.kind)
    low = [is_low_precision(array, expected) for array in (one, other)]
    if low[0] != low[1]:
        return False
    agreement = agreement_of(low[0], expected)
    if isinstance(one, Sketch) or isinstance(other, Sketch):
        return sketch(one).agrees(sketch(other), agreement)
    sizes = np.abs(other)
    scale = sizes.max(initial=0.0)
    if math.isfinite(scale):  # as allclose, in a sixth of the time
        off = np.abs(np.subtract(one, other, dtype=np.float64))
        return bool((off <= agreement * (scale + sizes)).all())  # false for nan
    scale = sizes.max(initial=0.0, where=np.isfinite(other))
    return bool(np.allclose(one, other, rtol=agreement, atol=agreement * scale, equal_nan=True))


def agreement_of(low: bool, expected: Expected) -> float:
    """How closely equal results agree, relative to the largest element."""
    return AGREEMENT_FLOAT32 if low or expected.itemsize < 8 else AGREEMENT


def is_low_precision(array: np.ndarray[Any, Any] | Sketch, expected: Expected) -> bool:
    """Whether the dtype alone makes it wrong."""
    return bool(array.dtype.kind == "f" and array.dtype.itemsize < expected.itemsize)
