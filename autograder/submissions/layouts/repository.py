"""One student's work alone: a repository or a bundle, as a workflow checks it out.

Whose it is, the folder does not say: the student asked for, or the folder's name.
"""

from __future__ import annotations

import os
from pathlib import Path

from autograder.submissions.layouts.found import Request, repository_ref, source_folder
from autograder.submissions.names import meaning
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import said

EXPECTED = said("layout_repository")


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
    return [repository_ref(request, student, assignment, request.folder)]


def _has_work(request: Request, assignment: str) -> bool:
    folder = source_folder(request.folder, assignment)
    exercises = [one.name for one in request.course.assignments[assignment].exercises]
    try:  # a link counts: its student is told that it is no file, and is not nobody
        with os.scandir(folder) as scan:
            names = [one.name for one in scan if not one.is_dir(follow_symlinks=False)]
    except OSError:
        return False
    meanings = (meaning(name, exercises, assignment) for name in names)
    return any(one.exercise and one.distance < 3 for one in meanings)
