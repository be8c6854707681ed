"""The table at the end of a run: it fits, at any width, and says why points were lost."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from autograder.exports.table import table_lines
from autograder.grades.model import ExerciseGrade
from tests.support.grades import HOSTILE, PUBLIC, grade, perfect

LONG = replace(PUBLIC, status="error", message="Raised ValueError: " + "no way " * 50)
SIX = tuple(
    ExerciseGrade(name, 1 / 3, 4, (PUBLIC, LONG))
    for name in ("jacobian", "dx_elementwise", "dx", "dW_elementwise", "dW", "linear_backward")
)
KOREAN = replace(PUBLIC, status="failed", message="결과가 맞지 않습니다. " * 20)
CLASS = [
    grade(),
    perfect(),
    grade("a-student-with-a-name-that-does-not-end-where-it-should", exercises=SIX),
    grade(HOSTILE, exercises=SIX, score=2 / 3),
    grade("김철수", exercises=(replace(SIX[0], tests=(KOREAN,)),)),
]


@pytest.mark.parametrize("width", [80, 100, 120, 160, 240])
def test_it_fits_and_takes_two_lines_a_student_at_most(width: int) -> None:
    for one in CLASS:
        lines = [line.plain for line in table_lines([one], width)]
        assert max(map(cell_len, lines)) <= width
        heading = next(n for n, line in enumerate(lines) if line.startswith("Student"))
        assert 1 <= len(lines) - heading - 1 <= 2


def test_mistakes_are_named_and_exercises_explained() -> None:
    lines = [line.plain for line in table_lines([grade(), perfect()], 100)]
    assert lines[0] == "linear-layer (10): 1 dx (10)"
    assert lines[1].split() == ["Student", "1", "Total", "What", "happened"]
    assert lines[2].split() == ["kim", "2.5", "2.5", "wrong-sign"]
    assert lines[3].split() == ["lee", "2", "2", "✓"]


def test_a_narrow_window_puts_the_reason_below() -> None:
    lines = [line.plain for line in table_lines([grade(exercises=SIX)], 60)]
    assert lines[-2].split() == ["kim", *["0.33"] * 6, "2.5"]
    assert lines[-1].startswith("    Raised ValueError: no way")
    assert lines[-1].endswith("…")


def test_headings_are_in_the_language_of_the_grades() -> None:
    heading = next(
        line.plain for line in table_lines([grade(language="ko")], 100) if "학생" in line.plain
    )
    assert heading.split() == ["학생", "1", "합계", "결과"]
