"""Writing what was made into a course: all of it, or nothing where it would not load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from autograder.authoring.scaffold import NewExercise, scaffold
from autograder.authoring.yaml_text import add_exercise
from autograder.course.course import Course
from autograder.course.loading.course import load_course
from autograder.course.schema import FOLDER, schema_file
from autograder.errors import CourseError, UsageError
from autograder.grades.grade_file import write_atomically
from autograder.truth.cases import draw_cases
from autograder.truth.expected import expected_outputs


def write_exercise(root: Path, new: NewExercise, titles: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of the files of the new exercise, which is also named in ``config.yaml``.

    ``titles`` are those of its assignment, where that is new. Its public tests are drawn and held
    against finite differences first. Raises :class:`UsageError` where a file is there already, or
    where what was guessed does not work.
    """
    for name in (new.public, new.stub, new.solution, new.hidden):
        if (root / name).exists():
            raise UsageError(f"{name}: is there already; choose another name, or move it away")
    try:
        return _write(root, new, titles)
    except UsageError:
        # Where an axis has the length 1, there may be nothing to find out: the gradient of a
        # softmax over one class is 0.
        return _write(root, replace(new, shortest=2), titles)


def _write(root: Path, new: NewExercise, titles: Mapping[str, str]) -> tuple[str, ...]:
    files = scaffold(new)
    config = (root / "config.yaml").read_text("utf-8")
    changed = add_exercise(config, new.assignment, new.name, dict(titles))
    files |= _schemas(root)
    try:
        for name, content in files.items():
            write_atomically(root / name, content.encode())
        write_atomically(root / "config.yaml", changed.encode())
        check_public(load_course(root, only=(new.assignment,)), new.assignment, new.name)
    except BaseException as error:
        for name in files:
            (root / name).unlink(missing_ok=True)
        write_atomically(root / "config.yaml", config.encode())
        _remove_empty(root, new.assignment)
        if isinstance(error, CourseError):
            raise UsageError(
                f"what was guessed does not work, and nothing was written: {error}"
            ) from None
        raise
    return (*files, "config.yaml")


def check_public(course: Course, assignment: str, name: str) -> None:
    """Draw the public tests and find out what is right in them, without the solution.

    Raises :class:`CourseError`.
    """
    for exercise in course.assignments[assignment].exercises:
        if exercise.name == name:
            for test in exercise.run_tests:
                if test.visibility == "public":
                    for case in draw_cases(exercise, test, course.seed):
                        expected_outputs(exercise, test, case, None)


def _schemas(root: Path) -> dict[str, str]:
    """The schemas that the first lines of the files name, where they are not there."""
    return {
        f"{FOLDER}/{name}.json": schema_file(name).decode()
        for name in ("exercise", "hidden")
        if not (root / FOLDER / f"{name}.json").is_file()
    }


def _remove_empty(root: Path, assignment: str) -> None:
    for folder in ("assignments", "solutions", "tests/hidden"):
        path = root / folder / assignment
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
