"""One student's work alone: a repository or a bundle, as a workflow checks it out.

Whose it is, the folder does not say: the student asked for, or the folder's name.
"""

from __future__ import annotations

from pathlib import Path

from autograder.submissions.layouts.found import Request, source_folder, wanted_names
from autograder.submissions.submission import SubmissionRef, displayable, storable

EXPECTED = "one student's files, at the top, in <assignment>/ or in assignments/<assignment>/"


def recognises(request: Request) -> bool:
    """Where there is work in one of the places, and no class of students called otherwise than
    ``assignments``."""
    return any(_has_work(request, assignment) for assignment in request.assignments) and not any(
        (Path(entry.path) / assignment).is_dir()
        for entry in request.entries()
        if entry.is_dir() and entry.name != "assignments"
        for assignment in request.assignments
    )


def find(request: Request) -> list[SubmissionRef]:
    """A push without some of the files is a submission too; one without any is a wrong folder."""
    assignment = request.the_assignment("repository")
    if not _has_work(request, assignment):
        raise request.refuse("repository", EXPECTED)
    student = displayable(request.students[0] if len(request.students) == 1 else request.name)
    return [
        SubmissionRef(
            student,
            assignment,
            source_folder(request.folder, assignment),
            stored_as=storable(student),
            repository=request.folder,
        )
    ]


def _has_work(request: Request, assignment: str) -> bool:
    folder = source_folder(request.folder, assignment)
    return any((folder / name).is_file() for name in wanted_names(request.course, assignment))
