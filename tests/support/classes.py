"""Classes of any size, as grades: for reports, without grading anything."""

from __future__ import annotations

import random

from msgspec import UNSET

from autograder.grades import model
from autograder.text.sentences import Sentence

EXERCISES = {"dx": 3, "dW": 4}


def _test(name: str, visibility: str, passed: bool, kind: str) -> model.TestGrade:
    mistake, hint, said, computed = None, None, Sentence(key="wrong_value"), UNSET
    if not passed and kind == "mistake":
        mistake, hint = "wrong-sign", "Look at the sign."
    elif not passed and kind == "computed":
        computed = "dx = dy @ W, dW = -right dW"  # type: ignore[assignment]
    elif not passed and kind == "slow":
        said = Sentence(key="too_slow", values={"times": "40"})
    return model.TestGrade(
        name=name,
        visibility="public" if visibility == "public" else "hidden",
        score=2.0 if passed else 0.0,
        max_score=2.0,
        status="passed" if passed else "failed",
        message="All right." if passed else f"{name} is wrong <b>",
        mistake=mistake,
        hint=hint,
        said=UNSET if passed else said,
        computed=computed,
    )


def made_class(
    count: int, *, seed: int = 1, assignments: tuple[str, ...] = ("one", "two")
) -> list[model.Grade]:
    """Grades of ``count`` students who differ in what they know, in two exercises each."""
    generator = random.Random(seed)
    grades = []
    for number in range(count):
        ability = generator.gauss(0.6, 0.3)
        for assignment in assignments:
            if generator.random() < 0.05 and assignment != assignments[0]:
                continue
            exercises = []
            for name, tests in EXERCISES.items():
                kind = generator.choice(["mistake", "computed", "slow", "other"])
                made = tuple(
                    _test(
                        f"test-{place}",
                        "public" if place == 0 else "hidden",
                        generator.random() < ability - 0.1 * place,
                        kind,
                    )
                    for place in range(tests)
                )
                score = sum(test.score for test in made)
                exercises.append(model.ExerciseGrade(name, score, 2.0 * tests, made))
            grades.append(
                model.Grade(
                    student=f"s{number:04}",
                    assignment=assignment,
                    score=sum(one.score for one in exercises),
                    max_score=sum(one.max_score for one in exercises),
                    isolation="sandbox",
                    language="en",
                    exercises=tuple(exercises),
                    fingerprint="f",
                    timing=model.Timing("2026-12-01T00:00:00+00:00", 0.1),
                )
            )
    return grades
