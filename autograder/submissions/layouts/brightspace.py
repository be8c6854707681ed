"""Brightspace's (D2L's) "Download all submissions":
``12345-67890 - Kim Minsu - Dec 1, 2026 1159 PM/dx.py`` or, with the name of the file behind it,
``12345-67890 - Kim Minsu - Dec 1, 2026 1159 PM - dx.py``, beside an ``index.html``.

The grade is known by the name, and by name and number where two students have the same. The time
has no zone: it is taken for that of the due date, as Brightspace writes it in the course's.
Brightspace's help describes the download and not the names; these are what tools that sort the
download read: d2lmf, GradingFileProject (ToDo.md), and a parser that documents the format as
``<student-id>-<submission-id> - <student-name> - <month> <day>, <year> <time> <AM/PM>``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from autograder.submissions.layouts.found import Request
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable

EXPECTED = "<number>-<number> - <First Last> - <date>/ folders"

_NAME = re.compile(
    r"(?P<person>\d+)-(?P<number>\d+) - (?P<name>.+?) - "
    r"(?P<month>[^\W\d]{3,12})\.? (?P<day>\d{1,2}), (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2})(?P<minute>\d\d) ?(?P<half>AM|PM)?(?: - (?P<file>.+))?",
    re.DOTALL | re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def recognises(request: Request) -> bool:
    return any(_NAME.fullmatch(displayable(entry.name)) for entry in request.entries())


def find(request: Request) -> list[SubmissionRef]:
    if not recognises(request):
        raise request.refuse("brightspace", EXPECTED)
    assignment = request.the_assignment("brightspace")
    due = request.course.assignments[assignment].due
    zone = UTC if due is None or due.tzinfo is None else due.tzinfo
    people: dict[str, set[str]] = defaultdict(set)
    folders: list[tuple[str, str, datetime | None, Path]] = []
    files: dict[tuple[str, str, datetime | None], dict[str, Path]] = defaultdict(dict)
    for entry in request.entries():
        match = _NAME.fullmatch(same(displayable(entry.name)))
        if match is None:
            continue
        name, person = match["name"].strip(), match["person"]
        people[name].add(person)
        time = _time(match)
        submitted = None if time is None else time.replace(tzinfo=zone)
        if entry.is_dir():
            folders.append((name, person, submitted, Path(entry.path)))
        elif match["file"]:
            files[name, person, submitted][match["file"]] = Path(entry.path)

    def student(name: str, person: str) -> str:
        return name if len(people[name]) == 1 else f"{name} ({person})"

    refs = [
        request.ref(student(name, person), assignment, folder, submitted=submitted)
        for name, person, submitted, folder in folders
    ]
    refs += [
        request.ref(
            student(name, person), assignment, request.folder, files=several, submitted=submitted
        )
        for (name, person, submitted), several in files.items()
    ]
    return refs


def _time(match: re.Match[str]) -> datetime | None:
    """The time in the name; None where it is in a language that is not known."""
    month = match["month"].casefold()[:3]
    if month not in _MONTHS:
        return None
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].upper() == "PM" else 0)
    try:
        return datetime(
            int(match["year"]), _MONTHS.index(month) + 1, int(match["day"]), hour,
            int(match["minute"]),
        )  # fmt: skip
    except ValueError:
        return None
