"""Numbers of their own for each student: whose they are, and the code that says so.

The seed of a student's numbers follows from the course's seed, the assignment and the student's
name, and so does the code on the form. Both are hashes with the seed as their key: who has a code
and numbers cannot tell the seed, nor the numbers of another, unless the seed is found by trying.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from hashlib import blake2b

from autograder.course.course import Course
from autograder.course.roster import course_roster

# Crockford's: without I, L, O and U, which are misread; 8 of 32 are a million million.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_MISREAD = str.maketrans("ILOU", "110V")


def numbers_seed(course: Course, assignment: str, student: str) -> int:
    """The seed of the numbers of a student: 128 bits."""
    return int.from_bytes(_hash(course, "numbers", assignment, student, 16), "big")


def code_of(course: Course, assignment: str, student: str) -> str:
    """The code on a student's forms: ``7KQ2-M9XT``."""
    number = int.from_bytes(_hash(course, "code", assignment, student, 8), "big")
    letters = "".join(_LETTERS[number >> 5 * place & 31] for place in range(_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def same_code(one: str, other: str) -> bool:
    """Whether two codes are the same, however they were copied by hand."""
    return _plain(one) == _plain(other)


def owner_of(course: Course, assignment: str, student: str, code: str) -> str | None:
    """The name of the student that the numbers were drawn for; None where the code is that of
    somebody else. Without a code, these are the numbers of the name on the roster."""
    names = list(_names(course, student))
    if not code:
        return names[0]
    return next((one for one in names if same_code(code, code_of(course, assignment, one))), None)


def _names(course: Course, student: str) -> Iterator[str]:
    """What the student is called, the name on the roster first: platforms have other names."""
    roster = course_roster(course.root)
    key = None if roster is None else roster.key(student)
    if roster is None or key is None:
        yield student
        return
    yield key
    yield student
    yield from (value for value in roster.rows[key].values() if value)


def _hash(course: Course, use: str, assignment: str, student: str, size: int) -> bytes:
    key = blake2b(str(course.seed).encode()).digest()
    hasher = blake2b(digest_size=size, key=key)
    name = " ".join(unicodedata.normalize("NFKC", student).casefold().split())
    for part in (use, assignment, name):
        encoded = part.encode("utf-8", "surrogatepass")
        hasher.update(len(encoded).to_bytes(8, "big") + encoded)
    return hasher.digest()


def _plain(code: str) -> str:
    letters = unicodedata.normalize("NFKC", code).upper().translate(_MISREAD)
    return "".join(one for one in letters if one.isalnum())
