"""Canvas' "Download Submissions": ``lastfirst_12345_67890_dx.py``, in a zip or a folder.

The first number is the Canvas ID of the student, by which the grade is known; the second is that
of the file, and every file has its own. Late ones have ``LATE`` after the name; in an anonymous
assignment there is no name, and ``anon_`` with letters in the place of the ID. A file of a name
that was handed in before gets ``-1``, ``-2`` ... before the suffix. So ``add_upload_submission``,
``get_filename`` and ``sanitize_user_name`` in Canvas' ``lib/content_zipper.rb`` make the names,
and ``make_unique_filename`` in ``app/models/attachment.rb``.

Names of people and groups may have underscores in them, and names of files too. Where a name can
be read in several ways, the class decides: what its other files have for IDs, and its exercises.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from autograder.submissions.layouts.found import Request, wanted_names
from autograder.submissions.names import same
from autograder.submissions.submission import SubmissionRef, displayable
from autograder.text.messages import sanitize
from autograder.text.said import said

EXPECTED = said("layout_canvas")

_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<student>anon_[A-Za-z0-9]+)_(?P<number>\d+)_(?P<file>.+)", re.DOTALL
)
_NUMBERS = re.compile(r"(?=_(?P<student>\d+)_(?P<number>\d+)_(?P<file>.+))", re.DOTALL)
_ONLINE = re.compile(r"_(?P<student>\d+|anon_\w+)_(?:text|link)\.html$")
_LATE = "_LATE"
# No name of a person has this in it: Canvas takes the underscores out.
_NUMBER_WITHIN = re.compile(r"_\d+_")
_COUNTED = re.compile(r"(?P<stem>.+)-(?P<count>\d{1,4})(?P<suffix>\.\w{1,8})", re.DOTALL)


class _Reading(Struct, frozen=True):
    """A way to read a file's name."""

    name: str
    student: str
    number: int
    file: str
    is_late: bool


def recognises(request: Request) -> bool:
    return any(
        entry.is_file() and next(_readings(displayable(entry.name)), None) is not None
        for entry in request.entries()
    )


def agreement(request: Request) -> float:
    return request.share(
        lambda entry: (
            entry.is_file()
            and (
                next(_readings(displayable(entry.name)), None) is not None
                or _ONLINE.search(displayable(entry.name)) is not None
            )
        )
    )


def find(request: Request) -> list[SubmissionRef]:
    if not recognises(request):
        raise request.refuse("canvas", EXPECTED)
    assignment = request.the_assignment("canvas")
    names = wanted_names(request.course, assignment)
    several: dict[Path, list[_Reading]] = {}
    for entry in request.entries():
        readings = list(_readings(same(displayable(entry.name)))) if entry.is_file() else []
        if readings:
            several[Path(entry.path)] = readings
    # Student -> name it was handed in under -> (the how-manieth upload of it, file's ID, path).
    found: dict[str, dict[str, tuple[int, int, Path]]] = defaultdict(dict)
    late: dict[str, bool] = {}
    for path, reading in zip(several, _agreed(list(several.values()), names), strict=True):
        late[reading.student] = late.get(reading.student, False) or reading.is_late
        files = found[reading.student]
        name, count = uploaded_name(reading.file, names)
        if name not in files or files[name][:2] < (count, reading.number):
            files[name] = (count, reading.number, path)
    return [
        request.ref(
            student,
            assignment,
            request.folder,
            files={name: path for name, (_, _, path) in files.items()},
            is_late=late[student],
            student_is="canvas_id" if student.isdecimal() else None,
        )
        for student, files in found.items()
    ]


def unmatched(request: Request) -> list[str]:
    """A line for each file whose name says nothing about whose it is, and for each student who
    handed in a text or a link alone."""
    if request.students:
        return []
    names = [(same(displayable(entry.name)), entry.is_file()) for entry in request.entries()]
    read = {one.student for name, is_file in names if is_file for one in _readings(name)}
    lines: list[str] = []
    for name, is_file in names:
        online = _ONLINE.search(name)
        if online is not None and online["student"] not in read:
            what = sanitize(name, 80)
            why = said("unmatched_alone", name=what)
            lines.append(said("unmatched", student=online["student"], why=why))
        elif online is None and not (is_file and next(_readings(name), None)):
            why = said("not_read_file", platform="Canvas")
            lines.append(said("not_read", name=sanitize(name, 80), why=why))
    return lines


def _readings(text: str) -> Iterator[_Reading]:
    """All ways to read a name, from the left."""
    match = _ANONYMOUS.fullmatch(text)
    if match is not None:
        yield _Reading(
            "", match["student"], int(match["number"]), match["file"], match["late"] is not None
        )
        return
    for match in _NUMBERS.finditer(text):
        name = text[: match.start()]
        is_late = name.endswith(_LATE)
        name = name.removesuffix(_LATE) if is_late else name
        if name and not _NUMBER_WITHIN.search(name) and len(match["number"]) < 19:
            yield _Reading(name, match["student"], int(match["number"]), match["file"], is_late)


def _agreed(several: Sequence[Sequence[_Reading]], names: frozenset[str]) -> list[_Reading]:
    """Of the ways to read each name, the one that fits the others: a student has one name, and
    IDs of students and files are of the size of those about which there is no doubt."""
    support = Counter({(r.name, r.student): 0 for readings in several for r in readings})
    for readings in several:
        support.update({(reading.name, reading.student) for reading in readings})
    certain = [readings[0] for readings in several if len(readings) == 1]
    sizes = [
        [math.log10(max(value, 1)) for value in values]
        for values in (
            [int(one.student) for one in certain if one.student.isdecimal()],
            [one.number for one in certain],
        )
    ]
    typical = [statistics.median(size) if size else None for size in sizes]

    def fitness(reading: _Reading) -> tuple[float, ...]:
        values = (int(reading.student) if reading.student.isdecimal() else 1, reading.number)
        away = [
            abs(math.log10(max(value, 1)) - usual)
            for value, usual in zip(values, typical, strict=True)
            if usual is not None
        ]
        short = min(len(str(value)) for value in values)
        known = uploaded_name(reading.file, names)[0] in names
        return (
            support[reading.name, reading.student],
            -round(sum(away), 1),
            min(short, 3),
            -len(reading.name),
            known,
        )

    return [max(readings, key=fitness) for readings in several]


def uploaded_name(name: str, names: frozenset[str]) -> tuple[str, int]:
    """The name that the student gave the file, and the how-manieth upload of it this is."""
    match = _COUNTED.fullmatch(name)
    if name in names or match is None or match["stem"] + match["suffix"] not in names:
        return name, 0
    return match["stem"] + match["suffix"], int(match["count"])
