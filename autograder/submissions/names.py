"""Names of files as people and programs change them, and the exercise that is meant.

Browsers number downloads, Jupyter and file managers copy, Windows hides extensions, students add
their number. Names are compared as text: in Unicode's normal form C, as a Mac writes them in D.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection
from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal[
    "python", "notebook", "form", "archive", "text", "system", "platform", "other"
]
"""A ``form`` is YAML that students fill in: ``<exercise>.answers.yaml``."""

_EXTENSIONS: dict[str, Kind] = {
    ".py": "python",
    ".ipynb": "notebook",
    ".yaml": "form",
    ".yml": "form",
    ".zip": "archive",
    ".tar": "archive",
    ".tgz": "archive",
    ".gz": "archive",
    ".7z": "archive",
    ".rar": "archive",
    ".egg": "archive",
    ".alz": "archive",
}
# What is put behind a name by those who hide extensions or save a page.
_ADDED = re.compile(r"(?:\.(?:txt|text|json|download|html?))+$", re.IGNORECASE)
_TEXT = re.compile(r"\.(?:txt|text|md|rtf|pyw|py3|python)$", re.IGNORECASE)

_COPY = re.compile(
    r"""(?:[\s_.-]*(?:
        \(\d{1,4}\) | \[\d{1,4}\]
      | copy(?:[\s_-]*\(?\d{1,4}\)?)? | 복사본(?:\s*\(\d{1,4}\))? | (?:의\s*)?사본
      | final | fixed | new | edited | submission | submit | solution | answer
      | 최종 | 수정 | 수정본 | 제출 | 완성 | 답
      | v(?:er)?[\s_.-]?\d{1,3}
    ))+$
    | (?<=\S)-\d{1,3}$""",
    re.IGNORECASE | re.VERBOSE,
)
_COPY_OF = re.compile(
    r"^(?:copy(?:\s*\(\d+\))?\s+of|사본\s*-|kopie\s+von|copie\s+de)\s+", re.IGNORECASE
)
_ANSWERS = re.compile(r"[\s._-]*answers?(?=\W|_|\d|$)", re.IGNORECASE)
_SYSTEM_FOLDERS = frozenset(
    {"__pycache__", "__MACOSX", "node_modules", "venv", "site-packages", "build", "dist"}
)
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "icon\r"})
_PLATFORM = frozenset(
    {"timestamp.txt", "submission_secret.txt", "submission_metadata.yml"}
    | {"submission_metadata.json", "onlinetext.html"}
)


# A line break may be part of a name; every output has its own way to show one.
_CONTROLS = re.compile(
    "[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def displayable(name: str) -> str:
    """A file name as text: bytes that are not UTF-8 become ``\\xNN``, and so do
    characters that control a terminal or turn the direction of the text around them."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


class Meaning(Struct, frozen=True):
    """What a name may stand for. ``distance`` is 0 where the name is right, 1 where only its
    case, form or extension is another, 2 for a copy, 3 where it has more words."""

    kind: Kind
    exercise: str = ""
    """The exercise; of a notebook for all of them, the assignment; empty: none."""
    distance: int = 0


def same(name: str) -> str:
    """The form in which names are compared: Unicode's normal form C."""
    return unicodedata.normalize("NFC", name)


def is_system_folder(name: str) -> bool:
    return name.startswith(".") or name in _SYSTEM_FOLDERS or name.endswith((".egg-info", ".dSYM"))


def meaning(name: str, exercises: Collection[str], assignment: str) -> Meaning:
    """What a file of this name, without folders, stands for."""
    text = same(name)
    if text.startswith((".", "~$")) or text.casefold() in _SYSTEM_FILES or text.endswith("~"):
        return Meaning("system")
    if text.casefold() in _PLATFORM:
        return Meaning("platform")
    stem, kind, distance = _split(text)
    if kind in ("archive", "other"):
        return Meaning(kind)
    if kind == "form":
        if _ANSWERS.search(stem) is None:  # an exercise of a bundle, or anything else
            return Meaning("other")
        distance = max(distance, int(not stem.endswith(".answers")))
        stem = _ANSWERS.sub("", stem)
    known = [*exercises, *([assignment] if kind == "notebook" else [])]
    if stem in known:
        return Meaning(kind, stem, distance)
    for number, form in enumerate((stem, without_copy_marks(stem)), start=1):
        found = {one for one in known if _plain(one) == _plain(form)}
        if len(found) == 1:
            return Meaning(kind, found.pop(), max(distance, number))
        if len(found) > 1:
            return Meaning(kind)
    return Meaning(kind, _among_words(without_copy_marks(stem), known), 3)


def without_copy_marks(stem: str) -> str:
    """The stem without what marks it as a copy, a download or a version."""
    for _ in range(4):
        shorter = _COPY_OF.sub("", _COPY.sub("", stem)).strip()
        if not shorter or shorter == stem:
            break
        stem = shorter
    return stem


def _split(name: str) -> tuple[str, Kind, int]:
    """The stem, what the extension says, and whether that is 0 right or 1 nearly so."""
    bare = re.sub(r"\s*\(\d{1,4}\)$", "", name.strip())  # "dx.py (1)"
    bare = _ADDED.sub("", bare) if re.search(r"\.(?:py|ipynb)\W", bare.casefold()) else bare
    while bare.casefold().endswith((".py.py", ".ipynb.ipynb")):
        bare = bare.rpartition(".")[0]
    stem, point, extension = bare.rpartition(".")
    kind = _EXTENSIONS.get(f".{extension}".casefold()) if stem else None
    if kind is not None:
        exact = name == f"{stem}.{extension}" and extension == extension.casefold()
        return stem, kind, 0 if exact else 1
    if not point:
        return bare, "text", 1
    if _TEXT.search(bare):
        return stem, "text", 1
    return stem, "other", 1


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "_", same(name).casefold()).strip("_")


def _among_words(stem: str, known: Collection[str]) -> str:
    """The one name that the words of ``stem`` begin or end with, the longest if there are
    several; empty where there is none, or there are two that do not contain each other."""
    words = _plain(stem)
    found = [
        one
        for one in known
        if words.startswith(f"{_plain(one)}_") or words.endswith(f"_{_plain(one)}")
    ]
    if not found:
        return ""
    longest = max(found, key=lambda one: len(_plain(one)))
    clear = all(_plain(one) in _plain(longest) for one in found)
    return longest if clear else ""
