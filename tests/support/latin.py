"""Sentences in Latin letters, where there should be none but code."""

from __future__ import annotations

import re

# What Python says itself.
_EXCEPTION = re.compile(r"\b\w*(?:Error|Exception|Interrupt)\b:[^\n]*")
# Code, formulas, addresses, options, paths and dotted names.
_FENCED = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
_NAMES = re.compile(r"https?://\S+|(?<!\w)--?[a-z][\w-]*|\S*[_.(\[=/\\]\S*")
_WORDS = re.compile(r"[A-Za-z][a-z']*(?: +[A-Za-z][a-z']*){3,}")


def latin_sentences(text: str) -> list[str]:
    """Four or more words in a row in Latin letters that are no code."""
    without = _EXCEPTION.sub(" ", text)
    without = without.replace("import numpy as np", "")
    without = _NAMES.sub(" § ", _FENCED.sub(" § ", without))
    return _WORDS.findall(without)
