"""A piece of a YAML document, which says where it stands and what it is."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Set
from typing import Any

from autograder.course.loading.yaml_source import Document, Key, Keys
from autograder.errors import CourseError
from autograder.text.words import nearest, shorten

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

    def items(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            such_as = f" such as [{brief(self.value)}]" if isinstance(self.value, str) else ""
            raise self.error(f"{self.name} must be a list{such_as}, not {self.kind()}")
        for index in range(len(self.value)):
            yield self.child(index, f"{self.name}[{index}]")

    def several(self) -> Iterator[Node]:
        """The items of a list; what is no list stands for a list of one."""
        return self.items() if isinstance(self.value, list) else iter((self,))

    def entries(self, known: Collection[str] | None = None) -> dict[str, Node]:
        """The entries of a mapping. Raises :class:`CourseError` for one that is not ``known``."""
        for key in self.value:
            if known is not None and key not in known:
                raise self.error(f"unknown key '{key}' in {self.name}{suggest(key, known)}", key)
        return {key: self.child(key) for key in self.value}

    def integer(self, low: float | None = None, high: float | None = None) -> int:
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

    def choice(self, choices: Collection[str]) -> str:
        """One of the ``choices``."""
        if self.value not in choices:
            near = nearest(str(self.value), choices)
            raise self.error(
                f"{self.name} must be one of {', '.join(choices)}, not '{self.value}'"
                + (f"; did you mean '{near}'?" if near else "")
            )
        return str(self.value)

    def _within(self, value: float, low: float | None, high: float | None) -> float:
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"from {low} to {high}"
            raise self.error(f"{self.name} must be {bounds}, not {brief(self.value)}")
        return value

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


class Findings:
    """The errors of a file, collected so that all of them can be said at once."""

    def __init__(self) -> None:
        self.errors: list[CourseError] = []

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Note an error of the block, and go on after it."""
        try:
            yield
        except CourseError as error:
            self.errors += (error, *error.more)

    def raise_first(self) -> None:
        """Raise the first error, where there is one; the others are its ``more``."""
        if self.errors:
            first, *others = self.errors
            first.more = tuple(others)
            raise first


def brief(value: object) -> str:
    """The value as text, short enough to quote in one line."""
    return shorten(str(value), 30)


def suggest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'points'?``, or what is known where nothing is near."""
    known = sorted(known) if isinstance(known, Set) else list(known)
    near = nearest(word, known)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; known here: {', '.join(known)}" if known else ""
