"""Grades in the language of whoever reads them, whatever language they were made in."""

from __future__ import annotations

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from autograder.grades.model import PASSED, Grade, TestGrade
from autograder.text.language import Language
from autograder.text.sentences import Sentence, worded


def in_language(grade: Grade, language: Language) -> Grade:
    """The grade with what is said about tests in ``language``.

    What a grade made by an earlier version says about a test that did not pass, and what an
    author wrote in one language only, stays as it is. Ask :func:`is_frozen` before.
    """
    if grade.language == language:
        return grade
    exercises = tuple(
        replace(one, tests=tuple(_test(test, language) for test in one.tests))
        for one in grade.exercises
    )
    return replace(grade, language=language, exercises=exercises)


def is_frozen(grade: Grade) -> bool:
    """Whether something about a test can be said in the grade's own language only: an earlier
    version made it."""
    return any(
        test.status != "passed" and test.said is UNSET
        for exercise in grade.exercises
        for test in exercise.tests
    )


def _test(test: TestGrade, language: Language) -> TestGrade:
    said = PASSED if test.said is UNSET and test.status == "passed" else test.said
    hint = None if test.hint is None else _worded(test.hint_said, test.hint, language)
    return replace(test, message=_worded(said, test.message, language), hint=hint)


def _worded(said: Sentence | UnsetType, otherwise: str, language: Language) -> str:
    if said is UNSET:
        return otherwise
    try:
        return worded(said, language)
    except (KeyError, ValueError, IndexError, AssertionError):  # of another version's catalogue
        return otherwise
