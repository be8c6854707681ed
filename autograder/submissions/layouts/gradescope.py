"""A downloaded Gradescope export: ``submission_<id>/`` and ``submission_metadata.yml``."""

from __future__ import annotations

import os
import re
from pathlib import Path

from autograder.submissions.layouts.found import Request, not_read
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import said

EXPECTED = said("layout_gradescope")
METADATA = "submission_metadata.yml"
_FOLDER = re.compile(r"submission_\d+")


def recognises(request: Request) -> bool:
    return (request.folder / METADATA).is_file()


def agreement(request: Request) -> float:
    """None without the metadata: a student's own file of this name describes nobody."""
    if not recognises(request):
        return 0.0
    return request.share(_is_submission)


def _is_submission(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and _FOLDER.fullmatch(entry.name) is not None


def unmatched(request: Request) -> list[str]:
    """A line for what is no submission."""
    return not_read(request, _is_submission, said("not_read_gradescope"))


def find(request: Request) -> list[SubmissionRef]:
    """Students are known by their student ID, else e-mail address, else name. Everybody in a
    group gets a grade."""
    if not recognises(request):
        raise request.refuse("gradescope", EXPECTED)
    assignment = request.the_assignment("gradescope")
    from autograder.submissions.layouts.gradescope_metadata import read_metadata  # it takes a while

    metadata = read_metadata(request.folder / METADATA)
    refs = []
    for entry in request.entries():
        if not _is_submission(entry):
            continue
        about = metadata.get(entry.name)
        students = [] if about is None else about.students
        for student in students or [displayable(entry.name)]:
            refs.append(
                request.ref(
                    student,
                    assignment,
                    Path(entry.path),
                    submitted=None if about is None else about.submitted,
                )
            )
    if not refs:
        raise request.refuse("gradescope", EXPECTED)
    return refs
