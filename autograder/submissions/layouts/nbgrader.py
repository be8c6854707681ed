"""``<student>/<assignment>/<exercise>.py``, as nbgrader has it.

Work that lies a folder too high, or in a folder of a name near that of the assignment, is taken
where nothing else can be meant, and that is said.
"""

from __future__ import annotations

import os
from pathlib import Path

from autograder.errors import UsageError
from autograder.submissions.layouts import unmatched
from autograder.submissions.layouts.found import Request, saw
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable, is_reserved, storable
from autograder.text.said import joined, said

EXPECTED = said("layout_nbgrader")


def recognises(request: Request) -> bool:
    return any(
        (Path(entry.path) / assignment).is_dir()
        for entry in request.entries()
        if entry.is_dir()
        for assignment in request.assignments
    )


def find(request: Request) -> list[SubmissionRef]:
    found = in_place(request) + elsewhere(request)
    if not found:
        wanted = joined("either", request.assignments) or said("any_assignment")
        seen = saw(request.folder)
        raise UsageError(
            said("error_no_submissions", folder=request.folder, wanted=wanted, saw=seen)
        )
    return found


def in_place(request: Request) -> list[SubmissionRef]:
    """The submissions that lie where they should."""
    students = unmatched.students(request.folder)
    return [ref for entry in students for ref in _of_student(entry, request)]


def elsewhere(request: Request) -> list[SubmissionRef]:
    """The submissions that do not; who all the students are may decide about one of them."""
    return [_misplaced_ref(one, request) for one in unmatched.misplaced(request)]


def _of_student(entry: os.DirEntry[str], request: Request) -> list[SubmissionRef]:
    refs = []
    student = displayable(entry.name)
    for assignment in request.assignments:
        path = Path(entry.path, assignment)
        if not os.path.lexists(path):
            continue
        files = None
        if entry.is_symlink():
            # Not followed: it may lead to the work of another. Every file is the link, and so
            # none that can be read.
            exercises = request.course.assignments[assignment].exercises
            files = {f"{exercise.name}.py": Path(entry.path) for exercise in exercises}
        refs.append(
            request.ref(
                student,
                assignment,
                path,
                files=files,
                stored_as=_stored_as(entry.name),
                timestamp_file=None if files else path / "timestamp.txt",
                beside=None if files else Path(entry.path),
            )
        )
    return refs


def _misplaced_ref(one: unmatched.Misplaced, request: Request) -> SubmissionRef:
    files = None
    if one.only_files:
        files = {path.name: path for path in unmatched.files_in(one.folder)}
    return request.ref(
        one.student,
        one.assignment,
        one.folder,
        files=files,
        stored_as=_stored_as(one.stored_as),
        timestamp_file=one.folder / "timestamp.txt",
        found_at=one.found_at,
    )


def _stored_as(name: str) -> str:
    """The folder among the grades is called as the student's folder is, but for names that would
    be in the way there; in Unicode's normal form C, so that a name has one grade."""
    name = same(name)
    return storable(name) if is_reserved(name) else name
