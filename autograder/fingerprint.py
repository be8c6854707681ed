"""What a grade depends on, as a hash: a grade with the same fingerprint need not be made again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from autograder import __version__
from autograder.course import Course
from autograder.exercise import Language
from autograder.loading.pytest_files import support_files
from autograder.sandbox.levels import Level
from autograder.submission import Submission


class Fingerprints:
    """Fingerprints of submissions to one course under one level and language."""

    def __init__(self, course: Course, level: Level, language: Language) -> None:
        settings = (__version__, level, language, course.seed, course.limits)
        self._settings = msgspec.json.encode(settings) + grader_digest()
        self._course = course
        self._assignments: dict[str, bytes] = {}

    def of(self, submission: Submission) -> str:
        """The fingerprint, as hexadecimal text."""
        hasher = blake2b(self._assignment(submission.assignment), digest_size=20)
        hasher.update(submission.student.encode())
        hasher.update(submission.digest())
        return hasher.hexdigest()

    def _assignment(self, name: str) -> bytes:
        if name not in self._assignments:
            hasher = blake2b(self._settings)
            for exercise in self._course.assignments[name].exercises:
                paths = (exercise.public_path, exercise.hidden_path, exercise.solution_path)
                _update(hasher, (path for path in paths if path is not None))
                if exercise.pytest_tests:
                    files = {test.path for test in exercise.pytest_tests}
                    _update(hasher, sorted(files))
                    _update(hasher, support_files(self._course.root, name))
            self._assignments[name] = hasher.digest()
        return self._assignments[name]


@cache
def grader_digest() -> bytes:
    """A hash of this package's source, for versions between releases."""
    hasher = blake2b(digest_size=20)
    root = Path(__file__).parent
    _update(hasher, sorted(root.rglob("*.py")))
    return hasher.digest()


def _update(hasher: blake2b, paths: Iterable[Path]) -> None:
    for path in paths:
        content = path.read_bytes()
        for part in (path.name.encode(), content):
            hasher.update(len(part).to_bytes(8, "big") + part)
