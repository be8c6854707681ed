"""``<student>/<assignment>/<exercise>.py``, as nbgrader has it."""

from __future__ import annotations

from pathlib import Path

from autograder.layouts.found import Request
from autograder.submission import SubmissionRef, find_submissions

EXPECTED = "<student>/<assignment>/<exercise>.py"


def recognises(request: Request) -> bool:
    return any(
        (Path(entry.path) / assignment).is_dir()
        for entry in request.entries()
        if entry.is_dir()
        for assignment in request.assignments
    )


def find(request: Request) -> list[SubmissionRef]:
    return find_submissions(request.folder, request.course, assignments=request.assignments)
