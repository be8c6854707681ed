"""A class in parts: the same grades as in one run, whatever happens to the parts."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from autograder.batch import workers
from autograder.batch.folder import GradeOptions, open_class
from autograder.batch.merging import Merged, merge, numbers
from autograder.batch.shards import (
    Shard,
    ShardResult,
    grade_shard,
    open_shard,
    parse_shard,
    prune_shard,
    shard_of,
)
from autograder.batch.workers import WorkerPool
from autograder.cli.choices import FORMATS
from autograder.course.loading import load_course
from autograder.course.loading.adjustments import load_adjustments
from autograder.errors import UsageError
from autograder.exports.formats import export
from autograder.exports.summary import write_summary
from autograder.grades.grade_file import encode_grade
from autograder.grades.model import Timing
from autograder.grades.store import read_grades
from autograder.report.gather import gather
from autograder.report.pages import Settings as PageSettings
from autograder.report.pages import class_pages
from autograder.report.tables import write_database
from tests.support.odd_class import write_class
from tests.support.small_course import (
    COURSE,
    LOOPS,
    PARTLY,
    RIGHT,
    ROOT,
    WRONG,
    configured,
    hand_in,
    run,
)


def options(submissions: Path, out: Path, course: Path = COURSE, **more: object) -> GradeOptions:
    made = GradeOptions(submissions=submissions, course=course, out=out, jobs=1)
    return replace(made, **{"isolation": "process", **more})


def in_one(submissions: Path, out: Path, course: Path = COURSE, **more: object) -> None:
    """All of it, in files."""
    with open_class(options(submissions, out, course, **more)) as opened:
        opened.keep_what_counts(list(opened.grade()))


def in_part(given: GradeOptions, shard: Shard, *, pruned: bool = False) -> ShardResult:
    result = ShardResult()
    with open_shard(given, shard) as opened:
        for _ in grade_shard(opened, result):
            pass
        if pruned:
            prune_shard(opened)
    return result


def in_parts(submissions: Path, out: Path, of: int, course: Path = COURSE) -> Merged:
    for number in range(of, 0, -1):
        in_part(options(submissions, out, course), Shard(number, of))
    return merge(out)


def contents(path: Path) -> dict[tuple[str, str], bytes]:
    """Every grade as its file has it, but for its timing."""
    return {
        (one.student, one.assignment): encode_grade(replace(one, timing=Timing("", 0.0)))
        for one in read_grades(path)
    }


def packed(folder: Path, archive: Path, top: str = ".") -> Path:
    with tarfile.open(archive, "w:gz" if archive.suffix == ".tgz" else "w") as tar:
        tar.add(folder, top)
    return archive


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    sources = (RIGHT, WRONG, PARTLY, "def linear_dx(W, dy:\n")
    for number in range(12):
        hand_in(folder, f"student{number}", sources[number % 4] + f"# {number}\n")
    return folder


# Which part


def test_every_submission_is_in_one_part() -> None:
    for of in (1, 2, 7, 50):
        found = [shard_of(f"s{number}", "a", of) for number in range(2000)]
        assert set(found) == set(range(1, of + 1))
        assert max(map(found.count, set(found))) < 2 * 2000 / of + 20


def test_the_part_is_the_same_on_every_machine_and_in_every_version() -> None:
    places = [shard_of("김민수", "linear-layer", 50), shard_of("kim", "linear-layer", 50)]
    assert places == [2, 8]


SLURM, AWS, KUBERNETES = (
    "SLURM_ARRAY_TASK_ID",
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "JOB_COMPLETION_INDEX",
)


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("3/50", {}, (3, 50)),
        ("3/50", {SLURM: "7"}, (3, 50)),
        ("auto/50", {SLURM: "1"}, (1, 50)),
        ("auto/50", {SLURM: "50", "SLURM_ARRAY_TASK_COUNT": "2"}, (50, 50)),
        ("auto/50", {AWS: "0", "AWS_BATCH_JOB_ARRAY_SIZE": "50"}, (1, 50)),
        ("auto/50", {KUBERNETES: "49"}, (50, 50)),
    ],
)
def test_the_number_of_a_part(
    text: str, environment: Mapping[str, str], expected: tuple[int, int]
) -> None:
    assert parse_shard(text, environment) == Shard(*expected)


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("3", {}, "write it as NUMBER/OF"),
        ("", {}, "write it as NUMBER/OF"),
        ("１/２", {}, "write it as NUMBER/OF"),
        ("0/3", {}, "from 1 to 3"),
        ("4/3", {}, "from 1 to 3"),
        ("1/0", {}, "1 to 99999"),
        ("1/999999", {}, "1 to 99999"),
        ("-1/3", {}, "write it as"),
        ("auto/3", {}, "no array of jobs"),
        ("auto/3", {SLURM: "0"}, "from 1 to 3"),
        ("auto/3", {SLURM: "4"}, "from 1 to 3"),
        ("auto/3", {SLURM: "２"}, "from 1 to 3"),
        ("auto/3", {SLURM: "", "SLURM_ARRAY_TASK_COUNT": "3"}, "no array of jobs"),
        ("auto/3", {"AWS_BATCH_JOB_ARRAY_SIZE": "3"}, "no array of jobs"),
        ("auto/3", {KUBERNETES: "3"}, "from 0 to 2"),
        ("auto/3", {KUBERNETES: "x"}, "from 0 to 2"),
        ("auto/3", {AWS: "1", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}, "make both the same"),
        ("auto/3", {AWS: "1", SLURM: "1"}, "all set"),
    ],
)
def test_a_number_that_is_wrong(text: str, environment: Mapping[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_shard(text, environment)


def test_numbers_of_parts_are_said_as_an_array_of_jobs_takes_them() -> None:
    assert numbers([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"
    assert numbers([1, 3, 5], limit=2) == "1,3,…"


# The same grades


def test_parts_make_the_grades_of_one_run(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files")
    merged = in_parts(submissions, tmp_path / "parts", 3)
    assert merged.is_complete
    assert merged.grades == 12
    expected = contents(tmp_path / "files")
    assert contents(tmp_path / "parts") == expected
    # Twice changes nothing, and runs nothing.
    again = in_part(options(submissions, tmp_path / "parts"), Shard(2, 3))
    assert (again.fresh, again.kept) == (0, sum(shard_of(*key, 3) == 2 for key in expected))
    assert merge(tmp_path / "parts") == merged
    assert contents(tmp_path / "parts") == expected


@pytest.fixture(scope="module")
def odd_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A class in every way in which people hand in, and its grades in files."""
    folder = tmp_path_factory.mktemp("odd")
    write_class(folder / "class", 75)
    (folder / "class" / "link").symlink_to(folder / "class" / "plain-000")
    hand_in(folder / "class", "linked", RIGHT)
    (folder / "class" / "linked" / "linear-layer" / "more.py").symlink_to("/etc/passwd")
    in_one(folder / "class", folder / "files")
    return folder / "class", folder / "files"


@pytest.mark.parametrize("kind", ["zip", "top.tgz"])
def test_an_archive_is_graded_like_its_folder(
    kind: str, odd_class: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, files = odd_class
    archive = tmp_path / f"class.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as made:
            for path in sorted(folder.rglob("*")):
                if not path.is_symlink():
                    made.write(path, path.relative_to(folder))
    else:
        packed(folder, archive, "class-of-2026")
    in_parts(archive, tmp_path / "parts", 2)
    expected = contents(files)
    found = contents(tmp_path / "parts")
    links = {key for key in expected if key[0] in ("link", "linked")}
    if kind == "zip":
        expected = {key: one for key, one in expected.items() if key not in links}
        found = {key: one for key, one in found.items() if key not in links}
    else:
        del expected["link", "linear-layer"]  # of a link to a folder there is nothing in it
    assert found == expected


def test_a_tar_comes_through_a_pipe(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files")
    archive = packed(submissions, tmp_path / "class.tar")
    with archive.open("rb") as stream:
        command = [sys.executable, "-m", "autograder", "grade", "-", "--shard", "1/1"]
        command += ["--out", str(tmp_path / "parts"), "--course", str(COURSE)]
        command += ["--isolation", "process"]
        done = subprocess.run(
            command, stdin=stream, capture_output=True, text=True, cwd=ROOT, timeout=120
        )
    assert done.returncode == 0, done.stderr
    assert "Shard 1 of 1: 12 graded, 0 unchanged" in done.stdout
    said = run("merge", tmp_path / "parts")
    assert said.returncode == 0, said.stderr
    assert contents(tmp_path / "parts") == contents(tmp_path / "files")
    assert (tmp_path / "parts" / "summary.csv").read_text().count("\n") == 13


def test_nothing_unpacked_is_left(submissions: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    archive = packed(submissions, tmp_path / "class.tar")
    done = run(
        *("grade", archive, "--shard", "1/1", "--out", tmp_path / "out"),
        *("--isolation", "process"),
        TMPDIR=scratch,
    )
    assert done.returncode == 0, done.stderr
    assert list(scratch.iterdir()) == []


def _tar(tmp_path: Path, *names: str, cut: int = 0) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(RIGHT)
            tar.addfile(info, io.BytesIO(RIGHT.encode()))
    archive = tmp_path / "made.tar"
    content = buffer.getvalue()
    archive.write_bytes(content[: len(content) - cut] if cut else content)
    return archive


KIM, LEE = "kim/linear-layer/dx.py", "lee/linear-layer/dx.py"


@pytest.mark.parametrize(
    ("names", "cut", "said"),
    [
        ([KIM, LEE, "kim/linear-layer/more.py"], 0, "'kim' comes in two places"),
        ([f"class/{KIM}", LEE], 0, "'lee' lies beside 'class'"),
        ([KIM, LEE], 10240 - 1024 - 300, "ends too early, or is damaged"),
        ([KIM, LEE], 10240 - 2048, "to its end"),
        (["notes.txt"], 0, "no submissions of"),
        ([], 0, "no submissions of"),
    ],
)
def test_an_archive_that_is_wrong(names: list[str], cut: int, said: str, tmp_path: Path) -> None:
    archive = _tar(tmp_path, *names, cut=cut)
    with pytest.raises(UsageError, match=said):
        in_part(options(archive, tmp_path / "out"), Shard(1, 1))


@pytest.mark.parametrize(
    "name", ["../kim/linear-layer/dx.py", "/kim/linear-layer/dx.py", "lee/../../dx.py"]
)
def test_nothing_is_unpacked_elsewhere(name: str, tmp_path: Path) -> None:
    archive = _tar(tmp_path, LEE, name)
    with open_shard(options(archive, tmp_path / "out"), Shard(1, 1)) as opened:
        assert len(list(grade_shard(opened, ShardResult()))) == 1
        assert len(opened.left_out) == 1
    assert not (tmp_path / "dx.py").exists()


def test_nothing_is_unpacked_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    archive = tmp_path / "made.tar"
    with tarfile.open(archive, "w") as tar:
        link = tarfile.TarInfo("kim/linear-layer/inner")
        link.type, link.linkname = tarfile.SYMTYPE, str(elsewhere)
        tar.addfile(link)
        for name in ("kim/linear-layer/inner/dx.py", KIM):
            info = tarfile.TarInfo(name)
            info.size = len(RIGHT)
            tar.addfile(info, io.BytesIO(RIGHT.encode()))
    in_part(options(archive, tmp_path / "out"), Shard(1, 1))
    assert list(elsewhere.iterdir()) == []


# What becomes of parts


def test_merging_says_what_is_missing(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    in_part(options(submissions, out), Shard(2, 4))
    done = run("merge", out)
    assert done.returncode == 1
    assert "3 shards are missing: 1,3-4" in done.stderr
    assert len(contents(out)) == sum(
        shard_of(f"student{number}", "linear-layer", 4) == 2 for number in range(12)
    )
    with sqlite3.connect(out / "shards" / "00002-of-00004.sqlite") as database:
        database.execute("UPDATE assignments SET complete = 0")
    database.close()
    assert "linear-layer: 1 shard is not finished: 2" in run("merge", out).stderr


def test_parts_of_another_course_are_refused(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    for number in (1, 2):
        in_part(options(submissions, out), Shard(number, 3))
    other = configured(tmp_path)
    config = other / "config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 987", config.read_text("utf-8")))
    in_part(options(submissions, out, other), Shard(3, 3))
    with pytest.raises(UsageError, match="shard 3: 'linear-layer' was graded with another course"):
        merge(out)
    assert in_part(options(submissions, out), Shard(3, 3)).kept == 0
    assert merge(out).is_complete


def test_parts_with_other_due_dates_are_refused(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    in_part(options(submissions, out), Shard(1, 2))
    late = configured(tmp_path, assignment="due: 2026-01-01T00:00+09:00")
    in_part(options(submissions, out, late), Shard(2, 2))
    with pytest.raises(UsageError, match="other due dates"):
        merge(out)


def test_parts_of_another_number_are_refused(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    in_part(options(submissions, out), Shard(1, 2))
    with pytest.raises(UsageError, match="one of 2 shards, not of 3"):
        in_part(options(submissions, out), Shard(1, 3))
    shards = out / "shards"
    shutil.copy(shards / "00001-of-00002.sqlite", shards / "00001-of-00003.sqlite")
    with pytest.raises(UsageError, match="one of 3 shards"):
        merge(out)
    (shards / "00001-of-00003.sqlite").rename(shards / "00002-of-00002.sqlite")
    with pytest.raises(UsageError, match="shard 1 of 2 under another name"):
        merge(out)


def test_a_part_that_is_killed_goes_on(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files", isolation="sandbox")
    hand_in(submissions, "student0", "import time\ntime.sleep(60)\n" + RIGHT)
    hand_in(submissions, "student5", "import time\ntime.sleep(60)\n" + RIGHT)
    out = tmp_path / "parts"
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--shard", "1/1"]
    command += ["--out", str(out), "--course", str(COURSE), "--jobs", "1"]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(0.1)
    file = out / "shards" / "00001-of-00001.sqlite"
    end = time.monotonic() + 60
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    hand_in(submissions, "student0", RIGHT + "# 0\n")
    hand_in(submissions, "student5", WRONG + "# 5\n")
    merge(out)  # of whatever there is
    in_part(options(submissions, out, isolation="sandbox"), Shard(1, 1))
    assert merge(out).is_complete
    assert contents(out) == contents(tmp_path / "files")


def test_a_database_is_merged_while_it_is_written(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    seen = []
    with open_shard(options(submissions, out), Shard(1, 1)) as opened:
        for number, _ in enumerate(grade_shard(opened, ShardResult())):
            opened.store.commit()
            merged = merge(out)
            seen.append(merged.grades)
            assert merged.is_complete == (number == 12)
    assert seen == sorted(seen)
    assert seen[-1] == 12


def _running(given: GradeOptions, stack: contextlib.ExitStack) -> Iterator[object]:
    """The only part, begun; the first of it is graded."""
    opened = stack.enter_context(open_shard(given, Shard(1, 1)))
    running = grade_shard(opened, ShardResult())
    next(running)
    opened.store.commit()
    return running


def test_a_part_that_runs_twice_at_a_time_is_whole(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files")
    given = options(submissions, tmp_path / "parts")
    with contextlib.ExitStack() as stack:
        running = _running(given, stack)
        assert (in_part(given, Shard(1, 1)).fresh, merge(given.out).is_complete) == (11, True)
        assert len(list(running)) == 11
    assert in_part(given, Shard(1, 1), pruned=True).gone == 0
    assert merge(given.out).is_complete
    assert contents(given.out) == contents(tmp_path / "files")


def test_a_part_that_runs_with_two_courses_at_a_time_is_not_finished(
    submissions: Path, tmp_path: Path
) -> None:
    """Grades of the one that a grade of the other has replaced are not lost without a word."""
    other = configured(tmp_path)
    config = other / "config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 987", config.read_text("utf-8")))
    given = options(submissions, tmp_path / "parts")
    with contextlib.ExitStack() as stack:
        running = _running(given, stack)
        in_part(options(submissions, given.out, other), Shard(1, 1))
        list(running)
    merged = merge(given.out)
    assert merged.grades < 12
    assert merged.unfinished == {"linear-layer": (1,)}
    in_part(given, Shard(1, 1))
    merged = merge(given.out)
    assert (merged.grades, merged.is_complete) == (12, True)


def test_who_waits_for_a_submission_may_write_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second is all that a killed part loses, however long the next one takes."""
    monkeypatch.setattr(workers, "_LOOK_SECONDS", 0.01)
    hand_in(tmp_path / "class", "loops", LOOPS)
    with (
        open_shard(options(tmp_path / "class", tmp_path / "out"), Shard(1, 1)) as opened,
        WorkerPool(opened.settings, 1, None) as pool,
    ):
        made = list(pool.grade(opened.refs(), lambda: False))
    assert made.count(None) == len(made) - 1 > 0


def test_a_part_that_never_began_leaves_nothing(submissions: Path, tmp_path: Path) -> None:
    """Whether dask is there or not, nobody answers at that address."""
    out = tmp_path / "out"
    begun = ("grade", submissions, "--out", out)
    done = run(*map(str, begun), "--scheduler", "tcp://127.0.0.1:1", course=COURSE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --scheduler")
    assert not out.exists()
    in_part(options(submissions, out), Shard(1, 2))
    run(*map(str, begun), "--shard", "2/2", "--scheduler", "tcp://127.0.0.1:1", course=COURSE)
    assert Shard(1, 2).path(out).exists()


def test_who_is_gone_is_said_and_pruned(submissions: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    in_part(options(submissions, out), Shard(1, 1))
    shutil.rmtree(submissions / "student3")
    assert in_part(options(submissions, out), Shard(1, 1)).gone == 1
    assert merge(out).grades == 12
    assert in_part(options(submissions, out), Shard(1, 1), pruned=True).gone == 1
    assert merge(out).grades == 11


def test_the_attempt_that_counts_is_chosen(tmp_path: Path) -> None:
    course = configured(tmp_path, "attempts: {keep: best}")
    folder = tmp_path / "canvas"
    folder.mkdir()
    for number, source in ((1, RIGHT), (2, WRONG)):
        (folder / f"kim_{number}_{number}_dx.py").write_text(source)
    (folder / "lee_3_3_dx.py").write_text(WRONG)
    in_one(folder, tmp_path / "files", course, layout="canvas")
    for number in (1, 2):
        given = options(folder, tmp_path / "parts", course, layout="canvas")
        in_part(given, Shard(number, 2))
    merge(tmp_path / "parts")
    assert contents(tmp_path / "parts") == contents(tmp_path / "files")


def test_decisions_made_after_grading_are_applied(submissions: Path, tmp_path: Path) -> None:
    course = configured(tmp_path)
    out = tmp_path / "parts"
    for number in (1, 2):
        in_part(options(submissions, out, course), Shard(number, 2))
    (course / "adjustments.yaml").write_text(
        "adjustments:\n"
        "  - {student: student1, assignment: linear-layer, set: 7, comment: c, by: me}\n"
    )
    loaded = load_course(course)
    decided = load_adjustments(loaded, None)
    merge(out, late=loaded.late, adjustments=decided)
    totals = {one.student: one.adjusted for one in read_grades(out)}
    assert totals["student1"] == 7
    assert totals["student2"] is None
    # Those of the shards alone: one without, one with.
    in_part(options(submissions, out, course), Shard(1, 2))
    with pytest.raises(UsageError, match="other adjustments"):
        merge(out)


# Bad calls


def test_a_folder_has_files_or_parts(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files")
    with pytest.raises(UsageError, match="has grades in files"):
        in_part(options(submissions, tmp_path / "files"), Shard(1, 1))
    in_part(options(submissions, tmp_path / "parts"), Shard(1, 1))
    with pytest.raises(UsageError, match="has shards that are not put together"):
        read_grades(tmp_path / "parts")
    with pytest.raises(UsageError, match="has the grades of shards"):
        in_one(submissions, tmp_path / "parts")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shard", "1/1", "--format", "canvas"], "--format is about a whole class"),
        (["--shard", "1/1", "--fail-under", "50"], "--fail-under is about a whole class"),
        (["--shard", ""], "write it as NUMBER/OF"),
        (["--shard", "auto/2"], "no array of jobs"),
    ],
)
def test_calls_that_are_wrong(
    arguments: list[str], said: str, submissions: Path, tmp_path: Path
) -> None:
    done = run("grade", submissions, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tar_needs_parts(submissions: Path, tmp_path: Path) -> None:
    archive = packed(submissions, tmp_path / "class.tar")
    done = run("grade", archive, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "add --shard 1/1" in done.stderr


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 no more", b"{}"])
def test_a_file_that_is_no_database(content: bytes, tmp_path: Path) -> None:
    shards = tmp_path / "out" / "shards"
    shards.mkdir(parents=True)
    (shards / "00001-of-00001.sqlite").write_bytes(content)
    done = run("merge", tmp_path / "out")
    assert done.returncode == (1 if content == b"" else 2)
    assert "Traceback" not in done.stderr


def test_everything_reads_a_database_like_files(submissions: Path, tmp_path: Path) -> None:
    in_one(submissions, tmp_path / "files")
    with open_class(options(submissions, tmp_path / "files")) as opened:
        opened.write_summary()
    in_parts(submissions, tmp_path / "parts", 2)
    stores = (tmp_path / "files", tmp_path / "parts" / "grades.sqlite")
    made: list[dict[str, bytes]] = []
    for store in stores:
        grades = read_grades(store)
        found: dict[str, bytes] = {}
        for name in FORMATS:
            found |= {f"{name}/{file}": one for file, one in export(grades, name).items()}
        write_summary(tmp_path / "summary.csv", grades)
        found["summary"] = (tmp_path / "summary.csv").read_bytes()
        report = gather(grades, "en", with_alike=True)
        found |= class_pages(report, PageSettings())
        write_database(report, tmp_path / "report.sqlite")
        with contextlib.closing(sqlite3.connect(tmp_path / "report.sqlite")) as database:
            found["tables"] = "\n".join(database.iterdump()).encode()
        made.append(found)
    assert made[0].keys() == made[1].keys()
    assert [name for name in made[0] if made[0][name] != made[1][name]] == []
    assert made[0]["summary"] == (tmp_path / "files" / "summary.csv").read_bytes()


def test_a_database_is_adjusted(submissions: Path, tmp_path: Path) -> None:
    course = configured(tmp_path)
    out = tmp_path / "parts"
    in_parts(submissions, out, 1, course)
    done = run(
        *("adjust", "student1", "linear-layer", "--set", "7", "--comment", "c", "--by", "me"),
        *("--grades", out),
        course=course,
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 12 grades changed" in done.stdout
    assert {one.student: one.adjusted for one in read_grades(out)}["student1"] == 7
    assert b"student1,linear-layer" in (out / "summary.csv").read_bytes()
