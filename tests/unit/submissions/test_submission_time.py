"""When something was handed in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.errors import UsageError
from autograder.submissions.submission import SubmissionRef
from autograder.submissions.submission_time import (
    Evidence,
    commit_time,
    evidence,
    parse_timestamp,
    submission_time,
)
from autograder.submissions.times import read_times

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01 12:00:00.000000 UTC",
        "2026-12-01 12:00:00 UTC\n",
        "2026-12-01 12:00:00",
        "2026-12-01T12:00:00Z",
        "2026-12-01 21:00:00.000000 +0900",
        "2026-12-01T21:00:00+09:00",
        "2026-12-01 21:00:00 Asia/Seoul",
        "2026-12-01 21:00:00 KST",
        "\ufeff2026-12-01 12:00:00 UTC",
        "2026-12-01 04:00:00.000000 PST",
        "2026-12-01 05:00:00 PDT",
        "2026-12-01 08:00:00 EDT",
        "2026-12-01 07:00:00 EST",
        "2026-12-01 14:00:00 CEST",
        "2026-12-01 13:00:00 CET",
        "2026-12-01 13:00:00 BST",
        "2026-12-01 17:30:00 IST",
        "2026-12-01 21:00:00 jst",
        "2026-12-01 23:00:00 AEDT",
        "2026-12-01 12:00:00 WET",
        "2026-12-01 12:00:00 (UTC)",
        "2026-12-01 21:00:00 UTC+9",
        "2026-12-01 21:00:00 GMT+09:00",
        "2026/12/01 12:00:00",
        "2026.12.01 12:00 UTC",
        "2026-12-01 12:00 PM",
        "2026-12-01 9:00 p.m. KST",
        "Tue, 01 Dec 2026 21:00:00 +0900",
        "1 Dec 2026 12:00 GMT",
        "Tue Dec  1 21:00:00 KST 2026",
        "Tue Dec  1 12:00:00 2026",
        "2026년 12월 1일 21:00",
        "2026년 12월 1일 오후 9:00",
        "2026. 12. 1. 오후 9:00:00",
    ],
)
def test_reads_nbgraders_timestamps(text: str) -> None:
    assert parse_timestamp(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-13-01 12:00:00 UTC", "2026-12-01 12:00:00 ../x"),
        *("0001-01-01 00:00:00+14:00", "9999-12-31 23:59:59 -14:00", "2026-12-01 12:00:00 XYZ"),
        *("12/01/2026 12:00", "2026-12-01 13:00 PM", "2026-12-01 0:30 am", "1 Foo 2026 12:00"),
    ],
)
def test_refuses_other_text(text: str) -> None:
    assert parse_timestamp(text) is None


def submission(tmp_path: Path) -> SubmissionRef:
    (tmp_path / "dx.py").write_text("x = 1\n")
    os.utime(tmp_path / "dx.py", (1000, 1000))
    return SubmissionRef("kim", "a", tmp_path, timestamp_file=tmp_path / "timestamp.txt")


def test_file_times_are_the_last_resort(tmp_path: Path) -> None:
    ref = submission(tmp_path)
    assert submission_time(ref) == datetime.fromtimestamp(1000, UTC)
    (tmp_path / "timestamp.txt").write_text("2026-12-01 12:00:00.0 UTC")
    assert submission_time(ref) == NOON


def test_a_timestamp_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    ref = submission(tmp_path)
    (tmp_path / "elsewhere").write_text("2026-12-01 12:00:00 UTC")
    (tmp_path / "timestamp.txt").symlink_to(tmp_path / "elsewhere")
    assert submission_time(ref) == datetime.fromtimestamp(1000, UTC)


def repository(folder: Path) -> Path:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "x"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-12-01T21:00:00+0900",
    }
    root = folder / "repository"
    for arguments in (
        ("init", "-q", str(root)),
        ("-C", str(root), "commit", "-q", "--allow-empty", "-m", "committer x 1 +0000"),
    ):
        subprocess.run(["git", *arguments], env=environment, check=True)
    return root


@needs_git
def test_the_last_commit_is_the_time_of_a_repository(tmp_path: Path) -> None:
    root = repository(tmp_path)
    assert commit_time(root) == NOON
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for arguments in (("pack-refs", "--all"), ("gc", "-q")):
        subprocess.run(["git", "-C", str(root), *arguments], env=environment, check=True)
    assert commit_time(root) == NOON
    assert commit_time(root).astimezone(timezone(timedelta(hours=9))).hour == 21  # type: ignore[union-attr]


@needs_git
def test_a_repository_cannot_have_programs_run(tmp_path: Path) -> None:
    """git fetches what a partial clone lacks, by a program that its configuration names."""
    root = repository(tmp_path)
    ran = tmp_path / "ran"
    (root / ".git" / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n"
        '[protocol "ext"]\n\tallow = always\n'
        f'[remote "origin"]\n\tpromisor = true\n\turl = "ext::touch {ran}"\n'
    )
    assert commit_time(root) == NOON
    (root / ".git" / "HEAD").write_text("1" * 40)
    assert commit_time(root) is None
    assert not ran.exists()


@pytest.mark.parametrize("head", ["", "ref: ../../secret", "--version", "ref: refs/heads/../../x"])
def test_a_head_that_points_elsewhere_is_no_time(tmp_path: Path, head: str) -> None:
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text(head)
    assert commit_time(tmp_path) is None


@pytest.mark.parametrize("zone", ["IST", "BST", "CST", "AST", "EST"])
def test_a_zone_of_several_meanings_is_named(tmp_path: Path, zone: str) -> None:
    ref = submission(tmp_path)
    (tmp_path / "timestamp.txt").write_text(f"2026-12-01 12:00:00 {zone}")
    found = evidence(ref)
    assert found.source == "timestamp"
    assert found.note.startswith(f"{zone} (UTC")
    (tmp_path / "timestamp.txt").write_text("2026-12-01 12:00:00 KST")
    assert evidence(ref).note == ""


def test_a_timestamp_that_is_no_time_is_noted(tmp_path: Path) -> None:
    ref = submission(tmp_path)
    (tmp_path / "timestamp.txt").write_text("yesterday")
    found = evidence(ref)
    assert (found.source, found.note) == ("files", "yesterday")


def test_times_beyond_reason_are_none(tmp_path: Path) -> None:
    ref = submission(tmp_path)
    (tmp_path / "dx.py").unlink()
    assert evidence(replace(ref, folder=tmp_path / "gone")) == Evidence(None, "nothing")
    far = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    assert evidence(replace(ref, submitted=far)).source == "files"


TIMES = (
    "student,submitted\nkim,2026-12-01 12:00:00 UTC\nlee,\n",
    " Student ; Submitted_at \r\n kim ; 2026-12-01 21:00 \r\n;\r\n",
    "이름,제출 시각\nkim,2026-12-01 21:00:00 KST\n",
    "student,time,assignment\nkim,2026-12-01 12:00:00Z,a\nkim,2026-12-01 15:00:00Z,b\n",
    "student,submitted\nkim,2026-12-01 01:00:00 UTC\nkim,2026-12-01 12:00:00 UTC\n",
)


@pytest.mark.parametrize("content", TIMES)
def test_times_come_from_a_csv(content: str) -> None:
    seoul = timezone(timedelta(hours=9))
    due = datetime(2026, 12, 1, 23, 59, tzinfo=seoul)
    times = read_times(content.encode(), "t.csv")
    ref = SubmissionRef("kim", "a", Path("."))
    assert evidence(times.apply(ref, due)).time == NOON
    assert times.apply(SubmissionRef("lee", "a", Path(".")), due).submitted is None
    assert times.unknown(["lee"]) == ["kim"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "t.csv:1: needs the columns 'student' and 'submitted'; saw a, b"),
        ("student,submitted\nkim,soon\n", "t.csv:2: 'soon' is no time; write it as"),
    ],
)
def test_times_that_are_none_are_named(content: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read_times(content.encode(), "t.csv")
