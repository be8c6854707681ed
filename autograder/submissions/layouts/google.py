"""Google Classroom's folder of an assignment, as Drive downloads it: ``Kim Minsu - dx.py``.

Classroom makes a copy of the assignment's file for each student, called by the student's name and
the file's. The grade is known by the name. A file without a name in it says nothing about whose
it is, and is named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from autograder.submissions.layouts.found import Request
from autograder.submissions.names import meaning, same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.messages import sanitize
from autograder.text.said import said

EXPECTED = said("layout_google")

_NAME = re.compile(r"(?P<name>.+?) [-–] (?P<file>[^/]+)", re.DOTALL)


def recognises(request: Request) -> bool:
    return bool(_files(request))


def agreement(request: Request) -> float:
    read = _files(request)
    return request.share(lambda entry: Path(entry.path) in read)


def _files(request: Request) -> dict[Path, re.Match[str]]:
    """The files that hold an exercise by the name behind the student's."""
    exercises = [
        exercise.name
        for assignment in request.course.assignments.values()
        for exercise in assignment.exercises
    ]
    found = {}
    for entry in request.entries():
        match = _NAME.fullmatch(same(displayable(entry.name)))
        if match is None or not entry.is_file():
            continue
        known = [meaning(match["file"], exercises, one) for one in request.course.assignments]
        kinds = ("notebook", "archive", "python", "form")
        if any(one.exercise or one.kind in kinds for one in known):
            found[Path(entry.path)] = match
    return found


def find(request: Request) -> list[SubmissionRef]:
    matches = _files(request)
    if not matches:
        raise request.refuse("google", EXPECTED)
    assignment = request.the_assignment("google")
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for path, match in matches.items():
        found[match["name"].strip()][match["file"]] = path
    return [
        request.ref(student, assignment, request.folder, files=files)
        for student, files in found.items()
    ]


def unmatched(request: Request) -> list[str]:
    """A line for each file whose name does not say whose it is."""
    read = _files(request)
    return [
        said("not_read", name=sanitize(displayable(entry.name), 80), why=said("not_read_name"))
        for entry in request.entries()
        if not request.students and Path(entry.path) not in read
    ]
