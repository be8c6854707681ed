"""Sentences that are raised before anybody knows in which language they will be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograder.text.catalogue import FALLBACK, text
from autograder.text.language import Language


class Said(str):
    """A message of the catalogues with its values: English as text, and any language when asked."""

    key: str
    values: dict[str, object]

    def __new__(cls, key: str, /, **values: object) -> Said:
        said = super().__new__(cls, text(key, FALLBACK, **values))
        said.key, said.values = key, values
        return said

    def in_language(self, language: Language) -> str:
        """The sentence in ``language``, and so what it quotes of other sentences."""
        values = {name: in_language(value, language) for name, value in self.values.items()}
        return text(self.key, language, **values)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Errors are passed between processes."""
        return (self.key,), self.values


said = Said


def in_language(value: Any, language: Language) -> Any:
    """``value``, or where it is a sentence of the catalogues, that in ``language``."""
    return value.in_language(language) if isinstance(value, Said) else value


def worded(error: Exception, language: Language) -> str:
    """The message of an error in ``language``, with the place that stands before it."""
    message = getattr(error, "message", error.args[0] if error.args else "")
    if not isinstance(message, Said):
        return str(error)
    return str(error).removesuffix(str(message)) + message.in_language(language)


def joined(key: str, parts: Iterable[str]) -> str:
    """The parts as one text, two at a time by the message ``key``, such as ``{one} or {other}``;
    empty where there is none."""
    whole = ""
    for part in parts:
        whole = said(key, one=whole, other=part) if whole else part
    return whole


def replaced(message: str, old: str, new: str) -> str:
    """The message with ``new`` in place of ``old``, in whatever it quotes."""
    if not isinstance(message, Said):
        return message.replace(old, new)
    values = {
        name: value if isinstance(value, int) else replaced(_as_text(value), old, new)
        for name, value in message.values.items()
    }
    return said(message.key, **values)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)
