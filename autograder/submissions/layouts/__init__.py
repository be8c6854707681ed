"""How folders of submissions are laid out: one small adapter each."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.errors import UsageError
from autograder.submissions.layouts import (
    blackboard,
    brightspace,
    canvas,
    classroom,
    flat,
    google,
    gradescope,
    moodle,
    nbgrader,
    repository,
    teams,
    unmatched,
)
from autograder.submissions.layouts.archive import unpacked
from autograder.submissions.layouts.found import Request, saw
from autograder.submissions.layouts.packed import STDIN
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import number_attempts
from autograder.text.messages import sanitize
from autograder.text.said import joined, replaced, said


class Layout(Struct, frozen=True):
    expected: str
    """What the folder has, for errors."""
    recognises: Callable[[Request], bool]
    """Whether anything is as in this layout, for who has named it."""
    find: Callable[[Request], list[SubmissionRef]]
    unmatched: Callable[[Request], list[str]] = lambda _: []
    """A line for each folder of a student in which nothing was found."""
    agreement: Callable[[Request], float] | None = None
    """Of what lies in the folder, the share that the layout explains, where names tell: a few
    names, which students may have chosen, must not decide how a class is read."""


def _layout(
    module: Any,
    agreement: Callable[[Request], float] | None,
    lines: Callable[[Request], list[str]] = lambda _: [],
) -> Layout:
    return Layout(module.EXPECTED, module.recognises, module.find, lines, agreement)


# In the order in which `auto` asks them: from the most to the least particular.
LAYOUTS: Final[Mapping[str, Layout]] = {
    "gradescope": _layout(gradescope, gradescope.agreement, gradescope.unmatched),
    "moodle": _layout(moodle, moodle.agreement, moodle.unmatched),
    "canvas": _layout(canvas, canvas.agreement, canvas.unmatched),
    "blackboard": _layout(blackboard, blackboard.agreement, blackboard.unmatched),
    "brightspace": _layout(brightspace, brightspace.agreement, brightspace.unmatched),
    "teams": _layout(teams, teams.agreement, teams.unmatched),
    "classroom": _layout(classroom, None, unmatched.no_repositories),
    "repository": _layout(repository, None),
    "nbgrader": _layout(nbgrader, None, unmatched.without_assignment),
    "google": _layout(google, google.agreement, google.unmatched),
    "flat": _layout(flat, None, unmatched.without_files),
}
AUTO = "auto"
_MAJORITY = 0.5


class Found(Struct, frozen=True):
    """The submissions, and the layout they were found by. ``folder`` is where they are: of a
    zip, a temporary one. ``left_out`` are names of files in it that were not unpacked;
    ``unmatched`` is a line for each folder of a student in which nothing was found."""

    refs: list[SubmissionRef]
    layout: str
    folder: Path
    left_out: tuple[str, ...] = ()
    nobody: tuple[str, ...] = ()
    """Students in a CSV of times who handed nothing in."""
    unmatched: tuple[str, ...] = ()


@contextmanager
def submissions(
    path: Path,
    course: Course,
    *,
    layout: str,
    assignments: Collection[str] = (),
    students: Collection[str] = (),
) -> Iterator[Found]:
    """The submissions in a folder or a zip, ordered by student and assignment.

    They can be read while the context lasts. Raises :class:`UsageError` where there are none
    in this layout, saying what was seen instead.
    """
    if path == STDIN or _is_tar(path):
        raise UsageError(said("error_tar_in_shards", path=path))
    if path.is_file():
        left_out: list[str] = []
        with unpacked(path, left_out) as folder:
            request = _request(folder, path.stem, course, assignments, students)
            try:
                found = _found(request, layout)
            except UsageError as error:
                # The reader knows the zip, not our temporary folder.
                raise UsageError(replaced(error.args[0], str(folder), str(path))) from None
            yield replace(found, left_out=tuple(left_out))
        return
    if not path.is_dir():
        key = "error_submissions_kind" if path.exists() else "error_submissions_missing"
        raise UsageError(said(key, path=path))
    request = _request(path, path.resolve().name, course, assignments, students)
    yield _found(request, layout)


def _is_tar(path: Path) -> bool:
    return path.is_file() and tarfile.is_tarfile(path) and not zipfile.is_zipfile(path)


def _request(
    folder: Path,
    name: str,
    course: Course,
    assignments: Collection[str],
    students: Collection[str],
) -> Request:
    wanted = tuple(name for name in course.assignments if not assignments or name in assignments)
    return Request(folder, course, wanted, tuple(students), name)


def _found(request: Request, layout: str) -> Found:
    request, name = _recognised(request, layout)
    refs = LAYOUTS[name].find(request)
    asked_for = [same(student) for student in request.students]
    lines = LAYOUTS[name].unmatched(request)
    kept = [ref for ref in refs if not asked_for or ref.student in asked_for]
    if not kept:
        if lines:
            raise UsageError(said("place_error", place=request.folder, message=lines[0]))
        raise UsageError(_nobody(request, refs))
    lines += unmatched.missing(asked_for, [ref.student for ref in refs], lines)
    return Found(
        number_attempts(kept),
        name,
        request.folder,
        unmatched=tuple(lines),
    )


def _nobody(request: Request, refs: Sequence[SubmissionRef]) -> str:
    """That nothing of the students asked for is there, and who is instead."""
    asked_for = joined("either", [sanitize(student, 60) for student in request.students])
    others = unmatched.there_are([ref.student for ref in refs], request.students)
    return said("error_no_submission_of", folder=request.folder, students=asked_for, others=others)


def _recognised(request: Request, layout: str) -> tuple[Request, str]:
    """The folder that the layout fits, which may be the one folder in the one named, and the
    layout. Where a layout is named and fits nothing, it says itself what is wrong."""
    chain = [request]
    for _ in range(2):
        inside = chain[-1].entries()
        if len(inside) != 1 or not inside[0].is_dir():
            break
        chain.append(replace(chain[-1], folder=Path(inside[0].path), name=inside[0].name))
    if layout != AUTO:
        fitting = (folder for folder in chain if LAYOUTS[layout].recognises(folder))
        return next(fitting, request), layout
    # Where a student is called so, the one folder in this one is theirs, and around nothing.
    around = [] if nbgrader.recognises(request) else chain[1:]
    for folder in (request, *around):
        for name, one in LAYOUTS.items():
            if name != "google" and _agrees(one, folder):
                return folder, name
    for folder in chain:
        for name, one in LAYOUTS.items():
            if one.recognises(folder) if one.agreement is None else _agrees(one, folder):
                return folder, name
    layouts = [said("layout", name=name, expected=one.expected) for name, one in LAYOUTS.items()]
    seen, known = saw(request.folder), joined("in_list", layouts)
    raise UsageError(said("error_layout_none", folder=request.folder, saw=seen, known=known))


def _agrees(layout: Layout, folder: Request) -> bool:
    return layout.agreement is not None and layout.agreement(folder) > _MAJORITY
