"""A class on a cluster: a real scheduler and four workers, and what may happen to them."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from autograder.batch.folder import GradeOptions
from autograder.batch.merging import merge
from autograder.batch.shards import Shard, ShardResult, grade_shard, open_shard
from autograder.errors import MachineError
from autograder.submissions.submission import SubmissionRef
from tests.integration.test_shards import contents, in_one, options
from tests.support.odd_class import write_class
from tests.support.small_course import COURSE, LOOPS, ROOT, configured, hand_in, run

pytestmark = pytest.mark.cluster
cluster = pytest.importorskip("autograder.batch.cluster")

_PATIENCE = 60.0
_BATCH = 5


class Machines:
    """A scheduler and its workers, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"),
            *("--scheduler-file", str(self.folder / "scheduler.json")),
        )
        return self.scheduler

    def start_workers(self, count: int, *before: str, **environment: str) -> None:
        for _ in range(count):
            self.workers.append(
                self._start(
                    *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
                    *("--local-directory", str(self.folder), "--death-timeout", "60"),
                    before=before,
                    **environment,
                )
            )

    def _start(
        self, kind: str, *arguments: str, before: tuple[str, ...] = (), **environment: str
    ) -> subprocess.Popen[bytes]:
        path = environment.pop("PYTHONPATH", str(ROOT))
        return subprocess.Popen(
            [sys.executable, *(before or ("-m", f"distributed.cli.dask_{kind}")), *arguments],
            env=os.environ | {"PYTHONPATH": path} | environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

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
def odd_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A class in every way in which people hand in, and its grades by one process."""
    folder = tmp_path_factory.mktemp("odd")
    write_class(folder / "class", 75)
    for number, source in enumerate((LOOPS, "import os\nos._exit(0)\n", f"x = {'(' * 300}")):
        hand_in(folder / "class", f"hostile{number}", source)
    bomb = pickle.dumps(_Bomb(folder / "exploded"))
    hand_in(folder / "class", "bomb", "")
    (folder / "class" / "bomb" / "linear-layer" / "dx.py").write_bytes(bomb)
    hand_in(folder / "class", "linked", "x = 1\n")
    (folder / "class" / "linked" / "linear-layer" / "more.py").symlink_to("/etc/passwd")
    in_one(folder / "class", folder / "files", isolation="sandbox")
    return folder / "class", folder / "files"


class _Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


def grade_there(
    machines: Machines, given: GradeOptions, out: Path, meanwhile: object = None
) -> list[SubmissionRef]:
    """Grade on the cluster, in small batches; ``meanwhile`` is called after the first few."""
    graded: list[SubmissionRef] = []
    with open_shard(given, Shard(1, 1)) as opened:
        order = cluster.order_of(opened)
        with cluster.Cluster(machines.address, order, 1) as connection:
            elsewhere = partial(cluster.grade_on, connection, size=_BATCH)
            for ref in grade_shard(opened, ShardResult(), elsewhere=elsewhere):
                graded.append(ref)
                if len(graded) == 8 and callable(meanwhile):
                    meanwhile()
    merge(out)
    return graded


def in_sandbox(submissions: Path, out: Path, course: Path = COURSE) -> GradeOptions:
    return options(submissions, out, course, isolation="sandbox")


def test_a_cluster_makes_the_grades_of_one_process(
    machines: Machines, odd_class: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = odd_class
    machines.start_workers(4)
    graded = grade_there(machines, in_sandbox(submissions, tmp_path / "out"), tmp_path / "out")
    assert len(graded) == len({(one.student, one.assignment) for one in graded})
    assert contents(tmp_path / "out") == contents(files)
    assert not (files.parent / "exploded").exists()


def test_workers_killed_in_the_middle_cost_nothing(
    machines: Machines, odd_class: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = odd_class
    machines.start_workers(4)

    def kill() -> None:
        for worker in machines.workers[:3]:
            worker.send_signal(signal.SIGKILL)
        machines.start_workers(1)

    out = tmp_path / "out"
    graded = grade_there(machines, in_sandbox(submissions, out), out, kill)
    assert len(graded) == len({(one.student, one.assignment) for one in graded})
    assert contents(out) == contents(files)


def test_the_scheduler_may_be_killed_and_come_back(
    machines: Machines, odd_class: tuple[Path, Path], tmp_path: Path
) -> None:
    submissions, files = odd_class
    machines.start_workers(2)

    def restart() -> None:
        for one in (machines.scheduler, *machines.workers):
            one.kill()
            one.wait()
        machines.start_scheduler()
        machines.start_workers(2)

    out = tmp_path / "out"
    graded = grade_there(machines, in_sandbox(submissions, out), out, restart)
    assert len(graded) == len({(one.student, one.assignment) for one in graded})
    assert contents(out) == contents(files)


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


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    hand_in(tmp_path / "class", "kim", "def linear_dx(W, dy):\n    return W.T @ dy\n")
    return tmp_path / "class"


def _refused(machines: Machines, submissions: Path, out: Path, said: str) -> None:
    with pytest.raises(MachineError, match=said):
        grade_there(machines, in_sandbox(submissions, out), out)


def test_a_worker_without_a_sandbox_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    machines.start_workers(1)
    machines.start_workers(1, "-c", _WITHOUT_LANDLOCK)
    _wait_for(machines, 2)
    _refused(machines, submissions, tmp_path / "out", "cannot grade: .*[Ll]andlock")


def test_a_worker_of_another_version_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "autograder", tmp_path / "other" / "autograder")
    with (tmp_path / "other" / "autograder" / "errors.py").open("a") as file:
        file.write("# another version\n")
    machines.start_workers(1)
    machines.start_workers(1, PYTHONPATH=str(tmp_path / "other"))
    _wait_for(machines, 2)
    _refused(machines, submissions, tmp_path / "out", "has another version")


def test_a_worker_with_another_course_is_refused(
    machines: Machines, submissions: Path, tmp_path: Path
) -> None:
    other = configured(tmp_path)
    config = other / "config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 987", config.read_text("utf-8")))
    machines.start_workers(1)
    machines.start_workers(1, AUTOGRADER_COURSE=str(other))
    _wait_for(machines, 2)
    _refused(machines, submissions, tmp_path / "out", "has another course: .*is another one")


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
