"""Grades for the tests of what happens to grades."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from autograder.grades.model import ExerciseGrade, Grade, TestGrade, Timing

HOSTILE = '=1+1,"x"<b>\n\N{WOMAN}\N{ZERO WIDTH JOINER}\N{MICROSCOPE}'
SECRET = "dx[1] is -1.43, not 0.2718281828 for W (3, 9)"

PUBLIC = TestGrade("worked-example", "public", 2, 2, "passed", "All right.")
WRONG = TestGrade("rectangles", "hidden", 0, 5, "failed", SECRET, "wrong-sign", "Look at the sign.")
CRASHED = TestGrade("squares", "hidden", 0, 1, "crashed", f"ended ({SECRET})")
RAISED = TestGrade(
    "small", "public", 0.5, 2, "error", "Raised E: 100%\n::stop (line 5)", file="dx.py", line=5
)


def grade(student: str = "kim", **changes: Any) -> Grade:
    exercise = ExerciseGrade("dx", 2.5, 10, (PUBLIC, RAISED, WRONG, CRASHED), output=SECRET)
    whole = Grade(
        student,
        "linear-layer",
        2.5,
        10,
        "sandbox",
        "en",
        (exercise,),
        "0123",
        Timing("2026-12-01T00:00:00+00:00", 0.1),
    )
    return replace(whole, **changes)


def perfect(student: str = "lee", **changes: Any) -> Grade:
    exercise = ExerciseGrade("dx", 2, 2, (PUBLIC,))
    return replace(grade(student), score=2, max_score=2, exercises=(exercise,), **changes)
