"""Bring the tables of keys in the documentation up to date, as ``make keys`` does."""

from __future__ import annotations

from pathlib import Path

from autograder.course.schema import with_tables

for page in sorted(Path(__file__).parent.glob("*.md")):
    old = page.read_text("utf-8")
    new = with_tables(old)
    if new != old:
        page.write_text(new, "utf-8")
        print(f"{page.name}: tables of keys written")
