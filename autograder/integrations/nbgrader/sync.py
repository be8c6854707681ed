"""Grades made by ``autograder grade``, into nbgrader's gradebook and ``autograded/``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from nbgrader.api import Gradebook, SubmittedAssignment

from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.errors import UsageError
from autograder.grades.adjust import shared_out
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import ExerciseGrade, Grade
from autograder.integrations.nbgrader import gradebook as book
from autograder.integrations.nbgrader.carrier import (
    carrier,
    compose,
    fill,
    language_of,
    read_students_cells,
    write_notebook,
)
from autograder.integrations.nbgrader.grading import shown_to_student
from autograder.integrations.nbgrader.settings import Settings, open_gradebook
from autograder.submissions.reader import bounded
from autograder.submissions.submission import (
    SubmissionRef,
    read_submission,
    storable,
    wanted_of,
)
from autograder.submissions.submission_time import submission_time

_STUDENT = 128  # the gradebook's column
_SMALL = 4096
_TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


class Synced(Struct, frozen=True):
    """Counts of grades; ``change`` is what was done to the cells of the gradebook."""

    written: int
    unchanged: int
    change: book.Change


def sync(course: Course, grades: Sequence[Grade], settings: Settings) -> Synced:
    """Bring the gradebook and ``autograded/`` into step with the grades.

    Running it again changes nothing. Students that have no grade here are left alone, and
    so are scores and comments given by hand. Raises :class:`UsageError` for grades that do not
    belong to the course as it is, before anything is written.
    """
    for grade in grades:
        _check(course, grade)
    written = 0
    total = book.Change()
    with open_gradebook(settings) as gradebook, bounded():
        for name in dict.fromkeys(grade.assignment for grade in grades):
            carriers = _carriers(course, name, settings)
            change = book.align(gradebook, name, carriers)
            change = book.merged(change, book.remove_others(gradebook, name, carriers))
            total = book.merged(total, change)
            for grade in grades:
                if grade.assignment == name:
                    written += _sync_one(gradebook, course, grade, carriers, settings)
    return Synced(written, len(grades) - written, total)


def _check(course: Course, grade: Grade) -> None:
    who = f"the grade of {grade.student} for {grade.assignment}"
    assignment = course.assignments.get(grade.assignment)
    if assignment is None:
        raise UsageError(f"{who}: the course has {', '.join(course.assignments)}")
    if len(grade.student) > _STUDENT or not grade.student.isprintable():
        raise UsageError(
            f"{who}: nbgrader takes names of at most {_STUDENT} printable characters; rename "
            "the student's folder and grade it again"
        )
    there = {exercise.name: exercise for exercise in grade.exercises}
    for exercise in assignment.exercises:
        found = there.get(exercise.name)
        tests = {test.name for test in exercise.tests}
        if found is None or {test.name for test in found.tests} != tests:
            raise UsageError(
                f"{who}: was made before the course's exercise {exercise.name} changed; run "
                "'autograder grade' again"
            )


def _carriers(course: Course, assignment: str, settings: Settings) -> dict[str, bytes]:
    """The notebooks in the language of those in ``source/``."""
    exercises = course.assignments[assignment].exercises
    language = course.language
    for exercise in exercises:
        path = settings.folder("source", assignment) / f"{exercise.name}.ipynb"
        if path.is_file():
            language = language_of(path.read_bytes(), course)
    return {exercise.name: carrier(exercise, course.feedback, language) for exercise in exercises}


def _sync_one(
    gradebook: Gradebook,
    course: Course,
    grade: Grade,
    carriers: Mapping[str, bytes],
    settings: Settings,
) -> bool:
    """Whether anything changed."""
    folder = settings.folder("submitted", grade.assignment, storable(grade.student))
    ref = SubmissionRef(
        grade.student,
        grade.assignment,
        folder,
        timestamp_file=folder / "timestamp.txt",
        wanted=wanted_of(course.assignments[grade.assignment]),
    )
    target = settings.folder("autograded", grade.assignment, storable(grade.student))
    decided = any(not one.exercise for one in grade.adjustments)
    grade = shared_out(grade)
    gradebook.update_or_create_student(grade.student)
    submission = gradebook.update_or_create_submission(grade.assignment, grade.student)
    before = _state(submission)
    notebooks = {one.name: one for one in submission.notebooks}
    exercises = course.assignments[grade.assignment].exercises
    by_name = {exercise.name: exercise for exercise in exercises}
    changed = False
    for one in grade.exercises:
        exercise = by_name.get(one.name)
        if exercise is None:
            continue
        scores, fresh = _write_notebook(course, exercise, one, grade, carriers, ref, target)
        changed |= fresh
        book.write_scores(notebooks[one.name], scores)
    time = _time(grade, ref)
    if time is not None:
        # What people decided about the whole assignment stands, however late it came.
        penalty = grade.penalty if decided else None
        book.apply_deadline(course, submission, time, penalty=penalty)
    changed |= _copy_marks(ref.folder, target, time)
    changed |= _state(submission) != before
    gradebook.db.commit()
    return changed


def _write_notebook(
    course: Course,
    exercise: Exercise,
    exercise_grade: ExerciseGrade,
    grade: Grade,
    carriers: Mapping[str, bytes],
    ref: SubmissionRef,
    target: Path,
) -> tuple[dict[str, float], bool]:
    """The scores by cell, and whether the notebook in ``autograded/`` is another one now."""
    submission = read_submission(ref)
    cells = read_students_cells(ref.folder / f"{exercise.name}.ipynb", carriers[exercise.name])
    notebook = compose(carriers[exercise.name], cells, submission, exercise.name)
    graded = shown_to_student(course, exercise, exercise_grade, grade.language)
    scores = fill(notebook["cells"], graded.grade, graded.cells, graded.language)
    return scores, write_notebook(target / f"{exercise.name}.ipynb", notebook)


def _time(grade: Grade, ref: SubmissionRef) -> datetime | None:
    if grade.submitted is not None:
        return datetime.fromisoformat(grade.submitted)
    return submission_time(ref) if ref.folder.is_dir() else None


def _copy_marks(submitted: Path, target: Path, time: datetime | None) -> bool:
    """``timestamp.txt`` and ``submission_secret.txt``, by which nbgrader finds whose feedback it
    is: as they were handed in, or made where the submission did not come through the exchange.

    One that is missing would stop release_feedback for everybody.
    """
    made = {
        "timestamp.txt": "" if time is None else time.astimezone(UTC).strftime(_TIMESTAMP),
        "submission_secret.txt": secrets.token_hex(32),
    }
    changed = False
    for name, otherwise in made.items():
        content = _small_file(submitted / name)
        there = _small_file(target / name)
        if content is None:
            content = there if there is not None else otherwise.encode()
        if content != there:
            write_atomically(target / name, content)
            changed = True
    return changed


def _small_file(path: Path) -> bytes | None:
    """The content of an ordinary file of a few lines; None for anything else."""
    try:
        if not path.is_symlink() and path.is_file() and path.stat().st_size <= _SMALL:
            return path.read_bytes()
    except OSError:
        pass
    return None


def _state(submission: SubmittedAssignment) -> object:
    return (
        submission.timestamp,
        submission.extension,
        [
            (
                one.name,
                one.late_submission_penalty,
                sorted((g.name, g.auto_score, g.needs_manual_grade) for g in one.grades),
                sorted((c.name, c.auto_comment or "") for c in one.comments),
            )
            for one in submission.notebooks
        ],
    )
