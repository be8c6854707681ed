"""Sentences that know what they say, so that they can be said again in another language.

A grade is worded when it is made, and read by people with another language. So what was found is
kept beside the text: the key of each message and its values, which may be sentences themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from autograder.text.catalogue import fields, text
from autograder.text.language import Language, Text


class Sentence(Struct, frozen=True, omit_defaults=True):
    """A sentence in no language: a message by its ``key`` with ``values``; or an author's
    ``texts``; or ``parts`` one after the other."""

    key: str = ""
    values: dict[str, str | int | Sentence] = {}
    texts: Text = {}
    parts: tuple[str | Sentence, ...] = ()


Value: TypeAlias = "str | int | Sentence"


class Words(str):
    """Text in one language, with what it says."""

    said: Sentence

    def __new__(cls, shown: str, said: Sentence) -> Words:
        words = super().__new__(cls, shown)
        words.said = said
        return words


def words(key: str, language: Language, /, **values: object) -> Words:
    """The message ``key`` in ``language``; see :func:`~autograder.text.catalogue.text`. Values may
    be :class:`Words`."""
    kept = {name: _kept(value) for name, value in values.items() if name in fields(key)}
    return Words(text(key, language, **values), Sentence(key=key, values=kept))


def authored(versions: Mapping[Language, str], language: Language) -> Words:
    """The author's text in ``language``, or in whichever language there is; empty where there is
    none."""
    return Words(_picked(versions, language), Sentence(texts=dict(versions)))


def joined(parts: Iterable[object], between: str = "") -> Words:
    """The parts, which may be :class:`Words`, one after the other with ``between`` in between."""
    every: list[object] = []
    for part in parts:
        every += [between, part] if every else [part]
    shown = "".join(map(str, every))
    kept = tuple(one for one in map(_kept_text, every) if one != "")
    return Words(shown, Sentence(parts=kept))


def worded(said: Sentence, language: Language) -> str:
    """What was said, in ``language``. Raises :class:`KeyError` for a message that no catalogue has
    any more, or has with other values."""
    if said.key:
        values = {
            name: worded(value, language) if isinstance(value, Sentence) else value
            for name, value in said.values.items()
        }
        return text(said.key, language, **values)
    if said.texts:
        return _picked(said.texts, language)
    return "".join(one if isinstance(one, str) else worded(one, language) for one in said.parts)


def said_in(shown: str) -> Sentence | None:
    """What a text says, where it knows."""
    return shown.said if isinstance(shown, Words) else None


def _picked(versions: Mapping[Language, str], language: Language) -> str:
    return versions.get(language) or next(iter(versions.values()), "")


def _kept(value: object) -> Value:
    if isinstance(value, Words):
        return value.said
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _kept_text(value: object) -> str | Sentence:
    return value.said if isinstance(value, Words) else str(value)
