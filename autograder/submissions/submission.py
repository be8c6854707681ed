"""What students handed in: found in a folder, read without trusting it.

A submission is one student's files for one assignment,
``<folder>/<student>/<assignment>/<exercise>.py``, or a notebook ``<exercise>.ipynb`` or
``<assignment>.ipynb`` instead. Everything about it may be
hostile: names, kinds of file, sizes, encodings. Nothing here follows a link out of
it, opens a device, or reads more than a bounded amount.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from autograder.course.course import Assignment
from autograder.course.exercise import Exercise
from autograder.submissions.choice import (
    MAX_FILES,
    MAX_NOTEBOOK_BYTES,
    MAX_SOURCE_BYTES,
    MAX_TOTAL,
    HandedIn,
    Wanted,
    Work,
    choose,
    decode_source,
)
from autograder.submissions.faults import fault_in_words
from autograder.submissions.found_at import FoundAt
from autograder.submissions.listing import Unreadable, list_items
from autograder.submissions.names import displayable

__all__ = [
    "MAX_FILES",
    "MAX_NOTEBOOK_BYTES",
    "MAX_SOURCE_BYTES",
    "MAX_TOTAL",
    "HandedIn",
    "Submission",
    "SubmissionRef",
    "Unreadable",
    "Wanted",
    "Work",
    "decode_source",
    "displayable",
    "is_reserved",
    "read_submission",
    "source_paths",
    "storable",
    "wanted_of",
    "wanted_one",
]

# What the folder of grades holds besides those of students; no grade may be in its way.
_RESERVED = re.compile(r"\..*|.*\.(csv|html|json|md|tmp|txt|xml)", re.IGNORECASE | re.DOTALL)
_MAX_NAME_BYTES = 200  # file systems allow 255


class SubmissionRef(Struct, frozen=True, order=True):
    """Where a submission is. ``student`` is fit to be shown and stored; ``folder`` is the path."""

    student: str
    assignment: str
    folder: Path
    files: dict[str, Path] | None = None
    """File name to path, in layouts where files are called otherwise; None: those in ``folder``."""
    stored_as: str = ""
    """The folder's name among the grades; empty: as the one that ``folder`` is in."""
    attempt: int = 0
    """Which of several submissions of the same work, from 1; 0: the only one."""
    submitted: datetime | None = None
    """When it was handed in, where the layout says so."""
    timestamp_file: Path | None = None
    """nbgrader's ``timestamp.txt``, which says so too."""
    wanted: tuple[Wanted, ...] = ()
    """The exercises, for files that are called otherwise to be recognised."""
    beside: Path | None = None
    """A folder whose files, but not folders, are looked at too: work lies beside its folder."""
    student_is: str | None = None
    """What kind of name ``student`` is: ``canvas_id``, the number that Canvas knows people by."""
    found_at: FoundAt | None = None
    """Where it lay, if that is not where it should."""
    is_late: bool | None = None
    """Whether the platform says that it came late, where it does not say when."""
    repository: Path | None = None
    """The git repository whose last commit is the time of the submission."""


class Submission(Struct, frozen=True):
    """``files`` maps names to source text, as they can be imported, and of a notebook to what it
    defines; ``unreadable`` maps the others to what is wrong; ``work`` says what counts for each
    exercise that there is something for; ``handed_in`` has every file once."""

    student: str
    assignment: str
    files: dict[str, str]
    unreadable: dict[str, Unreadable] = {}
    work: dict[str, Work] = {}
    handed_in: tuple[HandedIn, ...] = ()

    def for_exercise(self, exercise: str) -> Submission:
        """This, with what counts for the exercise as ``<exercise>.py``, and what counts for the
        others for it to import."""
        files, unreadable = dict(self.files), dict(self.unreadable)
        own = self.work.get(exercise)
        for name, work in self.work.items():
            file = f"{name}.py"
            if name != exercise and own is not None and work.file == own.file:
                continue  # of one notebook with everything in it, this is the part
            if work.source is not None:
                unreadable.pop(file, None)
                files[file] = work.source
            elif work.problem is not None:
                files.pop(file, None)
                unreadable[file] = work.problem
        wanted = f"{exercise}.py"
        if wanted not in files and wanted not in unreadable:
            notebook = self._notebook_for(exercise)
            if notebook in files:
                files[wanted] = files[notebook]
            elif notebook in unreadable:
                unreadable[wanted] = unreadable[notebook]
        return replace(self, files=files, unreadable=unreadable)

    def file_for(self, exercise: str) -> str:
        """The file that counts for an exercise, as it was handed in; its own name where there is
        none."""
        if exercise in self.work:
            return self.work[exercise].file
        wanted = f"{exercise}.py"
        if wanted in self.files or wanted in self.unreadable:
            return wanted
        return self._notebook_for(exercise) or wanted

    def source_for(self, exercise: str) -> str | None:
        """The source text that counts for an exercise."""
        if exercise in self.work:
            return self.work[exercise].source
        return self.files.get(self.file_for(exercise))

    def _notebook_for(self, exercise: str) -> str:
        names = (f"{exercise}.ipynb", f"{self.assignment}.ipynb")
        return next((one for one in names if one in self.files or one in self.unreadable), "")

    def near(self, file: str) -> list[str]:
        """Files that may be meant to be ``file``, and are not used, since nothing says which."""
        return [one.path for one in self.handed_in if one.reason == "near" and one.meant == file]

    def digest(self) -> bytes:
        """The same for the same content, whatever the student is called."""
        hasher = blake2b(digest_size=20)
        handed_in = [replace(one, fault="") for one in self.handed_in]  # which may say numbers
        parts = (self.files, self.unreadable, self.work, handed_in)
        for part in parts:
            encoded = msgspec.msgpack.encode(part)
            hasher.update(len(encoded).to_bytes(8, "big") + encoded)
        return hasher.digest()


def wanted_of(assignment: Assignment) -> tuple[Wanted, ...]:
    """The exercises of an assignment, and what their tests call."""
    return tuple(wanted_one(one, whole=bool(one.pytest_tests)) for one in assignment.exercises)


def wanted_one(exercise: Exercise, *, whole: bool = False) -> Wanted:
    """An exercise, as what was handed in is looked through for it."""
    return Wanted(exercise.name, exercise.signature.function, whole, tuple(exercise.answers))


def storable(student: str) -> str:
    """A folder name for a student whose name did not come from a folder: for each name
    another one, the name itself where that is fit for it."""
    name = re.sub(r"[/\\\0]", "_", student)
    encoded = name.encode("utf-8", "replace")
    if name == student and not is_reserved(name) and 0 < len(encoded) <= _MAX_NAME_BYTES:
        return name
    short = encoded[:_MAX_NAME_BYTES].decode("utf-8", "ignore").lstrip(".")
    tag = blake2b(student.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{short}-{tag}"


def is_reserved(name: str) -> bool:
    """Whether a folder of grades called this could be in the way of other files there."""
    return _RESERVED.fullmatch(name) is not None


def read_submission(ref: SubmissionRef) -> Submission:
    """Read what was handed in, in a child where :mod:`~autograder.submissions.reader` has one.
    Never raises for what is in it."""
    from autograder.submissions import reader

    return reader.read(read_here, ref, Submission, lambda why: _unreadable(ref, why))


def read_here(ref: SubmissionRef) -> Submission:
    """The same by this very process, without a limit: for one's own files."""
    try:
        items = list_items(ref.folder, ref.files, ref.beside)
        chosen = choose(items, ref.wanted, ref.assignment)
    except Exception as error:  # of a parser, on what a student wrote: nobody else's fault
        return _unreadable(ref, fault_in_words(error))
    return Submission(
        ref.student,
        ref.assignment,
        chosen.files,
        chosen.unreadable,
        chosen.work,
        chosen.handed_in,
    )


def _unreadable(ref: SubmissionRef, why: str) -> Submission:
    """A submission that cannot be read at all."""
    work = {one.exercise: Work(f"{one.exercise}.py", problem="unreadable") for one in ref.wanted}
    handed_in = (HandedIn("./", reason="unreadable", fault=why),)
    return Submission(ref.student, ref.assignment, {}, {}, work, handed_in)


def source_names(ref: SubmissionRef) -> list[str]:
    """The names that the files of a submission that hold code were handed in under."""
    from autograder.submissions import reader

    return reader.read(_source_names, ref, list[str], lambda _: [])


def _source_names(ref: SubmissionRef) -> list[str]:
    return list(source_paths(ref))


def source_paths(ref: SubmissionRef) -> dict[str, Path]:
    """The files of a submission that hold code, by the name that each was handed in under."""
    items = list_items(ref.folder, ref.files, ref.beside)
    return {
        one.path: one.place
        for one in items
        if one.kind in ("python", "notebook", "form") and one.place is not None
    }
