"""Checking a student's work against the public tests, with all that can be shown of them.

What `autograder check`, `autograder.check()` in a notebook and pytest have in common. Nothing
secret is needed: the truth is the examples' and the forward pass's, and the hints of known
mistakes come locked (:mod:`autograder.student.mistake_index`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import Exercise, PropertyTest, SourceTest, Test
from autograder.grades.model import TestGrade
from autograder.grading.by_hand import (
    arrays_like,
    arrays_of,
    explain_answer,
    form_finding,
    observe,
    shapes_of,
    title_of_answer,
)
from autograder.grading.explain import note_on
from autograder.grading.finding import ChangedInputs, Finding, SharedResults, WrongOutput
from autograder.grading.grader import ExerciseGrader, form_in, public_part
from autograder.grading.judge import Judgement, Truth, doubled, is_refusal
from autograder.grading.mistakes import with_shapes
from autograder.grading.observation import Observation, Output
from autograder.grading.preparation import prepare_for_one
from autograder.grading.python_errors import Caret, find_caret
from autograder.grading.run import ExerciseRun, file_problem
from autograder.grading.unfinished import find_unfinished
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
from autograder.submissions.notebook import broken_cell
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import pick, sanitize_lines, text
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
    functions: dict[str, str] = {}
    """Inputs that are functions, as the YAML has them."""


class CheckedTest(Struct, frozen=True, eq=False):
    """A public test of the exercise. ``grade`` has status, message and hint in words; ``lines``
    are the message's parts, each on a line of its own.

    ``is_waiting`` tells that the test cannot say anything yet: a property of values that are
    wrong, as another test says.
    """

    title: str
    grade: TestGrade
    finding: Finding | None = None
    case: FailedCase | None = None
    lines: tuple[str, ...] = ()
    is_waiting: bool = False
    caret: Caret | None = None
    """The place in the file ``caret_file`` at which Python gave up."""
    caret_file: str = ""

    is_rule: bool = False
    """True for a rule about the source, for which nothing is run."""

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
    unused: tuple[str, ...] = ()
    """Files that could have counted for the exercise, and do not."""
    untouched: bool = False
    """True where the function still is as it was handed out."""
    notes: tuple[str, ...] = ()
    """What else the student should know, such as that a cell did not run."""

    @property
    def passed(self) -> bool:
        return all(test.passed for test in self.tests)

    @property
    def score(self) -> float:
        return sum(test.grade.score for test in self.tests)

    @property
    def max_score(self) -> float:
        return sum(test.grade.max_score for test in self.tests)


# Stubs raise it.
_UNWRITTEN = "NotImplementedError"


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
    submission = submission.for_exercise(exercise.name)
    if exercise.answers:
        return check_form(exercise, submission, language)
    if grader is None:
        public = public_part(exercise)
        # Where something is left to be written, most likely nothing is compared.
        is_begun = all(_UNWRITTEN not in source for source in submission.files.values())
        prepared = None if is_begun else prepare_for_one(public, course.seed)
        grader = ExerciseGrader(course, public, sandbox, prepared=prepared)
    run, judgements = grader.run(submission)
    found: dict[str, Hint] = {}
    if any(_is_explainable(judgement) for judgement in judgements):
        hints = locked_hints(course, exercise, sandbox)
        shaped = with_shapes(exercise, grader.cases, run, submission)
        found = find_hints(exercise, hints, judgements, shaped, grader.truths)
    computed = grader.computed(judgements, run)
    ran = judgements
    judgements = _with_rules(grader, submission, judgements)
    texts = {hint.name: hint.text for hint in found.values()}
    is_refused = any(is_refusal(judgement) for judgement in judgements)
    tests = []
    for judgement in judgements:
        name = judgement.test.name
        mistake = found[name].name if name in found else None
        lines: tuple[str, ...] = grader.message_lines(judgement, language, submission)
        note = _waits_for(judgement, judgements)
        if note:
            lines = (text(note, language),)
        elif _is_missing(judgement):
            message = text("check_missing_file", language, detail=f"{exercise.name}.py")
            assert judgement.finding is not None
            lines = (message + note_on(exercise, judgement.finding, submission, language),)
        elif is_refusal(judgement):
            lines = (*lines, text("check_refused", language))
        grade = grader.test_grade(judgement, mistake, texts, language, submission, computed)
        caret, file = _caret(judgement, submission)
        tests.append(
            CheckedTest(
                title=title_of(judgement.test, language),
                grade=replace(
                    grade,
                    message=" ".join(lines),
                    score=0.0 if is_refused else grade.score,
                ),
                finding=judgement.finding,
                case=failed_case(judgement, grader.cases.get(name), run, grader.truths),
                lines=lines,
                is_waiting=bool(note),
                caret=caret,
                caret_file=file,
                is_rule=isinstance(judgement.test, SourceTest),
            )
        )
    return CheckedExercise(
        exercise=exercise,
        title=pick(exercise.title, language),
        tests=tuple(tests),
        output=sanitize_lines(run.output),
        sources=dict(submission.files),
        file=submission.file_for(exercise.name),
        unused=tuple(
            one.path
            for one in submission.handed_in
            if one.reason == "other_counts" and one.meant == submission.file_for(exercise.name)
        ),
        untouched=bool(ran)
        and all(_is_not_begun(one.finding, exercise, submission) for one in ran)
        and all(one.finding is None for one in judgements if one not in ran),
    )


def check_form(exercise: Exercise, submission: Submission, language: Language) -> CheckedExercise:
    """Whether everything is filled in, in the shape that it should have. What is right follows
    from the numbers, and is not told before the work is graded."""
    form = form_in(exercise, submission)
    numbers = arrays_like(exercise) | ({} if form is None else arrays_of(form))
    observation = Observation(failure=file_problem(exercise, submission))
    if form is not None:
        observation = observe(exercise, form, numbers)
    shapes = shapes_of(exercise, numbers)
    tests = []
    for name in exercise.answers:
        finding = form_finding(name, observation, shapes.get(name))
        message = text("answer_filled", language)
        failure = observation.failure
        if failure is not None and failure.kind == "missing_file":
            message = text("check_no_form", language, detail=exercise.file)
        elif failure is not None and failure.kind != "form":
            message = text(failure.kind, language, detail=failure.detail)
        elif finding is not None:
            message = explain_answer(exercise, finding, observation, language)
        grade = TestGrade(
            name, "public", 0.0, 0.0, "passed" if finding is None else "failed", message
        )
        tests.append(CheckedTest(title_of_answer(exercise, name, language), grade, finding))
    return CheckedExercise(
        exercise=exercise,
        title=pick(exercise.title, language),
        tests=tuple(tests),
        output="",
        sources={},
        file=submission.file_for(exercise.name) if exercise.name in submission.work else "",
        untouched=form is not None and not form.line and not form.filled,
    )


def _with_rules(
    grader: ExerciseGrader, submission: Submission, judgements: tuple[Judgement, ...]
) -> tuple[Judgement, ...]:
    """The judgements with those of the rules about the source. A broken rule that costs all points
    hides nothing of what the other tests say."""
    everything = grader.add_source_tests(submission, judgements)
    if not any(is_refusal(judgement) for judgement in everything):
        return everything
    own = {judgement.test.name: judgement for judgement in judgements}
    return tuple(own.get(judgement.test.name, judgement) for judgement in everything)


def _waits_for(judgement: Judgement, others: Sequence[Judgement]) -> str:
    """The message that says what a test waits for that cannot say anything yet; empty where it
    can."""
    finding, test = judgement.finding, judgement.test
    if isinstance(test, SourceTest):
        if finding is not None and finding.failure is not None:
            return "check_waiting_file"
        return _unearned(judgement)
    if finding is None:
        return _unearned(judgement)
    if not isinstance(test, PropertyTest) or _is_about_property(finding):
        return ""
    values = [one for one in others if not isinstance(one.test, (PropertyTest, SourceTest))]
    return "check_waiting" if any(one.finding is not None for one in values) else ""


def _is_about_property(finding: Finding) -> bool:
    fault = finding.fault
    is_second_call = isinstance(fault, WrongOutput) and fault.property is not None
    return is_second_call or isinstance(fault, (ChangedInputs, SharedResults))


def _unearned(judgement: Judgement) -> str:
    """For a test that finds nothing wrong: that its points need another test to pass."""
    is_earned = judgement.score >= judgement.max_score or judgement.finding is not None
    return "" if is_earned else "check_waiting_rule"


def _is_missing(judgement: Judgement) -> bool:
    failure = None if judgement.finding is None else judgement.finding.failure
    return failure is not None and failure.kind == "missing_file"


def _caret(judgement: Judgement, submission: Submission) -> tuple[Caret | None, str]:
    """Where Python gave up on a file of the submission, for a syntax error."""
    failure = None if judgement.finding is None else judgement.finding.failure
    if failure is None or failure.kind != "syntax" or failure.exception is None:
        return None, ""
    frames = failure.exception.frames
    if not frames or broken_cell(failure.exception.message) is not None:
        return None, ""
    return find_caret(submission.files.get(frames[-1].file, "")), frames[-1].file


def _is_not_begun(finding: Finding | None, exercise: Exercise, submission: Submission) -> bool:
    """True where nothing is written of what the finding is about."""
    if finding is None or finding.failure is None or finding.failure.exception is None:
        return False
    unfinished = find_unfinished(
        finding.failure.exception,
        f"{exercise.name}.py",
        exercise.signature.function,
        submission.files,
    )
    return unfinished is not None and unfinished.kind == "nothing"


def title_of(test: Test, language: Language) -> str:
    """What the test is called: its title, or its name where it has none."""
    return pick(test.title, language) or test.name


def is_about_file(test: CheckedTest) -> bool:
    """True where the message tells all, whatever the inputs: no file, not Python, no such
    function, a function that is not written."""
    failure = None if test.finding is None else test.finding.failure
    return failure is not None and (failure.while_loading or test.case is None)


def caret_marks(caret: Caret) -> str:
    """What stands below the line to point at what is wrong, in a font of one width, in which
    Hangul is twice as wide."""
    below = " " * _width(caret.code[: caret.start])
    return below + "^" * max(1, _width(caret.code[caret.start : caret.end]))


def _width(code: str) -> int:
    """The columns that a text takes. Not rich's count of them: there is no rich in a browser."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in code
    )


def error_of(test: CheckedTest) -> object:
    """The same for tests that fail with the same error, which is to be told once."""
    failure = None if test.finding is None else test.finding.failure
    if failure is None:
        return test.grade.message
    exception = failure.exception
    if exception is None:
        return failure.kind, failure.detail
    place = exception.frames[-1] if exception.frames else None
    return failure.kind, exception.type_name, place


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


# Failures that are the same for all inputs.
_WITHOUT_INPUTS = ("missing_function", "not_callable")


def failed_case(
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
    if failure is not None and (_is_untouched(finding) or failure.kind in _WITHOUT_INPUTS):
        return None
    outputs = tuple(
        _compared(judgement, output, run, truths[test.name][number][output], number)
        for output, wrong in judgement.wrong.items()
        if number in wrong and failure is None
    )
    exception = None if failure is None else failure.exception
    return FailedCase(
        number=number + 1,
        inputs=cases[number].inputs,
        functions=cases[number].function_texts,
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
