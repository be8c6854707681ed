"""``config.yaml`` of a course that has been cut down to one assignment."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec
import yaml

from autograder.course.course import Assignment, Course
from autograder.course.schema import modeline
from autograder.sandbox.limits import Limits
from autograder.text.language import Language

_HEADER = "# {what} of the assignment '{assignment}', made by 'autograder {command}'.\n"


def bundle_config(course: Course, assignment: Assignment, language: Language) -> str:
    """What a student's bundle says of the course.

    Not the seed, from which the hidden cases follow, and nothing about other students.
    """
    content = _common(course, assignment, language)
    return _written("Bundle", "release", assignment, content)


def is_bundle_config(text: str, assignment: str) -> bool:
    """Whether ``text`` is the configuration of an earlier bundle of the assignment."""
    return text.startswith(_HEADER.format(what="Bundle", assignment=assignment, command="release"))


def grading_config(course: Course, assignment: Assignment) -> str:
    """What a copy for grading says of the course: everything that grades depend on. Secret."""
    content = _common(course, assignment, course.language)
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
    return _written("Grading copy", "pack", assignment, content)


def _common(course: Course, assignment: Assignment, language: Language) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": assignment.title,
        "exercises": [exercise.name for exercise in assignment.exercises],
    }
    if assignment.due is not None:
        entry["due"] = assignment.due.isoformat()
    content: dict[str, Any] = {
        "title": course.title,
        "language": language,
        "languages": list(course.languages),
        "assignments": {assignment.name: entry},
    }
    if course.limits != Limits():
        content["limits"] = _changed(course.limits)
    return content


def _changed(settings: msgspec.Struct) -> dict[str, Any]:
    """The settings that are not at their defaults."""
    default = type(settings)()
    return {
        name: value
        for name, value in msgspec.to_builtins(settings).items()
        if value != getattr(default, name)
    }


def _written(what: str, command: str, assignment: Assignment, content: dict[str, Any]) -> str:
    header = _HEADER.format(what=what, assignment=assignment.name, command=command)
    kept = {name: value for name, value in content.items() if value not in ({}, None)}
    if command == "release":
        header += modeline(PurePosixPath("config.yaml"))
    return header + yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
