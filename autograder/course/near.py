"""What can be told of a course that is not loaded: its language, and whose it is. For what is said
before it is loaded, or in its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from autograder.text.language import Language

_IN_CONFIG = re.compile(r"^languages?:[ \t]*\[?[ \t]*['\"]?([A-Za-z-]+)", re.MULTILINE)


BUNDLE_MARK: Final = "# autograder bundle:"
"""How the `config.yaml` of a student's bundle begins; the names of its assignments follow."""


def language_near(start: Path) -> Language | None:
    """The language of the nearest course upwards, read without reading the YAML; None where
    there is no course, or it does not say one."""
    content = _config_near(start)
    own = re.search(r"^language:.*", content, re.MULTILINE)
    found = _IN_CONFIG.search(own[0] if own else content)
    return found and found[1]


def is_bundle_near(start: Path) -> bool:
    """True where the nearest course upwards is a student's bundle."""
    return _config_near(start).startswith(BUNDLE_MARK)


def _config_near(start: Path) -> str:
    try:
        start = start.absolute()
        for folder in (start, *start.parents):
            config = folder / "config.yaml"
            if config.is_file():
                return config.read_text("utf-8", "replace")
    except OSError:
        pass
    return ""
