"""Canvas' "Download Submissions": ``lastfirst_12345_67890_dx.py``, in a zip or a folder.

The first number is the Canvas ID of the student, by which the grade is known; the second is
that of the submission. Files of a resubmission get ``-1``, ``-2`` ... before the suffix, and
late ones ``LATE`` after the name.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.submissions.layouts.found import Request, wanted_names
from autograder.submissions.submission import SubmissionRef, displayable, storable

EXPECTED = "files named <lastfirst>_<student's id>_<submission's id>_<file name>"

_FILE = re.compile(
    r"(?P<name>[^_]*)_(?:LATE_)?(?P<student>\d+)_(?P<submission>\d+)_(?P<file>.+\.(?:py|ipynb))",
    re.DOTALL,
)
_COUNTED = re.compile(r"(?P<stem>.+)-(?P<count>\d{1,4})(?P<suffix>\.(?:py|ipynb))", re.DOTALL)


def recognises(request: Request) -> bool:
    return any(
        entry.is_file() and _FILE.fullmatch(displayable(entry.name)) for entry in request.entries()
    )


def find(request: Request) -> list[SubmissionRef]:
    if not recognises(request):
        raise request.refuse("canvas", EXPECTED)
    assignment = request.the_assignment("canvas")
    names = wanted_names(request.course, assignment)
    # Student and submission -> name it is graded under -> (number of the upload, path).
    found: dict[tuple[str, str], dict[str, tuple[int, Path]]] = {}
    for entry in request.entries():
        match = _FILE.fullmatch(displayable(entry.name))
        if match is None or not entry.is_file():
            continue
        files = found.setdefault((match["student"], match["submission"]), {})
        name, count = uploaded_name(match["file"], names)
        if name not in files or files[name][0] < count:
            files[name] = (count, Path(entry.path))
    return [
        SubmissionRef(
            student,
            assignment,
            request.folder,
            files={name: path for name, (_, path) in files.items()},
            stored_as=storable(student),
        )
        for (student, _), files in found.items()
    ]


def uploaded_name(name: str, names: frozenset[str]) -> tuple[str, int]:
    """The name that the student gave the file, and the how-manieth upload of it this is."""
    match = _COUNTED.fullmatch(name)
    if name in names or match is None or match["stem"] + match["suffix"] not in names:
        return name, 0
    return match["stem"] + match["suffix"], int(match["count"])
