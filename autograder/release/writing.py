"""Putting a bundle into a folder without touching what a student has written there."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from autograder.errors import MachineError, UsageError
from autograder.grades.grade_file import write_atomically
from autograder.release.bundle import Bundle
from autograder.release.config import is_bundle_config
from autograder.text.said import said


class Written(Struct, frozen=True):
    """``written`` are the paths of files that are new or changed; ``kept`` those of work that
    is there and differs from the stub, which stays as it is."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def write_bundle(bundle: Bundle, destination: Path) -> Written:
    """Write the bundle, or bring an earlier one in ``destination`` up to date.

    Raises :class:`UsageError` where there is something else, and :class:`MachineError` where
    the disk refuses.
    """
    _require_room(bundle, destination)
    written, kept = [], []
    for name, content in bundle.files.items():
        path = destination / name
        _require_inside(path, destination)
        try:
            present = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise MachineError(said("error_unreadable", path=path, reason=error.strerror)) from None
        if present == content:
            continue
        if present is not None and name in bundle.work:
            kept.append(name)
            continue
        write_atomically(path, content)
        written.append(name)
    return Written(tuple(written), tuple(kept))


def _require_room(bundle: Bundle, destination: Path) -> None:
    if not destination.exists():
        return
    if not destination.is_dir():
        raise UsageError(said("error_bundle_file", path=destination))
    try:
        entries = [entry for entry in destination.iterdir() if entry.name != ".git"]
        config = destination / "config.yaml"
        text = config.read_text("utf-8", "replace") if config.is_file() else ""
    except OSError as error:
        raise MachineError(
            said("error_unreadable", path=destination, reason=error.strerror)
        ) from None
    if entries and not is_bundle_config(text, bundle.assignments):
        names = ", ".join(bundle.assignments)
        raise UsageError(said("error_bundle_not_empty", path=destination, assignment=names))


def _require_inside(path: Path, destination: Path) -> None:
    """A link in the folder must not lead our writing somewhere else."""
    for part in (path, *path.parents):
        if part == destination:
            return
        if part.is_symlink():
            raise UsageError(said("error_link_remove", path=part))
