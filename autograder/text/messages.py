"""Texts of courses and of strangers, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

from autograder.text.catalogue import text as text
from autograder.text.language import Language, Text


def pick(versions: Text, language: Language) -> str:
    """The course's own text in ``language``, or in whichever language it has."""
    return versions.get(language) or next(iter(versions.values()), "")


_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def sanitize(foreign: str, limit: int = 300) -> str:
    """Text from student code on one line: no control characters, no addresses, not too long.

    Memory addresses differ from run to run, and a grade must not.
    """
    shown = foreign[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(
            char if char.isprintable() else " " if char.isspace() else _escaped(char)
            for char in shown
        )
    shown = _ADDRESS.sub("0x…", " ".join(shown.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def sanitize_lines(foreign: str) -> str:
    """The same for text of several lines, uncut."""
    return "\n".join(
        "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in line)
        for line in _ADDRESS.sub("0x…", foreign).split("\n")
    )


def _escaped(char: str) -> str:
    if unicodedata.category(char) == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return char.encode("unicode_escape").decode("ascii")
