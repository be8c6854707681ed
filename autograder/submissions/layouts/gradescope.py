"""A downloaded Gradescope export: ``submission_<id>/`` and ``submission_metadata.yml``."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        about = about if isinstance(about, dict) else {}
        for student in _students(about) or [displayable(entry.name)]:
            refs.append(
                request.ref(
                    student,
                    assignment,
                    Path(entry.path),
                    submitted=_time(about.get(":created_at")),
                )
            )
    if not refs:
        raise request.refuse("gradescope", EXPECTED)
    return refs


def _students(about: dict[Any, Any]) -> list[str]:
    submitters = about.get(":submitters")
    students = []
    for person in submitters if isinstance(submitters, list) else []:
        if isinstance(person, dict):
            names = (person.get(key) for key in (":sid", ":email", ":name"))
            student = next((str(name).strip() for name in names if name not in (None, "")), "")
            if student:
                # Never surrogates, which no file could store.
                students.append(displayable(os.fsdecode(student.encode("utf-8", "replace"))))
    return list(dict.fromkeys(students))


def _time(value: Any) -> datetime | None:
    if isinstance(value, dict):  # a Ruby object with the time in several zones
        value = value.get("utc")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
