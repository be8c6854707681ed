"""Where the submissions of a folder of grades lie, noted for those who look at the grades later."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from autograder.course.course import Course
from autograder.errors import AutograderError, MachineError
from autograder.grades.grade_file import write_atomically
from autograder.grades.model import Grade
from autograder.submissions.layouts import submissions as find_in_layout
from autograder.submissions.reader import bounded
from autograder.submissions.submission import Submission, SubmissionRef, read_submission

FILE = ".submissions"


class Origin(Struct, frozen=True):
    """The folder or file that was graded, and how it is laid out."""

    submissions: str
    layout: str


class HandedIn:
    """The submissions behind grades: what was handed in by whom, as it was graded."""

    def __init__(self, refs: list[SubmissionRef]) -> None:
        self._refs: dict[tuple[str, str], list[SubmissionRef]] = {}
        for ref in refs:
            self._refs.setdefault((ref.student, ref.assignment), []).append(ref)

    def refs_of(self, assignment: str) -> list[SubmissionRef]:
        """Where the submissions for an assignment are."""
        return [one for refs in self._refs.values() for one in refs if one.assignment == assignment]

    def ref_of(self, grade: Grade) -> SubmissionRef | None:
        """Where a submission behind the grade is."""
        return next(iter(self._refs.get((grade.student, grade.assignment), ())), None)

    def of(self, grade: Grade) -> Submission | None:
        """The submission that the grade is of; None where it is not there any more. Of several
        attempts the one with the files that the grade names."""
        found = None
        for ref in self._refs.get((grade.student, grade.assignment), ()):
            with contextlib.suppress(AutograderError, OSError):
                found = read_submission(ref)
                paths = {one.path for one in found.handed_in}
                if paths == {one.path for one in grade.files}:
                    break
        return found


def write_origin(out: Path, submissions: Path, layout: str) -> None:
    """Note where the submissions of the grades in ``out`` lie. Grades are none the worse where
    that cannot be written."""
    content = msgspec.json.encode(Origin(str(submissions.absolute()), layout))
    with contextlib.suppress(MachineError):
        write_atomically(out / FILE, content + b"\n")


def read_origin(out: Path) -> Origin | None:
    """Where the submissions of the grades in ``out`` lie, as far as that is noted."""
    try:
        return msgspec.json.decode((out / FILE).read_bytes(), type=Origin)
    except (OSError, msgspec.MsgspecError):
        return None


@contextlib.contextmanager
def open_work(course: Course, origin: Origin) -> Iterator[HandedIn]:
    """What was handed in, to be read while the context lasts. Raises
    :class:`~autograder.errors.AutograderError` where there is none."""
    folder = Path(origin.submissions)
    with (
        bounded(folder if folder.is_dir() else None),
        find_in_layout(folder, course, layout=origin.layout) as found,
    ):
        yield HandedIn(list(found.refs))
