"""The language of a course, told without reading its YAML: before anything heavy is imported, and
where the YAML cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.text.language import Language

_IN_CONFIG = re.compile(r"^languages?:[ \t]*\[?[ \t]*['\"]?([A-Za-z-]+)", re.MULTILINE)


def language_of(start: Path) -> Language | None:
    """The language of the nearest course from ``start`` upwards; None where there is none."""
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
