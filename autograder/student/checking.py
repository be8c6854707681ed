"""Checking a student's work against the public tests, with all that can be shown of them.

What `autograder check`, `autograder.check()` in a notebook and pytest have in common. Nothing
secret is needed: the truth is the examples' and the forward pass's, and the hints of known
mistakes come locked (:mod:`autograder.student.mistake_index`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct

from autograder.course.course import Course
from autograder.course.exercise import Exercise, PropertyTest, Test
from autograder.grades.model import TestGrade
from autograder.grading.explain import note_on
from autograder.grading.grader import ExerciseGrader, public_part
from autograder.grading.judge import Finding, Judgement, Truth, doubled
from autograder.grading.observation import Output
from autograder.grading.run import ExerciseRun
from autograder.sandbox.host import Sandbox
from autograder.sandbox.protocol import Frame
from autograder.student.mistake_index import (
    Hint,
    LockedHint,
    find_hints,
    index_path,
    lock_hints,
    read_index,
)
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import pick, sanitize, sanitize_lines, text
from autograder.truth.cases import Case
from autograder.truth.compare import compare
from autograder.truth.expected import Expected

NumpyArray: TypeAlias = "np.ndarray[Any, Any]"


class Compared(Struct, frozen=True, eq=False):
    """One output of a case: what came back beside what was expected.

    ``wrong`` marks the elements that are off, where both are known and have one shape.
    ``look`` is 2 where it is the second call's result that was wrong.
    """

    output: str
    returned: Output
    expected: Expected
    wrong: NumpyArray | None = None
    look: int = 1


class FailedCase(Struct, frozen=True, eq=False):
    """The first case that a test failed on; ``number`` counts from 1.

    ``outputs`` are the wrong ones, empty where nothing came back; ``frames`` the lines of the
    student's files that an exception passed through.
    """

    number: int
    inputs: dict[str, NumpyArray]
    outputs: tuple[Compared, ...] = ()
    frames: tuple[Frame, ...] = ()
    while_loading: bool = False
    """Whether it failed before any input was used."""


class CheckedTest(Struct, frozen=True, eq=False):
    """A public test of the exercise. ``grade`` has status, message and hint in words."""

    title: str
    grade: TestGrade
    finding: Finding | None = None
    case: FailedCase | None = None

    @property
    def passed(self) -> bool:
        return self.grade.status == "passed"


class CheckedExercise(Struct, frozen=True, eq=False):
    """``output`` is what the student's code printed; ``sources`` the files that were run."""

    exercise: Exercise
    title: str
    tests: tuple[CheckedTest, ...]
    output: str
    sources: dict[str, str]
    file: str = ""
    """The file that counts, as the student calls it."""

    @property
    def passed(self) -> bool:
        return all(test.passed for test in self.tests)

    @property
    def untouched(self) -> bool:
        """Whether the function still is as it was handed out."""
        return bool(self.tests) and all(_is_untouched(test.finding) for test in self.tests)

    @property
    def score(self) -> float:
        return sum(test.grade.score for test in self.tests)

    @property
    def max_score(self) -> float:
        return sum(test.grade.max_score for test in self.tests)


def check_exercise(
    course: Course,
    exercise: Exercise,
    submission: Submission,
    sandbox: Sandbox,
    language: Language,
    *,
    grader: ExerciseGrader | None = None,
) -> CheckedExercise:
    """Run the public tests of one exercise on a submission.

    ``grader`` is one for :func:`public_part` of the exercise, which keeps the truth for many
    submissions. What is wrong with the submission is in the result. Raises
    :class:`~autograder.errors.CourseError` and :class:`~autograder.errors.MachineError`.
    """
    grader = grader or ExerciseGrader(course, public_part(exercise), sandbox)
    submission = submission.for_exercise(exercise.name)
    run, judgements = grader.run(submission)
    found: dict[str, Hint] = {}
    if any(_is_explainable(judgement) for judgement in judgements):
        hints = locked_hints(course, exercise, sandbox)
        found = find_hints(exercise, hints, judgements, run, grader.truths)
    computed = grader.computed(judgements, run)
    judgements = grader.add_source_tests(submission, judgements)
    texts = {hint.name: hint.text for hint in found.values()}
    tests = []
    for judgement in judgements:
        name = judgement.test.name
        mistake = found[name].name if name in found else None
        grade = grader.test_grade(judgement, mistake, texts, language, submission, computed)
        tests.append(
            CheckedTest(
                title=title_of(judgement.test, language),
                grade=_as_not_handed_in(grade, judgement, submission, exercise, language),
                finding=judgement.finding,
                case=_failed_case(judgement, grader.cases.get(name), run, grader.truths),
            )
        )
    return CheckedExercise(
        exercise=exercise,
        title=pick(exercise.title, language),
        tests=tuple(tests),
        output=sanitize_lines(run.output),
        sources=dict(submission.files),
        file=submission.file_for(exercise.name),
    )


def _as_not_handed_in(
    grade: TestGrade,
    judgement: Judgement,
    submission: Submission,
    exercise: Exercise,
    language: Language,
) -> TestGrade:
    """The grade in the words of a check, which nobody has handed in anything for."""
    finding = judgement.finding
    if finding is None or finding.failure is None or finding.failure.kind != "missing_file":
        return grade
    message = text("check_missing_file", language, detail=sanitize(finding.failure.detail))
    message += note_on(exercise, finding, submission, language)
    return msgspec.structs.replace(grade, message=message)


def title_of(test: Test, language: Language) -> str:
    """What the test is called: its title, or its name where it has none."""
    return pick(test.title, language) or test.name


def is_about_file(test: CheckedTest) -> bool:
    """Whether no case was run: no file, not Python, no such function."""
    failure = None if test.finding is None else test.finding.failure
    return failure is not None and (failure.while_loading or test.case is None)


def locked_hints(course: Course, exercise: Exercise, sandbox: Sandbox) -> Sequence[LockedHint]:
    """The hints for public tests: from the file beside the exercise, or, in a complete course,
    from the mistakes themselves."""
    complete = complete_exercise(course, exercise)
    if complete is not None:
        return lock_hints(course, complete, sandbox)
    return _read(index_path(course.root, exercise.assignment)).get(exercise.name, ())


_read = cache(read_index)


def complete_exercise(course: Course, exercise: Exercise) -> Exercise | None:
    """The exercise with its solution and mistakes; None in a student's bundle."""
    secret = course.root / "tests" / "hidden" / exercise.assignment / f"{exercise.name}.yaml"
    solution = course.root / "solutions" / exercise.assignment / f"{exercise.name}.py"
    if not (secret.is_file() and solution.is_file()):
        return None
    if exercise.mistakes:
        return exercise
    from autograder.course.loading import load_exercise

    return load_exercise(course.root, exercise.assignment, exercise.name, course.languages)


def _is_explainable(judgement: Judgement) -> bool:
    return judgement.is_explainable and not _is_untouched(judgement.finding)


def _is_untouched(finding: Finding | None) -> bool:
    if finding is None or finding.failure is None:
        return False
    exception = finding.failure.exception
    return exception is not None and exception.type_name == "NotImplementedError"


def _failed_case(
    judgement: Judgement,
    cases: Sequence[Case] | None,
    run: ExerciseRun,
    truths: Mapping[str, Sequence[Truth]],
) -> FailedCase | None:
    finding, test = judgement.finding, judgement.test
    if finding is None or finding.case is None or cases is None:
        return None
    number = finding.case
    failure = finding.failure
    outputs = tuple(
        _compared(judgement, output, run, truths[test.name][number][output], number)
        for output, wrong in judgement.wrong.items()
        if number in wrong and failure is None
    )
    exception = None if failure is None else failure.exception
    return FailedCase(
        number=number + 1,
        inputs=cases[number].inputs,
        outputs=tuple(compared for compared in outputs if compared is not None),
        frames=() if exception is None else exception.frames,
        while_loading=failure is not None and failure.while_loading,
    )


def _compared(
    judgement: Judgement, output: str, run: ExerciseRun, expected: Expected, number: int
) -> Compared | None:
    """The look at the output that was wrong; None where its values are right, such as those
    of a call that changed its inputs."""
    observation = run.observations[judgement.test.name][number]
    returned = observation.outputs.get(output)
    look = 1
    if returned is not None and compare(expected, returned).ok:
        returned, look = (observation.again or {}).get(output), 2
        test = judgement.test
        if isinstance(test, PropertyTest) and test.property == "linear_in_upstream":
            expected = doubled(expected)
    if returned is None or compare(expected, returned).ok:
        return None
    return Compared(output, returned, expected, _wrong(returned, expected), look)


def _wrong(returned: Output, expected: Expected) -> NumpyArray | None:
    value, tolerance = expected.value, expected.tolerance
    if not isinstance(returned, np.ndarray) or value is None:
        return None
    if returned.shape != value.shape or returned.dtype.kind not in "fiub":
        return None
    if tolerance is None:
        return np.asarray(returned != value)
    with np.errstate(all="ignore"):
        return ~np.asarray(np.abs(np.asarray(returned, dtype=np.float64) - value) <= tolerance)
