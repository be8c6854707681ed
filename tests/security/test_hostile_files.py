"""Submissions that attack by what they are: kinds of file, names, sizes, encodings, depth."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COURSE = Path(__file__).parent / "course"
RIGHT = "def batched(W, dY):\n    return dY @ W\n"
SECRET = "CANARY-outside-4f1a"

Make = Callable[[Path], object]


def symlink(target: str) -> Make:
    return lambda path: path.symlink_to(target)


def content(text: str | bytes) -> Make:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode())


def sparse(size: int) -> Make:
    def make(path: Path) -> None:
        with open(path, "wb") as file:
            file.truncate(size)

    return make


def local_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # Its address may be no longer than 107 bytes.
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero


def notebook(source: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": source}]}).encode()


# What batched.py is, and what its author reads about it; "" for full points.
# Which of these it is depends on the machine, and on how busy it is.
ANY_END = "batched.py|Raised|process ended|Did not return"
FILES: dict[str, tuple[Make, str]] = {
    "link-to-secret": (symlink("../../../secret.txt"), "not an ordinary file"),
    "link-to-other": (symlink("../../honest/layer/batched.py"), "not an ordinary file"),
    "link-to-itself": (symlink("batched.py"), "not an ordinary file"),
    "link-to-nothing": (symlink("nowhere"), "not an ordinary file"),
    "link-to-zero": (symlink("/dev/zero"), "not an ordinary file"),
    "link-to-stdin": (symlink("/dev/stdin"), "not an ordinary file"),
    "link-to-memory": (symlink("/proc/self/mem"), "not an ordinary file"),
    "fifo": (os.mkfifo, "not an ordinary file"),
    "folder": (Path.mkdir, "not an ordinary file"),
    "socket": (local_socket, "cannot be read"),
    "device": (device, "not an ordinary file"),
    "a-gigabyte": (sparse(1 << 30), "larger than 256 KiB"),
    "ten-megabytes-in-a-line": (content("x = '" + "a" * 10_000_000 + "'"), "larger than 256 KiB"),
    "quarter-megabyte-in-a-line": (content(RIGHT + "x = '" + "a" * 250_000 + "'\n"), ""),
    "empty": (content(""), "There is no batched"),
    "binary": (content(bytes(range(256)) * 16), "not text in UTF-8"),
    "program": (content(b"\x7fELF" + bytes(1000)), "Python does not understand"),
    "compiled": (content(b"\xa7\r\r\n" + bytes(1000)), "not text in UTF-8"),
    "utf-16": (content(RIGHT.encode("utf-16")), "not text in UTF-8"),
    "utf-32": (content(RIGHT.encode("utf-32")), "not text in UTF-8"),
    "utf-7": (content("# coding: utf-7\n" + RIGHT), "not text in UTF-8"),
    "byte-order-mark": (content("\ufeff" + RIGHT), ""),
    "euc-kr": (content(("# coding: euc-kr\n# 배치\n" + RIGHT).encode("euc-kr")), ""),
    "cookie-rot13": (content("# coding: rot13\n" + RIGHT), "not text in UTF-8"),
    "cookie-punycode": (content("# coding: punycode\n" + "-" * 200_000), "not text in UTF-8"),
    "cookie-of-a-module": (content("# coding: ../../../secret\n" + RIGHT), "not text in UTF-8"),
    "carriage-returns": (content(RIGHT.replace("\n", "\r\n")), ""),
    "old-line-ends": (content(RIGHT.replace("\n", "\r")), ""),
    "form-feeds": (content("\f\f\n" + RIGHT), ""),
    "tabs": (content("def batched(W, dY):\n\tx = 1\n        return 1\n"), "indented with tabs"),
    "null-bytes": (content(RIGHT + "\0"), "Python does not understand"),
    "lone-surrogates": (content(RIGHT.encode() + b"x = '\xed\xa0\x80'"), "not text in UTF-8"),
    "right-to-left": (content(RIGHT + "# \u202e\u2066 [b]\x1b[2J\n"), ""),
    "deep-minus": (content("x = " + "-" * 100_000 + "1\n" + RIGHT), "memory|Python cannot read"),
    "deep-brackets": (content("x = " + "(" * 100_000 + "\n"), "Python does not understand"),
    "deep-attributes": (content("x = a" + ".a" * 100_000), ANY_END),
    "deep-calls": (content("x = a" + "()" * 100_000), ANY_END),
    "deep-conditions": (content("if 1: pass\n" + "elif 1: pass\n" * 15_000), f"memory|{ANY_END}"),
    "many-statements": (content(RIGHT + "a=1;" * 20_000), ""),
    "long-number": (content("x = " + "9" * 200_000 + "\n" + RIGHT), "Python does not understand"),
    "future": (content("from __future__ import braces\n" + RIGHT), "Python does not understand"),
}  # fmt: skip

NOTEBOOKS: dict[str, tuple[bytes, str]] = {
    "right": (notebook(RIGHT), ""),
    "shell": (notebook("!touch /tmp/owned\n%run /tmp/owned"), "There is no batched"),
    "shell-cell": (notebook("%%bash\ntouch /tmp/owned"), "There is no batched"),
    "shell-in-function": (notebook(f"{RIGHT}\n!echo {SECRET}\n%run ../../secret.txt"), ""),
    "deep": (b'{"cells": ' + b"[" * 1_000_000, "not in Jupyter's format"),
    "deep-code": (notebook("x = " + "-" * 100_000 + "1"), "cell 1 of the notebook"),
    "long-code": (notebook("x = 1\n" * 100_000), "larger than 256 KiB"),
    "many-cells": (b'{"cells":[' + b"{}," * 500_000 + b"{}]}", "There is no batched"),
    "surrogates": (notebook(RIGHT + "# \ud800"), ""),
    "escaped-surrogates": (notebook("x = f'{1}\\ud800'\n" + RIGHT), ""),
    "not-text": (b"\xff\xfe{}", "not in Jupyter's format"),
    "number": (b"1e999", "not in Jupyter's format"),
}

# Names of students' folders, as bytes; each hands in the right answer.
NAMES: dict[str, bytes] = {
    "line break": b"new\nline",
    "escapes": b"\x1b]0;title\x07\x1b[31mred",
    "not utf-8": b"\xff\xfe\x9b",
    "255 bytes": b"n" * 255,
    "formula": b"=cmd|'C calc'!A0",
    "markup": b"[bold]<script>alert(1)<|script>&amp;",
    "right to left": "\u202egnp.exe".encode(),
    "quotes": b'"; rm -rf ~; echo "',
    "dots": b"kim..",
    "blanks": b"  kim  ",
    "percent": b"%s%n{0.__class__}",
    "dashes": b"--out=elsewhere",
    "a file of ours": b"summary.csv",
    "another file of ours": b"grades.CSV",
    "korean": "김철수".encode(),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them graded in one run."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret.txt").write_text(SECRET)
    submissions = folder / "submissions"
    for name, (make, _) in FILES.items():
        if name == "device" and os.geteuid() != 0:
            continue
        make(new_folder(submissions / f"file-{name}") / "batched.py")
    for name, (source, _) in NOTEBOOKS.items():
        (new_folder(submissions / f"notebook-{name}") / "batched.ipynb").write_bytes(source)
    for encoded in [b"honest", *NAMES.values()]:
        (new_folder(submissions / os.fsdecode(encoded)) / "batched.py").write_text(RIGHT)
    (submissions / "linked-student").symlink_to("honest")
    new_folder(submissions / "linked-assignment").rmdir()
    (submissions / "linked-assignment" / "layer").symlink_to("../honest/layer")
    many = new_folder(submissions / "ten-thousand-files")
    for number in range(10_000):
        os.symlink("nowhere", many / f"{number}.py")
    (many / "batched.py").write_text(RIGHT)
    odd = new_folder(submissions / "odd-file-names")
    for encoded in (
        b"new\nline.py",
        b"\xff.py",
        b"\x1b[2J.py",
        b"n" * 252 + b".py",
        b"...py",
        b" .py",
    ):
        (odd / os.fsdecode(encoded)).write_text("raise SystemExit")
    (odd / "batched.py").write_text(RIGHT)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "autograder", "grade", str(submissions), "--jobs", "2"),
            *("--out", str(folder / "grades"), "--course", str(COURSE)),
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=200,
        check=False,
    )
    (folder / "stdout").write_bytes(done.stdout)
    (folder / "stderr").write_bytes(done.stderr)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    return folder


def new_folder(student: Path) -> Path:
    folder = student / "layer"
    folder.mkdir(parents=True)
    return folder


def batched(folder: Path, student: str) -> Any:
    grade = json.loads((folder / "grades" / student / "layer.json").read_text("utf-8"))
    return grade["exercises"][1]


def check(exercise: Any, message: str) -> None:
    if not message:
        # Not the efficiency test, which a busy machine may decide.
        assert [test["status"] for test in exercise["tests"][:2]] == ["passed"] * 2, exercise
        return
    assert exercise["score"] == 0
    read = exercise["tests"][0]["message"]
    assert any(part in read for part in message.split("|")), read
    assert "Traceback" not in read


@pytest.mark.parametrize("name", FILES)
def test_files(graded: Path, name: str) -> None:
    if name == "device" and os.geteuid() != 0:
        pytest.skip("only root can make a device")
    check(batched(graded, f"file-{name}"), FILES[name][1])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks(graded: Path, name: str) -> None:
    check(batched(graded, f"notebook-{name}"), NOTEBOOKS[name][1])


@pytest.mark.parametrize("name", ["linked-student", "linked-assignment"])
def test_the_work_of_another_is_not_graded_by_a_link(graded: Path, name: str) -> None:
    exercise = batched(graded, name)
    assert exercise["score"] == 0
    assert {test["status"] for test in exercise["tests"]} <= {"error", "missing"}


def test_what_is_too_much_is_left_out(graded: Path) -> None:
    check(batched(graded, "odd-file-names"), "")
    # What is named as it should be is read before all the others.
    check(batched(graded, "ten-thousand-files"), "")
    files = (graded / "grades" / "files.csv").read_text("utf-8")
    assert "ten-thousand-files,layer,1267.py,,not used: there are too many files" in files


@pytest.mark.parametrize("name", NAMES)
def test_names(graded: Path, name: str) -> None:
    folder = os.fsdecode(NAMES[name])
    if name.endswith("file of ours"):
        # Its grades are beside the file, not in its place.
        (path,) = (graded / "grades").glob(f"{folder}-*")
        folder = path.name
    check(batched(graded, folder), "")
    grade = json.loads((graded / "grades" / folder / "layer.json").read_text("utf-8"))
    # A line break is no danger in a name: each output shows it in its own way.
    assert grade["student"].replace("\xa0", " ").replace("\n", " ").isprintable()


def test_the_summary_has_every_name_in_a_cell_of_its_own(graded: Path) -> None:
    content = (graded / "grades" / "summary.csv").read_text("utf-8")
    assert all(char.isprintable() or char == "\n" for char in content)
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == len(list((graded / "grades").glob("*/layer.json")))
    assert all(row["assignment"] == "layer" for row in rows)
    assert not [row for row in rows if row["student"].startswith(("=", "-", "+", "@"))]


def test_nothing_of_it_reaches_the_terminal_or_elsewhere(graded: Path) -> None:
    for stream in ("stdout", "stderr"):
        shown = (graded / stream).read_bytes().decode("utf-8")
        assert all(char.isprintable() or char == "\n" for char in shown)
        assert SECRET not in shown
    for path in (graded / "grades").rglob("*.json"):
        assert SECRET not in path.read_text("utf-8")
    assert not Path("/tmp/owned").exists()
    assert {path.name for path in graded.iterdir()} == {
        *("secret.txt", "submissions", "grades", "stdout", "stderr")
    }
