"""A student's bundle: a course of one assignment without anything secret."""

from __future__ import annotations

import tempfile
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.course.loading import load_course
from autograder.course.schema import FOLDER, schema_file
from autograder.course.statement import for_github
from autograder.errors import CourseError
from autograder.release.config import bundle_config
from autograder.release.github import Classroom, repository_files
from autograder.release.notebooks import exercise_notebook
from autograder.release.public import public_files, refuse_leaks
from autograder.release.readme import readme
from autograder.release.wheel import build_wheel
from autograder.sandbox.host import Sandbox
from autograder.student.mistake_index import build_index, index_path
from autograder.text.language import Language
from autograder.text.said import said
from autograder.truth.cases import draw_cases
from autograder.truth.expected import expected_outputs

WHEELS = "wheels"
# Students may run the public tests with it, as the README says.
PYTEST = "pytest>=8"


class Options(Struct, frozen=True):
    """How a bundle is to be. ``requirement`` is what to install; None: the wheel of this very
    package, which comes along."""

    language: Language
    notebooks: bool = False
    github: Classroom | None = None
    requirement: str | None = None


class Bundle(Struct, frozen=True):
    """``files`` maps paths to contents; ``work`` are the paths that students write to, and
    ``left_out`` those of public files that belong to no exercise."""

    assignment: str
    files: dict[str, bytes]
    work: frozenset[str]
    left_out: tuple[str, ...]


def make_bundle(course: Course, assignment: Assignment, options: Options) -> Bundle:
    """Everything in memory, checked: nothing secret is in it, and it works by itself.

    Raises :class:`CourseError` where that is not so, and
    :class:`~autograder.errors.MachineError` where the package cannot be made a wheel.
    """
    language = options.language
    public = public_files(course, assignment)
    folder = f"assignments/{assignment.name}"
    work = {f"{folder}/{exercise.name}.py" for exercise in assignment.exercises}
    files = {"config.yaml": bundle_config(course, assignment, language).encode()} | public.files
    files |= {f"{FOLDER}/{name}.json": schema_file(name) for name in ("config", "exercise")}
    if options.notebooks:
        notebooks = {
            f"{folder}/{exercise.name}.ipynb": exercise_notebook(exercise, language)
            for exercise in assignment.exercises
        }
        files |= notebooks
        work |= set(notebooks)
    github = options.github is not None
    text = readme(course, assignment, language, notebooks=options.notebooks, github=github)
    files["README.md"] = (for_github(text) if github else text).encode()
    if options.github is not None:
        files |= repository_files(assignment.name, options.github)
    index = index_path(Path(), assignment.name).as_posix()
    # The mistakes are the instructor's code, and are to do what they do where students are.
    with Sandbox("process", course.limits) as sandbox:
        files[index] = build_index(course, assignment.name, sandbox)
    refuse_leaks(course, assignment, files)
    _refuse_dependence(assignment, files)
    files |= _package(options.requirement)
    return Bundle(assignment.name, files, frozenset(work), public.left_out)


def _package(requirement: str | None) -> dict[str, bytes]:
    """What ``pip install -r requirements.txt`` installs the package and pytest from."""
    files = {}
    if requirement is None:
        name, content = build_wheel()
        files[f"{WHEELS}/{name}"] = content
        requirement = f"./{WHEELS}/{name}"
    return files | {"requirements.txt": f"{requirement}\n{PYTEST}\n".encode()}


def _refuse_dependence(assignment: Assignment, files: dict[str, bytes]) -> None:
    """Raise :class:`CourseError` where the public tests need something secret."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            course = load_course(root, public=True)
            for exercise in course.assignments[assignment.name].exercises:
                _find_truths(exercise)
        except CourseError as error:
            path = Path(str(error.path))
            place = path.relative_to(root) if path.is_relative_to(root) else path
            raise CourseError(
                said("error_without_solution", error=error.message),
                path=place,
                line=error.line,
                column=error.column,
            ) from None


def _find_truths(exercise: Exercise) -> None:
    for test in exercise.run_tests:
        for case in draw_cases(exercise, test, 0):
            expected_outputs(exercise, test, case, None)
