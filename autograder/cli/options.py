"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from autograder.cli.language import say
from autograder.errors import UsageError
from autograder.text.said import said

if TYPE_CHECKING:
    from autograder.course.course import Assignment, Course

_Function = TypeVar("_Function", bound=Callable[..., Any])


def course_option(function: _Function) -> _Function:
    return click.option(
        "--course",
        type=click.Path(path_type=Path),
        help=say("option_course"),
    )(function)


def language_option(function: _Function) -> _Function:
    return click.option("--lang", "language", help=say("option_lang"))(function)


def find_course(given: Path | None) -> Path:
    """The course's root folder. Raises :class:`UsageError` where there is none."""
    if given is not None:
        if not given.is_dir():
            raise UsageError(said("error_no_folder", option="--course", path=given))
        return given
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "config.yaml").is_file():
            return folder
    raise UsageError(said("error_no_course", place=here))


def pick_assignment(name: str, course: Course, root: Path) -> Assignment:
    """The assignment called ``name``. Raises :class:`UsageError` where there is none."""
    if name not in course.assignments:
        from autograder.course.loading import load_course

        known = ", ".join(load_course(root).assignments)
        raise UsageError(said("error_no_assignment", name=name, known=known))
    return course.assignments[name]


def refuse_inside_course(destination: Path, root: Path) -> None:
    """What is written among the course's own files would be taken for part of it. Raises
    :class:`UsageError`."""
    inside = destination.resolve()
    course = root.resolve()
    for folder in ("assignments", "solutions", "tests"):
        if inside.is_relative_to(course / folder):
            raise UsageError(said("error_in_course", path=destination, folder=folder))
