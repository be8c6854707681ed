"""``config.yaml`` of a course that has been cut down to some of its assignments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
import yaml

from autograder.course.course import Assignment, Course
from autograder.course.near import BUNDLE_MARK
from autograder.course.schema import modeline
from autograder.sandbox.limits import Limits
from autograder.text.language import Language
from autograder.text.messages import text

# How bundles of earlier versions begin.
_EARLIER = "# Bundle of the assignment '{assignment}', made by 'autograder release'.\n"


def bundle_config(course: Course, assignments: Sequence[Assignment], language: Language) -> str:
    """What a student's bundle says of the course.

    Not the seed, from which the hidden cases follow, and nothing about other students.
    """
    content = _common(course, assignments, language)
    if course.hand_in != "files":
        content["hand_in"] = course.hand_in
    return (
        _mark([assignment.name for assignment in assignments])
        + "# "
        + text("config_bundle", language)
        + "\n"
        + modeline(PurePosixPath("config.yaml"))
        + _written(content)
    )


def is_bundle_config(content: str, assignments: Sequence[str]) -> bool:
    """Whether ``content`` is the configuration of an earlier bundle of the assignments."""
    earlier = [_EARLIER.format(assignment=name) for name in assignments[:1]]
    return content.startswith((_mark(assignments), *(earlier if len(assignments) == 1 else [])))


def _mark(assignments: Sequence[str]) -> str:
    return f"{BUNDLE_MARK} {' '.join(assignments)}\n"


def grading_config(course: Course, assignment: Assignment) -> str:
    """What a copy for grading says of the course: everything that grades depend on. Secret."""
    content = _common(course, [assignment], course.language)
    content["seed"] = course.seed
    if course.seed_is_public:
        content["seed_is_public"] = True
    if course.hidden_inputs != "fixed":
        content["hidden_inputs"] = course.hidden_inputs
    content["late"] = _changed(course.late)
    content["attempts"] = _changed(course.attempts)
    content["feedback"] = {"hidden": course.feedback}
    entry = content["assignments"][assignment.name]
    if assignment.extensions:
        entry["extensions"] = {
            student: due.isoformat() for student, due in assignment.extensions.items()
        }
    header = f"# Grading copy of the assignment '{assignment.name}', made by 'autograder pack'.\n"
    return header + _written(content)


def _common(
    course: Course, assignments: Sequence[Assignment], language: Language
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "title": course.title,
        "language": language,
        "languages": list(course.languages),
        "assignments": {assignment.name: _entry(assignment) for assignment in assignments},
    }
    if course.limits != Limits():
        content["limits"] = _changed(course.limits)
    return content


def _entry(assignment: Assignment) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": assignment.title,
        "exercises": [exercise.name for exercise in assignment.exercises],
    }
    if assignment.due is not None:
        entry["due"] = assignment.due.isoformat()
    return entry


def _changed(settings: msgspec.Struct) -> dict[str, Any]:
    """The settings that are not at their defaults."""
    default = type(settings)()
    return {
        name: value
        for name, value in msgspec.to_builtins(settings).items()
        if value != getattr(default, name)
    }


def _written(content: dict[str, Any]) -> str:
    kept = {name: value for name, value in content.items() if value not in ({}, None)}
    return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
