"""Sentences of the catalogues as plain data, to come back from a process that reads."""

from __future__ import annotations

from msgspec import Struct

from autograder.text.said import Said, said


class Sentence(Struct, frozen=True):
    """A text, and where it is of the catalogues its key and values."""

    text: str
    key: str = ""
    values: dict[str, int | Sentence] = {}


def sentence(message: object) -> Sentence:
    """The data of a message."""
    if not isinstance(message, Said):
        return Sentence(str(message).encode("utf-8", "replace").decode())
    values = {
        name: value if isinstance(value, int) else sentence(value)
        for name, value in message.values.items()
    }
    return Sentence("", message.key, values)


def said_again(data: Sentence) -> str:
    """The message of the data."""
    if not data.key:
        return data.text
    values = {
        name: value if isinstance(value, int) else said_again(value)
        for name, value in data.values.items()
    }
    return said(data.key, **values)
