"""What programs got that were graded before, for those who hand in the same one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from autograder.grades.model import ExerciseGrade
from autograder.text.language import Language

# Of so many programs that came before the grade is known.
MAX_PROGRAMS: Final = 100

Program: TypeAlias = tuple[bytes, Language]
"""As :func:`~autograder.grading.same_program.program_in` has it, graded in a language."""

Learned: TypeAlias = tuple[Program, ExerciseGrade | None]
"""What a program got; None where it has run only in processes that others had used."""


class KnownPrograms:
    """The programs that came for an exercise: the last of them, and what each got."""

    def __init__(self) -> None:
        self._grades: dict[Program, ExerciseGrade | None] = {}
        self._news: deque[Learned] = deque(maxlen=MAX_PROGRAMS)

    def __contains__(self, program: Program) -> bool:
        return program in self._grades

    def grade(self, program: Program) -> ExerciseGrade | None:
        """What a program got, which is then the last to be forgotten; None where that is not
        known."""
        if program not in self._grades:
            return None
        grade = self._grades[program] = self._grades.pop(program)
        return grade

    def keep(self, program: Program, grade: ExerciseGrade | None) -> None:
        """Note what a program got here."""
        self._put(program, grade)
        self._news.append((program, grade))

    def news(self) -> list[Learned]:
        """What was noted since this was last asked, and would still be known."""
        news = list(self._news)
        self._news.clear()
        return news

    def hear(self, news: Iterable[Learned]) -> None:
        """Note what programs got elsewhere."""
        for program, grade in news:
            if self._grades.get(program) is None:
                self._put(program, grade)

    def _put(self, program: Program, grade: ExerciseGrade | None) -> None:
        self._grades.pop(program, None)
        while len(self._grades) >= MAX_PROGRAMS:
            del self._grades[next(iter(self._grades))]
        self._grades[program] = grade
