"""The language of a course, and whose it is, told without reading its YAML: before anything heavy
is imported, and where the YAML cannot be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from autograder.text.language import Language

_IN_CONFIG = re.compile(r"^languages?:[ \t]*\[?[ \t]*['\"]?([A-Za-z-]+)", re.MULTILINE)


BUNDLE_MARK: Final = "# autograder bundle:"
"""How the `config.yaml` of a student's bundle begins; the names of its assignments follow."""


def language_of(start: Path) -> Language | None:
    """The language of the nearest course from ``start`` upwards; None where there is none."""
    content = _config(start)
    own = re.search(r"^language:.*", content, re.MULTILINE)
    found = _IN_CONFIG.search(own[0] if own else content)
    return found and found[1]


def is_bundle(start: Path) -> bool:
    """True where the nearest course from ``start`` upwards is a student's bundle."""
    return _config(start).startswith(BUNDLE_MARK)


def _config(start: Path) -> str:
    try:
        start = start.absolute()
        for folder in (start, *start.parents):
            config = folder / "config.yaml"
            if config.is_file():
                return config.read_text("utf-8", "replace")
    except OSError:
        pass
    return ""
