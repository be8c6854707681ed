"""What the known mistakes of an exercise do, found out as far as a wrong answer asks.

A mistake is run like a submission: first its public tests, then its hidden ones. Each student's
wrong answer is held against what every mistake does in public tests, which tells most mistakes
from it. Only what nothing there tells from it is run to its end.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from autograder.course.exercise import Exercise
from autograder.grading.answer_cache import MAX_ANSWERS
from autograder.grading.judge import Judgement, Truth
from autograder.grading.mistakes import (
    explain,
    label,
    may_explain,
    mutant,
    name_of,
    other_values,
    with_shapes,
)
from autograder.grading.plan import Plan
from autograder.grading.run import ExerciseRun
from autograder.submissions.submission import Submission
from autograder.truth.reference import solution_source

if TYPE_CHECKING:
    from autograder.batch.cache import CourseCache

Mutants: TypeAlias = Mapping[str, tuple[ExerciseRun, Sequence[Judgement]]]
"""By the label of a known mistake, what it did and how that was judged."""


class Part(Struct, frozen=True, eq=False):
    """What a mistake did in the public tests or, where it ``is_whole``, in all."""

    run: ExerciseRun
    judgements: tuple[Judgement, ...]
    is_whole: bool


class KnownMistakes:
    """The mistakes of one exercise. ``begin`` runs the public tests of one, ``complete`` the others
    after these. What was found out is kept in ``cache``, from where other processes take it."""

    def __init__(
        self,
        exercise: Exercise,
        begin: Callable[[Submission], Part],
        complete: Callable[[Submission, Part], Part],
        cache: CourseCache | None,
    ) -> None:
        self._exercise = exercise
        self._begin = begin
        self._complete = complete
        self._cache = cache
        self._parts: dict[str, Part] = {}
        # By the numbers of the replies: in which cases these are wrong, and the mistakes behind.
        self._behind: dict[tuple[int, ...], tuple[list[dict[str, Any]], dict[str, str]]] = {}

    def usual(self) -> Mutants:
        """All that each mistake does with its usual numbers."""
        return self._whole(mistake.name for mistake in self._exercise.mistakes)

    def like(
        self,
        judgements: Sequence[Judgement],
        run: ExerciseRun,
        truths: Mapping[str, Sequence[Truth]],
    ) -> Mutants:
        """All that those mistakes do that public tests do not tell from a ``run``: no other
        explains it. A mistake is there with each of its numbers, or with none."""
        names = set()
        for one in self._in_own_order():
            part = self._part(one)
            if may_explain(judgements, run, part.judgements, part.run, truths):
                names.add(name_of(one))
        return self._whole(one for one in self._submissions if name_of(one) in names)

    def behind(
        self,
        judgements: Sequence[Judgement],
        run: ExerciseRun,
        submission: Submission,
        plan: Plan,
        truths: Mapping[str, Sequence[Truth]],
    ) -> dict[str, str]:
        """The names of the tests that lost points to a known mistake, and of that mistake. Answers
        that are equal to the last bit are held against the mistakes once."""
        key = None
        # How a call failed is read from the source, which another student has written otherwise.
        if not any(one.failure for seen in run.observations.values() for one in seen):
            key = plan.answers.numbers(run.observations)
        wrong = [one.wrong for one in judgements]
        if key is not None and key in self._behind and self._behind[key][0] == wrong:
            return self._behind[key][1]
        shaped = with_shapes(self._exercise, plan.cases, run, submission)
        mutants = self.like(judgements, shaped, truths)
        explained = explain(self._exercise, judgements, shaped, mutants, truths)
        if key is not None:
            while len(self._behind) >= MAX_ANSWERS:
                del self._behind[next(iter(self._behind))]
            self._behind[key] = wrong, explained
        return explained

    def _whole(self, labels: Iterable[str]) -> Mutants:
        found = {}
        for one in labels:
            part = self._part(one)
            if not part.is_whole:
                part = self._keep(one, self._kept(one, is_whole=True) or self._completed(one, part))
            found[one] = part.run, part.judgements
        return found

    @cached_property
    def _submissions(self) -> dict[str, Submission]:
        """Each mistake as if it had been handed in, with its usual numbers and with others."""
        exercise = self._exercise
        solution = solution_source(exercise) or ""
        usual = {one.name: mutant(exercise, one, solution) for one in exercise.mistakes}
        others = {
            label(one.name, number): mutant(exercise, one, solution, values)
            for one in exercise.mistakes
            for number, values in enumerate(other_values(one))
        }
        return usual | others

    @cached_property
    def _entries(self) -> dict[str, str]:
        """By the label of a mistake, the name of its entry in the cache."""
        of = f"{self._exercise.assignment}.{self._exercise.name}.mistake"
        return {one: f"{of}-{number}" for number, one in enumerate(self._submissions)}

    def _in_own_order(self) -> list[str]:
        """The labels in an order that is another one in each process: those that begin together do
        not all run the same ones, and each finds what the others have run."""
        labels = list(self._submissions)
        return random.Random(os.getpid()).sample(labels, len(labels))

    def _part(self, one: str) -> Part:
        """What is known of a mistake: the public tests at least."""
        if one not in self._parts:
            kept = self._kept(one)
            if kept is not None:
                self._parts[one] = kept
            else:
                self._keep(one, self._begin(self._submissions[one]))
        return self._parts[one]

    def _completed(self, one: str, part: Part) -> Part:
        return self._complete(self._submissions[one], part)

    def _kept(self, one: str, *, is_whole: bool = False) -> Part | None:
        """What another process or an earlier run has found out."""
        if self._cache is None:
            return None
        name = self._entries[one]
        part: Part | None = self._cache.get([name]).get(name)
        return part if part is None or part.is_whole or not is_whole else None

    def _keep(self, one: str, part: Part) -> Part:
        self._parts[one] = part
        if self._cache is not None:
            self._cache.put({self._entries[one]: part})
        return part
