"""When a submission was handed in: from what the layout knows, git, or the files themselves."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from autograder.errors import MachineError
from autograder.submissions.submission import SubmissionRef, source_paths

_MAX_BYTES = 4096
_OBJECT_NAME = re.compile(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")
_BRANCH = re.compile(r"^ref: (refs/heads/[A-Za-z0-9][A-Za-z0-9._/-]*)$")
_COMMITTER = re.compile(rb"^committer .* (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[ T](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<zone>\S*)"
)


def submission_time(ref: SubmissionRef) -> datetime:
    """When the submission was handed in, with an offset.

    The time that the layout gives; else nbgrader's ``timestamp.txt``; else the last commit;
    else, as a last resort, the latest time of change of its files. Raises
    :class:`MachineError` where not even that can be had.
    """
    if ref.submitted is not None:
        return ref.submitted
    if ref.timestamp_file is not None:
        found = parse_timestamp(_read_small(ref.timestamp_file))
        if found is not None:
            return found
    if ref.repository is not None:
        found = commit_time(ref.repository)
        if found is not None:
            return found
    return _modified(ref)


def parse_timestamp(text: str) -> datetime | None:
    """nbgrader's ``2026-12-01 23:59:00.123456 UTC`` and its kin; None for anything else.

    The zone is ``UTC``, an offset or a name such as ``Asia/Seoul``; without one it is UTC, as
    nbgrader has it.
    """
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        return None
    zone = match["zone"]
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-]\d{2}):?(\d{2})", zone)
    if offset is not None:
        zone = f"{offset[1]}:{offset[2]}"
    elif zone in ("", "Z", "UTC", "GMT"):
        zone = "+00:00"
    try:
        if zone.startswith(("+", "-")):
            return datetime.fromisoformat(f"{match['day']}T{match['time']}{zone}")
        naive = datetime.fromisoformat(f"{match['day']}T{match['time']}")
        return naive.replace(tzinfo=ZoneInfo(_ABBREVIATIONS.get(zone, zone)))
    except (ValueError, KeyError, OSError):  # no such time, no such zone
        return None


_ABBREVIATIONS = {"KST": "Asia/Seoul", "JST": "Asia/Tokyo"}


def commit_time(repository: Path) -> datetime | None:
    """The committer's time of a repository's HEAD; None where there is none.

    The repository may be hostile. Its configuration can name programs to run, so git never
    reads it: it looks only into the folder of objects, from a repository of our own. The time
    itself is what the student's computer said.
    """
    git = repository / ".git"
    name = _head(git)
    objects = git / "objects"
    if name is None or objects.is_symlink() or not objects.is_dir():
        return None
    with tempfile.TemporaryDirectory(prefix="autograder-git-") as own:
        for folder in ("objects", "refs"):
            (Path(own) / folder).mkdir()
        (Path(own) / "HEAD").write_text("ref: refs/heads/main\n")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_DIR": own,
            "GIT_OBJECT_DIRECTORY": str(objects.absolute()),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HOME": own,
        }
        try:
            done = subprocess.run(
                ["git", "cat-file", "commit", name],
                env=environment,
                cwd=own,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    # The first line of this form is git's own: the header precedes the message.
    match = _COMMITTER.search(done.stdout) if done.returncode == 0 else None
    try:
        return None if match is None else datetime.fromtimestamp(int(match[1]), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _head(git: Path) -> str | None:
    """The name of the commit that HEAD is at, read without git."""
    if git.is_symlink() or not git.is_dir():
        return None
    head = _read_small(git / "HEAD").strip()
    branch = _BRANCH.match(head)
    if branch is not None and ".." not in head:
        head = _read_small(git / branch[1]).strip() or _packed(git, branch[1])
    return head if _OBJECT_NAME.match(head) else None


def _packed(git: Path, branch: str) -> str:
    for line in _read_small(git / "packed-refs", 1 << 20).splitlines():
        name, _, ref = line.partition(" ")
        if ref == branch:
            return name
    return ""


def _read_small(path: Path, limit: int = _MAX_BYTES) -> str:
    """The beginning of an ordinary file; nothing where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def _modified(ref: SubmissionRef) -> datetime:
    paths = [*source_paths(ref).values()] or [ref.folder]
    times = []
    for path in paths:
        try:
            times.append(os.lstat(path).st_mtime)
        except OSError:
            continue
    if not times:
        raise MachineError(f"{ref.folder}: cannot tell when it was handed in: it is gone")
    return datetime.fromtimestamp(max(times), UTC)


def number_attempts(refs: Iterable[SubmissionRef]) -> list[SubmissionRef]:
    """The submissions, with those of the same student for the same assignment numbered by
    time as attempts; ordered by student, assignment and attempt."""
    groups: dict[tuple[str, str], list[SubmissionRef]] = {}
    for ref in refs:
        groups.setdefault((ref.student, ref.assignment), []).append(ref)
    found: list[SubmissionRef] = []
    for _, group in sorted(groups.items()):
        if len(group) > 1:
            group.sort(key=lambda ref: (submission_time(ref), str(ref.folder)))
            group = [replace(ref, attempt=number) for number, ref in enumerate(group, start=1)]
        found.extend(group)
    return found
