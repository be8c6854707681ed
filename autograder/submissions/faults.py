"""The words for what a parser of ours failed on."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

from autograder.text.messages import sanitize

MAX_FAULT: Final = 300
"""So many characters are said of it."""


def fault_in_words(error: BaseException) -> str:
    """What a parser of ours failed on, and where: one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = str(error)[: MAX_FAULT - 100]
    return sanitize(f"{type(error).__name__}{': ' if said else ''}{said}{place}", MAX_FAULT)
