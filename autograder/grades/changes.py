"""Two states of a class's grades compared: whose points changed, and in which tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from autograder.grades.model import Grade, Status


class Outcome(Struct, frozen=True):
    """Of a test: how it ended, and its points that count."""

    status: Status
    points: float
    max_points: float


class TestChange(Struct, frozen=True):
    """A test whose outcome changed; ``before`` is None where it is new, ``after`` where it is
    gone."""

    exercise: str
    test: str
    before: Outcome | None
    after: Outcome | None


class GradeChange(Struct, frozen=True):
    """A grade that changed; ``before`` is None where it is new, ``after`` where it is gone."""

    student: str
    assignment: str
    before: Grade | None
    after: Grade | None
    tests: tuple[TestChange, ...] = ()


class Comparison(Struct, frozen=True):
    """``both`` is the number of grades that were there before and after."""

    both: int
    changed: tuple[GradeChange, ...]
    added: tuple[GradeChange, ...]
    gone: tuple[GradeChange, ...]


def compare(old: Iterable[Grade], new: Iterable[Grade]) -> Comparison:
    """What changed between two states of grades, ordered by student and assignment.

    A grade has changed where its points, its highest score, or the outcome of one of its tests
    did. What is said about tests, and times, do not count.
    """
    before = {(one.student, one.assignment): one for one in old}
    after = {(one.student, one.assignment): one for one in new}
    changed: list[GradeChange] = []
    added: list[GradeChange] = []
    gone: list[GradeChange] = []
    for key in sorted(before.keys() | after.keys()):
        was, is_now = before.get(key), after.get(key)
        if was is None or is_now is None:
            (added if was is None else gone).append(GradeChange(*key, was, is_now))
            continue
        tests = tuple(_test_changes(was, is_now))
        if tests or (was.total, was.max_score) != (is_now.total, is_now.max_score):
            changed.append(GradeChange(*key, was, is_now, tests))
    both = len(before.keys() & after.keys())
    return Comparison(both, tuple(changed), tuple(added), tuple(gone))


def _test_changes(old: Grade, new: Grade) -> Iterator[TestChange]:
    before, after = _outcomes(old), _outcomes(new)
    for exercise, test in dict.fromkeys([*after, *before]):
        was, is_now = before.get((exercise, test)), after.get((exercise, test))
        if was != is_now:
            yield TestChange(exercise, test, was, is_now)


def _outcomes(grade: Grade) -> dict[tuple[str, str], Outcome]:
    return {
        (exercise.name, test.name): Outcome(test.status, test.total, test.max_score)
        for exercise in grade.exercises
        for test in exercise.tests
    }
