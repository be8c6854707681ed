"""A class has one source of truth, and one submission's fault is its own: ten ways of each."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.odd_class import NAN, RIGHT, notebook, zipped
from tests.support.small_course import grade, hand_in, read, run

# One source of truth: a class of three, graded; then something happens to it.

CLASS = ("ada", "bob", "eve")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded")
    for student in CLASS:
        hand_in(folder / "subs", student, RIGHT)
    assert grade(folder / "subs", folder / "out", "--quiet").returncode == 0
    return folder


def rename(folder: Path) -> None:
    (folder / "subs" / "ada").rename(folder / "subs" / "ada-lovelace")


def withdraw(folder: Path) -> None:
    shutil.rmtree(folder / "subs" / "eve")


def empty(folder: Path) -> None:
    (folder / "subs" / "eve" / "linear-layer" / "dx.py").unlink()
    (folder / "subs" / "eve" / "linear-layer").rmdir()


def edit(folder: Path) -> None:
    path = folder / "out" / "bob" / "linear-layer.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {"score": 7.5}), "utf-8")


def damage(folder: Path) -> None:
    (folder / "out" / "bob" / "linear-layer.json").write_text("{", "utf-8")


def lose_summary(folder: Path) -> None:
    (folder / "out" / "summary.csv").unlink()
    (folder / "out" / "files.csv").write_text("mine", "utf-8")


def another_folder(folder: Path) -> None:
    shutil.rmtree(folder / "subs")
    hand_in(folder / "subs", "zoe", RIGHT)


def another_layout(folder: Path) -> None:
    shutil.rmtree(folder / "subs")
    (folder / "subs").mkdir()
    (folder / "subs" / "zoe.py").write_text(RIGHT, "utf-8")


def as_a_mac_writes_it(folder: Path) -> None:
    hand_in(folder / "subs", unicodedata.normalize("NFC", "김민수"), RIGHT)
    assert grade(folder / "subs", folder / "out", "--quiet").returncode == 0
    path = folder / "subs" / unicodedata.normalize("NFC", "김민수")
    path.rename(folder / "subs" / unicodedata.normalize("NFD", "김민수"))


def wrong(folder: Path) -> None:
    hand_in(folder / "subs", "bob", "def linear_dx(W, dy):\n    return 1 / 0\n")


def nothing(_: Path) -> None: ...


Happens = Callable[[Path], None]
# What happens, the options of the second run, its exit code, who is in the class then, and words
# that must have been said.
TRUTHS: list[tuple[Happens, tuple[str, ...], int, tuple[str, ...], str]] = [
    (nothing, ("--student", "ada"), 0, CLASS, ""),
    (nothing, ("--student", "ada", "--force"), 0, CLASS, ""),
    (nothing, ("--assignment", "linear-layer"), 0, CLASS, ""),
    (wrong, ("--fail-under", "50"), 1, CLASS, "Below 50"),
    (rename, (), 0, (*CLASS, "ada-lovelace"), "1 grade in"),
    (rename, ("--prune",), 0, ("ada-lovelace", "bob", "eve"), "1 grade moved"),
    (withdraw, ("--prune",), 0, ("ada", "bob"), "1 grade moved"),
    (withdraw, ("--student", "ada", "--prune"), 0, CLASS, ""),
    (empty, (), 0, CLASS, "eve: no submission found"),
    (edit, (), 0, CLASS, "was edited by hand"),
    (damage, (), 0, CLASS, ""),
    (lose_summary, ("--student", "ada"), 0, CLASS, ""),
    (another_folder, (), 0, (*CLASS, "zoe"), "3 grades in"),
    (another_layout, ("--layout", "flat"), 0, (*CLASS, "zoe"), "3 grades in"),
    (as_a_mac_writes_it, (), 0, (*CLASS, "김민수"), ""),
]


@pytest.mark.parametrize(
    ("happens", "options", "code", "there", "said"),
    TRUTHS,
    ids=[f"{one[0].__name__} {' '.join(one[1])}".strip() for one in TRUTHS],
)
def test_one_source_of_truth(
    graded: Path,
    tmp_path: Path,
    happens: Happens,
    options: tuple[str, ...],
    code: int,
    there: tuple[str, ...],
    said: str,
) -> None:
    folder = shutil.copytree(graded, tmp_path / "class")
    happens(folder)
    out = folder / "out"
    done = grade(folder / "subs", out, "--quiet", "--format", "csv", *options)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    # Everything that is written says the same.
    for name in ("summary.csv", "files.csv", "grades.csv"):
        assert students_in(out / name) == sorted(there), name
    rows = {row["student"]: row for row in table(out / "summary.csv")}
    for student in there:
        assert float(rows[student]["score"]) == read(out, student)["score"]
    if happens is edit:
        assert rows["bob"]["score"] == "7.5"


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def students_in(path: Path) -> list[str]:
    return sorted({row["student"] for row in table(path)})


# One submission's fault is its own: a class in which each has another one, graded once.


def write(folder: Path, content: str | bytes, name: str = "dx.py") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def dated(seconds: float) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        write(folder, RIGHT)
        os.utime(folder / "dx.py", (seconds, seconds))
        os.utime(folder, (seconds, seconds))

    return put


def stamped(text: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        write(folder, RIGHT)
        write(folder, text, "timestamp.txt")

    return put


def with_text(source: str | bytes, name: str = "dx.py") -> Callable[[Path], None]:
    return lambda folder: write(folder, source, name)


def linked(target: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "dx.py").symlink_to(target)

    return put


def fifo(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.mkfifo(folder / "dx.py")


def folder_for_a_file(folder: Path) -> None:
    (folder / "dx.py").mkdir(parents=True)


def file_for_a_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text(RIGHT)


def names_that_are_no_text(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"\xff\xfe\n" + b"x" * 200 + b".py")).write_text(RIGHT)
    (folder / "dx.py").write_text(RIGHT)


def git_of_its_own_making(folder: Path) -> None:
    write(folder, RIGHT)
    write(folder / ".git", "ref: refs/heads/../../../../etc/passwd\n", "HEAD")
    (folder / ".git" / "objects").symlink_to("/dev")


def zip_in_zips() -> bytes:
    content = zipped({"dx.py": RIGHT})
    for number in range(4):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(f"{number}.zip", content)
        content = buffer.getvalue()
    return content


# By the student's name, whether the work counts all the same.
FAULTS: dict[str, tuple[Callable[[Path], None], bool]] = {
    "year-1": (stamped("0001-01-01 00:00:00+14:00"), True),
    "year-9999": (stamped("9999-12-31 23:59:59 -14:00"), True),
    "mtime-33658": (dated(1e12), True),
    "mtime-before-all": (dated(-1e10), True),
    "zone-that-is-a-path": (stamped("2026-12-01 12:00:00 ../../etc/passwd"), True),
    "timestamp-of-noise": (lambda folder: write(folder, b"\xff" * 9999, "timestamp.txt"), False),
    "deep-source": (with_text("x = " + "-" * 60_000 + "1\n" + RIGHT), False),
    "deep-unparse": (with_text(notebook("x = " + "+".join("a" * 20_000), RIGHT), "x.ipynb"), False),
    "deep-json": (with_text("[" * 100_000 + "]" * 100_000, "dx.ipynb"), False),
    "null-bytes": (with_text("\0\0\0" + RIGHT), False),
    "codec": (with_text(f"# coding: idna\n{RIGHT}"), False),
    "codec-of-bytes": (with_text(f"# coding: zlib_codec\n{RIGHT}"), False),
    "large": (with_text(RIGHT + "#" * 10_000_000), False),
    "nan": (with_text(NAN, "dx.ipynb"), True),
    "zip-in-zips": (with_text(zip_in_zips(), "hw.zip"), False),
    "zip-of-noise": (with_text(b"PK\x03\x04" + bytes(range(256)) * 9, "hw.zip"), False),
    "link-to-zero": (linked("/dev/zero"), False),
    "link-to-itself": (linked("dx.py"), False),
    "fifo": (fifo, False),
    "folder-for-a-file": (folder_for_a_file, False),
    "file-for-a-folder": (file_for_a_folder, True),
    "names-that-are-no-text": (names_that_are_no_text, True),
    "git": (git_of_its_own_making, True),
}  # fmt: skip
HONEST = ("aaa", "mmm", "zzz")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("faulty")
    for student in HONEST:
        hand_in(folder / "subs", student, RIGHT)
    for student, (put, _) in FAULTS.items():
        put(folder / "subs" / student / "linear-layer")
    done = grade(folder / "subs", folder / "out", "--quiet", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return folder / "out", done.stderr


def test_one_submissions_fault_costs_nobody_else(faulty: tuple[Path, str]) -> None:
    rows = {row["student"]: row["score"] for row in table(faulty[0] / "summary.csv")}
    assert rows.keys() >= {*HONEST, *FAULTS}
    assert {rows[student] for student in HONEST} == {"10"}
    assert {name for name in FAULTS if rows.get(name) == "10"} == {
        name for name, (_, counts) in FAULTS.items() if counts
    }


@pytest.mark.parametrize("student", FAULTS)
def test_each_fault_is_named(faulty: tuple[Path, str], student: str) -> None:
    """In the student's own grade, for those whose work does not count, or else nowhere."""
    out, said = faulty
    if not (out / student).is_dir():
        assert f"{student}: " in said
        return
    (exercise,) = read(out, student)["exercises"]
    messages = [test["message"] for test in exercise["tests"] if test["status"] != "passed"]
    assert all(messages)
    assert bool(messages) is not FAULTS[student][1]
    assert "Traceback" not in "".join(messages)


def test_exports_go_on_with_them(faulty: tuple[Path, str]) -> None:
    for name in ("csv", "moodle", "markdown"):
        done = run("export", faulty[0], "--to", name)
        assert done.returncode == 0
        assert "Traceback" not in done.stderr
