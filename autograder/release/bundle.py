"""A student's bundle: a course of one or more assignments without anything secret."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import FORM, Exercise
from autograder.course.loading import load_course
from autograder.course.schema import FOLDER, schema_file
from autograder.course.statement import for_github
from autograder.errors import CourseError
from autograder.release.answer_form import form_notebook, form_yaml
from autograder.release.config import bundle_config
from autograder.release.editors import Colab, devcontainer_files
from autograder.release.github import Classroom, repository_files
from autograder.release.notebooks import exercise_notebook
from autograder.release.packages import Target, package_files
from autograder.release.public import public_files, refuse_leaks
from autograder.release.readme import readmes
from autograder.release.stubs import stub_source
from autograder.sandbox.host import Sandbox
from autograder.student.mistake_index import build_index, index_path
from autograder.student.to_come import encode_to_come, file_path
from autograder.text.language import Language
from autograder.text.said import said
from autograder.truth.cases import draw_cases
from autograder.truth.expected import expected_outputs


class Options(Struct, frozen=True):
    """How a bundle is to be. ``requirement`` is what to install; None: the wheel of this very
    package, which comes along. ``offline`` are the systems for which all other wheels do, too."""

    language: Language
    notebooks: bool = False
    github: Classroom | None = None
    requirement: str | None = None
    offline: tuple[Target, ...] = ()
    devcontainer: bool = False
    colab: str | None = None
    """OWNER/REPO, or OWNER/REPO@BRANCH, where the notebooks will be on GitHub."""
    student: str | None = None
    """Whose numbers are in forms, where each student has others; None: nobody's."""


class Bundle(Struct, frozen=True):
    """``files`` maps paths to contents; ``work`` are the paths that students write to, and
    ``left_out`` those of public files that belong to no exercise."""

    assignments: tuple[str, ...]
    files: dict[str, bytes]
    work: frozenset[str]
    left_out: tuple[str, ...]


def make_bundle(course: Course, assignments: Sequence[Assignment], options: Options) -> Bundle:
    """Everything in memory, checked: nothing secret is in it, and it works by itself.

    Raises :class:`CourseError` where that is not so, and
    :class:`~autograder.errors.MachineError` where the package cannot be made a wheel.
    """
    language = options.language
    files = {"config.yaml": bundle_config(course, assignments, language).encode()}
    files |= {f"{FOLDER}/{name}.json": schema_file(name) for name in ("config", "exercise")}
    work: set[str] = set()
    left_out: list[str] = []
    # The mistakes are the instructor's code, and are to do what they do where students are.
    with Sandbox("process", course.limits) as sandbox:
        for assignment in assignments:
            public = public_files(course, assignment)
            left_out += public.left_out
            own = public.files | _of_assignment(course, assignment, options, sandbox)
            files |= own
            work |= {
                f"assignments/{assignment.name}/{exercise.name}{ending}"
                for exercise in assignment.exercises
                for ending in (".py", ".ipynb", FORM)
            } & own.keys()
    files |= _around(course, assignments, options)
    for assignment in assignments:
        refuse_leaks(course, assignment, files)
    _refuse_dependence(assignments, files)
    jupyter = options.notebooks and options.colab is None  # Colab has its own
    files |= package_files(options.requirement, options.offline, jupyter=jupyter)
    names = tuple(assignment.name for assignment in assignments)
    return Bundle(names, files, frozenset(work), tuple(left_out))


def _of_assignment(
    course: Course, assignment: Assignment, options: Options, sandbox: Sandbox
) -> dict[str, bytes]:
    """What is made for the folder of an assignment: stubs, notebooks, hints and points."""
    folder, language = f"assignments/{assignment.name}", options.language
    files = {
        f"{folder}/{exercise.file}": form_yaml(course, exercise, language, options.student)
        if exercise.answers
        else stub_source(exercise, language).encode()
        for exercise in assignment.exercises
    }
    if options.notebooks:
        for exercise in assignment.exercises:
            path = f"{folder}/{exercise.name}.ipynb"
            if exercise.answers:
                files[path] = form_notebook(course, exercise, language, options.student)
                continue
            colab = None if options.colab is None else Colab(options.colab, path)
            files[path] = exercise_notebook(exercise, language, colab)
    index = index_path(Path(), assignment.name).as_posix()
    files[index] = build_index(course, assignment.name, sandbox)
    to_come = file_path(Path(), assignment.name).as_posix()
    with_titles = course.feedback != "none"
    files[to_come] = encode_to_come(assignment.exercises, with_titles=with_titles)
    return files


def _around(
    course: Course, assignments: Sequence[Assignment], options: Options
) -> dict[str, bytes]:
    """What lies beside the folders of assignments: instructions, and what other programs read."""
    github = options.github is not None
    texts = readmes(
        course,
        assignments,
        options.language,
        notebooks=options.notebooks,
        github=github,
    )
    files = {path: (for_github(one) if github else one).encode() for path, one in texts.items()}
    if options.github is not None:
        for assignment in assignments:
            files |= repository_files(assignment.name, options.github)
    if options.devcontainer:
        files |= devcontainer_files(notebooks=options.notebooks)
    return files


def _refuse_dependence(assignments: Sequence[Assignment], files: dict[str, bytes]) -> None:
    """Raise :class:`CourseError` where the public tests need something secret."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            course = load_course(root, public=True)
            for assignment in assignments:
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
        if test.visibility == "hidden":  # of answers by hand, which are not told
            continue
        for case in draw_cases(exercise, test, 0):
            expected_outputs(exercise, test, case, None)
