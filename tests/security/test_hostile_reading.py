"""What reads submissions, attacked by what is handed in: it costs its student alone.

Each kind is handed in beside honest work and read as a class is. The limits are narrower here than
they are for students, so that the tests are quick; what is asserted is who is hit and who is not.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.course.course import Course
from autograder.course.loading import load_course
from autograder.errors import AutograderError, UsageError
from autograder.grades.deadline import with_deadline
from autograder.grades.model import Grade, Timing
from autograder.submissions import reader
from autograder.submissions.layouts import submissions
from autograder.submissions.submission import (
    Submission,
    SubmissionRef,
    read_submission,
    source_names,
    wanted_of,
)
from autograder.submissions.submission_time import evidence, parse_timestamp
from tests.security.attack_class import BATCHED, HERE, RIGHT

HONEST = {"linear_backward.py": RIGHT.format("W.T @ dy"), "batched.py": BATCHED}
_CALL = "def linear_backward(x, W, dy): return a, b\n"


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course(HERE / "course")


def notebook(source: str) -> str:
    cells = [{"cell_type": "code", "source": source}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


# 40 KB each, or what takes a parser long, deep or much.
SOURCES: dict[str, Callable[[], str]] = {
    "many targets in each of many assignments": lambda: "a = b = c = d = a\n" * 2200,
    "one assignment to thousands of targets": lambda: (
        " = ".join(f"a{number}" for number in range(6000)) + " = 1\n"
    ),
    "thousands of targets in one tuple": lambda: (
        "(" + ",".join(f"a{number}" for number in range(6000)) + ") = range(6000)\n"
    ),
    "starred targets": lambda: "".join(f"a{n}, *b = a{n - 1}\n" for n in range(1, 2200)),
    "augmented assignments": lambda: "a = 1\n" + "a += a\n" * 5000,
    "names that are deleted": lambda: "".join(f"a{n} = 1; del a{n}\n" for n in range(1700)),
    "functions that call each other": lambda: "".join(
        f"def g{n}(): return g{n - 1}()\n" for n in range(1200)
    ),
    "elif without end": lambda: "if a: pass\n" + "elif a: pass\n" * 2500,
    "a chain of attributes": lambda: "a = a" + ".b" * 13000 + "\n",
    "a sum of thousands": lambda: "a = 1" + "+1" * 13000 + "\n",
    "a tower of lambdas": lambda: "a = " + "lambda: " * 4000 + "1\n",
    "a tower of minus": lambda: "a = " + "-" * 30000 + "1\n",
    "functions within functions": lambda: "".join(
        " " * n + f"def f{n}():\n" for n in range(90)
    ) + " " * 90 + "pass\n",
    "brackets": lambda: "a = " + "[" * 150 + "]" * 150 + "\n",
    "f-strings": lambda: "a = " + "f'{a!r:>{a}}'" * 2500 + "\n",
    "magics": lambda: "%matplotlib inline\n" * 2000,
    "lines that are no Python": lambda: "def f(:\n" * 4500,
    "comparisons": lambda: "a = a" + " < a" * 9000 + "\n",
    "decorators": lambda: "@a\n" * 9000 + "def f(): pass\n",
    "imports": lambda: "import " + ",".join(f"m{n}" for n in range(6000)) + "\n",
    "a number that Python will not print": lambda: "a = 0x" + "f" * 30000 + "\n",
    "characters by their names": lambda: "a = '" + r"\N{GREEK SMALL LETTER ALPHA}" * 1400 + "'\n",
    "comprehensions in comprehensions": lambda: (
        "a = " + "[" * 80 + "a" + " for a in a]" * 80 + "\n"
    ),
    "patterns that are one of thousands": lambda: (
        "match a:\n    case " + " | ".join(map(str, range(6000))) + ": pass\n"
    ),
    "names that are one for Python": lambda: "".join("ℌ" * n + " = 1\n" for n in range(1, 160)),
    "strings in a row": lambda: "a = " + "''" * 15000 + "\n",
}  # fmt: skip

WHOLE: dict[str, Callable[[Path], object]] = {
    "a notebook of 16 MiB": lambda folder: _write(
        folder / "linear_backward.ipynb", notebook("a = 1  # " + "x" * (16_000_000))
    ),
    "a notebook of cells": lambda folder: _write(
        folder / "linear_backward.ipynb",
        json.dumps({"cells": [{"cell_type": "code", "source": "a"}] * 60_000}),
    ),
    "a notebook nested without end": lambda folder: _write(
        folder / "linear_backward.ipynb", '{"cells": ' + "[" * 100_000
    ),
    "a notebook with a number without end": lambda folder: _write(
        folder / "linear_backward.ipynb", '{"a": ' + "9" * 1_000_000 + ', "cells": []}'
    ),
    "a file that says another encoding": lambda folder: (folder / "linear_backward.py").write_bytes(
        b"# coding: punycode\n" + b"a-" * 30_000
    ),
    "a zip of zips": lambda folder: _zip(folder / "work.zip", 3),
    "a zip that grows": lambda folder: _bomb(folder / "work.zip"),
    "a file of thousands of blank lines": lambda folder: _write(
        folder / "linear_backward.py", "\n" * 200_000
    ),
    "a time in the year 33658": lambda folder: _dated(folder, 1_000_000_000_000),
    "a time before 1970": lambda folder: _dated(folder, -62_000_000_000),
}


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _dated(folder: Path, seconds: int) -> None:
    path = folder / "linear_backward.py"
    path.write_text(_CALL)
    try:
        os.utime(path, (seconds, seconds))
    except OSError:
        pytest.skip("this file system has no such times")


def _zip(path: Path, depth: int) -> None:
    content = b"a = 1\n"
    for _ in range(depth):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for number in range(30):
                archive.writestr(f"{number}.zip", content)
        content = buffer.getvalue()
    path.write_bytes(content)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"{number}.py", b" " * 10_000_000)


def peak() -> int:
    """Bytes that this process has needed at the most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CPU_SECONDS", 1)
    monkeypatch.setattr(reader, "MEMORY", 1 << 28)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("kind", [*SOURCES, *WHOLE])
def test_reading_costs_its_student_alone(course: Course, tmp_path: Path, kind: str) -> None:
    folders = {name: tmp_path / name / "layer" for name in ("ada", "eve", "zoe")}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        for file, text in HONEST.items() if name != "eve" else ():
            (folder / file).write_text(text)
    if kind in WHOLE:
        WHOLE[kind](folders["eve"])
    else:
        _write(folders["eve"] / "linear_backward.ipynb", notebook(SOURCES[kind]() + _CALL))
    wanted = wanted_of(course.assignments["layer"])
    alone = {
        name: read_submission(SubmissionRef(name, "layer", folders[name], wanted=wanted))
        for name in ("ada", "zoe")
    }
    before = peak()
    with reader.bounded(tmp_path), submissions(tmp_path, course, layout="nbgrader") as found:
        read = {ref.student: read_submission(ref) for ref in found.refs}
        for ref in found.refs:
            assert evidence(ref).source in ("files", "nothing")
            source_names(ref)
    assert peak() - before < 100 << 20  # nothing of it happened here
    assert {name: read[name] for name in alone} == alone
    hit = read["eve"]
    assert all(one.source is None or len(one.source) < 1 << 20 for one in hit.work.values())
    faults = [one.fault for one in hit.handed_in if one.fault]
    assert all(fault.isprintable() and len(fault) <= 300 for fault in faults)


@pytest.mark.usefixtures("narrow")
def test_reading_what_takes_too_long_is_given_up_once(tmp_path: Path) -> None:
    """And the limit is what ends it: without one it goes on."""
    source = " = ".join(f"a{number}" for number in range(20_000)) + " = 1\n"
    _write(tmp_path / "dx.ipynb", notebook(source * 2))
    ref = SubmissionRef("eve", "layer", tmp_path, wanted=())
    with reader.bounded(tmp_path):
        first = _cpu_of_children(lambda: _reader_says(ref))
        again = _cpu_of_children(lambda: _reader_says(ref))
    assert 0.9 <= first <= 3
    assert again < 0.2


def _spin(_: SubmissionRef) -> Submission:
    while True:
        pass


def _reader_says(ref: SubmissionRef) -> None:
    assert reader.read(_spin, ref, Submission, lambda why: why) == (
        "it took more than 1 seconds of processor time"
    )


def _cpu_of_children(call: Callable[[], None]) -> float:
    def seconds() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = seconds()
    call()
    return seconds() - before


# Times


@pytest.mark.parametrize("text", [
    "0001-01-01 00:00:00+14:00", "0001-01-01 00:00:00 UTC", "9999-12-31 23:59:59-12:00",
    "2026-12-01 00:00:00 +99:99", "2026-12-01 00:00:00 ../../etc/passwd", "2026-12-01 00:00:00 \0",
    "2026-12-01 00:00:00 " + "A" * 4000, "33658-09-27 01:46:40 UTC",
    "2026-12-01 00:00:00 /dev/zero",
    "٢٠٢٦-١٢-٠١ 00:00:00 UTC", "2026-13-45 25:61:61 UTC", "1" * 4000, "2026-12-01 오전 99:00",
])  # fmt: skip
def test_reading_times_that_no_clock_shows(course: Course, tmp_path: Path, text: str) -> None:
    """Neither an error nor a time that nothing can be added to."""
    (tmp_path / "timestamp.txt").write_text(text, "utf-8")
    (tmp_path / "linear_backward.py").write_text(_CALL)
    found = parse_timestamp(text)
    assert found is None or found.astimezone() is not None
    ref = SubmissionRef("eve", "layer", tmp_path, timestamp_file=tmp_path / "timestamp.txt")
    with reader.bounded(tmp_path):
        seen = evidence(ref)
    assert seen.time is not None  # of the file, if not of the text
    due = replace(course.assignments["layer"], due=seen.time)
    grade = Grade("eve", "layer", 1, 1, "", "en", (), "", Timing("", 0.0))
    with_deadline(grade, replace(course, assignments={"layer": due}), ref)


# Commits


def repository(folder: Path, commit: bytes, size: int | None = None) -> SubmissionRef:
    """A repository of one loose object, with the name that HEAD says."""
    body = b"commit %d\0" % (len(commit) if size is None else size) + commit
    name = hashlib.sha1(body).hexdigest()
    git = folder / ".git"
    (git / "objects" / name[:2]).mkdir(parents=True)
    (git / "objects" / "info").mkdir()
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text(f"{name}\n")
    (git / "objects" / name[:2] / name[2:]).write_bytes(zlib.compress(body, 1))
    (folder / "linear_backward.py").write_text(_CALL)
    return SubmissionRef("eve", "layer", folder, repository=folder)


COMMIT = (
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
    b"author e <e@e> 1790000000 +0900\ncommitter e <e@e> 1790000000 +0900\n\nmessage\n"
)


def _pointing_to(target: str) -> Callable[[Path], SubmissionRef]:
    def build(folder: Path) -> SubmissionRef:
        ref = repository(folder, COMMIT.replace(b"message", target.encode()))
        for path in (folder / ".git" / "objects").glob("??/*"):
            path.unlink()
        (folder / ".git" / "objects" / "info" / "alternates").symlink_to(target)
        return ref

    return build


def _replaced(name: str, target: str) -> Callable[[Path], SubmissionRef]:
    def build(folder: Path) -> SubmissionRef:
        ref = repository(folder, COMMIT)
        path = folder / ".git" / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        return ref

    return build


def _pack(folder: Path) -> SubmissionRef:
    """An index that promises more objects than there are."""
    ref = repository(folder, COMMIT)
    for path in (folder / ".git" / "objects").glob("??/*"):
        path.unlink()
    pack = folder / ".git" / "objects" / "pack"
    pack.mkdir()
    index = b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">I", 0xFFFFFFF0) * 256
    (pack / f"pack-{'0' * 40}.idx").write_bytes(index + bytes(2000))
    (pack / f"pack-{'0' * 40}.pack").write_bytes(b"PACK" + struct.pack(">II", 2, 0xFFFFFFF0))
    return ref


def _ref_of_refs(folder: Path) -> SubmissionRef:
    ref = repository(folder, COMMIT)
    (folder / ".git" / "refs" / "heads" / "main").write_text("ref: refs/heads/main\n")
    return ref


COMMITS: dict[str, Callable[[Path], SubmissionRef]] = {
    "of 150 MB": lambda folder: repository(folder, COMMIT + bytes(150_000_000)),
    "that says it is larger": lambda folder: repository(folder, COMMIT, size=1 << 40),
    "that says it is smaller": lambda folder: repository(folder, COMMIT, size=10),
    "with a line without end": lambda folder: repository(
        folder, COMMIT.replace(b"committer e", b"committer " + b"1 " * 500_000)
    ),
    "in the year 33658": lambda folder: repository(
        folder, COMMIT.replace(b"1790000000", b"999999999999")
    ),
    "with committers without end": lambda folder: repository(
        folder, COMMIT.replace(b"committer e <e@e> 1790000000 +0900", b"committer x\n" * 100_000)
    ),
    "in alternates that are /dev/zero": _pointing_to("/dev/zero"),
    "in alternates that are a terminal": _pointing_to("/dev/tty"),
    "in alternates that are /proc/self/mem": _pointing_to("/proc/self/mem"),
    "named by a HEAD that is /dev/zero": _replaced("HEAD", "/dev/zero"),
    "named by packed refs that are /dev/zero": _replaced("packed-refs", "/dev/zero"),
    "in a pack that lies": _pack,
    "by a name that leads to itself": _ref_of_refs,
}
# Git can read these all the same: the time is what counts, and is the honest one.
TELLING = {"with a line without end", "named by packed refs that are /dev/zero"}


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("kind", COMMITS)
def test_reading_a_commit_costs_its_student_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "eve").mkdir()
    honest = repository(tmp_path / "ada", COMMIT)
    hostile = COMMITS[kind](tmp_path / "eve")
    before = peak()
    with reader.bounded(tmp_path):
        assert evidence(honest).source == "commit"
        seen = evidence(hostile)
        assert evidence(honest).source == "commit"
        assert evidence(replace(honest, student="zoe")).source == "commit"
    assert peak() - before < 100 << 20
    # Who cannot be told a time by is not in time for that: the files have one.
    assert seen.source in ("files", "commit")
    assert seen.time is not None


def test_reading_a_commit_runs_no_program_of_the_repository(tmp_path: Path) -> None:
    ref = repository(tmp_path, COMMIT)
    told = tmp_path / "told"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {told}\n")
    script.chmod(0o755)
    (tmp_path / ".git" / "config").write_text(
        f"[core]\n\tfsmonitor = {script}\n\tsshCommand = {script}\n\tpager = {script}\n"
        f"[alias]\n\tcat-file = !{script}\n[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = ext::{script}\n\tpromisor = true\n'
    )
    with reader.bounded(tmp_path):
        assert evidence(ref).source == "commit"
    assert not told.exists()


# Zips of a class, and what Gradescope says


def gradescope_class(folder: Path, metadata: str) -> None:
    for number, name in ((1, "ada"), (2, "eve")):
        (folder / f"submission_{number}").mkdir(parents=True)
        for file, text in HONEST.items():
            (folder / f"submission_{number}" / file).write_text(text + f"# {name}\n")
    (folder / "submission_metadata.yml").write_text(metadata, "utf-8")


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
SUBMITTED = (
    "submission_1:\n  :submitters:\n  - :name: Ada\n  :created_at: 2026-11-24 10:00:00.000 Z\n"
)
# Of a person whom the platform describes, what may be in the way.
NAMES = {
    "aliases": "*a9",
    "a number": "1" * 3000,
    "a float": ".nan",
    "a mapping": "{a: {b: *a9}}",
    "a list": "[1, 2]",
    "a name without end": "x" * 500_000,
    "a date": "2026-11-24",
    "a Ruby object": "!ruby/object:Kernel {a: 1}",
    "bytes": "!!binary aGVsbG8=",
    "nothing": "~",
}


@pytest.mark.parametrize("kind", NAMES)
def test_reading_metadata_costs_its_student_alone(
    course: Course, tmp_path: Path, kind: str
) -> None:
    person = f"submission_2:\n  :submitters:\n  - :name: {NAMES[kind]}\n  :created_at: *a9\n"
    gradescope_class(tmp_path, BOMB + SUBMITTED + person)
    before = peak()
    with reader.bounded(tmp_path), submissions(tmp_path, course, layout="gradescope") as found:
        students = [ref.student for ref in found.refs]
        assert "Ada" in students
        assert len(students) == 2
        assert all(len(student) <= 1000 for student in students)
        assert all("# ada" in read_submission(ref).files["batched.py"]
                   for ref in found.refs if ref.student == "Ada")  # fmt: skip
    assert peak() - before < 100 << 20


def test_reading_metadata_that_takes_too_much_is_one_line(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.submissions.layouts import gradescope_metadata

    gradescope_class(tmp_path, SUBMITTED + "x: [" + "[], " * 300_000 + "]\n")
    limits = reader.ReadLimits(cpu_seconds=1, wall_seconds=60, memory=1 << 26, written=0)
    monkeypatch.setattr(gradescope_metadata, "_LIMITS", limits)
    with (
        reader.bounded(tmp_path),
        pytest.raises(UsageError, match=r"is not the YAML of a Gradescope export: [^\n]+$"),
        submissions(tmp_path, course, layout="gradescope"),
    ):
        pass


def test_reading_the_zip_of_a_class_that_takes_too_much_is_one_line(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.submissions.layouts import archive

    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file, text in HONEST.items():
            made.writestr(f"ada/layer/{file}", text)
        for number in range(10):
            made.writestr(f"eve/layer/{number}.ipynb", b"\0" * 8_000_000)
    with reader.bounded(), submissions(path, course, layout="nbgrader") as found:
        assert {ref.student for ref in found.refs} == {"ada", "eve"}
        assert all(name.startswith("eve/") for name in found.left_out)  # more than is one's own
        ada = next(ref for ref in found.refs if ref.student == "ada")
        assert read_submission(ada).files["batched.py"] == BATCHED
    limits = reader.ReadLimits(cpu_seconds=60, wall_seconds=60, memory=1 << 28, written=1 << 20)
    monkeypatch.setattr(archive, "_LIMITS", limits)
    with (
        reader.bounded(),
        pytest.raises(AutograderError, match=r"class\.zip: [^\n]+$"),
        submissions(path, course, layout="nbgrader"),
    ):
        pass


# Apart from a process with threads


def test_reading_apart_is_as_reading_here(course: Course, tmp_path: Path) -> None:
    """In an interpreter of its own, whose limits hold, too; when it is gone, there is another."""
    for file, text in HONEST.items():
        (tmp_path / file).write_text(text)
    ref = SubmissionRef("ada", "layer", tmp_path, wanted=wanted_of(course.assignments["layer"]))
    alone = read_submission(ref)
    script = tmp_path.with_suffix(".py")
    script.write_text(
        "import os, pickle, sys, threading, time\n"
        "from pathlib import Path\n"
        "from autograder.submissions import reader\n"
        "from autograder.submissions.submission import Submission, read_submission\n"
        "from tests.security.test_hostile_reading import _spin\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "ref, alone = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "reader.CPU_SECONDS = 1\n"
        "reader.read_apart(ref.folder)\n"
        "assert read_submission(ref) == alone\n"
        "child = reader._active[-1]._child\n"
        "assert reader.read(os.getpid, None, int, lambda why: 0) == 0  # takes no argument\n"
        "why = reader.read(_spin, ref, Submission, lambda why: why)\n"
        "assert 'more than 1 seconds' in why or 'too long by the clock' in why, why\n"
        "assert read_submission(ref) == alone\n"
        "assert reader._active[-1]._child != child\n"
        "print(reader._active[-1]._child)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), pickle.dumps((ref, alone)).hex()],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not Path(f"/proc/{done.stdout.strip()}").exists()
