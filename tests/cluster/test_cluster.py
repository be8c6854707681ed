"""A class on a cluster: a real scheduler and four workers, and what may happen to them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autograder.batch.folder import GradeOptions
from autograder.batch.merging import Merged, merge
from autograder.batch.shards import Shard, ShardResult, grade_shard, open_shard, shard_files
from autograder.errors import AutograderError, MachineError
from autograder.grades.database import GradeDatabase
from autograder.submissions.submission import SubmissionRef
from autograder.text.said import in_language
from tests.cluster.mixed_class import write_mixed
from tests.cluster.networks import HUB, networks
from tests.integration.test_shards import contents, in_one, in_part, options
from tests.support.small_course import COURSE, RIGHT, ROOT, configured, hand_in, run

pytestmark = pytest.mark.cluster
cluster = pytest.importorskip("autograder.batch.cluster")

_PATIENCE = 60.0
_BATCH = 20
SIZE = int(os.environ.get("CLUSTER_CLASS", "2000"))
"""Submissions in the mixed class."""
_QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Machines:
    """A scheduler and its workers, as processes of this machine. ``inside`` is a command that runs
    the scheduler's in another network, where its address is ``host``."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", inside: Sequence[str] = ()) -> None:
        self.folder = folder
        self.host = host
        self.inside = inside
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    @property
    def address(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        command = [*self.inside, sys.executable, "-m", "distributed.cli.dask_scheduler"]
        command += ["--host", self.host, "--port", str(self.port), "--no-dashboard"]
        command += ["--scheduler-file", str(self.folder / "scheduler.json")]
        self.scheduler = self._start(command)
        return self.scheduler

    def start_workers(
        self,
        count: int,
        *program: str,
        inside: Sequence[str] = (),
        **environment: str,
    ) -> None:
        """Start workers, or another ``program`` with their arguments, ``inside`` another
        network."""
        program = program or ("-m", "distributed.cli.dask_worker")
        command = [*inside, sys.executable, *program, self.address, "--nthreads", "1"]
        command += ["--no-nanny", "--no-dashboard", "--death-timeout", "60"]
        command += ["--local-directory", str(self.folder)]
        self.workers += [self._start(command, **environment) for _ in range(count)]

    def _start(self, command: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
        return subprocess.Popen(command, env=environment, cwd=self.folder, **_QUIET)

    def stop(self) -> None:
        for one in (*self.workers, self.scheduler):
            one.kill()
        for one in (*self.workers, self.scheduler):
            one.wait()


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setattr(cluster, "_CONNECT", _PATIENCE)
    made = Machines(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A mixed class, and its grades by one process."""
    folder = tmp_path_factory.mktemp("mixed")
    write_mixed(folder / "class", SIZE, folder / "exploded")
    in_one(folder / "class", folder / "files", isolation="sandbox")
    yield folder / "class", folder / "files"
    assert not (folder / "exploded").exists()


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    hand_in(tmp_path / "class", "kim", RIGHT)
    return tmp_path / "class"


def grade_there(
    machines: Machines,
    given: GradeOptions,
    out: Path,
    meanwhile: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[SubmissionRef]:
    """Grade on the cluster, in small batches; ``meanwhile`` is called after the first of them."""
    graded: list[SubmissionRef] = []
    with open_shard(given, Shard(1, 1)) as opened:
        order = cluster.order_of(opened)
        with cluster.Cluster(machines.address, order, 1, tell) as connection:
            elsewhere = partial(cluster.grade_on, connection, size=_BATCH)
            for ref in grade_shard(opened, ShardResult(), elsewhere=elsewhere):
                graded.append(ref)
                if len(graded) == _BATCH:
                    meanwhile()
    merge(out)
    return graded


def command_of(given: GradeOptions, scheduler: str = "") -> list[str]:
    """The command that does the same."""
    command = [sys.executable, "-m", "autograder", "grade", str(given.submissions)]
    command += ["--out", str(given.out), "--course", str(given.course), "--jobs", "1"]
    return [*command, "--scheduler", scheduler] if scheduler else command


def count_in(out: Path) -> int:
    """How many grades there are in shards."""
    found = 0
    for path in shard_files(out):
        with contextlib.suppress(AutograderError), GradeDatabase(path) as database:
            found += database.count()
    return found


def merge_meanwhile(out: Path) -> Merged | None:
    """What there is by now, where there is a shard."""
    return merge(out) if shard_files(out) else None


def wait_until(come: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait as long as the process runs."""
    while not come():
        assert process.poll() is None
        time.sleep(0.05)


def in_sandbox(submissions: Path, out: Path, course: Path = COURSE) -> GradeOptions:
    return options(submissions, out, course, isolation="sandbox")


def same_as_in_one_process(graded: list[SubmissionRef], out: Path, files: Path) -> None:
    """Nothing is lost or doubled, and every grade is what it was."""
    assert len(graded) == len({(one.student, one.assignment) for one in graded})
    expected, found = contents(files), contents(out)
    assert found.keys() == expected.keys()
    assert [key for key in expected if found[key] != expected[key]] == []


def test_workers_killed_in_the_middle_cost_nothing(
    machines: Machines, mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = mixed
    machines.start_workers(4)

    def kill() -> None:
        for worker in machines.workers[:3]:
            worker.kill()
        machines.start_workers(1)

    out = tmp_path / "out"
    graded = grade_there(machines, in_sandbox(submissions, out), out, kill)
    same_as_in_one_process(graded, out, files)


def test_the_scheduler_may_be_killed_and_come_back(
    machines: Machines, mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = mixed
    machines.start_workers(4)

    def restart() -> None:
        machines.scheduler.kill()
        machines.scheduler.wait()
        for one in machines.workers:
            one.wait(_PATIENCE)  # who has no scheduler ends
        machines.start_scheduler()
        machines.start_workers(4)

    out = tmp_path / "out"
    graded = grade_there(machines, in_sandbox(submissions, out), out, restart)
    same_as_in_one_process(graded, out, files)


def test_workers_that_may_not_grade_get_no_work(
    machines: Machines, mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    """Neither those that are there at the beginning nor those that come in the middle."""
    submissions, files = mixed
    machines.start_workers(2)
    machines.start_workers(1, "-c", _WITHOUT_LANDLOCK)
    _wait_for(machines, 3)

    def join() -> None:
        machines.start_workers(1, PYTHONPATH=str(_other_version(tmp_path)))
        machines.start_workers(1, AUTOGRADER_COURSE=str(_other_course(tmp_path)))
        _wait_for(machines, 5)
        machines.workers[0].kill()

    out = tmp_path / "out"
    told: list[str] = []
    graded = grade_there(machines, in_sandbox(submissions, out), out, join, told.append)
    same_as_in_one_process(graded, out, files)
    lines = [in_language(line, "en") for line in told]
    for expected in ("cannot grade: .*[Ll]andlock", "another version", "has another course"):
        assert sum(bool(re.search(expected, line)) for line in lines) == 1, lines


def test_the_settings_that_are_recommended_are_ours() -> None:
    from dask import config

    (recommended,) = config.collect_yaml([str(ROOT / "examples" / "cluster" / "dask.yaml")])
    for key, value in cluster.QUIET.items():
        config.get(key)  # raises where dask does not know it
        assert config.get(key, config=recommended) == value


def test_a_command_that_is_killed_goes_on(
    machines: Machines, mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = mixed
    machines.start_workers(4)
    out = tmp_path / "out"
    given = in_sandbox(submissions, out)
    killed = subprocess.Popen(command_of(given, machines.address), cwd=ROOT, **_QUIET)
    wait_until(lambda: count_in(out) > 0, killed)
    killed.kill()
    killed.wait()
    before = count_in(out)
    done = subprocess.run(
        command_of(given, machines.address), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    fresh, kept = map(int, re.findall(r"(\d+) (?:graded|unchanged)", done.stdout))
    assert kept == before
    assert fresh + kept == len(contents(files))
    same_as_in_one_process([], out, files)


def test_two_courses_are_graded_on_one_cluster(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    """Each with its own, however they take turns."""
    for number in range(2 * _BATCH):
        hand_in(submissions, f"s{number}", f"{RIGHT}# {number}\n")
    course = _other_course(tmp_path)
    machines.start_workers(1)

    def meanwhile() -> None:
        out = tmp_path / "other-out"
        grade_there(machines, in_sandbox(submissions, out, course), out)

    grade_there(machines, in_sandbox(submissions, tmp_path / "out"), tmp_path / "out", meanwhile)
    for out, graded_with in (("out", COURSE), ("other-out", course)):
        in_one(submissions, tmp_path / f"{out}-files", graded_with, isolation="sandbox")
        same_as_in_one_process([], tmp_path / out, tmp_path / f"{out}-files")
    assert contents(tmp_path / "out") != contents(tmp_path / "other-out")


def test_workers_in_networks_of_their_own(mixed: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, files = mixed
    out = tmp_path / "out"
    with networks(4) as (hub, others):
        machines = Machines(tmp_path, HUB, hub)
        try:
            for inside in others:
                machines.start_workers(1, inside=inside)
            command = [*hub, *command_of(in_sandbox(submissions, out), machines.address)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        finally:
            machines.stop()
    assert done.returncode == 0, done.stderr
    same_as_in_one_process([], out, files)


# Shards


def test_shards_twice_in_any_order_merged_meanwhile(
    mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    """Each of four shards is graded by two commands at a time, the last one first; one of each two
    is killed in the middle. All the while they are merged."""
    submissions, files = mixed
    out = tmp_path / "out"
    given = in_sandbox(submissions, out)
    seen: list[int] = []
    for number in (4, 2, 1, 3):
        before = count_in(out)
        command = [*command_of(given), "--shard", f"{number}/4"]
        doomed, other = (subprocess.Popen(command, cwd=ROOT, **_QUIET) for _ in range(2))
        while other.poll() is None:
            if count_in(out) > before + 10:
                doomed.kill()
            merged = merge_meanwhile(out)
            if merged is not None:
                seen.append(merged.grades)
                assert not merged.is_complete or number == 3
            time.sleep(0.2)
        doomed.kill()
        doomed.wait()
        assert other.returncode == 0
    assert seen == sorted(seen)
    merged = merge(out)
    assert merged.is_complete
    assert merged.grades == len(contents(files))
    same_as_in_one_process([], out, files)
    for number in (2, 3):  # and once more
        result = in_part(given, Shard(number, 4))
        assert (result.fresh, result.gone) == (0, 0)
    same_as_in_one_process([], out, files)


# What is refused

# A program that cannot make a Landlock ruleset, as in a kernel without it, runs the rest of the
# command line.
_WITHOUT_LANDLOCK = """
import ctypes, os, struct, sys
CREATE_RULESET = 444
program = struct.pack("HBBIHBBIHBBIHBBI",
    0x20, 0, 0, 0,                  # load the number of the system call
    0x15, 0, 1, CREATE_RULESET,     # if it is this one
    0x06, 0, 0, 0x00050000 | 38,    # ENOSYS
    0x06, 0, 0, 0x7FFF0000)         # otherwise allow it
code = ctypes.create_string_buffer(program)
filter = struct.pack("HP", 4, ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, filter, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "distributed.cli.dask_worker", *sys.argv[1:]])
"""


def _refused(machines: Machines, submissions: Path, out: Path, said: str) -> None:
    with pytest.raises(MachineError, match=said):
        grade_there(machines, in_sandbox(submissions, out), out)


def test_a_worker_without_a_sandbox_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    machines.start_workers(1, "-c", _WITHOUT_LANDLOCK)
    _refused(machines, submissions, tmp_path / "out", "cannot grade: .*[Ll]andlock")


def test_a_worker_of_another_version_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    machines.start_workers(1, PYTHONPATH=str(_other_version(tmp_path)))
    _refused(machines, submissions, tmp_path / "out", "has another version")


def test_a_worker_with_another_course_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    machines.start_workers(1, AUTOGRADER_COURSE=str(_other_course(tmp_path)))
    _refused(machines, submissions, tmp_path / "out", "has another course: .*is another one")
    config = tmp_path / "course" / "config.yaml"
    config.write_bytes((COURSE / "config.yaml").read_bytes())  # somebody mends it
    assert (
        len(grade_there(machines, in_sandbox(submissions, tmp_path / "out"), tmp_path / "out")) == 1
    )


def _other_version(folder: Path) -> Path:
    """Where Python finds this program, but for a comment."""
    shutil.copytree(ROOT / "autograder", folder / "other" / "autograder")
    with (folder / "other" / "autograder" / "errors.py").open("a") as file:
        file.write("# another version\n")
    return folder / "other"


def _other_course(folder: Path) -> Path:
    """The course with another seed."""
    course = configured(folder)
    config = course / "config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 987", config.read_text("utf-8")))
    return course


def _wait_for(machines: Machines, count: int) -> None:
    from distributed import Client

    with Client(machines.address, timeout=_PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=_PATIENCE)


# The command


def test_the_command_grades_and_merges(machines: Machines, submissions: Path) -> None:
    machines.start_workers(1)
    out = machines.folder / "out"
    done = run("grade", submissions, "--out", out, "--scheduler", machines.address)
    assert done.returncode == 0, done.stderr
    assert "1 grade from 1 shards" in done.stdout
    assert [student for student, _ in contents(out)] == ["kim"]
    machines.stop()
    done = run("grade", submissions, "--out", out, "--scheduler", "nowhere.json", "--force")
    assert done.returncode == 2
    assert "nobody answers there" in done.stderr
    assert "Traceback" not in done.stderr
