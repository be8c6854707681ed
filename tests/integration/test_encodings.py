"""Commands print under any encoding; student code may change how it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.text.terminal import PLAIN, make_printable

COURSE = Path(__file__).parent.parent / "courses" / "good"
RIGHT = "def linear_dx(W, dy):\n    return W.T @ dy\n"
WRONG = "def linear_dx(W, dy):\n    return -(W.T @ dy)\n"

# What people write at the top of a file so that Korean prints on Windows, and kin.
IDIOMS = {
    "reconfigure": "import sys\nsys.stdout.reconfigure(encoding='utf-8')",
    "reconfigure-both": (
        "import sys\nfor s in (sys.stdout, sys.stderr):\n    s.reconfigure(errors='strict')"
    ),
    "wrapper": (
        "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')"
    ),
    "detach": "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.detach(), 'utf-8')",
    "codecs": "import codecs, sys\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)",
    "buffer": "import sys\nsys.stdout.buffer.write('안녕\\n'.encode())\nsys.stdout.buffer.flush()",
    "original": "import sys\nsys.stdout = sys.__stdout__\nprint('x', file=sys.__stderr__)",
    "redirect": (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    print(1)"
    ),
    "fileno": "import sys\nassert sys.stdout.fileno() == 1 and not sys.stdout.isatty()",
    "logging": (
        "import logging, sys\nlogging.basicConfig(stream=sys.stdout)\nlogging.error('안녕')"
    ),
    "seekable": "import sys\nassert sys.stdout.writable() and not sys.stdout.seekable()",
    "half-emoji": "print('\\ud83d')",
}


def run(
    *arguments: object, cwd: Path | None = None, encoding: str = "utf-8"
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        timeout=240,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "200"},
    )


def hand_in(folder: Path, student: str, source: str) -> None:
    target = folder / student / "linear-layer"
    target.mkdir(parents=True)
    (target / "dx.py").write_text(source, "utf-8")


@pytest.mark.parametrize("isolation", ["sandbox", "process"])
def test_student_code_changes_its_streams(tmp_path: Path, isolation: str) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for student, idiom in IDIOMS.items():
        hand_in(subs, student, f"{idiom}\nprint('printed')\n{RIGHT}")
    done = run("grade", subs, "--out", out, "--course", COURSE, "--isolation", isolation)
    assert done.returncode == 0, done.stderr
    for student in IDIOMS:
        exercise = json.loads((out / student / "linear-layer.json").read_bytes())["exercises"][0]
        assert exercise["score"] == 10, (student, exercise["tests"][0]["message"])
        assert "printed" in exercise["output"], student


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "utf-8", "cp932"])
def test_grading_prints_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    subs = tmp_path / "subs"
    hand_in(subs, "김민수", RIGHT)
    hand_in(subs, "José ✓", WRONG)
    here = ("--out", tmp_path / "out", "--course", COURSE)
    done = run("grade", subs, *here, "--lang", "ko", encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert ("✓" if encoding == "utf-8" else "O") in done.stdout.decode(encoding)
    assert b"Traceback" not in done.stderr
    done = run("grade", tmp_path / "없음…", *here, encoding=encoding)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
def test_every_command_prints_in_poor_encodings(tmp_path: Path, encoding: str) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    hand_in(subs, "김민수", RIGHT)
    hand_in(subs, "José ✓", WRONG)
    here = ("--course", COURSE)
    done = run("grade", subs, "--out", out, *here, "--lang", "ko", encoding=encoding)
    assert done.returncode == 0, done.stderr
    # Of a stream in ASCII click thinks that it is misconfigured, and writes UTF-8.
    text = done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
    assert ("✓" if encoding == "ascii" else "O") in text
    assert b"Traceback" not in done.stderr
    for name in ("csv", "canvas", "moodle", "markdown", "github", "junit"):
        done = run("export", out, "--to", name, *here, encoding=encoding)
        assert done.returncode == 0, (name, done.stderr)
    done = run("lint", *here, encoding=encoding)
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr
    bundle = tmp_path / "bundle"
    done = run("release", "linear-layer", bundle, *here, encoding=encoding)
    assert done.returncode == 0, done.stderr
    for language in ("en", "ko"):
        done = run("check", "--lang", language, cwd=bundle, encoding=encoding)
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr
    done = run("grade", tmp_path / "없음…", "--out", out, *here, encoding=encoding)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_character_has_one_stand_in(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with open(path, "w", encoding="ascii") as stream:
        make_printable(stream)
        stream.write("".join(PLAIN) + "김\ud83d")
    assert path.read_text("ascii") == "".join(PLAIN.values()) + "\\uae40\\ud83d"


def test_streams_that_cannot_be_changed_stay() -> None:
    make_printable(None)
