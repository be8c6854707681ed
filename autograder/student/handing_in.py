"""Handing in: which file counts for each exercise, the zip that a course wants, and its receipt.

The receipt in the zip says who made it, when, and a hash of what is in it, so that student and
grader can tell later that it is the same work. It proves nothing against somebody who writes
another: the time that counts is the platform's.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from autograder.course.course import Assignment, Course
from autograder.course.exercise import Exercise
from autograder.grading.python_errors import find_caret
from autograder.grading.unfinished import is_stub
from autograder.student.discovery import Work
from autograder.submissions.forms import decode
from autograder.submissions.receipt import RECEIPT, Receipt, hash_of
from autograder.submissions.submission import (
    Submission,
    SubmissionRef,
    read_submission,
    source_paths,
)

# Zips know no earlier time; a zip of the same files is the same, but for the receipt.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Counting(Struct, frozen=True):
    """An exercise, the ``file`` that counts for it, and the state of that."""

    exercise: Exercise
    file: str
    state: Literal["ready", "not_begun", "missing", "unreadable", "no_python"]
    line: int = 0
    """For ``no_python``: where Python gives up."""


def counting_files(
    works: Sequence[Work], read: Callable[[SubmissionRef], Submission] = read_submission
) -> tuple[Counting, ...]:
    """For each of the works of one assignment, which file counts and whether anything is in it.
    ``read`` reads what was handed in."""
    return tuple(_counting(work.exercise, read(work.ref)) for work in works)


def zip_name(assignment: Assignment, student: str) -> str:
    """What the zip of a student is called; the name may be of any alphabet."""
    who = re.sub(r"[^\w-]+", "-", student).strip("-") or "work"
    return f"{assignment.name}-{who}.zip"


def _counting(exercise: Exercise, submission: Submission) -> Counting:
    file = submission.file_for(exercise.name)
    one = submission.for_exercise(exercise.name)
    name = f"{exercise.name}.py"
    if name in one.unreadable:
        return Counting(exercise, file, "unreadable")
    source = one.files.get(name)
    if source is None:
        return Counting(exercise, file, "missing")
    form = decode(source) if exercise.answers else None
    if form is not None:
        return Counting(exercise, file, "ready" if form.filled else "not_begun")
    caret = find_caret(source)
    if caret is not None:
        return Counting(exercise, file, "no_python", caret.line)
    begun = not is_stub(source, exercise.signature.function)
    return Counting(exercise, file, "ready" if begun else "not_begun")


def files_to_hand_in(works: Sequence[Work]) -> dict[str, bytes]:
    """The Python files and notebooks beside the exercises, by name: those that count, and those
    that they may import. Raises :class:`OSError`."""
    found: dict[str, Path] = {}
    for work in works:
        found |= source_paths(work.ref)
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def pack(
    files: Mapping[str, bytes], course: Course, assignment: Assignment, name: str, now: datetime
) -> tuple[bytes, Receipt]:
    """The zip in the layout that the course wants, and the receipt that is in it. ``name`` is the
    student's, as given; ``now`` has a time zone."""
    folder = f"{assignment.name}/" if course.hand_in == "folder" else ""
    receipt = Receipt(
        student=name,
        assignment=assignment.name,
        made=now.isoformat(timespec="seconds"),
        hash=hash_of(files),
        files=tuple(sorted(files)),
    )
    content = {f"{folder}{one}": files[one] for one in sorted(files)}
    content[f"{folder}{RECEIPT}"] = msgspec.json.format(msgspec.json.encode(receipt), indent=1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue(), receipt
