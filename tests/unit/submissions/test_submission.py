"""Reading what students hand in, whatever it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autograder.submissions.submission import (
    MAX_SOURCE_BYTES,
    Submission,
    SubmissionRef,
    decode_source,
    displayable,
    read_submission,
)


def read(folder: Path) -> Submission:
    return read_submission(SubmissionRef("kim", "linear-layer", folder))


def test_reads_all_python_files(tmp_path: Path) -> None:
    (tmp_path / "dx.py").write_text("x = 1\n")
    (tmp_path / "helpers.py").write_text("y = 2\n")
    (tmp_path / "notes.txt").write_text("not code")
    assert read(tmp_path).files == {"dx.py": "x = 1\n", "helpers.py": "y = 2\n"}


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
        ("# coding: euc-kr\nx = '가'\n".encode("euc-kr"), "# coding: euc-kr\nx = '가'\n"),
        ("x = '가'\n".encode(), "x = '가'\n"),
    ],
)
def test_decodes_as_python_does(content: bytes, source: str) -> None:
    assert decode_source(content) == source


@pytest.mark.parametrize(
    "content",
    [
        "x = 1".encode("utf-16"),
        b"\xff\xfe\x00",
        b"# coding: no-such-codec\n",
        b"\x80\x81\x82",
        b"# coding: rot13\nk = 1\n",
    ],
)
def test_says_when_it_is_not_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dx.py").write_bytes(content)
    assert read(tmp_path).unreadable == {"dx.py": "encoding"}


def test_opens_nothing_but_ordinary_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "link.py").symlink_to(secret)
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "fifo.py")
    if os.geteuid() == 0:
        os.mknod(folder / "device.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    submission = read(folder)
    assert submission.files == {}
    assert set(submission.unreadable.values()) == {"not_a_file"}


def test_does_not_read_what_is_too_large(tmp_path: Path) -> None:
    with open(tmp_path / "dx.py", "wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "dW.py").write_bytes(b"#" * MAX_SOURCE_BYTES)
    submission = read(tmp_path)
    assert submission.unreadable == {"dx.py": "too_large"}
    assert len(submission.files["dW.py"]) == MAX_SOURCE_BYTES


def test_does_not_follow_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "dx.py").write_text("x = 1\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read(tmp_path / "link").files == {}


def test_the_digest_tells_contents_apart() -> None:
    submissions = [
        Submission("kim", "a", {}),
        Submission("kim", "a", {"a.py": "b"}),
        Submission("kim", "a", {"a.p": "yb"}),
        Submission("kim", "a", {"a.py": ""}),
        Submission("kim", "a", {}, {"a.py": "encoding"}),
        Submission("kim", "a", {"a.py": "b", "c.py": "d"}),
    ]
    assert len({submission.digest() for submission in submissions}) == 6


def test_names_that_are_not_utf8_are_still_names() -> None:
    assert displayable(os.fsdecode(b"kim\xff")) == "kim\\xff"
