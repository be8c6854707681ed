"""Answers that students worked out by hand: from a form to observations, and what follows from
errors before. No code of students runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from autograder.course import lengths
from autograder.course.exercise import Exercise
from autograder.course.statement import for_terminal
from autograder.grading.failures import Failure
from autograder.grading.finding import Finding, FollowsFrom, WrongOutput
from autograder.grading.judge import Judgement, Truth
from autograder.grading.observation import Observation, Output
from autograder.submissions.forms import Filled, Form, flat
from autograder.text.language import Language
from autograder.text.messages import pick
from autograder.text.sentences import Words, words
from autograder.truth.cases import Case, draw_cases
from autograder.truth.compare import NotAnArray, Reason, Verdict, compare
from autograder.truth.expected import Expected

# What stands for an answer that is no array: nothing or not all is filled in, or not with numbers,
# or the rows have different lengths. The text says where.
BLANK, PARTLY, UNCLEAR, RAGGED = "blank", "partly blank", "unclear", "ragged"


def shapes_of(exercise: Exercise, numbers: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    """By answer, the lengths of its axes for these numbers; answers whose lengths these do not
    say are left out."""
    known: dict[str, int] = {}
    for name, array in exercise.arrays.items():
        if name in numbers and len(array.shape) == numbers[name].ndim:
            pairs = zip(array.shape, numbers[name].shape, strict=True)
            known |= {dim: size for dim, size in pairs if isinstance(dim, str)}
    found = {}
    for answer in exercise.answers.values():
        if all(set(lengths.parts(dim)) <= known.keys() for dim in answer.shape):
            found[answer.name] = tuple(
                dim if isinstance(dim, int) else lengths.evaluate(dim, known)
                for dim in answer.shape
            )
    return found


def arrays_like(exercise: Exercise) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of the lengths that all students' arrays have; none where these differ."""
    test = exercise.run_tests[0]
    dims = getattr(test.inputs, "dims", None)
    if dims is not None and any(len(choices) > 1 for choices in dims.choices.values()):
        return {}
    return draw_cases(exercise, test, 0)[0].inputs


def place_in(name: str, index: Sequence[int]) -> str:
    """An element as students count, from one: ``J[2, 1]``."""
    return f"{name}[{', '.join(str(one + 1) for one in index)}]" if len(index) else name


def output_of(name: str, value: Filled, shape: tuple[int, ...] | None) -> Output:
    """An answer as an array of the ``shape`` that it should have, where it can be one. A vector may
    be written as a row or as a column, and a number in brackets."""
    elements = list(flat(value))
    if all(one is None for one in elements):
        return NotAnArray(BLANK)
    unclear = next((one for one in elements if isinstance(one, str)), None)
    if unclear is not None:
        return NotAnArray(UNCLEAR, unclear)
    try:
        array = np.array(value, dtype=np.float64)  # None becomes nan
    except (TypeError, ValueError):
        return NotAnArray(RAGGED)
    if np.any(np.isnan(array)):
        return NotAnArray(PARTLY, place_in(name, np.argwhere(np.isnan(array))[0].tolist()))
    if shape is not None and array.shape != shape:
        long = [length for length in array.shape if length != 1]
        is_line = len(shape) <= 1 and len(long) <= 1 and array.size == int(np.prod(shape))
        if is_line:
            array = array.reshape(shape)
    return array


def arrays_of(form: Form) -> dict[str, np.ndarray[Any, Any]]:
    """The numbers that a form was made for, as it has them."""
    found = {name: output_of(name, value, None) for name, value in form.numbers.items()}
    return {name: one for name, one in found.items() if isinstance(one, np.ndarray)}


def form_finding(
    name: str, observation: Observation, shape: tuple[int, ...] | None
) -> Finding | None:
    """What can be said of an answer by the form alone: that it is blank, or of another shape."""
    if observation.failure is not None:
        return Finding(observation.failure, output=name)
    value = observation.outputs[name]
    if isinstance(value, NotAnArray):
        verdict = Verdict(Reason.not_an_array, dtype=value.type_name)
        return Finding(WrongOutput(verdict), output=name)
    if shape is not None and value.shape != shape:
        verdict = Verdict(Reason.wrong_shape, shape, value.shape)
        return Finding(WrongOutput(verdict), output=name)
    return None


def observe(
    exercise: Exercise, form: Form, numbers: Mapping[str, np.ndarray[Any, Any]]
) -> Observation:
    """What a form answers to these numbers, or why it cannot count."""
    if form.line:
        return Observation(failure=Failure("form", str(form.line)))
    if exercise.own_numbers:
        for name, value in form.numbers.items():
            written = output_of(name, value, None)
            if name in numbers and not (
                isinstance(written, np.ndarray) and np.array_equal(written, numbers[name])
            ):
                return Observation(failure=Failure("other_numbers", name))
    shapes = shapes_of(exercise, numbers)
    return Observation(
        {
            name: output_of(name, form.answers.get(name), shapes.get(name))
            for name in exercise.answers
        }
    )


def carry_forward(
    exercise: Exercise,
    judgements: Sequence[Judgement],
    truths: Mapping[str, Sequence[Truth]],
    case: Case,
    observation: Observation,
) -> tuple[Judgement, ...]:
    """The judgements, with the points of answers that are wrong and follow from answers that are
    wrong already."""
    if observation.failure is not None:
        return tuple(judgements)
    wrong = {one.test.name for one in judgements if one.finding is not None}
    given = {name: np.array(array) for name, array in case.inputs.items()}
    answered = {
        name: np.array(value)
        for name, value in observation.outputs.items()
        if isinstance(value, np.ndarray)
    }
    found = []
    for judgement in judgements:
        name = judgement.test.name
        answer = exercise.answers[name]
        before = sorted(wrong & _used(answer.follows) - {name})
        if name in wrong and answer.follows and before and name in answered:
            expected = truths[name][0][name]
            followed = followed_from(answer.follows, {**given, **answered}, expected)
            if followed is not None and compare(followed, answered[name]).ok:
                points = tuple(part.points for part in judgement.test.parts)
                finding = Finding(FollowsFrom(tuple(before)), 0, name)
                judgement = replace(judgement, scores=points, finding=finding, wrong={name: ()})
        found.append(judgement)
    return tuple(found)


def _used(expression: str | None) -> set[str]:
    return set() if expression is None else set(compile(expression, "", "eval").co_names)


def followed_from(
    expression: str, names: Mapping[str, np.ndarray[Any, Any]], expected: Expected
) -> Expected | None:
    """What would be right if the other answers were, as precisely as what is right; None where
    the others do not fit together."""
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(eval(expression, {"np": np}, dict(names)), dtype=np.float64)
    except Exception:  # of shapes that do not fit, or names that were not filled in
        return None
    if value.shape != expected.shape or not np.all(np.isfinite(value)):
        return None
    tolerance = np.zeros(()) if expected.tolerance is None else np.max(expected.tolerance)
    largest = float(np.max(np.abs(value), initial=1.0))
    return replace(
        expected, value=value, tolerance=np.full(value.shape, tolerance + 1e-9 * largest)
    )


# Words


def explain_answer(
    exercise: Exercise, finding: Finding, observation: Observation | None, language: Language
) -> Words:
    """What is wrong with an answer. Nothing of what is right is said."""
    fault, name = finding.fault, finding.output
    if isinstance(fault, Failure):
        kind = "answer_form" if fault.kind == "form" else fault.kind
        return words(kind, language, detail=fault.detail, file=exercise.file)
    if isinstance(fault, FollowsFrom):
        return words("answer_follows", language, output=name, names=", ".join(fault.answers))
    value = None if observation is None else observation.outputs.get(name)
    verdict = fault.verdict if isinstance(fault, WrongOutput) else None
    if isinstance(value, NotAnArray):
        key = {
            BLANK: "answer_blank",
            PARTLY: "answer_partly",
            UNCLEAR: "answer_unclear",
        }.get(value.type_name, "answer_ragged")
        return words(key, language, output=name, detail=value.text)
    if verdict is not None and verdict.reason is Reason.wrong_shape:
        return words(
            "answer_shape",
            language,
            output=name,
            shape=in_words(verdict.actual_shape, language),
            right_shape=in_words(verdict.expected_shape, language),
        )
    if verdict is None or verdict.index is None or verdict.total <= 1:
        return words("answer_wrong", language, output=name)
    if verdict.wrong == verdict.total:
        return words("answer_all_wrong", language, output=name, n=verdict.total)
    place = place_in(name, verdict.index)
    return words(
        "answer_some_wrong",
        language,
        output=name,
        n=verdict.wrong,
        total=verdict.total,
        place=place,
    )


def in_words(shape: tuple[int, ...], language: Language) -> Words:
    """``2 rows of 3 numbers``."""
    if not shape:
        return words("shape_number", language)
    if len(shape) == 1:
        return words("shape_numbers", language, n=shape[0])
    if len(shape) == 2:
        return words("shape_rows", language, n=shape[0], columns=shape[1])
    return words("shape_axes", language, shape="×".join(map(str, shape)))


def title_of_answer(exercise: Exercise, name: str, language: Language) -> str:
    """What an answer is called: its name, and its title."""
    title = for_terminal(pick(exercise.answers[name].title, language)).replace("`", "")
    return f"{name}: {title}" if title else name
