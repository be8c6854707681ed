"""Drafts of hints for mistakes that come from mutants, by the kind of what was changed.

In: what a mutant says of itself, as ``axis=0 became 1``, and the outputs that it makes wrong. Out:
a hint in each language that is true and tells nothing of the solution, for the author to make more
of; none for kinds of which nothing can be said in general.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from autograder.text.catalogue import text
from autograder.text.language import Language

# More results are not named one by one.
MAX_NAMES: Final = 3

# The first that fits says which hint; groups of it are values of the hint.
_KINDS: Final[Mapping[str, str]] = {
    r"the results '.*' and '.*' exchanged": "results",
    r"'.*' and '.*' exchanged": "exchanged",
    r"'.*' (?:not )?transposed": "transposed",
    r"'.*' left out": "left_out",
    r"a sign left out|[+-]=? became [+-]=?": "sign",
    r"[+-]= became =": "added_up",
    r"@ became \*": "product",
    r"\* became /|/ became \*": "inverse",
    r"axis=.* became .*": "axis",
    r"keepdims=.*": "keepdims",
    r"sum became mean|mean became sum": "mean",
    r"(?:>=?|<=?|==|!=) became (?:>=?|<=?|==|!=)": "condition",
    r"a buffer of .*'s dtype|no dtype": "buffer",
    r"no copy.*": "copy",
    r"self\..* is shared by all objects": "shared",
    r"self\..* adds up over calls": "adds_up",
    r"self\..* is never renewed": "stale",
    r"[a-z_]+ became (?P<wrong>[a-z_0-9]+)": "function",
    r"-?[\d.]+(?:e[+-]?\d+)? became .*": "number",
}


def hint_draft(what: str, outputs: Sequence[str], language: Language) -> str | None:
    """The draft of a hint for a mutant that makes ``outputs`` wrong."""
    names = ", ".join(f"`{name}`" for name in outputs)
    if len(outputs) > MAX_NAMES:
        names = text("draft_results", language)
    for pattern, kind in _KINDS.items():
        if match := re.fullmatch(pattern, what):
            values = {key: f"`{value}`" for key, value in match.groupdict().items()}
            draft = text(f"draft_hint_{kind}", language, names=names, **values)
            return draft[:1].upper() + draft[1:]
    return None
