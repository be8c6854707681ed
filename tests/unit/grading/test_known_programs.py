"""What is known of programs that came before: the last of them, and what others found out."""

from __future__ import annotations

import pytest

from autograder.grades.model import ExerciseGrade
from autograder.grading import known_programs
from autograder.grading.known_programs import KnownPrograms, Learned, Program


def program(name: str) -> Program:
    return name.encode(), "en"


def graded(score: float) -> ExerciseGrade:
    return ExerciseGrade(name="dx", score=score, max_score=10.0, tests=(), output="", file="")


ONE, TWO, THREE = map(program, ("one", "two", "three"))


def test_who_came_is_known_and_what_they_got() -> None:
    known = KnownPrograms()
    known.keep(ONE, None)
    known.keep(TWO, graded(3.0))
    assert (ONE in known, TWO in known, THREE in known) == (True, True, False)
    assert [known.grade(one) for one in (ONE, TWO, THREE)] == [None, graded(3.0), None]
    assert (b"two", "ko") not in known


def test_the_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_programs, "MAX_PROGRAMS", 2)
    known = KnownPrograms()
    known.keep(ONE, graded(1.0))
    known.keep(TWO, graded(2.0))
    known.grade(ONE)  # who is asked for comes last
    known.keep(THREE, None)
    assert (ONE in known, TWO in known, THREE in known) == (True, False, True)
    known.keep(THREE, graded(3.0))  # which does not need another's place
    assert (ONE in known, THREE in known) == (True, True)


def test_news_are_told_once() -> None:
    known = KnownPrograms()
    known.keep(ONE, None)
    known.keep(ONE, graded(1.0))
    assert known.news() == [(ONE, None), (ONE, graded(1.0))]
    assert known.news() == []
    known.hear([(TWO, graded(2.0))])
    assert known.news() == []  # whoever told it knows


@pytest.mark.parametrize(
    ("here", "elsewhere", "known"),
    [
        ([], [(ONE, None)], None),
        ([], [(ONE, None), (ONE, graded(2.0))], graded(2.0)),
        ([(ONE, None)], [(ONE, graded(2.0))], graded(2.0)),
        ([(ONE, graded(1.0))], [(ONE, None)], graded(1.0)),
        ([(ONE, graded(1.0))], [(ONE, graded(2.0))], graded(1.0)),
    ],
)
def test_what_is_known_stays(
    here: list[Learned], elsewhere: list[Learned], known: ExerciseGrade | None
) -> None:
    programs = KnownPrograms()
    for one, grade in here:
        programs.keep(one, grade)
    programs.hear(elsewhere)
    assert ONE in programs
    assert programs.grade(ONE) == known


def test_what_nobody_asks_for_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_programs, "MAX_PROGRAMS", 2)
    known = KnownPrograms()
    for number in range(100):
        known.keep(program(str(number)), None)
    assert len(known.news()) == 2
