"""The language of a course that is not loaded: for what is said before it is, or in its place."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.text.language import Language

_IN_CONFIG = re.compile(r"^languages?:[ \t]*\[?[ \t]*['\"]?([A-Za-z-]+)", re.MULTILINE)


def language_near(start: Path) -> Language | None:
    """The language of the nearest course upwards, read without reading the YAML; None where
    there is no course, or it does not say one."""
    try:
        start = start.absolute()
        for folder in (start, *start.parents):
            config = folder / "config.yaml"
            if config.is_file():
                content = config.read_text("utf-8", "replace")
                own = re.search(r"^language:.*", content, re.MULTILINE)
                found = _IN_CONFIG.search(own[0] if own else content)
                return found and found[1]
    except OSError:
        pass
    return None
