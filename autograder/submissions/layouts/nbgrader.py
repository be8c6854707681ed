"""``<student>/<assignment>/<exercise>.py``, as nbgrader has it."""

from __future__ import annotations

from pathlib import Path

from autograder.errors import UsageError
from autograder.submissions.layouts.found import Request, saw
from autograder.submissions.submission import SubmissionRef, find_submissions

EXPECTED = "<student>/<assignment>/<exercise>.py"


def recognises(request: Request) -> bool:
    return any(
        (Path(entry.path) / assignment).is_dir()
        for entry in request.entries()
        if entry.is_dir()
        for assignment in request.assignments
    )


def find(request: Request) -> list[SubmissionRef]:
    try:
        return find_submissions(request.folder, request.course, assignments=request.assignments)
    except UsageError as error:
        raise UsageError(f"{error}; saw {saw(request.folder)}") from None
