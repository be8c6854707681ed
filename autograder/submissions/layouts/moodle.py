"""Moodle's "Download all submissions", in a zip or a folder:
``First Last_12345_assignsubmission_file_/dx.py``, or without folders
``First Last_12345_assignsubmission_file_dx.py``.

The number belongs to the submission alone, so the grade is known by the student's name, and
by name and number where two students have the same name, as all do in an anonymous download:
``Participant_12345_assignsubmission_file_``. ``download_submissions`` in Moodle's
``mod/assign/locallib.php`` makes the names, and replaces underscores in those of people.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from autograder.submissions.layouts.found import Request
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.messages import sanitize
from autograder.text.said import said

EXPECTED = said("layout_moodle")

_NAME = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_file(?:_(?P<file>.*))?", re.DOTALL
)

_OTHER = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?!file)\w+.*", re.DOTALL)


def recognises(request: Request) -> bool:
    return any(_NAME.fullmatch(displayable(entry.name)) for entry in request.entries())


def agreement(request: Request) -> float:
    return request.share(lambda entry: _is_moodles(displayable(entry.name)))


def _is_moodles(name: str) -> bool:
    return bool(_NAME.fullmatch(name) or _OTHER.fullmatch(name))


def unmatched(request: Request) -> list[str]:
    """A line for each student who handed in no file, and for what is nobody's."""
    names = [same(displayable(entry.name)) for entry in request.entries()]
    found = {(m["name"], m["number"]) for name in names if (m := _NAME.fullmatch(name))}
    lines: list[str] = []
    for name in names:
        other = _OTHER.fullmatch(name)
        if other is not None and (other["name"], other["number"]) not in found:
            student = sanitize(other["name"], 60)
            why = said("unmatched_alone", name=sanitize(name, 80))
            lines.append(said("unmatched", student=student, why=why))
        elif other is None and not _NAME.fullmatch(name):
            why = said("not_read_any", platform="Moodle")
            lines.append(said("not_read", name=sanitize(name, 80), why=why))
    return [] if request.students else lines


def find(request: Request) -> list[SubmissionRef]:
    folders: dict[tuple[str, str], Path] = {}
    files: dict[tuple[str, str], dict[str, Path]] = {}
    for entry in request.entries():
        match = _NAME.fullmatch(displayable(entry.name))
        if match is None:
            continue
        key = (same(match["name"]), match["number"])
        if entry.is_dir():
            folders[key] = Path(entry.path)
        elif match["file"]:
            files.setdefault(key, {})[match["file"]] = Path(entry.path)
    keys = sorted({*folders, *files})
    if not keys:
        raise request.refuse("moodle", EXPECTED)
    assignment = request.the_assignment("moodle")
    namesakes = Counter(name for name, _ in keys)
    refs = []
    for name, number in keys:
        student = name if namesakes[name] == 1 else f"{name} ({number})"
        folder = folders.get((name, number))
        refs.append(
            request.ref(
                student,
                assignment,
                folder or request.folder,
                files=files[name, number] if folder is None else None,
            )
        )
    return refs
