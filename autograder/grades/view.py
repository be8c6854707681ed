"""Grades that are gone through without being in memory together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import overload

from autograder.grades.model import Grade


class GradeView(Sequence[Grade]):
    """A sequence of grades that are made anew each time it is gone through, ordered by student and
    assignment. ``length`` is asked for once."""

    def __init__(self, pour: Callable[[], Iterator[Grade]], length: Callable[[], int]) -> None:
        self._pour = pour
        self._count = length
        self._length: int | None = None

    def __iter__(self) -> Iterator[Grade]:
        return self._pour()

    def __len__(self) -> int:
        if self._length is None:
            self._length = self._count()
        return self._length

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    @overload
    def __getitem__(self, place: int) -> Grade: ...
    @overload
    def __getitem__(self, place: slice) -> list[Grade]: ...
    def __getitem__(self, place: int | slice) -> Grade | list[Grade]:
        if isinstance(place, slice):
            return list(islice(self, *place.indices(len(self))))
        place = place + len(self) if place < 0 else place
        try:
            return next(islice(self, max(place, len(self) if place < 0 else place), None))
        except StopIteration:
            raise IndexError(place) from None

    def totals(self) -> GradeView:
        """The same without what is said about exercises, which may be quicker."""
        return self

    def keys(self) -> Iterator[tuple[str, str]]:
        """The student and assignment of each."""
        return ((grade.student, grade.assignment) for grade in self)

    def change(self, change: Callable[[Grade], Grade]) -> GradeView:
        """What ``change`` makes of each; their student and assignment stay."""
        return _Changed(self, change)

    def of(self, students: Collection[str] = (), assignments: Collection[str] = ()) -> GradeView:
        """Those of some students and for some assignments; of all where none is named."""
        return self.only(
            lambda grade: (
                (not students or grade.student in students)
                and (not assignments or grade.assignment in assignments)
            )
        )

    def only(self, wanted: Callable[[Grade], bool]) -> GradeView:
        """Those that are ``wanted``."""
        chosen = GradeView(lambda: filter(wanted, self), lambda: sum(1 for _ in chosen))
        return chosen


class _Changed(GradeView):
    """Grades of another view, each changed when it is read."""

    def __init__(self, grades: GradeView, change: Callable[[Grade], Grade]) -> None:
        super().__init__(lambda: map(change, grades), lambda: len(grades))
        self._grades = grades
        self._change = change

    def totals(self) -> GradeView:
        return self._grades.totals()

    def keys(self) -> Iterator[tuple[str, str]]:
        return self._grades.keys()

    def of(self, students: Collection[str] = (), assignments: Collection[str] = ()) -> GradeView:
        return _Changed(self._grades.of(students, assignments), self._change)


def changed(grades: Sequence[Grade], change: Callable[[Grade], Grade]) -> Sequence[Grade]:
    """What ``change`` makes of each grade."""
    return grades.change(change) if isinstance(grades, GradeView) else [*map(change, grades)]


def keys(grades: Sequence[Grade]) -> Iterator[tuple[str, str]]:
    """The student and assignment of each grade."""
    if isinstance(grades, GradeView):
        return grades.keys()
    return ((grade.student, grade.assignment) for grade in grades)


def totals(grades: Sequence[Grade]) -> Sequence[Grade]:
    """The grades, for who needs names and points alone."""
    return grades.totals() if isinstance(grades, GradeView) else grades


def only(grades: Sequence[Grade], wanted: Callable[[Grade], bool]) -> Sequence[Grade]:
    """The grades that are ``wanted``."""
    return grades.only(wanted) if isinstance(grades, GradeView) else [*filter(wanted, grades)]


def in_order(grades: Sequence[Grade]) -> Sequence[Grade]:
    """The grades, ordered by student and assignment."""
    if isinstance(grades, GradeView):
        return grades
    return sorted(grades, key=lambda grade: (grade.student, grade.assignment))
