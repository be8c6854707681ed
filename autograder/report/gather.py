"""What a class did, in numbers: from grades to what pages and tables show."""

from __future__ import annotations

import ast
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
from msgspec import UNSET, Struct

from autograder.course.course import Course
from autograder.course.exercise import Visibility
from autograder.course.roster import Roster
from autograder.grades.model import ExerciseGrade, Grade, TestGrade
from autograder.grades.view import GradeView, keys
from autograder.report.statistics import (
    Estimate,
    ItemStatistics,
    Scores,
    cronbach_alpha,
    histogram,
    item_statistics,
    quantiles,
)
from autograder.text.language import Language, Text
from autograder.text.messages import pick

# From so many students on, something is said about what a number means.
ENOUGH = 10
NEARLY_EVERYBODY = 0.95
HARDLY_ANYBODY = 0.2
# Of a correlation with the rest: below this a test says little about who knows the material.
LITTLE = 0.15
# A share of the points that is lost from one assignment to the next.
DROP = 0.3
# A share of the points that one mistake costs.
MUCH = 0.2
# Messages of efficiency tests about answers that are right.
SLOW = ("too_slow", "slower_than_forward", "too_many_lines")
# A wrong result that so many students have, or fewer, is rare.
RARE = 4
RARE_SHARE = 0.05


class Item(Struct, frozen=True):
    """A test, or an exercise where ``test`` is empty. ``passed`` is how many got all points;
    ``remark`` is the key of a sentence about its numbers, or empty."""

    exercise: str
    test: str
    visibility: Visibility | None
    max_score: float
    statistics: ItemStatistics
    passed: int
    remark: str


class AssignmentReport(Struct, frozen=True):
    """An assignment: ``absent`` are those who handed in nothing, ``shares`` everybody else's
    points as shares of the highest score, ``bins`` how many of them are in each tenth."""

    name: str
    title: str
    max_score: float
    due: datetime | None
    students: int
    late: int
    adjusted: int
    """Grades that people decided something about."""
    absent: tuple[str, ...]
    shares: tuple[float, ...]
    bins: tuple[int, ...]
    mean: float
    quartiles: tuple[float, float, float]
    alpha: Estimate | None
    exercises: tuple[Item, ...]
    tests: tuple[Item, ...]
    other_tests: int
    """Grades that were made with other tests, and are not in the statistics of tests."""


class MistakeReport(Struct, frozen=True):
    """A known mistake, or where ``mistake`` is empty what students computed or did that none
    explains. ``points`` are those that it cost altogether."""

    assignment: str
    exercise: str
    mistake: str
    hint: str
    computed: str
    message: str
    students: tuple[str, ...]
    share: float
    points: float


class PersonRemark(Struct, frozen=True):
    """Why somebody is worth a look; ``detail`` has the values of the sentence ``key``."""

    student: str
    assignment: str
    key: str
    detail: Mapping[str, str]


class Alike(Struct, frozen=True):
    """Students whose answers went wrong in the same rare way, in ``tests`` tests."""

    assignment: str
    students: tuple[str, ...]
    tests: int


class ClassReport(Struct, frozen=True):
    title: str
    language: Language
    assignments: tuple[AssignmentReport, ...]
    mistakes: tuple[MistakeReport, ...]
    unexplained: tuple[MistakeReport, ...]
    people: tuple[PersonRemark, ...]
    alike: tuple[Alike, ...]
    students: tuple[str, ...]
    grades: Mapping[tuple[str, str], Grade]
    names: Mapping[str, str]
    """Full names, of those on a roster with such a column."""


def gather(
    grades: Sequence[Grade],
    language: Language,
    *,
    course: Course | None = None,
    roster: Roster | None = None,
    with_alike: bool = False,
) -> ClassReport:
    """Everything that a report says about a class. ``course`` gives titles and the order of
    assignments, ``roster`` those who handed in nothing; ``with_alike`` looks for students with the
    same rare wrong results."""
    by_assignment = _by_assignment(grades)
    order = [name for name in (() if course is None else course.assignments)]
    names = [one for one in order if one in by_assignment]
    names += sorted(by_assignment.keys() - {*names})
    students = _everybody(grades, roster)
    return ClassReport(
        title="" if course is None else pick(course.title, language),
        language=language,
        assignments=tuple(
            _assignment(name, by_assignment[name], language, students, course) for name in names
        ),
        mistakes=tuple(_mistakes(by_assignment, names)),
        unexplained=tuple(_unexplained(by_assignment, names)),
        people=tuple(_people(by_assignment, names, students)),
        alike=tuple(_alike(by_assignment, names)) if with_alike else (),
        students=students,
        grades=_by_key(grades),
        names={}
        if roster is None
        else {one: name for one in students if (name := roster.display_name(one))},
    )


def _by_assignment(grades: Sequence[Grade]) -> dict[str, Sequence[Grade]]:
    names = dict.fromkeys(assignment for _, assignment in keys(grades))
    if isinstance(grades, GradeView):
        return {name: grades.of((), (name,)) for name in names}
    return {name: [one for one in grades if one.assignment == name] for name in names}


def _by_key(grades: Sequence[Grade]) -> Mapping[tuple[str, str], Grade]:
    if isinstance(grades, GradeView):
        return _Lookup(grades)
    return {(one.student, one.assignment): one for one in grades}


class _Lookup(Mapping[tuple[str, str], Grade]):
    """Grades by student and assignment, each read when it is asked for."""

    def __init__(self, grades: GradeView) -> None:
        self._grades = grades
        self._keys = frozenset(grades.keys())

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __getitem__(self, key: tuple[str, str]) -> Grade:
        if key not in self._keys:
            raise KeyError(key)
        return self._grades.of((key[0],), (key[1],))[0]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _everybody(grades: Sequence[Grade], roster: Roster | None) -> tuple[str, ...]:
    graded = sorted({student for student, _ in keys(grades)})
    absent = [] if roster is None else roster.absent(graded)
    return tuple(sorted([*graded, *absent]))


# Assignments


def _assignment(
    name: str,
    grades: Sequence[Grade],
    language: Language,
    students: Sequence[str],
    course: Course | None,
) -> AssignmentReport:
    known = None if course is None else course.assignments.get(name)
    made = _Numbers()
    for grade in grades:
        made.add(grade)
    shares = np.array(made.shares)
    there = {student for student, _ in keys(grades)}
    tests, alpha, exercises = _items(*made.most())
    return AssignmentReport(
        name=name,
        title=name if known is None else pick(known.title, language),
        max_score=made.max_score,
        due=None if known is None else known.due,
        students=len(grades),
        late=made.late,
        adjusted=made.adjusted,
        absent=tuple(one for one in students if one not in there),
        shares=tuple(map(float, shares)),
        bins=tuple(histogram(shares)),
        mean=float(shares.mean()),
        quartiles=quantiles(shares),
        alpha=alpha,
        exercises=exercises,
        tests=tests,
        other_tests=made.others,
    )


def _share(points: float, highest: float) -> float:
    return min(max(points / highest, 0.0), 1.0) if highest else 0.0


_Key = tuple[str, str, float]


class _Tests(Struct):
    """Grades that were made with the same tests: their scores, a row of numbers a grade."""

    visibilities: tuple[Visibility, ...]
    scores: array[float]
    count: int = 0


class _Numbers:
    """What is counted of the grades of an assignment, of which none is kept."""

    def __init__(self) -> None:
        self.shares = array("d")
        self.max_score = 0.0
        self.late = 0
        self.adjusted = 0
        self._tests: dict[tuple[_Key, ...], _Tests] = {}

    def add(self, grade: Grade) -> None:
        self.shares.append(_share(grade.total, grade.max_score))
        self.max_score = max(self.max_score, grade.max_score)
        self.late += bool(grade.penalty)
        self.adjusted += bool(grade.adjustments)
        pairs = [(one.name, test) for one in grade.exercises for test in one.tests]
        names = tuple((exercise, test.name, test.max_score) for exercise, test in pairs)
        same = self._tests.get(names)
        if same is None:
            same = _Tests(tuple(test.visibility for _, test in pairs), array("d"))
            self._tests[names] = same
        same.scores.extend(test.score for _, test in pairs)
        same.count += 1

    def most(self) -> tuple[tuple[_Key, ...], tuple[Visibility, ...], Scores]:
        """The tests that most grades were made with, as exercise, name and highest points, who
        sees each, and the scores, an array of shape (grades, tests)."""
        names, same = max(self._tests.items(), key=lambda pair: pair[1].count)
        scores = np.array(same.scores, dtype=np.float64).reshape(same.count, len(names))
        return names, same.visibilities, scores

    @property
    def others(self) -> int:
        """Grades that were made with other tests than most."""
        counts = [one.count for one in self._tests.values()]
        return sum(counts) - max(counts)


def _items(
    keys: Sequence[_Key], visibilities: Sequence[Visibility], scores: Scores
) -> tuple[tuple[Item, ...], Estimate | None, tuple[Item, ...]]:
    """The tests with points, alpha over them, and the exercises. Statistics are about what was
    computed: what people decided afterwards says nothing about a test."""
    highest = np.array([key[2] for key in keys], dtype=np.float64)
    counted = [place for place in range(len(keys)) if highest[place] > 0]
    items = [
        _item(keys[place], visibilities[place], scores[:, place], statistics)
        for place, statistics in zip(
            counted, item_statistics(scores[:, counted], highest[counted]), strict=True
        )
    ]
    alpha = cronbach_alpha(scores[:, counted])
    names = list(dict.fromkeys(key[0] for key in keys))
    sums = np.stack([scores[:, [k[0] == name for k in keys]].sum(axis=1) for name in names], axis=1)
    most = np.array([sum(k[2] for k in keys if k[0] == name) for name in names])
    with_points = [place for place in range(len(names)) if most[place] > 0]
    exercises = [
        _item((names[place], "", float(most[place])), None, sums[:, place], statistics)
        for place, statistics in zip(
            with_points, item_statistics(sums[:, with_points], most[with_points]), strict=True
        )
    ]
    return tuple(items), alpha, tuple(exercises)


def _item(
    key: _Key, visibility: Visibility | None, points: Scores, statistics: ItemStatistics
) -> Item:
    exercise, test, highest = key
    passed = int(np.count_nonzero(points >= highest - 1e-9))
    return Item(exercise, test, visibility, highest, statistics, passed, _remark(statistics))


def _remark(found: ItemStatistics) -> str:
    """The key of what is worth saying; empty where nothing is, or too few students."""
    if found.facility.n < ENOUGH:
        return ""
    discrimination = found.discrimination
    if discrimination is not None and discrimination.value < 0:
        return "report_reversed"
    if found.facility.value >= NEARLY_EVERYBODY:
        return "report_nearly_everybody"
    if found.facility.value <= HARDLY_ANYBODY:
        return "report_hardly_anybody"
    if discrimination is not None and discrimination.value < LITTLE:
        return "report_says_little"
    return ""


# Mistakes


class _Group(Struct):
    students: dict[str, None]
    points: float
    hint: str
    message: str


def _mistakes(
    grades: Mapping[str, Sequence[Grade]], names: Sequence[str]
) -> Iterator[MistakeReport]:
    """The known mistakes, the most frequent first."""
    found: list[MistakeReport] = []
    for name in names:
        groups: dict[tuple[str, str], _Group] = {}
        for grade, exercise, test in _lost(grades[name]):
            if test.mistake is not None:
                _add(groups, (exercise.name, test.mistake), grade, test)
        found += [
            _reported(name, exercise, group, len(grades[name]), mistake=mistake)
            for (exercise, mistake), group in groups.items()
        ]
    yield from sorted(found, key=lambda one: (-len(one.students), -one.points))


def _unexplained(
    grades: Mapping[str, Sequence[Grade]], names: Sequence[str]
) -> Iterator[MistakeReport]:
    """What students computed that no mistake explains, and how else their code failed."""
    found: list[MistakeReport] = []
    for name in names:
        groups: dict[tuple[str, str, str], _Group] = {}
        for grade in grades[name]:
            for exercise in grade.exercises:
                lost = [one for one in exercise.tests if one.status != "passed"]
                unknown = [one for one in lost if one.mistake is None]
                if not unknown or _never_ran(unknown):
                    continue
                computed = max(
                    (one.computed for one in unknown if one.computed is not UNSET),
                    key=len,
                    default="",
                )
                for test in unknown:
                    key = computed or _kind(unknown[0])
                    _add(groups, (exercise.name, computed, key), grade, test)
        found += [
            _reported(name, exercise, group, len(grades[name]), computed=computed)
            for (exercise, computed, _), group in groups.items()
        ]
    yield from sorted(found, key=lambda one: (not one.computed, -len(one.students), -one.points))


def _never_ran(tests: Sequence[TestGrade]) -> bool:
    """Whether there was nothing to run: no file, no function, or the stub."""
    return all(
        one.status == "missing" or (one.said is not UNSET and one.said.key == "not_implemented")
        for one in tests
    )


def _kind(test: TestGrade) -> str:
    """What a test that failed is put together with others by, where nothing was computed."""
    if test.said is not UNSET:
        return _innermost(test) or test.status
    return test.status


def _innermost(test: TestGrade) -> str:
    said = test.said
    if said is UNSET:
        return ""
    for _ in range(4):
        inner = said.values.get("message", said.parts[0] if said.parts else None)
        if inner is None or isinstance(inner, (str, int)):
            break
        said = inner
    return said.key


def _add(groups: dict, key: tuple, grade: Grade, test: TestGrade) -> None:  # type: ignore[type-arg]
    group = groups.setdefault(key, _Group({}, 0.0, test.hint or "", test.message))
    group.students[grade.student] = None
    group.points += test.max_score - test.score


def _reported(
    assignment: str, exercise: str, group: _Group, of: int, mistake: str = "", computed: str = ""
) -> MistakeReport:
    return MistakeReport(
        assignment=assignment,
        exercise=exercise,
        mistake=mistake,
        hint=group.hint,
        computed=computed,
        message=group.message,
        students=tuple(group.students),
        share=len(group.students) / of,
        points=round(group.points, 9),
    )


def _lost(grades: Iterable[Grade]) -> Iterator[tuple[Grade, ExerciseGrade, TestGrade]]:
    for grade in grades:
        for exercise in grade.exercises:
            for test in exercise.tests:
                if test.status != "passed":
                    yield grade, exercise, test


# People


def _people(
    grades: Mapping[str, Sequence[Grade]], names: Sequence[str], students: Sequence[str]
) -> Iterator[PersonRemark]:
    """Who is worth a look, by what for; within that in the order of names."""
    remarks: list[PersonRemark] = []
    before: dict[str, tuple[str, float]] = {}
    for name in names:
        there = {student for student, _ in keys(grades[name])}
        remarks += [
            PersonRemark(one, name, "report_absent", {}) for one in students if one not in there
        ]
        for grade in grades[name]:
            student = grade.student
            remarks += _about(grade)
            share = _share(grade.total, grade.max_score)
            if student in before and before[student][1] - share >= DROP:
                earlier, was = before[student]
                values = {"before": f"{was:.0%}", "after": f"{share:.0%}", "earlier": earlier}
                remarks.append(PersonRemark(student, name, "report_dropped", values))
            before[student] = name, share
    order = ("report_absent", "report_zero", "report_one_mistake", "report_dropped", "report_slow")
    yield from sorted(remarks, key=lambda one: (order.index(one.key), one.assignment, one.student))


def _about(grade: Grade) -> Iterator[PersonRemark]:
    student, name = grade.student, grade.assignment
    lost = [test for _, _, test in _lost([grade]) if test.score < test.max_score]
    if grade.total == 0:
        yield PersonRemark(student, name, "report_zero", {})
    mistakes = {test.mistake for test in lost}
    points = sum(test.max_score - test.score for test in lost)
    if len(mistakes) == 1 and points >= MUCH * grade.max_score:
        (mistake,) = mistakes
        if mistake is not None:
            values = {"mistake": mistake, "points": f"{points:g}"}
            yield PersonRemark(student, name, "report_one_mistake", values)
    if lost and all(_is_slow(test) for test in lost):
        yield PersonRemark(student, name, "report_slow", {"points": f"{points:g}"})


def _is_slow(test: TestGrade) -> bool:
    return test.said is not UNSET and test.said.key in SLOW


def _alike(grades: Mapping[str, Sequence[Grade]], names: Sequence[str]) -> Iterator[Alike]:
    """Students who got the same wrong numbers, which no known mistake explains and few others
    have. It is a reason to look, and proves nothing: who asks the same friend, or the same
    book, goes wrong alike."""
    found: list[Alike] = []
    for name in names:
        groups: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
        for grade in grades[name]:
            wrong = tuple(
                (exercise.name, test.name, test.message)
                for _, exercise, test in _lost([grade])
                if test.mistake is None and test.status in ("failed", "partial")
            )
            if wrong:
                groups.setdefault(wrong, []).append(grade.student)
        most = max(RARE, RARE_SHARE * len(grades[name]))
        found += [
            Alike(name, tuple(who), len(wrong))
            for wrong, who in groups.items()
            if 2 <= len(who) <= most
        ]
    yield from sorted(found, key=lambda one: (-one.tests, one.assignment, one.students))


# Code


def telling_lines(source: str, function: str, outputs: Sequence[str]) -> list[str]:
    """The lines of a student's function that say what it returns: its last ``return`` and, where
    that only names outputs, what was assigned to them last. Empty where there are none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.splitlines()
    body = next(
        (
            node
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == function
        ),
        None,
    )
    if body is None:
        return []
    returned = [one for one in ast.walk(body) if isinstance(one, ast.Return)]
    if not returned:
        return []
    last = max(returned, key=lambda one: one.lineno)
    named = {one.id for one in ast.walk(last) if isinstance(one, ast.Name)}
    assigned: dict[str, ast.stmt] = {}
    for node in ast.walk(body):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                name = next((one.id for one in ast.walk(target) if isinstance(one, ast.Name)), "")
                if name in named and (name not in assigned or assigned[name].lineno < node.lineno):
                    assigned[name] = node
    chosen = sorted({*(one.lineno for one in assigned.values()), last.lineno})
    return [lines[number - 1].strip() for number in chosen[-4:] if number <= len(lines)]


def mistake_hints(course: Course) -> dict[tuple[str, str, str], Text]:
    """The hints of known mistakes, by assignment, exercise and mistake."""
    return {
        (exercise.assignment, exercise.name, mistake.name): mistake.hint
        for assignment in course.assignments.values()
        for exercise in assignment.exercises
        for mistake in exercise.mistakes
    }
