"""``source/<assignment>/``, from which nbgrader makes what students fetch."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Struct
from nbgrader.api import MissingEntry

from autograder.course.course import Assignment, Course
from autograder.errors import MachineError, UsageError
from autograder.grades.grade_file import write_atomically
from autograder.integrations.nbgrader import gradebook as book
from autograder.integrations.nbgrader.carrier import carrier
from autograder.integrations.nbgrader.config import MEND, faults, new_config
from autograder.integrations.nbgrader.settings import (
    CONFIG,
    Settings,
    has_gradebook,
    load_settings,
    open_gradebook,
)
from autograder.release.public import public_files, refuse_leaks
from autograder.text.language import Language
from autograder.text.said import said


class Built(Struct, frozen=True):
    """Paths that were written and removed, and what that changed in a gradebook in use."""

    folder: Path
    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    config: Path | None
    change: book.Change


def source_files(course: Course, assignment: Assignment, language: Language) -> dict[str, bytes]:
    """The files of ``source/<assignment>/`` by name: notebooks, stubs, pictures and data.

    Raises :class:`UsageError` for exercises without code, which nbgrader has no cells for."""
    by_hand = [exercise.name for exercise in assignment.exercises if exercise.answers]
    if by_hand:
        raise UsageError(
            said("error_nbgrader_by_hand", assignment=assignment.name, names=", ".join(by_hand))
        )
    files = {
        f"{exercise.name}.ipynb": carrier(exercise, course.feedback, language)
        for exercise in assignment.exercises
    }
    stubs = {exercise.stub_path.name for exercise in assignment.exercises}
    prefix = f"assignments/{assignment.name}/"
    for name, content in public_files(course, assignment).files.items():
        inner = name.removeprefix(prefix)
        # The statements are in the notebooks.
        if inner in stubs or not inner.endswith((".yaml", ".yml")):
            files[inner] = content
    return files


def build(
    course: Course,
    assignment: Assignment,
    language: Language,
    *,
    root: Path,
    course_id: str | None = None,
    exchange: Path | None = None,
) -> Built:
    """Write ``source/<assignment>/`` and, where there is none, ``nbgrader_config.py``; bring a
    gradebook with submissions into step.

    Raises :class:`~autograder.errors.CourseError` for a course that would give secrets away,
    and :class:`UsageError` where a file of somebody else is in the way or the configuration
    does not call this grader.
    """
    files = source_files(course, assignment, language)
    refuse_leaks(course, assignment, files)
    config = _write_config(course, root, course_id, exchange)
    settings = load_settings(root)
    folder = settings.folder("source", assignment.name)
    for name in files:
        if name.endswith(".ipynb"):
            _refuse_foreign(folder / name)
    written = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)
            written.append(path)
    removed = _remove_stale(folder, set(files))
    wrong = faults(settings.config, course.root)
    if wrong:
        raise UsageError(
            f"{root / CONFIG}: {wrong[0]}; {MEND}"
            + (" ('autograder nbgrader doctor' lists everything)" if len(wrong) > 1 else "")
        )
    return Built(
        folder, tuple(written), tuple(removed), config, _align(settings, assignment, files)
    )


def _write_config(
    course: Course, root: Path, course_id: str | None, exchange: Path | None
) -> Path | None:
    path = root / CONFIG
    if path.exists():
        if course_id is not None or exchange is not None:
            raise UsageError(
                f"{path}: is there already and stays as it is; set c.CourseDirectory.course_id "
                "and c.Exchange.root in it, and leave out --course-id and --exchange"
            )
        return None
    name = course_id if course_id is not None else _fitting(course.root.absolute().name)
    if not re.fullmatch(r"[^\s+/*?]+", name):
        raise UsageError(f"--course-id {name}: use letters, digits, '_', '.' and '-'")
    elsewhere = None if root.samefile(course.root) else course.root.absolute()
    place = Path("/srv/nbgrader/exchange") if exchange is None else exchange.absolute()
    write_atomically(path, new_config(name, place, elsewhere).encode())
    return path


def _fitting(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name) or "course"


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not is_ours(path):
        raise UsageError(
            f"{path}: was not written by this command, which would overwrite it; move it away, "
            "or give it a name that is no exercise's"
        )


def is_ours(path: Path) -> bool:
    """Whether a notebook is a carrier."""
    try:
        return "autograder" in msgspec.json.decode(path.read_bytes())["metadata"]
    except (OSError, msgspec.MsgspecError, LookupError, TypeError, RecursionError):
        return False


def _remove_stale(folder: Path, wanted: set[str]) -> list[Path]:
    """Carriers of exercises that the assignment has no more, with their stubs."""
    removed = []
    for path in sorted(folder.glob("*.ipynb")):
        if path.name not in wanted and is_ours(path):
            for stale in (path, path.with_suffix(".py")):
                if stale.is_file() and stale.name not in wanted:
                    try:
                        stale.unlink()
                    except OSError as error:
                        raise MachineError(
                            f"{stale}: cannot be removed: {error.strerror}"
                        ) from None
                    removed.append(stale)
    return removed


def _align(settings: Settings, assignment: Assignment, files: dict[str, bytes]) -> book.Change:
    """nbgrader fills an assignment that is new to it, and refuses one with submissions."""
    if not has_gradebook(settings.db_url):
        return book.Change()
    carriers = {exercise.name: files[f"{exercise.name}.ipynb"] for exercise in assignment.exercises}
    with open_gradebook(settings) as gradebook:
        try:
            found = gradebook.find_assignment(assignment.name)
        except MissingEntry:
            return book.Change()
        if not found.submissions:
            return book.Change()
        change = book.align(gradebook, assignment.name, carriers)
        return book.merged(change, book.remove_others(gradebook, assignment.name, carriers))
