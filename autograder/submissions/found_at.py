"""Where work lay that did not lie where it should, and was taken all the same.

Kept as what was seen, not as a sentence: who reads it reads it in a language of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from autograder.submissions.names import displayable
from autograder.text.catalogue import text
from autograder.text.language import Language
from autograder.text.messages import sanitize

_SHOWN = 5


class FoundAt(Struct, frozen=True, order=True, omit_defaults=True):
    """``names`` are the first few of the files and folders that were taken, folders with a ``/``,
    and ``more`` counts the others."""

    names: tuple[str, ...]
    more: int = 0
    is_near: bool = False
    """Whether it is a folder with a name near that of the assignment."""


def found_at(names: Sequence[str], *, is_near: bool = False) -> FoundAt:
    """What was taken, fit to be kept and shown."""
    shown = tuple(sanitize(displayable(name), 60) for name in names[:_SHOWN])
    return FoundAt(shown, max(0, len(names) - _SHOWN), is_near)


def in_words(
    place: FoundAt, assignment: str, language: Language, *, to_student: bool = False
) -> str:
    """A few words for a table; to the student a sentence that says where it belongs."""
    if place.is_near:
        key = "found_near_student" if to_student else "found_near"
    else:
        key = "found_elsewhere_student" if to_student else "found_elsewhere"
    names = ", ".join(place.names)
    if place.more:
        names = text("names_and_more", language, names=names, n=place.more)
    return text(key, language, names=names, assignment=assignment)
