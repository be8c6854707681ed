"""Grades with much in common have it in memory once."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.batch.grading import Graded
from autograder.grades import model
from autograder.grades.grade_file import _Alike, decode_grade, encode_grade, read_files, write_grade
from autograder.grades.model import ExerciseGrade, FileUse, Grade, Timing
from autograder.submissions.submission import SubmissionRef
from autograder.text.sentences import Sentence


def a_test(name: str, score: float, message: str) -> model.TestGrade:
    status: model.Status = "passed" if score else "failed"
    told = Sentence(key="found_number", values={"n": 1 if score else 0})
    return model.TestGrade(name, "public", score, 1.0, status, message, said=told)


def a_grade(student: str, *scores: float) -> Grade:
    tests = tuple(a_test(f"t{n}", score, f"{score:g} of 1") for n, score in enumerate(scores))
    exercise = ExerciseGrade("dx", sum(scores), float(len(scores)), tests, "printed", "dx.py")
    return Grade(
        student=student,
        assignment="linear",
        score=exercise.score,
        max_score=exercise.max_score,
        isolation="sandbox",
        language="en",
        exercises=(exercise,),
        fingerprint=student,
        timing=Timing("", 0.0),
        files=(FileUse("dx.py", ("dx",)),),
    )


def test_equal_parts_are_one_and_grades_stay_equal() -> None:
    alike = _Alike()
    grades = [a_grade("ada", 1, 0), a_grade("bob", 1, 0), a_grade("eve", 1, 1)]
    ada, bob, eve = [alike.merged(decode_grade(encode_grade(one))) for one in grades]
    assert [replace(one, seal="") for one in (ada, bob, eve)] == grades
    assert ada.exercises[0] is bob.exercises[0]
    assert ada.exercises[0].tests[0] is eve.exercises[0].tests[0]
    assert ada.exercises[0].tests[1] is not eve.exercises[0].tests[1]
    assert ada.files is eve.files


@pytest.mark.parametrize("part", ["message", "status", "hint"])
def test_what_differs_stays_different(part: str) -> None:
    alike = _Alike()
    one = a_grade("ada", 1, 0)
    (exercise,) = one.exercises
    changed = replace(exercise.tests[0], **{part: "failed" if part == "status" else "another"})
    other = replace(one, exercises=(replace(exercise, tests=(changed, exercise.tests[1])),))
    assert alike.merged(one) == one
    assert alike.merged(other) == other


def test_a_folder_is_read_with_equal_parts_once(tmp_path: Path) -> None:
    for number in range(20):
        write_grade(tmp_path / f"s{number:02}" / "linear.json", a_grade(f"s{number:02}", 1, 0))
    grades = read_files(tmp_path).grades
    assert len(grades) == 20
    assert len({id(one.exercises[0]) for one in grades}) == 1


def test_an_outline_has_the_total_and_of_attempts_everything() -> None:
    ref = SubmissionRef("ada", "linear", Path("ada"))
    grade = a_grade("ada", 1, 0)
    outline = Graded(ref, grade, fresh=True).outline().grade
    assert outline == replace(grade, exercises=(), files=())
    assert outline.total == grade.total
    attempt = Graded(replace(ref, attempt=2), grade, fresh=True)
    assert attempt.outline() is attempt
