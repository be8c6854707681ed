"""A copy of one assignment for grading elsewhere: secrets included, everything else not."""

from __future__ import annotations

from autograder.course.course import Assignment, Course
from autograder.errors import CourseError
from autograder.release.config import grading_config
from autograder.text.said import said


def grading_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files of a course with this assignment alone, by path.

    Grades made with it are the same as those made with the whole course.
    """
    files = {"config.yaml": grading_config(course, assignment).encode()}
    folders = [
        course.root / "assignments" / assignment.name,
        course.root / "solutions" / assignment.name,
        course.root / "tests" / "hidden" / assignment.name,
    ]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(course.root)
            if any(part.startswith(".") or part == "__pycache__" for part in inner.parts):
                continue
            if path.is_symlink():
                raise CourseError(said("error_link"), path=inner)
            if path.is_file():
                files[inner.as_posix()] = path.read_bytes()
    return files
