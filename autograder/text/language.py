"""Languages, and texts that exist in several of them."""

from __future__ import annotations

from typing import TypeAlias

Language: TypeAlias = str
"""A code such as ``en``."""

Text: TypeAlias = dict[Language, str]
"""The same text in each language."""
