"""What a worker of a cluster has beside it: grades as one process makes them, from parcels."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.batch import processor
from autograder.batch.cache import FOLDER
from autograder.batch.fingerprint import grader_digest
from autograder.batch.parcel import Entry, Parcel, Row, Scratch, encode, pack
from autograder.batch.processor import Processor
from autograder.batch.shards import Shard, open_shard
from autograder.batch.station import Order, Station, decode_rows
from autograder.course.loading import load_course
from autograder.errors import MachineError
from autograder.grades.grade_file import decode_grade, encode_grade
from autograder.grades.model import Timing
from tests.integration.test_shards import contents, in_one, options
from tests.support.odd_class import write_class
from tests.support.processes import wait_until
from tests.support.small_course import COURSE, RIGHT, configured, hand_in

# Wrong in a way that no known mistake explains.
UNFORESEEN = "def linear_dx(W, dy):\n    return 3 * (W.T @ dy)\n"


def graded_by_station(
    submissions: Path, out: Path, course: Path, kept: Path | None = None
) -> list[Row]:
    """The rows of a batch with all of a class; after them comes what is ``kept``."""
    with open_shard(options(submissions, out, course), Shard(1, 1)) as opened:
        fingerprints = opened.settings.fingerprints()
        order = Order(
            *(str(course.absolute()), opened.settings.level, opened.settings.language),
            {name: fingerprints.of_course(name) for name in opened.assignments},
            grader_digest(),
        )
        batch = encode([pack(ref, opened.course) for ref in opened.refs()])
    station = Station(order)
    try:
        rows = decode_rows(station.grade(batch))
        if kept is not None:
            wait_until(kept.exists)
        return rows
    finally:
        station.stop()


def contents_of(rows: list[Row]) -> dict[tuple[str, str], bytes]:
    """Every grade as its file has it, but for its timing."""
    found = [decode_grade(zlib.decompress(row.grade)) for row in rows]
    return {
        (one.student, one.assignment): encode_grade(replace(one, timing=Timing("", 0.0)))
        for one in found
    }


def test_a_station_grades_as_one_process_does(tmp_path: Path) -> None:
    """Whoever hands in whatever way: nothing of one submission is there for the next."""
    course = configured(tmp_path)
    write_class(tmp_path / "class", 60)
    in_one(tmp_path / "class", tmp_path / "files", course)
    rows = graded_by_station(tmp_path / "class", tmp_path / "out", course)
    assert [row.fault for row in rows if row.fault] == []
    assert contents_of(rows) == contents(tmp_path / "files")


def test_a_station_keeps_what_follows_from_the_course(tmp_path: Path) -> None:
    """Truths and explanations, for the next one and for later runs."""
    course = configured(tmp_path)
    hand_in(tmp_path / "class", "kim", UNFORESEEN)
    explanations = course / FOLDER / "linear-layer.dx.explanations"
    (row,) = graded_by_station(tmp_path / "class", tmp_path / "out", course, explanations)
    assert not row.fault
    assert explanations.with_name("linear-layer.dx").exists()


# Where it unpacks


def parcel(*own: Entry, assignment: str = "linear-layer", **more: object) -> Parcel:
    made = Parcel(f"kim/{assignment}", "kim", assignment, "", 0, None, None, None, None, own)
    return replace(made, **more)


DX = Entry(b"dx.py", RIGHT.encode())


def there(folder: Path) -> set[str]:
    """All paths below a folder, without the first part."""
    return {"/".join(path.relative_to(folder).parts[1:]) for path in folder.rglob("*")} - {""}


def test_a_submission_is_alone_and_at_a_new_place(tmp_path: Path) -> None:
    course = load_course(COURSE)
    scratch = Scratch(tmp_path)
    beside = (Entry(b"notes.txt", b"x"),)
    kinds = [
        parcel(DX, Entry(b"lib/"), Entry(b"lib/a.py", b""), Entry(b"link", other=True)),
        parcel(DX, beside=beside),
        parcel(named={"dx.py": DX}),
        parcel(DX),
    ]
    own = "student/linear-layer"
    expected = [
        {f"{own}/dx.py", f"{own}/lib", f"{own}/lib/a.py", f"{own}/link"},
        {f"{own}/dx.py", "student/notes.txt"},
        {"named", "named/0", "named/0/file"},
        {f"{own}/dx.py"},
    ]
    places = []
    for one, paths in zip(kinds, expected, strict=True):
        ref = scratch.unpack(one, course)
        places.append(ref.folder)
        assert there(tmp_path) - {"student", own} == paths
        scratch.clear()
        assert there(tmp_path) <= {"student", own}
    assert len(set(places)) == len(places)


def test_another_assignment_has_a_folder_of_its_own(tmp_path: Path) -> None:
    course = load_course(COURSE)
    other = replace(course.assignments["linear-layer"], name="other")
    course = replace(course, assignments={**course.assignments, "other": other})
    scratch = Scratch(tmp_path)
    for name in ("linear-layer", "other", "linear-layer"):
        scratch.unpack(parcel(DX, assignment=name), course)
        assert there(tmp_path) == {"student", f"student/{name}", f"student/{name}/dx.py"}
        scratch.clear()


def test_what_cannot_be_unpacked_is_not_there_for_the_next(tmp_path: Path) -> None:
    course = load_course(COURSE)
    scratch = Scratch(tmp_path)
    with pytest.raises(MachineError, match="leads out"):
        scratch.unpack(parcel(DX, Entry(b"../../more.py", b"")), course)
    scratch.clear()
    (tmp_path / "1" / "student" / "linear-layer").rmdir()  # somebody tidies up
    scratch.clear()
    own = "student/linear-layer"
    for name in ("a", "b"):
        scratch.unpack(parcel(Entry(f"{name}.py".encode(), b"")), course)
        assert there(tmp_path) == {"student", own, f"{own}/{name}.py"}
        for place in tmp_path.iterdir():  # of all temporary folders
            shutil.rmtree(place)


# Where it runs


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, set[int]]]:
    """Where processes were told to run, on a machine with four processors."""
    made: list[tuple[int, set[int]]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(
        os, "sched_setaffinity", lambda pid, where: made.append((pid, set(where))), raising=False
    )
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None, raising=False)
    return made


def test_a_worker_stays_with_its_warm_process_until_it_is_due(
    calls: list[tuple[int, set[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = iter([2, 3, 1])
    monkeypatch.setattr(processor, "_current", lambda: next(places))
    monkeypatch.setattr(processor, "_SECONDS", 3600.0)
    one = Processor(lambda: [77])
    for _ in range(3):
        one.settle()
    assert calls == [(0, {2}), (77, {2})]
    calls.clear()
    monkeypatch.setattr(processor, "_SECONDS", 0.0)  # always due
    one = Processor(lambda: [77])
    for _ in range(3):
        one.settle()
    anywhere = {0, 1, 2, 3}
    wanted = [{3}, anywhere, {1}]  # in between, the kernel may move them
    assert calls == [(pid, where) for where in wanted for pid in (0, 77)]


def test_a_worker_that_may_not_choose_grades_all_the_same(
    calls: list[tuple[int, set[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    Processor(list).settle()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    Processor(list).settle()  # there is no choice
    assert calls == []


def test_workers_of_one_command_have_a_processor_each_at_first(
    calls: list[tuple[int, set[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "_current", lambda: 3)
    monkeypatch.setattr(processor, "_SECONDS", 0.0)
    for place in range(5):
        Processor(list, place).settle()
    assert calls == [(0, {place % 4}) for place in range(5)]
    one = Processor(list, 1)
    for _ in range(3):
        one.settle()
    assert calls[-1] == (0, {3})  # where the kernel has moved it since
