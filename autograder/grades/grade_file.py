"""Grade files: ``<out>/<student>/<assignment>.json``, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from autograder.errors import MachineError
from autograder.grades.model import ExerciseGrade, Grade, Timing
from autograder.submissions.submission import SubmissionRef, is_reserved, storable

_Part = TypeVar("_Part")

decode_grade = msgspec.json.Decoder(Grade).decode
"""A grade from the content of its file. Raises :class:`msgspec.MsgspecError`."""


def grade_path(out: Path, ref: SubmissionRef) -> Path:
    """Where the file of a grade belongs in a folder of grades."""
    return out / grade_name(ref)


def grade_name(ref: SubmissionRef) -> str:
    """The name of the grade of a submission in a store: in a folder its path there. Named as the
    student's folder is.

    Of several attempts each has a name under ``.attempts``, to choose from.
    """
    student = ref.stored_as or os.path.basename(os.path.dirname(ref.folder))
    if not ref.stored_as and is_reserved(student):
        student = storable(student)
    if ref.attempt:
        return f".attempts/{student}/{ref.assignment}.{ref.attempt}.json"
    return f"{student}/{ref.assignment}.json"


def read_grade(path: Path) -> Grade | None:
    """The grade in ``path``; None where there is none, or one that cannot be understood."""
    try:
        return decode_grade(path.read_bytes())
    except (OSError, UnicodeError, msgspec.MsgspecError):
        return None


class FolderOfGrades(Struct, frozen=True):
    """What lies in a store of grades: the grades, ordered by student and assignment, with the
    file of each, and files that cannot be understood. Of a database ``grades`` is read as it is
    gone through, each time, and the files are names only."""

    grades: Sequence[Grade]
    files: Sequence[Path]
    damaged: Sequence[Path] = ()


def read_files(path: Path) -> FolderOfGrades:
    """The grade files in a folder. Who wants grades, wherever they lie, asks
    :mod:`autograder.grades.store`."""
    alike = _Alike()
    read = [
        (None if grade is None else alike.merged(grade), file)
        for file in sorted(path.glob("*/*.json"))
        if not (file.parent.name.startswith(".") or file.name.startswith("."))
        for grade in [read_grade(file)]
    ]
    found = [(grade, file) for grade, file in read if grade is not None]
    found.sort(key=lambda pair: (pair[0].student, pair[0].assignment))
    return FolderOfGrades(
        tuple(grade for grade, _ in found),
        tuple(file for _, file in found),
        tuple(file for grade, file in read if grade is None),
    )


class _Alike:
    """What several grades say alike of exercises, tests and files, kept in memory once: most of
    what is said to thousands of students has been said before."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def merged(self, grade: Grade) -> Grade:
        """The same grade, of parts that others have too."""
        exercises = tuple(map(self._exercise, grade.exercises))
        return replace(grade, exercises=exercises, files=self._first_of(grade.files))

    def _exercise(self, exercise: ExerciseGrade) -> ExerciseGrade:
        key = _hash_of(exercise)
        if key not in self._known:
            self._known[key] = replace(exercise, tests=tuple(map(self._first_of, exercise.tests)))
        known: ExerciseGrade = self._known[key]
        return known

    def _first_of(self, part: _Part) -> _Part:
        """The part that came first of those that are equal to this one."""
        first: _Part = self._known.setdefault(_hash_of(part), part)
        return first


def _hash_of(part: Any) -> bytes:
    return blake2b(msgspec.msgpack.encode(part), digest_size=16).digest()


def seal_of(grade: Grade) -> str:
    """A hash of everything in a grade but when, and how long, it was graded."""
    content = msgspec.json.encode(replace(grade, seal="", timing=Timing("", 0.0)))
    return blake2b(content, digest_size=16).hexdigest()


def is_edited(grade: Grade) -> bool:
    """Whether somebody has changed the file of a grade since it was written."""
    return bool(grade.seal) and grade.seal != seal_of(grade)


def encode_grade(grade: Grade) -> bytes:
    """The content of a grade's file."""
    sealed = replace(grade, seal=seal_of(grade))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=2) + b"\n"


def write_grade(path: Path, grade: Grade) -> None:
    """Write the grade. Raises :class:`MachineError` where the folder or the disk refuses."""
    write_atomically(path, encode_grade(grade))


def rewrite_grade(path: Path, grade: Grade) -> None:
    """Write a grade that was read from ``path`` and has been changed by the program. One that
    somebody had edited keeps the seal that tells so. Raises :class:`MachineError`."""
    before = read_grade(path)
    if before is not None and is_edited(before):
        content = msgspec.json.format(msgspec.json.encode(grade), indent=2) + b"\n"
        write_atomically(path, content)
    else:
        write_grade(path, grade)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step, so that no reader sees half a file.

    The temporary file has a fixed name: what a killed run leaves behind, the next overwrites.
    Raises :class:`MachineError`.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.tmp")
    try:
        os.makedirs(folder or ".", exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from None
