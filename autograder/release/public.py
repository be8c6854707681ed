"""The public files of an assignment, byte for byte, and whether they may be given away."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from autograder.authoring.lint import find_leaks, leaks_in
from autograder.course.course import Assignment, Course
from autograder.errors import CourseError
from autograder.text.said import said
from autograder.text.words import shorten

# An extra file of these kinds may be a solution under another name.
_CODE = frozenset({".py", ".ipynb", ".yaml", ".yml", ".pyc", ".pyi"})


class PublicFiles(Struct, frozen=True):
    """``files`` maps paths in the bundle to contents; ``left_out`` are paths of files that
    belong to no exercise."""

    files: dict[str, bytes]
    left_out: tuple[str, ...]


def public_files(course: Course, assignment: Assignment) -> PublicFiles:
    """Statements, stubs, and what lies beside them: pictures, data, notes.

    Raises :class:`CourseError` where something is no ordinary file.
    """
    folder = course.root / "assignments" / assignment.name
    belonging = {
        path
        for exercise in assignment.exercises
        for path in (exercise.public_path, exercise.stub_path)
    }
    files: dict[str, bytes] = {}
    left_out = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in inner.parts):
            continue
        name = f"assignments/{assignment.name}/{inner.as_posix()}"
        if path.is_symlink():
            raise CourseError(said("error_link"), path=name)
        if path.is_dir():
            continue
        if not path.is_file():
            raise CourseError(said("error_no_ordinary_file"), path=name)
        if path in belonging or path.suffix.lower() not in _CODE:
            files[name] = path.read_bytes()
        else:
            left_out.append(name)
    return PublicFiles(files, tuple(left_out))


def refuse_leaks(course: Course, assignment: Assignment, files: Mapping[str, bytes]) -> None:
    """Raise :class:`CourseError` where the assignment's folder, or what was made of it, has
    something of the secret trees in it."""
    texts = {name: content.decode("utf-8", "replace") for name, content in files.items()}
    leaks = [
        *find_leaks(course, assignment.name),
        *leaks_in(course, assignment.exercises, texts),
    ]
    if leaks:
        first = leaks[0]
        more = len({(leak.secret, leak.public) for leak in leaks}) - 1
        message = said(
            "error_leak_more" if more else "error_leak",
            text=shorten(first.text, 60),
            secret=first.secret,
            n=more,
            assignment=assignment.name,
        )
        raise CourseError(message, path=first.public)
