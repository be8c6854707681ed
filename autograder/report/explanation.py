"""Why a student lost a point: every test again, hidden ones too, with inputs and what came back.

For instructors: it shows hidden inputs and expected values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.grading.grader import ExerciseGrader
from autograder.sandbox.host import Sandbox
from autograder.student.checking import CheckedExercise, CheckedTest, failed_case, title_of
from autograder.submissions.submission import Submission
from autograder.text.language import Language
from autograder.text.messages import pick, sanitize_lines
from autograder.truth.cases import Case


class Explained(Struct, frozen=True, eq=False):
    """``checked`` has all tests, hidden ones too, and ``cases`` the cases of each that runs code,
    by the test's name."""

    checked: CheckedExercise
    cases: dict[str, Sequence[Case]]

    @property
    def failed(self) -> list[CheckedTest]:
        return [test for test in self.checked.tests if not test.passed]


def explain_exercise(
    course: Course,
    exercise: Exercise,
    submission: Submission,
    sandbox: Sandbox,
    language: Language,
) -> Explained:
    """Run all tests of an exercise on a submission once more.

    Raises :class:`~autograder.errors.CourseError` and :class:`~autograder.errors.MachineError`.
    """
    grader = ExerciseGrader(course, exercise, sandbox).for_attempt(submission)
    submission = submission.for_exercise(exercise.name)
    run, judgements = grader.run(submission)
    mistakes = grader.mistakes_behind(judgements, run, submission)
    computed = grader.computed(judgements, run)
    hints = {mistake.name: mistake.hint for mistake in exercise.mistakes}
    tests = tuple(
        CheckedTest(
            title=title_of(judgement.test, language),
            grade=grader.test_grade(
                judgement,
                mistakes.get(judgement.test.name),
                hints,
                language,
                submission,
                computed,
            ),
            finding=judgement.finding,
            case=failed_case(judgement, grader.cases.get(judgement.test.name), run, grader.truths),
        )
        for judgement in grader.add_source_tests(submission, judgements)
    )
    checked = CheckedExercise(
        exercise=exercise,
        title=pick(exercise.title, language),
        tests=tests,
        output=sanitize_lines(run.output),
        sources=dict(submission.files),
        file=submission.file_for(exercise.name),
    )
    return Explained(checked, dict(grader.cases))


def telling(explained: Explained, names: Sequence[str] = ()) -> Iterator[CheckedTest]:
    """The tests that were lost, one for each thing that went wrong: those that failed with the same
    mistake or hint are told by the first of them with inputs to show. With ``names``, those tests
    and no others."""
    if names:
        yield from (test for test in explained.failed if test.grade.name in names)
        return
    seen: set[str] = set()
    for test in sorted(explained.failed, key=lambda one: one.case is None):
        grade = test.grade
        why = grade.mistake or grade.hint or grade.message
        if why not in seen:
            seen.add(why)
            yield test
