"""The language of the command line, known before a course is loaded."""

from __future__ import annotations

import gettext
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from autograder.course.near import language_near
from autograder.text.catalogue import FALLBACK, catalogue, languages, text
from autograder.text.language import Language


@cache
def cli_language() -> Language:
    """The language that ``--lang`` asks for, or that of the course which the call is about."""
    arguments = sys.argv[1:]
    given = _option("--lang", arguments)
    if given is None:
        given = language_near(Path(_option("--course", arguments) or Path.cwd()))
    return given if given in languages() else FALLBACK


def say(key: str, /, **values: object) -> str:
    """A message of the command line in its language."""
    return text(key, cli_language(), **values)


def _option(name: str, arguments: Sequence[str]) -> str | None:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if argument == name:
            return following
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None


def say_click(message: str) -> str:
    """One of click's own sentences, given in English, in the language of the command line."""
    return catalogue(cli_language()).click.get(message, message)


def translate_click() -> None:
    """Have click's own sentences said in the language of the command line.

    click takes them from gettext, under the English text, but offers no place for translations:
    its modules get functions that look in the catalogue's table ``click``.
    """
    if cli_language() == FALLBACK:
        return

    def plural(one: str, several: str, number: int) -> str:
        found = say_click(several)
        return found if found != several else gettext.ngettext(one, several, number)

    for name, module in list(sys.modules.items()):
        if name.startswith("click."):
            for attribute, function in (("_", say_click), ("ngettext", plural)):
                if hasattr(module, attribute):
                    setattr(module, attribute, function)
