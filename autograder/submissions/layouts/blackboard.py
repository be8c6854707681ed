"""Blackboard's "Assignment File Download":
``Homework 1_kim_attempt_2026-12-01-12-30-00_dx.py``, and for each attempt a receipt
``Homework 1_kim_attempt_2026-12-01-12-30-00.txt``.

The word before ``_attempt_`` is the user name, by which the grade is known. Every attempt is
there, and its time is in the name, in the zone of the school, which is that of the due date.
Blackboard's help describes the download and not the names; these are what tools that sort the
download read: bb-file-cleanup (README) and unpackAssignments.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from autograder.submissions.layouts.found import Request
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.messages import sanitize
from autograder.text.said import said

EXPECTED = said("layout_blackboard")

_NAME = re.compile(
    r"(?P<before>.+)_attempt_(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?P<rest>_.+|\.txt)",
    re.DOTALL,
)


def recognises(request: Request) -> bool:
    return any(_NAME.fullmatch(displayable(entry.name)) for entry in request.entries())


def agreement(request: Request) -> float:
    return request.share(lambda entry: bool(_NAME.fullmatch(displayable(entry.name))))


def find(request: Request) -> list[SubmissionRef]:
    if not recognises(request):
        raise request.refuse("blackboard", EXPECTED)
    assignment = request.the_assignment("blackboard")
    matches = {}
    for entry in request.entries():
        match = _NAME.fullmatch(same(displayable(entry.name)))
        if match is not None and entry.is_file():
            matches[Path(entry.path)] = match
    title = _title([match["before"] for match in matches.values()])
    found: dict[tuple[str, str], dict[str, Path]] = defaultdict(dict)
    for path, match in matches.items():
        files = found[match["before"][len(title) :], match["time"]]
        if match["rest"].startswith("_"):
            files[match["rest"][1:]] = path
    due = request.course.assignments[assignment].due
    refs = []
    for (student, time), files in sorted(found.items()):
        submitted: datetime | None = None
        with contextlib.suppress(ValueError):
            zone = UTC if due is None else due.tzinfo
            submitted = datetime.strptime(time, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=zone)
        refs.append(
            request.ref(student, assignment, request.folder, files=files, submitted=submitted)
        )
    return refs


def _title(before: list[str]) -> str:
    """What all names begin with up to an underscore: the assignment's title, which may have
    underscores in it, as user names may."""
    common = before[0]
    for one in before:
        while not one.startswith(common):
            common = common[:-1]
    if len(set(before)) == 1:
        common = common.rpartition("_")[0] + "_"
    return common[: common.rfind("_") + 1]


def unmatched(request: Request) -> list[str]:
    """A line for each file whose name says nothing about whose it is."""
    return [
        said(
            "not_read",
            name=sanitize(displayable(entry.name), 80),
            why=said("not_read_file", platform="Blackboard"),
        )
        for entry in request.entries()
        if not request.students and not _NAME.fullmatch(displayable(entry.name))
    ]
