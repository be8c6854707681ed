"""When a submission was handed in: from what the layout knows, git, or the files themselves."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from autograder.errors import MachineError
from autograder.submissions import reader
from autograder.submissions.opening import open_file
from autograder.submissions.submission import SubmissionRef, source_paths
from autograder.text.said import said

_MAX_BYTES = 4096
_OBJECT_NAME = re.compile(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")
_BRANCH = re.compile(r"^ref: (refs/heads/[A-Za-z0-9][A-Za-z0-9._/-]*)$")
_COMMITTER = re.compile(rb"^committer .* (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_NO_TIME = datetime(2, 1, 1, tzinfo=UTC)
_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})(?:[-/]|\. ?|년 ?)(?P<month>\d{1,2})(?:[-/]|\. ?|월 ?)"
    r"(?P<day>\d{1,2})(?:일|\.)?[ T]+(?P<before>오전 |오후 )?"
    r"(?P<hour>\d{1,2}):(?P<minutes>\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r"(?P<after> ?[AaPp]\.?[Mm]\.?(?=\s|$))?\s*(?P<zone>\S*)"
)
# "Tue, 01 Dec 2026 23:58:00 +0900" as in mail, "Tue Dec  1 23:58:00 KST 2026" as of `date`.
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) "
    r"(?P<time>\d{2}:\d{2}(?::\d{2})?)(?: (?P<zone>\S+))?"
)
_DATE = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<time>\d{2}:\d{2}:\d{2})"
    r"(?: (?P<zone>\S+))? (?P<year>\d{4})"
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


Source: TypeAlias = Literal["platform", "late_mark", "timestamp", "commit", "files", "nothing"]
"""What tells when something was handed in: the platform, or a CSV of its times; a mark that it was
late, without a time; nbgrader's ``timestamp.txt``; the last commit; the files' own times."""


class Evidence(Struct, frozen=True):
    """When something was handed in, with an offset, and how that is known. ``note`` is the name of
    a time zone that several have, or the text of a ``timestamp.txt`` that is no time."""

    time: datetime | None
    source: Source
    note: str = ""


def evidence(ref: SubmissionRef) -> Evidence:
    """What there is to tell when a submission was handed in, the best of it. Never raises."""

    def without_commit(_: str) -> Evidence:
        """What else there is, where it was the commit that could not be read."""
        if ref.repository is None:
            return Evidence(None, "nothing")
        return evidence(replace(ref, repository=None))

    return reader.read(_evidence, ref, Evidence, without_commit)


def _evidence(ref: SubmissionRef) -> Evidence:
    if ref.submitted is not None and _is_sane(ref.submitted):
        return Evidence(ref.submitted, "platform")
    if ref.is_late is not None:
        return Evidence(None, "late_mark")
    note = ""
    found: datetime | None = None
    if ref.timestamp_file is not None:
        text = _read_small(ref.timestamp_file).lstrip("\ufeff").strip()
        found = parse_timestamp(text)
        if found is not None:
            return Evidence(found, "timestamp", ambiguous_zone(text))
        note = text[:80]
    if ref.repository is not None:
        with contextlib.suppress(OSError):  # one may not look into it
            found = commit_time(ref.repository)
        if found is not None and _is_sane(found):
            return Evidence(found, "commit", note)
    found = _modified(ref)
    return Evidence(found, "nothing" if found is None else "files", note)


def submission_time(ref: SubmissionRef) -> datetime:
    """When the submission was handed in, as :func:`evidence` has it. Raises
    :class:`MachineError` where there is no time at all."""
    found = evidence(ref).time
    if found is None:
        raise MachineError(said("error_no_time_of", folder=ref.folder))
    return found


def parse_timestamp(text: str) -> datetime | None:
    """nbgrader's ``2026-12-01 23:59:00.123456 UTC`` and its kin, and times as mail and ``date``
    write them; None for anything else.

    The zone is ``UTC``, an offset, a name such as ``Asia/Seoul``, or an abbreviation as people
    write them; without one it is UTC, as nbgrader has it, or in Korean that of Korea.
    ``12/01/2026`` may be of December or of January, and is no time.
    """
    parts = _parts(text)
    if parts is None:
        return None
    written, zone = parts
    minutes = _ZONES.get(zone.upper().strip("()"))
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", zone)
    try:
        naive = datetime.fromisoformat(written)
        if offset is not None:
            minutes = int(f"{offset[1]}1") * (int(offset[2]) * 60 + int(offset[3] or 0))
        if minutes is not None:
            found = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        else:
            found = naive.replace(tzinfo=ZoneInfo(zone))
        return found if _is_sane(found) else None
    except (ValueError, KeyError, OSError, OverflowError):  # no such time, no such zone
        return None


def _parts(text: str) -> tuple[str, str] | None:
    """A time as ISO 8601 has it, without a zone, and the zone; None for anything else."""
    text = text.strip().removeprefix("\ufeff")
    match = _TIMESTAMP.fullmatch(text)
    if match is not None:
        hour = int(match["hour"])
        half = (match["before"] or match["after"] or "").strip().casefold()
        if half:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half == "오후" or half.startswith("p") else 0)
        year, month, day = match["year"], int(match["month"]), int(match["day"])
        is_korean = match["before"] is not None or "년" in text
        zone = match["zone"] or ("KST" if is_korean else "")
        return f"{year}-{month:02}-{day:02}T{hour:02}:{match['minutes']}", zone
    match = _MAIL.fullmatch(text) or _DATE.fullmatch(text)
    if match is None or match["month"] not in _MONTHS:
        return None
    month = _MONTHS.index(match["month"]) + 1
    return f"{match['year']}-{month:02}-{int(match['day']):02}T{match['time']}", match["zone"] or ""


def is_a_time(path: Path) -> bool:
    """Whether a ``timestamp.txt`` is one that nbgrader can read: a time, or nothing."""
    try:
        descriptor = open_file(path)
    except OSError:
        return False
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        content = file.read(_MAX_BYTES + 1)
    try:
        text = content.decode("utf-8")
    except UnicodeError:
        return False
    if len(content) > _MAX_BYTES:
        return False
    return not text.strip() or parse_timestamp(text) is not None


def has_zone(text: str) -> bool:
    """Whether a time that :func:`parse_timestamp` reads says its zone."""
    parts = _parts(text)
    return parts is not None and bool(parts[1])


def ambiguous_zone(text: str) -> str:
    """What is to be said about the zone of a timestamp that several zones are called by: its
    name, and as which it was read; empty for every other."""
    parts = _parts(text)
    zone = "" if parts is None else parts[1].upper().strip("()")
    if zone not in _SEVERAL:
        return ""
    minutes = _ZONES[zone]
    hours, rest = divmod(abs(minutes), 60)
    return f"{zone} (UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02})"


def _is_sane(time: datetime) -> bool:
    """Whether it can be handled: near the ends of what Python counts, no zone can be added."""
    return 2 <= time.year <= 9997


# Minutes east of Greenwich, by abbreviation. Of those in _SEVERAL, the most common one.
_ZONES = {
    "": 0, "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60,
    "MEZ": 60, "CEST": 120, "MESZ": 120, "SAST": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "TRT": 180, "EAT": 180, "GST": 240, "PKT": 300, "IST": 330, "NPT": 345, "ICT": 420,
    "WIB": 420, "HKT": 480, "SGT": 480, "MYT": 480, "PHT": 480, "AWST": 480, "KST": 540,
    "JST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "NST": -210, "NDT": -150, "AST": -240, "ADT": -180, "BRT": -180, "ART": -180, "CLT": -240,
    "COT": -300, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip
_SEVERAL = frozenset({"IST", "BST", "CST", "AST", "EST"})


def commit_time(repository: Path) -> datetime | None:
    """The committer's time of a repository's HEAD; None where there is none.

    The repository may be hostile. Its configuration can name programs to run, so git never
    reads it: it looks only into the folder of objects, from a repository of our own. The time
    itself is what the student's computer said.
    """
    git = repository / ".git"
    name = head_of(git)
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
    return time_of_commit(done.stdout) if done.returncode == 0 else None


def time_of_commit(content: bytes) -> datetime | None:
    """The committer's time in a commit as git stores it."""
    # The first line of this form is git's own: the header precedes the message.
    match = _COMMITTER.search(content)
    try:
        return None if match is None else datetime.fromtimestamp(int(match[1]), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def head_of(git: Path) -> str | None:
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
        with open(open_file(path), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def _modified(ref: SubmissionRef) -> datetime | None:
    """The latest time of change of the files that there are."""
    times = []
    for path in [*source_paths(ref).values()] or [ref.folder]:
        try:
            found = datetime.fromtimestamp(os.lstat(path).st_mtime, UTC)
        except (OSError, OverflowError, ValueError):  # gone, or in a year beyond all
            continue
        if _is_sane(found):
            times.append(found)
    return max(times, default=None)


def number_attempts(refs: Iterable[SubmissionRef]) -> list[SubmissionRef]:
    """The submissions, with those of the same student for the same assignment numbered by
    time as attempts; ordered by student, assignment and attempt."""
    groups: dict[tuple[str, str], list[SubmissionRef]] = {}
    for ref in refs:
        groups.setdefault((ref.student, ref.assignment), []).append(ref)
    found: list[SubmissionRef] = []
    for _, group in sorted(groups.items()):
        if len(group) > 1:
            group.sort(key=lambda ref: (evidence(ref).time or _NO_TIME, str(ref.folder)))
            group = [replace(ref, attempt=number) for number, ref in enumerate(group, start=1)]
        found.extend(group)
    return found
