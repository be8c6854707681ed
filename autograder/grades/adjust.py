"""What people decided about grades, applied to what was computed.

Nothing is run again, and nothing that was computed is lost: ``score`` stays, ``adjusted`` is what
counts. Applying other decisions, or none, to a grade that has some gives what it would be without
those it had.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from autograder.course.adjustments import Adjustment, Decision
from autograder.course.policy import Late
from autograder.grades.late_penalty import settle_late
from autograder.grades.model import ExerciseGrade, Grade, TestGrade, clamp


def adjust(grade: Grade, adjustments: Iterable[Adjustment], late: Late) -> Grade:
    """The grade with those of ``adjustments`` that concern it, in their order, and no others.

    - Of a test and of an exercise, points are set or added to first; the late penalty follows
      from what comes out; decisions about the whole assignment come last.
    - All stays between 0 and the highest score of what the decision is about.
    - A test that is excused gets the share of its points that the rest of its exercise has
      reached, so that the rest decides; an exercise likewise, of the assignment.

    A decision about a test or exercise that the grade does not have, because it was made before
    the course got it, is left out.
    """
    concerned = [
        one.decision
        for one in adjustments
        if one.assignment == grade.assignment and one.concerns(grade.student)
    ]
    decisions = tuple(one for one in concerned if _is_there(one, grade))
    plain = without_adjustments(grade, late)
    if not decisions:
        return plain
    exercises = [
        _exercise(one, [each for each in decisions if each.exercise == one.name])
        for one in plain.exercises
    ]
    exercises = _excused_exercises(exercises, decisions)
    score = clamp(math.fsum(one.total for one in exercises), grade.max_score)
    settled = _settled(replace(plain, exercises=tuple(exercises)), score, late)
    total = score if settled.final_score is None else settled.final_score
    whole = [one for one in decisions if not one.exercise]
    return replace(settled, adjusted=_decided(total, grade.max_score, whole), adjustments=decisions)


def without_adjustments(grade: Grade, late: Late) -> Grade:
    """The grade as it was computed."""
    if not grade.adjustments:
        return grade
    exercises = tuple(
        replace(
            one,
            adjusted=UNSET,
            excused=UNSET,
            tests=tuple(replace(test, adjusted=UNSET, excused=UNSET) for test in one.tests),
        )
        for one in grade.exercises
    )
    plain = replace(grade, exercises=exercises, adjusted=None, adjustments=())
    return _settled(plain, grade.score, late)


def _settled(grade: Grade, score: float, late: Late) -> Grade:
    """The grade with what being late makes of ``score``."""
    if grade.late_seconds is None:
        return grade
    settled = settle_late(score, grade.max_score, grade.late_seconds, late)
    return replace(grade, penalty=settled.penalty, final_score=settled.final_score)


def _is_there(decision: Decision, grade: Grade) -> bool:
    if not decision.exercise:
        return True
    tests = [one.tests for one in grade.exercises if one.name == decision.exercise]
    if not decision.test:
        return bool(tests)
    return any(test.name == decision.test for test in (tests[0] if tests else ()))


def _exercise(exercise: ExerciseGrade, decisions: Sequence[Decision]) -> ExerciseGrade:
    if not decisions:
        return exercise
    tests = [
        _test(test, [one for one in decisions if one.test == test.name]) for test in exercise.tests
    ]
    tests = _excused_tests(tests)
    reached = clamp(math.fsum(test.total for test in tests), exercise.max_score)
    own = [one for one in decisions if not one.test and not one.excuse]
    total = _decided(reached, exercise.max_score, own)
    changed = own or total != exercise.score
    return replace(exercise, tests=tuple(tests), adjusted=total if changed else UNSET)


def _test(test: TestGrade, decisions: Sequence[Decision]) -> TestGrade:
    if not decisions:
        return test
    if decisions[-1].excuse:
        return replace(test, excused=True)
    points = [one for one in decisions if not one.excuse]
    return replace(test, adjusted=_decided(test.score, test.max_score, points))


def _decided(score: float, highest: float, decisions: Iterable[Decision]) -> float:
    """``score`` after decisions about points."""
    for one in decisions:
        score = one.set if one.set is not None else score + (one.add or 0.0)
        score = clamp(score, highest)
    return score


def _excused_tests(tests: list[TestGrade]) -> list[TestGrade]:
    share = _share(
        [(one.total, one.max_score) for one in tests if one.excused is not True],
    )
    return [
        replace(one, adjusted=_points(share, one)) if one.excused is True else one for one in tests
    ]


def _excused_exercises(
    exercises: list[ExerciseGrade], decisions: Sequence[Decision]
) -> list[ExerciseGrade]:
    """The exercises, of which those get a share that are excused, or whose tests all are."""
    named = {one.exercise for one in decisions if one.excuse and not one.test}
    named |= {
        one.name for one in exercises if one.tests and all(t.excused is True for t in one.tests)
    }
    share = _share([(one.total, one.max_score) for one in exercises if one.name not in named])
    return [
        replace(one, excused=True, adjusted=_points(share, one)) if one.name in named else one
        for one in exercises
    ]


def _share(reached: Sequence[tuple[float, float]]) -> Callable[[float, float], float]:
    """From points and highest points of what is excused to the points that it gets: in the
    proportion in which the rest was reached. Where there is no rest, its own."""
    most = math.fsum(highest for _, highest in reached)
    share = math.fsum(points for points, _ in reached) / most if most else None

    def points(score: float, highest: float) -> float:
        return score if share is None else clamp(share * highest, highest)

    return points


def _points(share: Callable[[float, float], float], one: TestGrade | ExerciseGrade) -> float:
    return share(one.score, one.max_score)


def shared_out(grade: Grade) -> Grade:
    """The grade with what people decided about exercises and the assignment shared out among the
    tests, for gradebooks that know points of tests alone.

    The points of the tests, as they count, add up to those of the grade and its penalty, as far as
    there are so many: more points go to the tests that lack some, in proportion to what they lack,
    and fewer are taken in proportion to what is there. ``penalty`` is what the sum is larger by.
    """
    if not grade.adjustments:
        return grade
    exercises = [
        replace(one, tests=_shared(one.tests, one.total), adjusted=UNSET) for one in grade.exercises
    ]
    penalty = grade.penalty or 0.0
    if any(not one.exercise for one in grade.adjustments):
        whole = clamp(grade.total + penalty, grade.max_score)
        penalty = clamp(whole - grade.total, grade.max_score)
        every = _shared([test for one in exercises for test in one.tests], whole)
        tests = iter(every)
        exercises = [replace(one, tests=tuple(next(tests) for _ in one.tests)) for one in exercises]
    exercises = [
        replace(one, adjusted=math.fsum(test.total for test in one.tests)) for one in exercises
    ]
    return replace(
        grade,
        exercises=tuple(exercises),
        penalty=None if grade.penalty is None else penalty,
    )


def _shared(tests: Sequence[TestGrade], wanted: float) -> tuple[TestGrade, ...]:
    """The tests with points that add up to ``wanted``."""
    there = math.fsum(test.total for test in tests)
    room = math.fsum(test.max_score - test.total for test in tests)
    if round(wanted - there, 9) == 0:
        return tuple(tests)
    if wanted > there:
        share = min(1.0, (wanted - there) / room) if room else 0.0
        points = [test.total + share * (test.max_score - test.total) for test in tests]
    else:
        points = [test.total * wanted / there for test in tests]
    return tuple(
        replace(test, adjusted=clamp(one, test.max_score))
        for test, one in zip(tests, points, strict=True)
    )
