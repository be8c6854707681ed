"""Short forms of long things: a line cut, a list begun, the word that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def shorten(words: str, limit: int) -> str:
    """``words`` with every stretch of white space as one blank, in at most ``limit`` characters.
    The last of them is an ellipsis where something was cut."""
    line = " ".join(words.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def begin_list(names: Sequence[str], most: int) -> str:
    """The first ``most`` names with commas, and an ellipsis where there are more."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like ``word``; None where none is like it."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)
