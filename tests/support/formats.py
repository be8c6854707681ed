"""Formats of grades, and how their files are read."""

from __future__ import annotations

from pathlib import Path

ALL = ("csv", "junit", "gradescope", "github", "classroom", "canvas", "moodle", "markdown")


def read(path: Path) -> str:
    """A file as it is, ends of lines included."""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()
