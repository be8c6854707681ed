"""Printing to a terminal or a file whose encoding lacks some of our characters.

A console on Korean Windows is CP949, a log may be ASCII. A character that cannot be encoded must
not end a command: each of ours has a plain stand-in, and any other is shown as its escape, so that
two students' names never come out alike.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import Final, TextIO

HANDLER: Final = "autograder-plain"

PLAIN: Final = {
    "✓": "O",
    "✗": "X",
    "·": "-",
    "…": "...",
    "—": "-",
    "–": "-",
    "─": "-",
    "→": "->",
    "×": "x",
    "²": "^2",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "\N{NO-BREAK SPACE}": " ",
    "\N{REPLACEMENT CHARACTER}": "?",
}
"""What is printed where the character itself cannot be."""


def make_printable(stream: TextIO | None) -> None:
    """Let ``stream`` print anything in its own encoding. Streams that cannot be changed, such as
    those of a test, stay as they are."""
    codecs.register_error(HANDLER, _replace)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    failed = error.object[error.start : error.end]
    return "".join(_plain(char, error.encoding) for char in failed), error.end


def _plain(char: str, encoding: str) -> str:
    if char in PLAIN:
        return PLAIN[char]
    # A full-width letter, or Hangul in parts as a Mac writes it, may exist in another form.
    for form in ("NFKC", "NFC"):
        other = unicodedata.normalize(form, char)
        if other != char and _can_encode(other, encoding):
            return other
    return char.encode("ascii", "backslashreplace").decode("ascii")


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True
