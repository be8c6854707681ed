"""The sentences that people read: one catalogue a language, in ``catalogues/<language>.toml``.

A catalogue maps the keys of messages to text. ``{name}`` is filled in. Two things differ between
languages and are said in the catalogue itself:

- A list of texts holds the plural forms, chosen by the value ``n`` with the catalogue's rule
  ``plural``, an expression as in gettext (``"n != 1"``).
- ``{name:은/는}`` is followed by the particle that fits how the value is read in Korean, the first
  one after a consonant.

A further language is a further file: nothing else names the languages.
"""

from __future__ import annotations

import gettext
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Final, TypeAlias

from msgspec import Struct

from autograder.text.language import Language

FOLDER: Final = Path(__file__).with_name("catalogues")
FALLBACK: Final[Language] = "en"

Message: TypeAlias = str | list[str]
"""One text, or its plural forms."""


class Catalogue(Struct, frozen=True):
    """``plural`` is the index of the form for a number; ``click`` has the sentences of the
    library that reads the command line, by what they are in English."""

    messages: Mapping[str, Message]
    plural: Callable[[int], int]
    click: Mapping[str, str]


@cache
def languages() -> tuple[Language, ...]:
    """The languages that there are catalogues of, the one that stands in for others first."""
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != FALLBACK))


@cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of ``language``, which is one of :func:`languages`."""
    messages = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    plural, click = messages.pop("plural", "0"), messages.pop("click", {})
    return Catalogue(messages, gettext.c2py(plural), click)


def text(key: str, language: Language, /, **values: object) -> str:
    """The message ``key`` in ``language``; in English where there is no such catalogue or the
    catalogue lacks the message."""
    for name in (language, FALLBACK):
        if name in languages() and key in catalogue(name).messages:
            return _filled(catalogue(name), key, values)
    raise KeyError(key)


@cache
def fields(key: str) -> frozenset[str]:
    """The names of the values that the message ``key`` has a place for in some language; ``n``,
    which chooses a plural form, among them."""
    found = set()
    for language in languages():
        message = catalogue(language).messages.get(key, "")
        found |= {"n"} if isinstance(message, list) else set()
        for form in [message] if isinstance(message, str) else message:
            found |= {name for _, name, _, _ in _FORMATTER.parse(form) if name}
    return frozenset(found)


def _filled(chosen: Catalogue, key: str, values: Mapping[str, object]) -> str:
    message = chosen.messages[key]
    if isinstance(message, list):
        number = values["n"]
        assert isinstance(number, int)
        message = message[chosen.plural(number)]
    return _FORMATTER.vformat(message, (), values)


class _Formatter(Formatter):
    """Understands ``{name:은/는}`` besides what :func:`format` does."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        after_consonant, slash, after_vowel = format_spec.partition("/")
        if not slash:
            return super().format_field(value, format_spec)
        shown = str(value)
        return shown + (after_consonant if _ends_in_consonant(shown, format_spec) else after_vowel)


_FORMATTER: Final = _Formatter()

# Digits and letters whose Korean names end in a consonant: 영 일 삼 육 칠 팔, 엘 엠 엔 알. After ㄹ
# (일 칠 팔 엘 알) the particle 으로 is 로. A word in a vowel and r is read without
# one: layer, 레이어.
_CONSONANT: Final = frozenset("013678lmnrLMNR")
_WORD_IN_R: Final = re.compile(r"[a-z][aeiou]r$", re.IGNORECASE)
_RIEUL: Final = frozenset("178lrLR")
_HANGUL: Final = range(0xAC00, 0xD7A4)
_FINALS: Final = 28
_FINAL_RIEUL: Final = 8


def _ends_in_consonant(shown: str, particles: str) -> bool:
    """Whether the last letter or digit is read with a final consonant. Brackets and quotation
    marks are not read."""
    read = [char for char in shown if char.isalnum()]
    if not read or _WORD_IN_R.search("".join(read)):
        return False
    last = read[-1]
    is_direction = particles.startswith("으로")
    if ord(last) in _HANGUL:
        final = (ord(last) - _HANGUL.start) % _FINALS
        return final != 0 and not (is_direction and final == _FINAL_RIEUL)
    return last in _CONSONANT and not (is_direction and last in _RIEUL)
