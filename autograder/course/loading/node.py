"""Typed access to a YAML document: every refusal says where, what, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Set
from typing import Any

from autograder.course.loading.yaml_source import Document, Key, Keys
from autograder.errors import CourseError
from autograder.text.language import Language, Text

# Beyond it, arithmetic on points or limits would overflow.
MAX_NUMBER = 1e300


class Node:
    """A piece of a document, with the words that errors call it by."""

    def __init__(self, document: Document, keys: Keys, value: Any, name: str) -> None:
        self.document = document
        self.keys = keys
        self.value = value
        self.name = name

    @classmethod
    def root(cls, document: Document) -> Node:
        return cls(document, (), document.data, "the file")

    def error(self, message: str, *inner: Key) -> CourseError:
        return self.document.error((*self.keys, *inner), message)

    def child(self, key: Key, name: str | None = None) -> Node:
        return Node(self.document, (*self.keys, key), self.value[key], name or f"'{key}'")

    # What it must be

    def mapping(
        self, known: Collection[str] | None = None, required: Iterable[str] = ()
    ) -> dict[str, Node]:
        """The entries by key, all of them known, none of the required missing."""
        if not isinstance(self.value, dict):
            raise self.error(f"{self.name} must be a mapping, not {self.kind()}")
        for key in self.value:
            if known is not None and key not in known:
                raise self.error(f"unknown key '{key}' in {self.name}{suggest(key, known)}", key)
        for key in required:
            if key not in self.value:
                raise self.error(f"{self.name} lacks the key '{key}'; add it")
        return {key: self.child(key) for key in self.value}

    def items(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            such_as = f" such as [{brief(self.value)}]" if isinstance(self.value, str) else ""
            raise self.error(f"{self.name} must be a list{such_as}, not {self.kind()}")
        for index in range(len(self.value)):
            yield self.child(index, f"{self.name}[{index}]")

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.error(f"{self.name} must be a text, not {self.kind()}")
        return self.value

    def several(self) -> Iterator[Node]:
        """The items of a list; one text stands for a list of one."""
        return iter((self,)) if isinstance(self.value, str) else self.items()

    def words(self) -> tuple[str, ...]:
        """A list of texts, or one text for a list of one."""
        return tuple(item.text() for item in self.several())

    def choice(self, choices: Collection[str]) -> str:
        text = self.text()
        if text not in choices:
            near = difflib.get_close_matches(text, choices, n=1)
            raise self.error(
                f"{self.name} must be one of {', '.join(choices)}, not '{text}'"
                + (f"; did you mean '{near[0]}'?" if near else "")
            )
        return text

    def integer(self, low: int | None = None, high: int | None = None) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.error(f"{self.name} must be a whole number, not {self.kind()}")
        return int(self._within(self.value, low, high))

    def number(self, low: float | None = None, high: float | None = None) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self.error(f"{self.name} must be a number, not {self.kind()}")
        if not -MAX_NUMBER <= self.value <= MAX_NUMBER:
            raise self.error(
                f"{self.name} must be finite and below {MAX_NUMBER}, not {brief(self.value)}"
            )
        return self._within(float(self.value), low, high)

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.error(f"{self.name} must be true or false, not {self.kind()}")
        return self.value

    def by_language(self, languages: Collection[Language]) -> Text:
        """A text per language of the course; one plain text stands for all of them."""
        if isinstance(self.value, str):
            if not self.value.strip():
                raise self.error(f"{self.name} has no text; write one")
            return dict.fromkeys(languages, self.value.strip())
        entries = self.mapping(known=languages, required=languages)
        texts = {language: node.text().strip() for language, node in entries.items()}
        for language, text in texts.items():
            if not text:
                raise self.error(f"{self.name} has no text in '{language}'", language)
        return texts

    def kind(self) -> str:
        """What it is, in the words of YAML."""
        value = self.value
        if value is None:
            return "empty"
        if isinstance(value, bool):
            return f"{str(value).lower()}"
        if isinstance(value, str):
            return f"the text '{brief(value)}'"
        if isinstance(value, (int, float)):
            return f"the number {brief(value)}"
        return "a list" if isinstance(value, list) else "a mapping"

    def _within(self, value: float, low: float | None, high: float | None) -> float:
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"from {low} to {high}"
            raise self.error(f"{self.name} must be {bounds}, not {brief(self.value)}")
        return value


def brief(value: object) -> str:
    """The value as text, short enough to quote in one line."""
    text = str(value)
    return text if len(text) <= 30 else text[:29] + "…"


def suggest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'points'?``, or what is known where nothing is near."""
    known = sorted(known) if isinstance(known, Set) else list(known)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known here: {', '.join(known)}" if known else ""
