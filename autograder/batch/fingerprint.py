"""What a grade depends on, as a hash: a grade with the same fingerprint need not be made again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from autograder import __version__
from autograder.course.course import Course
from autograder.course.roster import FILE as ROSTER
from autograder.sandbox.levels import Level
from autograder.submissions.submission import Submission
from autograder.text.language import Language


def same_course(one: str, other: str) -> bool:
    """Whether two fingerprints are of the same course, grader and options, whatever was handed
    in."""
    return one.partition("-")[0] == other.partition("-")[0]


class Fingerprints:
    """Fingerprints of submissions to one course under one level and language."""

    def __init__(self, course: Course, level: Level, language: Language) -> None:
        # As text: JSON has no numbers of 128 bits.
        seed = (str(course.seed), course.hidden_inputs)
        settings = (__version__, level, language, seed, course.limits)
        self._settings = msgspec.json.encode(settings) + grader_digest()
        self._course = course
        self._assignments: dict[str, bytes] = {}

    def of(self, submission: Submission) -> str:
        """The fingerprint, as hexadecimal text: of the course, the grader and the options, and
        after a hyphen of what was handed in."""
        hasher = blake2b(submission.student.encode(), digest_size=20)
        hasher.update(submission.digest())
        return f"{self._assignment(submission.assignment).hex()}-{hasher.hexdigest()}"

    def of_course(self, assignment: str) -> str:
        """The part of it that is of the course, the grader and the options alone."""
        return self._assignment(assignment).hex()

    def _assignment(self, name: str) -> bytes:
        if name not in self._assignments:
            hasher = blake2b(self._settings, digest_size=20)
            for exercise in self._course.assignments[name].exercises:
                paths = (exercise.public_path, exercise.hidden_path, exercise.solution_path)
                _update(hasher, (path for path in paths if path is not None))
                if exercise.own_numbers:  # the roster says whose they are
                    _update(hasher, filter(os.path.isfile, [self._course.root / ROSTER]))
                if exercise.pytest_tests:  # which may read whatever lies beside them
                    hidden = self._course.root / "tests" / "hidden"
                    _update(hasher, _files_in(os.path.join(hidden, name)))
                    _update(hasher, filter(os.path.isfile, [hidden / "conftest.py"]))
            self._assignments[name] = hasher.digest()
        return self._assignments[name]


@cache
def grader_digest() -> bytes:
    """A hash of this package's source, for versions between releases."""
    hasher = blake2b(digest_size=20)
    paths = _files_in(os.path.dirname(os.path.dirname(__file__)))
    _update(hasher, (path for path in paths if path.endswith(".py")))
    return hasher.digest()


def course_paths(root: Path) -> Iterator[str]:
    """The paths of everything that a course is made of, in an order that is always the same; what
    is no file ends in a separator. Raises :class:`OSError`."""
    yield os.path.join(root, "config.yaml")
    seen: dict[tuple[int, int], str] = {}
    for tree in ("assignments", "solutions", os.path.join("tests", "hidden")):
        folder = os.path.join(root, tree)
        if os.path.isdir(folder):
            yield from _paths_in(folder, seen)


def _paths_in(folder: str, seen: dict[tuple[int, int], str]) -> Iterator[str]:
    """Links are followed, but to no folder twice, as they may lead around in circles: the second
    time, its path is followed by the one of the first."""
    yield os.path.join(folder, "")
    status = os.stat(folder)
    place = status.st_dev, status.st_ino
    if place in seen:
        yield os.path.join(seen[place], "")
        return
    seen[place] = folder
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir():
            yield from _paths_in(entry.path, seen)
        elif not entry.is_file():
            yield os.path.join(entry.path, "")
        elif not entry.name.endswith(".pyc"):
            yield entry.path


def _files_in(folder: str) -> Iterator[str]:
    return (path for path in _paths_in(folder, {}) if not path.endswith(os.sep))


def _update(hasher: blake2b, paths: Iterable[str | Path]) -> None:
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        for part in (os.path.basename(path).encode(), content):
            hasher.update(len(part).to_bytes(8, "big") + part)
