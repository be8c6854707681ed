"""Grading inside nbgrader's process: one course, one warm sandbox, for as long as it lives.

That may be long: formgrader's server grades whenever somebody presses the button. So the course
is loaded anew when one of its files has changed.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from autograder.batch.fingerprint import course_paths
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.errors import AutograderError, CourseError
from autograder.grades.deadline import all_due
from autograder.grades.feedback import visible
from autograder.grades.model import ExerciseGrade, Grade, Timing
from autograder.grading.grader import ExerciseGrader, Started
from autograder.grading.submission_budget import Budget
from autograder.integrations.nbgrader.carrier import carrier, language_of
from autograder.integrations.nbgrader.cells import GradeCell, grade_cells
from autograder.sandbox.host import Sandbox
from autograder.sandbox.levels import Level
from autograder.submissions.submission import Submission
from autograder.text.language import Language

Signature = tuple[tuple[str, int, int], ...]


class Graded(Struct, frozen=True):
    """``grade`` is as the student may see it, and ``cells`` are what it is worth."""

    grade: ExerciseGrade
    cells: tuple[GradeCell, ...]
    language: Language


class CourseGrader:
    """Grades single exercises of a course, as ``autograder grade`` does whole submissions."""

    def __init__(self, course: Course, level: Level, private: tuple[Path, ...]) -> None:
        self.course = course
        self._sandbox = Sandbox(level, course.limits, private)
        self._graders: dict[tuple[str, str], ExerciseGrader] = {}
        self._carriers: dict[tuple[str, Language], dict[str, bytes]] = {}
        self._begun: tuple[object, dict[str, tuple[ExerciseGrader, Started]]] = (None, {})

    def close(self) -> None:
        self._sandbox.close()

    def exercise(self, assignment: str, name: str) -> Exercise | None:
        """None for a notebook that is no exercise of the course: nbgrader grades that."""
        found = self.course.assignments.get(assignment)
        if found is None:
            return None
        return next((one for one in found.exercises if one.name == name), None)

    def language(self, assignment: str, source: Path) -> Language:
        """The language that the notebooks in ``source``, the assignment's folder, are built in."""
        for exercise in self.course.assignments[assignment].exercises:
            try:
                content = (source / f"{exercise.name}.ipynb").read_bytes()
            except OSError:
                continue
            return language_of(content, self.course)
        return self.course.language

    def carriers(self, assignment: str, language: Language) -> dict[str, bytes]:
        """The assignment's notebooks as they are built today, by exercise."""
        key = (assignment, language)
        if key not in self._carriers:
            self._carriers[key] = {
                exercise.name: carrier(exercise, self.course.feedback, language)
                for exercise in self.course.assignments[assignment].exercises
            }
        return self._carriers[key]

    def grade(self, exercise: Exercise, submission: Submission, language: Language) -> Graded:
        """The grade of one notebook. nbgrader asks for one after the other; but of a submission
        the public tests of all are run before any hidden one, and share its time, as where
        :class:`~autograder.grading.grader.Grader` grades it whole."""
        key = submission.student, submission.assignment, submission.digest()
        if self._begun[0] != key or exercise.name not in self._begun[1]:
            self._begun = key, self._begin(exercise, submission)
        grader, started = self._begun[1].pop(exercise.name)
        grade = grader.finish(started, language)
        return shown_to_student(self.course, exercise, grade, language)

    def _begin(
        self, asked_for: Exercise, submission: Submission
    ) -> dict[str, tuple[ExerciseGrader, Started]]:
        """The public tests of all exercises, by name. What is wrong with another exercise than the
        one asked for is said when that is asked for."""
        budget = Budget(self.course.limits.submission_seconds)
        begun = {}
        for exercise in self.course.assignments[submission.assignment].exercises:
            key = (exercise.assignment, exercise.name)
            if key not in self._graders:
                self._graders[key] = ExerciseGrader(self.course, exercise, self._sandbox)
            try:
                grader = self._graders[key].for_attempt(submission)
                begun[exercise.name] = grader, grader.start(submission, budget)
            except AutograderError:
                if exercise.name == asked_for.name:
                    raise
        return begun


def shown_to_student(
    course: Course, exercise: Exercise, grade: ExerciseGrade, language: Language
) -> Graded:
    """An exercise's grade as the course's policy lets its student see it."""
    whole = Grade(
        student="",
        assignment=exercise.assignment,
        score=grade.score,
        max_score=grade.max_score,
        isolation="",
        language=language,
        exercises=(grade,),
        fingerprint="",
        timing=Timing("", 0.0),
    )
    after_due = all_due(course.assignments[exercise.assignment], datetime.now(UTC))
    (seen,) = visible(whole, course.feedback, after_due=after_due).exercises
    return Graded(seen, grade_cells(exercise, course.feedback, language), language)


_current: tuple[tuple[object, ...], CourseGrader] | None = None


def course_grader(root: Path, level: Level, private: tuple[Path, ...]) -> CourseGrader:
    """The grader of the course in ``root``, kept from call to call.

    Raises :class:`~autograder.errors.CourseError` where the course is wrong and
    :class:`~autograder.errors.MachineError` where the sandbox cannot be had.
    """
    global _current
    key = (root, level, private, course_signature(root))
    if _current is None or _current[0] != key:
        close_grader()
        _current = key, CourseGrader(load_course(root), level, private)
    return _current[1]


def close_grader() -> None:
    """End the sandbox of this process, if there is one."""
    global _current
    if _current is not None:
        _current[1].close()
        _current = None


atexit.register(close_grader)


def course_signature(root: Path) -> Signature:
    """Differs when a file of the course has changed."""
    return tuple(_signature(root))


def _signature(root: Path) -> Iterator[tuple[str, int, int]]:
    if not (root / "config.yaml").is_file():
        raise CourseError(
            "there is no config.yaml, so this is no course of the autograder; "
            "set c.Autograder.course in nbgrader_config.py to the course's folder",
            path=root,
        )
    for path in course_paths(root):
        if path.endswith(os.sep):
            yield path, 0, 0
        else:
            status = os.stat(path)
            yield path, status.st_mtime_ns, status.st_size
