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

import os
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from autograder.submissions.layouts.found import Request, not_read
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.said import said

EXPECTED = said("layout_brightspace")

_NAME = re.compile(r"(?P<person>\d+)-(?P<number>\d+) - (?P<rest>.+)", re.DOTALL)
# What stands between hyphens and has a year in it is the time, in whatever language.
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_TIME = re.compile(
    r"(?P<month>[^\W\d]{3,12})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})|"
    r"(?P<day2>\d{1,2})\.? (?P<month2>[^\W\d]{3,12})\.?,? (?P<year2>\d{4})"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})[:.]?(?P<minute>\d\d) ?(?P<half>AM|PM)?", re.IGNORECASE)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class _Named(Struct, frozen=True):
    """The parts of a name: whose it is, when it came as it is written, and the file, if any."""

    person: str
    name: str
    time: str
    file: str


def _read(text: str) -> _Named | None:
    match = _NAME.fullmatch(same(text))
    if match is None:
        return None
    parts = match["rest"].split(" - ")
    # The first part that can be one: there may be years in names of files.
    place = next((n for n, part in enumerate(parts) if n and _YEAR.search(part)), None)
    if place is None:
        return None
    name, file = " - ".join(parts[:place]).strip(), " - ".join(parts[place + 1 :])
    return _Named(match["person"], name, parts[place], file)


def recognises(request: Request) -> bool:
    return any(_read(displayable(entry.name)) for entry in request.entries())


def agreement(request: Request) -> float:
    return request.share(_is_read)


def _is_read(entry: os.DirEntry[str]) -> bool:
    named = _read(displayable(entry.name))
    return named is not None and (entry.is_dir() or bool(named.file))


def unmatched(request: Request) -> list[str]:
    """A line for each thing whose name does not say whose it is."""
    return not_read(request, _is_read, said("not_read_any", platform="Brightspace"))


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
        named = _read(displayable(entry.name))
        if named is None:
            continue
        name, person = named.name, named.person
        people[name].add(person)
        time = _time(named.time)
        submitted = None if time is None else time.replace(tzinfo=zone)
        if entry.is_dir():
            folders.append((name, person, submitted, Path(entry.path)))
        elif named.file:
            files[name, person, submitted][named.file] = Path(entry.path)

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


def _time(text: str) -> datetime | None:
    """The time in a name; None where it is in a language that is not known."""
    date = _TIME.match(text)
    clock = None if date is None else _CLOCK.fullmatch(text[date.end() :].strip())
    if date is None or clock is None:
        return None
    month = (date["month"] or date["month2"]).casefold()[:3]
    if month not in _MONTHS:
        return None
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"].upper() == "PM" else 0)
    year, day = int(date["year"] or date["year2"]), int(date["day"] or date["day2"])
    try:
        return datetime(year, _MONTHS.index(month) + 1, day, hour, int(clock["minute"]))
    except ValueError:
        return None
