"""What is worked out once for a class: the cases of every test, and what is expected of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.exercise import Exercise, RunTest, Visibility
from autograder.errors import AutograderError
from autograder.grading.judge import Truth
from autograder.processes.parallel import parallel_map
from autograder.submissions.names import meaning
from autograder.submissions.submission import SubmissionRef, source_names
from autograder.truth.cases import Case, Drawn, draw, lay_out
from autograder.truth.expected import Expected, expected_outputs
from autograder.truth.reference import load_reference, load_right

# Of each assignment, so many submissions are looked at to see which exercises will be graded.
_LOOKED_AT = 100
# So many cases of each test are looked at element by element where that is asked for; in the
# others, a random direction is.
_THOROUGH = 1
# In so many cases of each test the solution is held against the forward pass; for the linter, in
# all. A wrong one is wrong in most, and each case takes half as long again.
_CHECKED = 2
# Elements that take as long as the rest of a case.
_ELEMENTS = 3300


class Prepared(Struct, frozen=True, eq=False):
    """By the name of each test that runs code, its cases and what is expected of each."""

    cases: Mapping[str, Sequence[Case]]
    truths: Mapping[str, Sequence[Truth]]


class ExpectedLater(Mapping[str, Expected]):
    """What is expected of one case, worked out when it is first asked for."""

    def __init__(self, work_out: Callable[[], Truth]) -> None:
        self._work_out = work_out

    @cached_property
    def _known(self) -> Truth:
        return self._work_out()

    def __getitem__(self, output: str) -> Expected:
        return self._known[output]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Entries(Protocol):
    """Where what was worked out before is kept, by assignment and exercise."""

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of the ``names`` that are there."""

    def put(self, entries: Mapping[str, object]) -> None:
        """Keep these, which can be pickled."""


class _Numbers(Struct, frozen=True, eq=False):
    """The same, apart from how arrays lie in memory; this can be pickled."""

    drawn: Mapping[str, Sequence[Drawn]]
    truths: Mapping[str, Sequence[Truth]]


def prepare(
    exercises: Sequence[Exercise],
    seed: int,
    *,
    thorough: bool = False,
    jobs: int = 1,
    cache: Entries | None = None,
) -> list[Prepared]:
    """Each of the exercises, by ``jobs`` processes, or from ``cache`` where it is there.

    Raises :class:`~autograder.errors.CourseError` where cases cannot be drawn or the witnesses
    disagree.
    """
    names = [f"{one.assignment}.{one.name}" for one in exercises]
    known: dict[str, _Numbers] = {} if cache is None else cache.get(names)
    missing = [number for number, name in enumerate(names) if name not in known]
    found = _work_out([exercises[number] for number in missing], seed, thorough, jobs)
    made = {names[number]: one for number, one in zip(missing, found, strict=True)}
    if cache is not None:
        cache.put(made)
    known |= made
    return [
        Prepared(_cases(exercise, known[name].drawn), known[name].truths)
        for exercise, name in zip(exercises, names, strict=True)
    ]


def prepare_for_one(exercise: Exercise, seed: int) -> Prepared:
    """An exercise for one submission, which may fail before anything is expected of it: the truth
    of a case is worked out when it is asked for, which raises
    :class:`~autograder.errors.CourseError` where the witnesses disagree."""
    drawn = {test.name: draw(exercise, test, seed) for test in exercise.run_tests}
    cases = _cases(exercise, drawn)
    reference, right = load_reference(exercise), load_right(exercise)

    def later(test: RunTest, number: int, case: Case) -> Truth:
        checked = number < _CHECKED
        return ExpectedLater(
            lambda: expected_outputs(exercise, test, case, reference, right=right, checked=checked)
        )

    return Prepared(
        cases,
        {
            test.name: [later(test, number, case) for number, case in enumerate(cases[test.name])]
            for test in exercise.run_tests
        },
    )


def _work_out(
    exercises: Sequence[Exercise], seed: int, thorough: bool, jobs: int
) -> list[_Numbers]:
    drawn = [{test.name: draw(one, test, seed) for test in one.run_tests} for one in exercises]
    cases = [_cases(*both) for both in zip(exercises, drawn, strict=True)]
    references = [load_reference(exercise) for exercise in exercises]
    right = [load_right(exercise) for exercise in exercises]

    def expected(item: tuple[int, RunTest, Case, int]) -> Truth:
        number, test, case, place = item
        return expected_outputs(
            exercises[number],
            test,
            case,
            references[number],
            right=right[number],
            thorough=thorough and place < _THOROUGH,
            checked=thorough or place < _CHECKED,
        )

    items = [
        (number, test, case, place)
        for number, exercise in enumerate(exercises)
        for test in exercise.run_tests
        for place, case in enumerate(cases[number][test.name])
    ]
    truths = iter(parallel_map(expected, items, jobs, lambda item: _cost(item[2])))
    return [
        _Numbers(of_one, {test: tuple(islice(truths, len(of_one[test]))) for test in of_one})
        for of_one in drawn
    ]


def _cases(exercise: Exercise, drawn: Mapping[str, Sequence[Drawn]]) -> dict[str, tuple[Case, ...]]:
    return {test.name: lay_out(exercise, test, drawn[test.name]) for test in exercise.run_tests}


def prepare_for(
    refs: Iterable[SubmissionRef], course: Course, jobs: int, cache: Entries | None = None
) -> dict[tuple[str, str], Prepared]:
    """The exercises that some of the submissions have files for, by assignment and name.
    Raises :class:`~autograder.errors.CourseError`."""
    # Where each student has numbers of their own, there is nothing to share.
    exercises = [one for one in _handed_in(refs, course) if not one.own_numbers]
    if course.hidden_inputs == "per-attempt":  # each submission has hidden ones of its own
        exercises = [with_tests(one, "public") for one in exercises]
    try:
        prepared = prepare(exercises, course.seed, jobs=jobs, cache=cache)
    except AutograderError:
        raise
    except Exception:  # it will be met again, by who can say which submission it was for
        return {}
    keys = [(exercise.assignment, exercise.name) for exercise in exercises]
    return dict(zip(keys, prepared, strict=True))


def with_tests(exercise: Exercise, visibility: Visibility) -> Exercise:
    """The exercise with its public, or its hidden tests alone."""
    tests = tuple(test for test in exercise.tests if test.visibility == visibility)
    return replace(exercise, tests=tests)


def _may_hold(names: Collection[str], exercise: Exercise) -> bool:
    """Whether files of these names may hold the exercise, as far as a look at them tells."""
    exercises = [exercise.name]
    return any(
        meaning(name.rpartition("/")[2], exercises, exercise.assignment).exercise for name in names
    )


def _handed_in(refs: Iterable[SubmissionRef], course: Course) -> list[Exercise]:
    names: dict[str, set[str]] = {}
    looked_at: dict[str, int] = {}
    for ref in refs:
        count = looked_at[ref.assignment] = looked_at.get(ref.assignment, 0) + 1
        if count <= _LOOKED_AT:
            names.setdefault(ref.assignment, set()).update(source_names(ref))
    return [
        exercise
        for assignment, seen in names.items()
        for exercise in course.assignments[assignment].exercises
        if _may_hold(seen, exercise)
    ]


def _cost(case: Case) -> float:
    return 1 + sum(array.size for array in case.arrays.values()) / _ELEMENTS
