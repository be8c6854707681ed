"""What a student may see of a grade: how much hidden tests tell."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import UNSET
from msgspec.structs import replace

from autograder.course.course import HiddenFeedback
from autograder.grades.model import ExerciseGrade, Grade, Status, TestGrade, clamp
from autograder.text.messages import text
from autograder.text.sentences import Sentence

# What is said of a form that was filled in by hand tells its student nothing that is hidden.
_ABOUT_FORMS = frozenset(
    {"answer_form", "answer_blank", "answer_partly", "answer_unclear", "answer_ragged"}
    | {"answer_shape", "answer_wrong", "answer_all_wrong", "answer_some_wrong", "answer_follows"}
    | {"other_code", "other_numbers", "missing_file"}
)


def visible(grade: Grade, policy: HiddenFeedback, *, after_due: bool) -> Grade:
    """The grade as its student may see it. Scores and public tests stay as they are.

    Of hidden tests,

    - ``none`` shows one line an exercise, with the points of all of them;
    - ``names`` shows names and points;
    - ``hints`` shows also how a test ended (wrong, too slow, crashed) and the known mistake
      with its hint, but neither values nor shapes;
    - ``all`` shows everything after the due date, and before it the same as ``hints``.

    What the student's code printed goes too where an exercise has hidden tests: it may have
    printed their inputs. Expressions that were computed are for instructors and go in any case.
    """
    if policy == "all" and after_due:
        exercises = tuple(replace(one, tests=_told(one.tests)) for one in grade.exercises)
        return replace(grade, exercises=exercises)
    exercises = tuple(_visible_exercise(one, policy, grade.language) for one in grade.exercises)
    if policy == "none" and grade.adjustments:
        hidden = {
            (exercise.name, test.name)
            for exercise in grade.exercises
            for test in exercise.tests
            if test.visibility == "hidden"
        }
        grade = replace(
            grade,
            adjustments=tuple(
                replace(one, test=text("hidden_tests", grade.language))
                if (one.exercise, one.test) in hidden
                else one
                for one in grade.adjustments
            ),
        )
    return replace(grade, exercises=exercises)


def _visible_exercise(
    exercise: ExerciseGrade, policy: HiddenFeedback, language: str
) -> ExerciseGrade:
    hidden = [test for test in exercise.tests if test.visibility == "hidden"]
    if not hidden:
        return replace(exercise, tests=_told(exercise.tests))
    if policy == "none":
        public = tuple(test for test in exercise.tests if test.visibility == "public")
        tests = (*public, _merged(hidden, language))
    else:
        tests = tuple(
            _blanked(test, policy, language) if test.visibility == "hidden" else test
            for test in exercise.tests
        )
    return replace(exercise, tests=_told(tests), output="")


def _told(tests: Iterable[TestGrade]) -> tuple[TestGrade, ...]:
    """The tests without the expressions that were computed, which may quote the solution."""
    return tuple(replace(test, computed=UNSET) for test in tests)


def _merged(tests: Iterable[TestGrade], language: str) -> TestGrade:
    """All hidden tests of an exercise as one."""
    tests = tuple(tests)
    highest = math.fsum(test.max_score for test in tests)
    score = clamp(math.fsum(test.score for test in tests), highest)
    total = clamp(math.fsum(test.total for test in tests), highest)
    complete = all(test.status == "passed" for test in tests)
    status: Status = "passed" if complete else "partial" if score > 0 else "failed"
    return TestGrade(
        name=text("hidden_tests", language),
        visibility="hidden",
        score=score,
        max_score=highest,
        status=status,
        message=text("passed" if complete else "hidden_lost", language),
        said=UNSET if complete else Sentence(key="hidden_lost"),
        adjusted=UNSET if total == score else total,
    )


def _first_key(said: Sentence) -> str:
    """The message that a sentence is, or begins with."""
    first = said.parts[0] if said.parts else said
    return first.key if isinstance(first, Sentence) else ""


def _blanked(test: TestGrade, policy: HiddenFeedback, language: str) -> TestGrade:
    """The test without what would give its inputs or expected values away."""
    passed = test.status == "passed"
    status = test.status
    hints = policy in ("hints", "all")
    if hints and test.said is not UNSET and _first_key(test.said) in _ABOUT_FORMS:
        return replace(test, computed=UNSET)
    key = "hidden_lost"
    if not hints:
        status = "passed" if passed else "partial" if test.score > 0 else "failed"
    elif status in ("timeout", "crashed", "error", "missing"):
        key = f"hidden_{status}"
    return TestGrade(
        name=test.name,
        visibility="hidden",
        score=test.score,
        max_score=test.max_score,
        status=status,
        message=text("passed" if passed else key, language),
        mistake=test.mistake if hints else None,
        hint=test.hint if hints else None,
        said=UNSET if passed else Sentence(key=key),
        hint_said=test.hint_said if hints else UNSET,
        adjusted=test.adjusted,
        excused=test.excused,
    )
