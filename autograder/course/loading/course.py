"""``config.yaml``, the exercises it names, and the files that belong to them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.course.loading.exercise import load_exercise as _load_exercise
from autograder.course.loading.node import Node
from autograder.course.loading.policies import (
    load_attempts,
    load_due_date,
    load_extensions,
    load_feedback,
    load_late,
)
from autograder.course.loading.pytest_files import hidden_test_files, owner_of
from autograder.course.loading.python_source import check_file
from autograder.course.loading.yaml_source import read_yaml
from autograder.course.policy import Attempts, Late
from autograder.errors import CourseError
from autograder.processes.parallel import parallel_map
from autograder.sandbox.limits import Limits
from autograder.text.catalogue import languages as known_languages
from autograder.text.language import Language, Text

_CONFIG_KEYS = (
    "title",
    "language",
    "languages",
    "seed",
    "limits",
    "late",
    "attempts",
    "feedback",
    "assignments",
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")

# Sensible bounds: low, high.
_LIMIT_BOUNDS: dict[str, tuple[float, float]] = {
    "wall_seconds": (0.05, 3600),
    "submission_seconds": (1, 1 << 20),
    "cpu_seconds": (1, 3600),
    "memory_mib": (32, 1 << 20),
    "open_files": (8, 4096),
    "file_size_mib": (0, 1 << 20),
    "output_kib": (0, 10_240),
    "reply_mib": (1, 1024),
}


def load_course(
    root: str | Path, *, only: Container[str] | None = None, public: bool = False, jobs: int = 1
) -> Course:
    """The course in the folder ``root``, with the exercises of the assignments in ``only``.

    ``public`` reads only what students have: no solution, no hidden test, and none of the
    stubs, which are theirs to change. ``jobs`` processes read the exercises. Raises
    :class:`~autograder.errors.CourseError` for the first thing that is wrong with it.
    """
    root = Path(root)
    config = Node.root(read_yaml(root / "config.yaml", root))
    entries = config.mapping(_CONFIG_KEYS, required=("title", "assignments"))
    languages = _languages(entries)
    language = languages[0]
    if "language" in entries:
        language = entries["language"].choice(languages)
    outlines = [
        _outline(root, name, node, languages, public)
        for name, node in _named(entries["assignments"], "assignment").items()
        if only is None or name in only
    ]
    exercises = parallel_map(
        lambda one: load_exercise(root, *one, languages, public=public),
        [(outline.name, name) for outline in outlines for name in outline.exercises],
        jobs,
    )
    assignments = {one.name: _with_exercises(one, exercises) for one in outlines}
    _refuse_stray_folders(root, assignments)
    return Course(
        root=root,
        title=entries["title"].by_language(languages),
        language=language,
        languages=languages,
        seed=entries["seed"].integer(0) if "seed" in entries else 0,
        limits=_limits(entries["limits"]) if "limits" in entries else Limits(),
        assignments=assignments,
        late=load_late(entries["late"]) if "late" in entries else Late(),
        attempts=load_attempts(entries["attempts"]) if "attempts" in entries else Attempts(),
        feedback=load_feedback(entries["feedback"]) if "feedback" in entries else "hints",
        has_seed="seed" in entries,
    )


def load_exercise(
    root: Path,
    assignment: str,
    name: str,
    languages: tuple[Language, ...],
    *,
    public: bool = False,
) -> Exercise:
    """One exercise with everything that belongs to it, or everything ``public``.

    Raises :class:`~autograder.errors.CourseError`.
    """
    exercise = _load_exercise(root, assignment, name, languages, public=public)
    if public:
        return exercise
    check_file(exercise, exercise.stub_path, root, "stub")
    if exercise.solution_path is not None:
        check_file(exercise, exercise.solution_path, root, "solution")
    return exercise


def _languages(entries: dict[str, Node]) -> tuple[Language, ...]:
    if "languages" not in entries:
        return ("en",)
    languages = tuple(item.choice(known_languages()) for item in entries["languages"].items())
    if not languages:
        raise entries["languages"].error("the course needs at least one language, such as [en]")
    return tuple(dict.fromkeys(languages))


def _limits(node: Node) -> Limits:
    values: dict[str, Any] = {}
    for name, entry in node.mapping(_LIMIT_BOUNDS).items():
        low, high = _LIMIT_BOUNDS[name]
        if name == "wall_seconds":
            values[name] = entry.number(low, high)
        else:
            values[name] = entry.integer(int(low), int(high))
    return msgspec.convert(values, Limits)


def _named(node: Node, kind: str) -> dict[str, Node]:
    entries = node.mapping()
    if not entries:
        raise node.error(f"there is no {kind}; name at least one")
    for name in entries:
        _check_name(node, name, kind, name)
    return entries


def _check_name(node: Node, name: str, kind: str, *inner: str | int) -> None:
    if not _NAME.fullmatch(name):
        raise node.error(
            f"'{name}' cannot be the name of an {kind}; use letters, digits, '_' and '-'", *inner
        )


class _Outline(Struct, frozen=True):
    """An assignment whose exercises have not been read."""

    name: str
    title: Text
    exercises: tuple[str, ...]
    due: datetime | None
    extensions: dict[str, datetime]


def _outline(
    root: Path, name: str, node: Node, languages: tuple[Language, ...], public: bool
) -> _Outline:
    entries = node.mapping(
        ("title", "exercises", "due", "extensions"), required=("title", "exercises")
    )
    due = load_due_date(entries["due"]) if "due" in entries else None
    extensions = load_extensions(entries["extensions"], due) if "extensions" in entries else {}
    names = entries["exercises"]
    exercises: list[str] = []
    for index, item in enumerate(names.items()):
        exercise = item.text()
        _check_name(names, exercise, "exercise", index)
        if not exercise.isidentifier() or keyword.iskeyword(exercise):
            raise item.error(
                f"'{exercise}' cannot be the name of an exercise, which is a Python module; use "
                "letters, digits and '_', such as 'linear_dx'"
            )
        if exercise in exercises:
            raise item.error(f"the exercise '{exercise}' is there twice; remove one")
        path = root / "assignments" / name / f"{exercise}.yaml"
        if not path.is_file():
            raise item.error(
                f"there is no {path.relative_to(root)} for the exercise '{exercise}'; create it"
            )
        exercises.append(exercise)
    if not exercises:
        raise names.error(f"the assignment '{name}' has no exercises; list at least one")
    if not public:
        _refuse_strays(root, name, exercises, names)
    title = entries["title"].by_language(languages)
    return _Outline(name, title, tuple(exercises), due, extensions)


def _with_exercises(outline: _Outline, exercises: Sequence[Exercise]) -> Assignment:
    own = tuple(one for one in exercises if one.assignment == outline.name)
    return Assignment(outline.name, outline.title, own, outline.due, outline.extensions)


def _refuse_stray_folders(root: Path, assignments: Container[str]) -> None:
    """Hidden tests in a folder whose name is misspelt would silently not be used."""
    hidden = root / "tests" / "hidden"
    for path in sorted(hidden.glob("*/*.y*ml")):
        name = path.parent.name
        if name not in assignments and not (root / "assignments" / name).is_dir():
            raise CourseError(
                f"there is no assignment '{name}' that these hidden tests belong to; rename the "
                "folder or move it away",
                path=path.relative_to(root),
                line=1,
            )


def _refuse_strays(root: Path, assignment: str, names: Sequence[str], node: Node) -> None:
    """An exercise that is written but not listed would silently not be graded.

    A whole assignment that is not listed is a draft, and stops nobody.
    """
    for tree in (root / "assignments", root / "tests" / "hidden"):
        for path in sorted((tree / assignment).glob("*.y*ml")):
            if path.suffix != ".yaml":
                raise node.error(
                    f"{path.relative_to(root)} would not be read; rename it to {path.stem}.yaml"
                )
            if path.stem not in names:
                raise node.error(
                    f"{path.relative_to(root)} is not listed here; add '{path.stem}' to "
                    "'exercises' or move the file away"
                )
    for path in hidden_test_files(root, assignment):
        if owner_of(path.stem, names) is None:
            raise node.error(
                f"{path.relative_to(root)} tests none of these exercises; call it "
                "test_<exercise>.py or test_<exercise>_<anything>.py"
            )
