"""What the adapters share: what they find, and how they say what they saw instead."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from autograder.course.course import Course
from autograder.errors import UsageError
from autograder.submissions.found_at import FoundAt
from autograder.submissions.names import meaning, same
from autograder.submissions.submission import SubmissionRef, displayable, storable, wanted_of
from autograder.text.messages import sanitize
from autograder.text.said import said

MAX_ENTRIES = 100_000
_SHOWN = 5


class Request(Struct, frozen=True):
    """What is looked for: ``assignments`` are those of the course that are wanted."""

    folder: Path
    course: Course
    assignments: tuple[str, ...]
    """Never empty."""
    students: tuple[str, ...] = ()
    """Those asked for; empty: all."""
    name: str = ""
    """What the reader calls the folder; of a zip, not the temporary one."""

    def entries(self) -> list[os.DirEntry[str]]:
        """What lies in the folder, without hidden entries and links, by name."""
        return entries(self.folder)

    def share(self, explains: Callable[[os.DirEntry[str]], bool]) -> float:
        """The share of what lies here that a layout explains, from 0 to 1; what a platform or a
        system adds is not counted."""
        found = [entry for entry in self.entries() if not is_added(entry.name)]
        return sum(map(explains, found)) / len(found) if found else 0.0

    def the_assignment(self, layout: str) -> str:
        """The one assignment that is wanted, for layouts that do not name it themselves."""
        if len(self.assignments) > 1:
            known = ", ".join(self.assignments)
            raise UsageError(said("error_layout_which", layout=layout, known=known))
        return self.assignments[0]

    def ref(
        self,
        student: str,
        assignment: str,
        folder: Path,
        *,
        files: Mapping[str, Path] | None = None,
        stored_as: str | None = None,
        submitted: datetime | None = None,
        is_late: bool | None = None,
        timestamp_file: Path | None = None,
        repository: Path | None = None,
        beside: Path | None = None,
        found_at: FoundAt | None = None,
        student_is: str | None = None,
    ) -> SubmissionRef:
        """A submission for the assignment, with what its exercises are called. Names are compared
        in Unicode's normal form C, and so kept in it."""
        student = same(student)
        return SubmissionRef(
            student,
            assignment,
            folder,
            files=None if files is None else dict(files),
            stored_as=storable(student) if stored_as is None else stored_as,
            submitted=submitted,
            is_late=is_late,
            timestamp_file=timestamp_file,
            repository=repository,
            beside=beside,
            found_at=found_at,
            student_is=student_is,
            wanted=wanted_of(self.course.assignments[assignment]),
        )

    def refuse(self, layout: str, expected: str) -> UsageError:
        """The error that there is nothing for this layout, with what there is instead."""
        seen = saw(self.folder)
        return UsageError(
            said("error_layout", folder=self.folder, layout=layout, expected=expected, saw=seen)
        )


def entries(folder: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as scan:
            for entry in scan:
                if len(found) >= MAX_ENTRIES:
                    break
                if not entry.name.startswith((".", "__MACOSX")) and not entry.is_symlink():
                    found.append(entry)
    except OSError as error:
        raise UsageError(said("error_unreadable", path=folder, reason=error.strerror)) from None
    return sorted(found, key=lambda entry: os.fsencode(entry.name))


def is_added(name: str) -> bool:
    """Whether a file at the top is no student's: a platform's index, what a system leaves."""
    added = ("index.html", "index.htm", "submission_metadata.yml")
    return name.casefold() in added or meaning(name, (), "").kind == "system"


def not_read(request: Request, explains: Callable[[os.DirEntry[str]], bool], why: str) -> list[str]:
    """A line for each thing at the top that a layout has no place for. Nobody is lost silently."""
    return [
        said("not_read", name=sanitize(displayable(entry.name), 80), why=why)
        for entry in request.entries()
        if not (request.students or is_added(entry.name) or explains(entry))
    ]


def saw(folder: Path) -> str:
    """The first few names in the folder, for an error."""
    names = [entry.name + ("/" if entry.is_dir() else "") for entry in entries(folder)]
    return some(names) if names else said("seen_nothing")


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(sanitize(displayable(name), 60) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return said("and_more", names=shown, n=more) if more > 0 else shown


def source_folder(root: Path, assignment: str) -> Path:
    """Where the Python files of a repository or an upload are: beside ``assignments/`` as in
    a bundle, in a folder of the assignment's name, or at the top."""
    for folder in (root / "assignments" / assignment, root / assignment):
        chain = (folder.parent, folder)
        if all(os.path.isdir(part) and not os.path.islink(part) for part in chain):
            return folder
    return root


def repository_ref(request: Request, student: str, assignment: str, root: Path) -> SubmissionRef:
    """The submission in a repository: the folder of the assignment's name in it, and what lies
    beside it at the top."""
    folder = source_folder(root, assignment)
    beside = None if folder == root else root
    return request.ref(student, assignment, folder, repository=root, beside=beside)


def wanted_names(course: Course, assignment: str) -> frozenset[str]:
    """The names that files of the assignment are graded under."""
    exercises = course.assignments[assignment].exercises
    scripts = (exercise.file for exercise in exercises)
    notebooks = (f"{name}.ipynb" for name in (*(one.name for one in exercises), assignment))
    return frozenset((*scripts, *notebooks))
