"""Putting a site into a folder, in place of an earlier one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autograder.errors import MachineError, UsageError
from autograder.grades.grade_file import write_atomically
from autograder.release.site.build import GENERATOR, LISTING, PAGE, Site
from autograder.text.said import said


def write_site(site: Site, destination: Path) -> int:
    """Write the site, and remove what only the one before it had. Returns how many files are new
    or changed. Raises :class:`UsageError` where there is something else, and
    :class:`MachineError` where the disk refuses."""
    try:
        _require_room(destination)
        before = _listed(destination)
        written = 0
        # The page comes last: it names the others.
        for name in sorted(site.files, key=lambda one: one == PAGE):
            path = destination / name
            if path.is_symlink() or path.parent.is_symlink():
                raise UsageError(said("error_link_remove", path=path))
            if path.is_file() and path.read_bytes() == site.files[name]:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, site.files[name])
            written += 1
        for name in before - site.files.keys():
            (destination / name).unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(
            said("error_unreadable", path=error.filename or destination, reason=error.strerror)
        ) from None
    return written


def _require_room(destination: Path) -> None:
    if not destination.exists():
        return
    if not destination.is_dir():
        raise UsageError(said("error_bundle_file", path=destination))
    page = destination / PAGE
    is_ours = page.is_file() and GENERATOR in page.read_text("utf-8", "replace")
    if not is_ours and any(one.name != ".git" for one in destination.iterdir()):
        raise UsageError(said("error_site_not_empty", path=destination))


def _listed(destination: Path) -> set[str]:
    """The files of the site before this one, as far as they lie where ours do."""
    try:
        content = msgspec.json.decode(
            (destination / LISTING).read_bytes(), type=dict[str, list[str]]
        )
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeError):
        return set()
    names = content.get("files", [])
    return {name for name in names if not name.startswith("/") and ".." not in name.split("/")}
