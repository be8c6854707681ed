"""Checking a function of this process: for code that is trusted, as in a teacher's notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from autograder.course.course import pick_language
from autograder.course.exercise import EfficiencyTest, Exercise
from autograder.errors import UsageError
from autograder.grades.model import TestGrade
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.sandbox.in_process import InProcess
from autograder.student.discovery import find_exercises
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.said import said


def check_function(
    function: Callable[..., Any], exercise: str, *, lang: Language | None = None
) -> tuple[TestGrade, ...]:
    """Run the public tests of an exercise on ``function``, or on a class where one is asked for.

    It runs in this process, without a sandbox, so call this with code that you trust only.
    ``exercise`` is its name, such as ``"dx"``, looked up from the current folder upwards. Returns
    the grade of each public test that runs code; tests of time and of the source are left out.

    Raises :class:`~autograder.errors.UsageError` where there is no such exercise, and
    :class:`~autograder.errors.CourseError` for a course that is wrong.
    """
    works = find_exercises([Path(exercise)])
    if len(works) != 1:
        raise UsageError(said("error_several_exercises", exercise=exercise, n=len(works)))
    (work,) = works
    language = pick_language(lang, work.course)
    public = _untimed(public_part(work.exercise))
    sandbox = InProcess(function, public.signature.function, work.course.limits)
    grader = ExerciseGrader(work.course, public, sandbox)
    submission = Submission("", public.assignment, {f"{public.name}.py": ""})
    _, judgements = grader.run(submission)
    return tuple(
        grader.test_grade(judgement, None, {}, language, submission) for judgement in judgements
    )


def _untimed(exercise: Exercise) -> Exercise:
    """The exercise with nothing but the tests that run code and need no clock."""
    tests = tuple(one for one in exercise.run_tests if not isinstance(one, EfficiencyTest))
    return replace(exercise, tests=tests)
