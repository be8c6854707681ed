"""Grading one submission where Gradescope runs it: a folder laid out like ``/autograder``.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from autograder.batch.grading import Settings as BatchSettings
from autograder.batch.grading import grade_all
from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.errors import MachineError
from autograder.grades.model import Grade
from autograder.integrations.gradescope.build import COURSE, SETTINGS, Settings
from autograder.submissions.reader import bounded
from autograder.submissions.submission import SubmissionRef, storable, wanted_of

RESULTS = "results/results.json"

_T = TypeVar("_T")


class _User(Struct, frozen=True):
    sid: str | None = None
    email: str | None = None
    name: str | None = None

    @property
    def student(self) -> str:
        """As the layout ``gradescope`` knows students: ID, else e-mail address, else name."""
        return next((one.strip() for one in (self.sid, self.email, self.name) if one), "")


class _Metadata(Struct, frozen=True):
    users: list[_User] = []
    created_at: datetime | None = None


def read_settings(root: Path) -> Settings:
    """How to grade. Raises :class:`MachineError` where the zip was not unpacked whole."""
    return _read(root / "source" / SETTINGS, Settings, "unpack the zip into source/ again")


def load(root: Path) -> Course:
    return load_course(root / "source" / COURSE)


def grade_submission(root: Path, course: Course, settings: Settings) -> Grade:
    """The grade of ``root/submission``.

    Raises :class:`~autograder.errors.AutograderError` for what is not the student's doing.
    """
    submission = root / "submission"
    if not submission.is_dir():
        raise MachineError(f"{submission}: is not there; Gradescope puts the student's files there")
    metadata = _read(
        root / "submission_metadata.json", _Metadata, "run this where Gradescope runs it"
    )
    student = next((user.student for user in metadata.users if user.student), "") or "student"
    ref = SubmissionRef(
        student,
        settings.assignment,
        submission,
        stored_as=storable(student),
        submitted=_with_offset(metadata.created_at),
        wanted=wanted_of(course.assignments[settings.assignment]),
    )
    with tempfile.TemporaryDirectory() as temporary, bounded(submission):
        out = Path(temporary)
        private = (root / "source" / COURSE, root / "results", submission, out)
        batch = BatchSettings(course, out, settings.isolation, settings.language, private)
        (graded,) = grade_all([ref], batch, jobs=1, force=True)
    return graded.grade


def _with_offset(time: datetime | None) -> datetime | None:
    return None if time is None or time.tzinfo is None else time


def _read(path: Path, kind: type[_T], mend: str) -> _T:
    try:
        content: Any = path.read_bytes()
        return msgspec.json.decode(content, type=kind)
    except OSError as error:
        raise MachineError(f"{path}: cannot be read: {error.strerror}; {mend}") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise MachineError(f"{path}: is not what it should be: {error}; {mend}") from None
