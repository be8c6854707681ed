"""Shapes that met where a student's code failed, and their words."""

from __future__ import annotations

from autograder.course.exercise import Exercise
from autograder.diagnosis.shapes import PRODUCTS, Clash, find_clash
from autograder.grading.failures import Failure
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import sanitize
from autograder.text.sentences import Words, joined, words
from autograder.truth.cases import Case


def find_shapes(
    exercise: Exercise, failure: Failure | None, case: Case, submission: Submission
) -> Clash | None:
    """The shapes that met where the student's code failed; None where that cannot be told."""
    exception = None if failure is None else failure.exception
    if failure is None or failure.while_loading or exception is None or not exception.frames:
        return None
    if exception.type_name != "ValueError" or exercise.is_class or not case.inputs:
        return None
    frame = exception.frames[-1]
    source = submission.files.get(frame.file, "")
    signature = exercise.signature
    if any(name not in case.inputs for name in signature.parameters):
        return None
    shapes = [case.inputs[name].shape for name in signature.parameters]
    return find_clash(source, signature.function, frame.line, shapes)


def shapes_in_words(clash: Clash, language: Language) -> Words:
    """Which shapes met."""
    key = "clash_product" if clash.operation in PRODUCTS else "clash_elementwise"
    return words(
        key,
        language,
        left=sanitize(clash.left),
        right=sanitize(clash.right),
        left_shape=clash.left_shape,
        right_shape=clash.right_shape,
    )


def fitting_in_words(clash: Clash, language: Language) -> Words:
    """Which products of the two would fit; empty where none does."""
    if not clash.fitting:
        return joined(())
    ways = ", ".join(f"`{sanitize(way)}`" for way in clash.fitting)
    return words("clash_fitting", language, ways=ways)
