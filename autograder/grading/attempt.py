"""The seed of the hidden inputs of one submission, where a course says ``per-attempt``.

It follows from the course's seed, the student, and all that was handed in: the same work has the
same inputs however often it is graded, and other work has others, which nobody was asked before.
"""

from __future__ import annotations

from hashlib import blake2b

from autograder.course.course import Course
from autograder.submissions.submission import Submission


def seed_of(course: Course, submission: Submission, number: int = 0) -> int:
    """128 bits; others for each ``number``, should some not serve."""
    parts = (submission.student, submission.assignment, submission.digest().hex(), str(number))
    hasher = blake2b(digest_size=16, key=blake2b(str(course.seed).encode()).digest())
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        hasher.update(len(encoded).to_bytes(8, "big") + encoded)
    return int.from_bytes(hasher.digest(), "big")
