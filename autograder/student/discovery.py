"""Which exercises a call is about, and where the student's work on them lies.

A course and a student's bundle look alike: a folder with `config.yaml`, and in it
`assignments/<assignment>/<exercise>.yaml` with the stubs beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import FORM, Exercise
from autograder.course.loading import load_course
from autograder.errors import UsageError
from autograder.submissions.submission import (
    SubmissionRef,
    source_paths,
    wanted_of,
    wanted_one,
)
from autograder.text.said import said
from autograder.text.words import begin_list, nearest

CONFIG = "config.yaml"
ASSIGNMENTS = "assignments"
_NAMED = 6
_NOTEBOOK = ".ipynb"


class Work(Struct, frozen=True):
    """One exercise to check. ``ref`` are the files; reading them is the caller's."""

    course: Course
    exercise: Exercise
    ref: SubmissionRef


def find_root(start: Path) -> Path | None:
    """The nearest folder with a `config.yaml`, from ``start`` upwards."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    return None


def find_exercises(paths: Sequence[Path] = (), cwd: Path | None = None) -> tuple[Work, ...]:
    """The exercises that ``paths`` are about, in the course's order; without paths, those of
    the current folder.

    A path is a file of an exercise, a notebook, a folder of a course, any folder with files
    that are named like exercises, or just the name of an exercise or assignment. Raises
    :class:`UsageError` where it is none of these, and
    :class:`~autograder.errors.CourseError` where the course cannot be read.
    """
    here = (cwd or Path.cwd()).absolute()
    courses: dict[tuple[Path, str | None], Course] = {}
    found: dict[tuple[Path, str, str], Work] = {}
    for path in paths or (here,):
        root = _root_of(path, here)
        only = _assignment_of(here / path, root)
        if (root, only) not in courses:
            names = None if only is None else (only,)
            courses[root, only] = load_course(root, only=names, public=True)
        course = courses[root, only]
        if only is not None and only not in course.assignments:
            raise UsageError(
                said("error_not_listed", path=path, config=CONFIG, root=root, assignment=only)
            )
        for work in _find(course, path, here):
            found[root, work.exercise.assignment, work.exercise.name] = work
    return tuple(found.values())


def _root_of(path: Path, here: Path) -> Path:
    place = here / path
    root = (find_root(place) if place.exists() else None) or find_root(here)
    if root is None:
        where = place if place.exists() else here
        raise UsageError(said("error_no_bundle", place=where, config=CONFIG))
    return root


def _assignment_of(place: Path, root: Path) -> str | None:
    """The assignment whose folder, a file in it, or an exercise of it ``place`` is, as far as
    that can be told without reading the others."""
    folder = root / ASSIGNMENTS
    if not place.exists():
        if (folder / place.name).is_dir():
            return place.name
        found = [path.parent.name for path in folder.glob(f"*/{place.name}.yaml")]
        return found[0] if len(found) == 1 else None
    try:
        parts = place.resolve().relative_to(folder.resolve()).parts
    except ValueError:
        return None
    return parts[0] if parts else None


def _find(course: Course, path: Path, here: Path) -> list[Work]:
    place = here / path
    if place.is_dir():
        return _in_folder(course, path, place)
    if place.exists():
        return _of_file(course, path, place)
    return _by_name(course, path)


def _in_folder(course: Course, path: Path, folder: Path) -> list[Work]:
    resolved, root = folder.resolve(), course.root.resolve()
    if resolved in (root, root / ASSIGNMENTS):
        return [work for one in course.assignments.values() for work in _all_of(course, one)]
    for assignment in course.assignments.values():
        if resolved == root / ASSIGNMENTS / assignment.name:
            return _all_of(course, assignment)
    found = _elsewhere(course, folder)
    if not found:
        names = begin_list([f"{name}.py" for name in _exercise_names(course)], _NAMED)
        raise UsageError(said("error_no_exercise_here", path=path, names=names))
    return found


def _elsewhere(course: Course, folder: Path) -> list[Work]:
    """Work in a folder that is not the course's: what is named like an exercise."""
    files = _top(source_paths(SubmissionRef("", "", folder)))
    found = []
    for assignment in course.assignments.values():
        whole = f"{assignment.name}{_NOTEBOOK}" in files
        for exercise in assignment.exercises:
            names = (exercise.file, f"{exercise.name}{_NOTEBOOK}")
            if whole or any(name in files for name in names):
                ref = SubmissionRef(
                    "", assignment.name, folder, files, wanted=wanted_of(assignment)
                )
                found.append(Work(course, exercise, ref))
    return found


def _all_of(course: Course, assignment: Assignment) -> list[Work]:
    return [Work(course, exercise, _ref(course, exercise)) for exercise in assignment.exercises]


def _ref(course: Course, exercise: Exercise) -> SubmissionRef:
    """The files in the assignment's folder, and its notebooks beside `config.yaml`."""
    folder = course.root / ASSIGNMENTS / exercise.assignment
    files = _top(source_paths(SubmissionRef("", exercise.assignment, folder)))
    for name in (f"{exercise.name}{_NOTEBOOK}", f"{exercise.assignment}{_NOTEBOOK}"):
        if name not in files and (course.root / name).is_file():
            files[name] = course.root / name
    wanted = wanted_of(course.assignments[exercise.assignment])
    return SubmissionRef("", exercise.assignment, folder, files, wanted=wanted)


def _top(files: Mapping[str, Path]) -> dict[str, Path]:
    """The files that lie directly in the folder."""
    return {name: path for name, path in files.items() if "/" not in name}


def _of_file(course: Course, path: Path, file: Path) -> list[Work]:
    stem, suffix = file.stem, file.suffix
    is_form = file.name.endswith(FORM)
    stem = file.name.removesuffix(FORM) if is_form else stem
    near = course.assignments.get(file.resolve().parent.name)
    exercises = [
        exercise
        for assignment in course.assignments.values()
        for exercise in assignment.exercises
        if exercise.name == stem and suffix in (".py", _NOTEBOOK, ".yaml")
    ]
    if near is not None and len(exercises) > 1:
        exercises = [one for one in exercises if one.assignment == near.name]
    if not exercises and suffix == _NOTEBOOK and stem in course.assignments:
        exercises = list(course.assignments[stem].exercises)
    if not exercises:
        names = _exercise_names(course)
        close = nearest(stem, names)
        if close:
            raise UsageError(said("error_of_no_exercise_near", path=path, near=close))
        listed = begin_list(names, _NAMED)
        raise UsageError(said("error_of_no_exercise", path=path, names=listed))
    if suffix == ".yaml" and not is_form:
        return [Work(course, exercise, _ref(course, exercise)) for exercise in exercises]
    return [Work(course, one, _ref_of_file(one, file)) for one in exercises]


def _ref_of_file(exercise: Exercise, file: Path) -> SubmissionRef:
    """The file, with the Python files beside it, which it may import."""
    files = {
        name: path
        for name, path in _top(source_paths(SubmissionRef("", "", file.parent))).items()
        if name.endswith(".py") and name != f"{exercise.name}.py"
    }
    return SubmissionRef(
        "",
        exercise.assignment,
        file.parent,
        files | {file.name: file},
        wanted=(wanted_one(exercise),),
    )


def _by_name(course: Course, path: Path) -> list[Work]:
    name = str(path)
    if name in course.assignments:
        return _all_of(course, course.assignments[name])
    found = [
        Work(course, exercise, _ref(course, exercise))
        for assignment in course.assignments.values()
        for exercise in assignment.exercises
        if exercise.name == name
    ]
    if not found:
        names = [*course.assignments, *_exercise_names(course)]
        # A file elsewhere is no misspelt exercise.
        close = nearest(path.stem, names) if path.name == name else None
        if close:
            raise UsageError(said("error_no_such_work_near", path=path, near=close))
        listed = begin_list(names, _NAMED)
        raise UsageError(said("error_no_such_work", path=path, names=listed))
    return found


def _exercise_names(course: Course) -> list[str]:
    return [one.name for each in course.assignments.values() for one in each.exercises]
