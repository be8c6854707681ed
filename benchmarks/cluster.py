"""Measure what a class costs beyond grading it, and work out where more machines stop helping.

    python benchmarks/cluster.py            # 400 submissions, some minutes
    python benchmarks/cluster.py --overhead 3 --size 2000

With ``--overhead``, the mixed class of ``make test-cluster`` is graded in so many rounds, in turn
by one process, with two jobs, in four shards, and on a cluster of two workers in batches of 200. A
class of four is graded, too: that is a start, which costs the same for every class. What else runs
on a machine adds to processor time, by a tenth at load 3 here, so what follows from starts alone is
printed beside the ratios.

Costs are processor time, of this process and its children; wall time on a machine that others use
says little. What cannot be had here, a thousand machines, is extrapolated by a model of four lines
that is printed with its numbers: :func:`walls`.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograder.batch.merging import merge  # noqa: E402
from autograder.batch.parcel import encode, pack  # noqa: E402
from autograder.course.course import Course  # noqa: E402
from autograder.course.loading import load_course  # noqa: E402
from autograder.grades.database import COLUMNS, GradeDatabase  # noqa: E402
from autograder.submissions.layouts.packed import open_packed  # noqa: E402
from tests.cluster.mixed_class import write_mixed  # noqa: E402
from tests.support.small_course import PARTLY, RIGHT, WRONG, hand_in  # noqa: E402

COURSE = ROOT / "tests" / "courses" / "good"
BATCH = 200
ANSWERS = (
    *("W.T @ dy", "-(W.T @ dy)", "W @ dy", "2 * W.T @ dy", "dy", "dy @ W", "W.sum(0)"),
    *("W.T @ dy if W.shape == (2, 3) else dy", "np.einsum('ij,i->j', W, dy)", "1 / 0"),
)


class Costs(Struct, frozen=True):
    """Seconds of processor time: of a submission to be graded; of a shard and a worker to start; of
    a submission that another shard grades, to be passed by in a tar; for the client to send and
    put one; for the scheduler to have a task done; for a grade to be merged."""

    grade: float
    start: float
    passed_by: float
    client: float
    task: float
    merged: float


def used() -> float:
    """Processor time so far, of this process and of children that have ended."""
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        found += usage.ru_utime + usage.ru_stime
    return found


def cost(work: Callable[[], object]) -> float:
    """The processor time of ``work``."""
    before = used()
    work()
    return used() - before


def autograder(*arguments: object) -> float:
    """The processor time of a command."""
    command = [sys.executable, "-m", "autograder", *map(str, arguments), "--course", str(COURSE)]

    def run() -> None:
        done = subprocess.run(
            command, check=False, env=environment(), capture_output=True, text=True, timeout=3600
        )
        if done.returncode:
            sys.exit(done.stderr)

    return cost(run)


def environment() -> dict[str, str]:
    """This program's own package, compiled as an installed one is, and dask as docs/cluster.md has
    it."""
    found = dict(os.environ, PYTHONPATH=str(ROOT))
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    found.setdefault("DASK_CONFIG", str(ROOT / "examples" / "cluster" / "dask.yaml"))
    return found


def write_tar(path: Path, size: int) -> Path:
    """A class of small submissions, each of one file and a program of its own."""
    with tarfile.open(path, "w") as tar:
        for number in range(size):
            source = (
                f"import numpy as np\n\n\ndef linear_dx(W, dy):\n"
                f"    return {ANSWERS[number % len(ANSWERS)]}\n\n\nhanded_in_by = {number}\n"
            ).encode()
            for folder in (f"s{number:07}", f"s{number:07}/linear-layer"):
                info = tarfile.TarInfo(folder)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            info = tarfile.TarInfo(f"s{number:07}/linear-layer/dx.py")
            info.size = len(source)
            tar.addfile(info, io.BytesIO(source))
            tar.__dict__["members"].clear()
    return path


def of_grading(folder: Path, size: int) -> tuple[float, float, float]:
    """A submission, a start, and by how much four shards cost more than one run."""
    few, many = write_tar(folder / "few.tar", size // 4), write_tar(folder / "many.tar", size)
    autograder("grade", few, "--out", folder / "warm", "--shard", "1/1", "--jobs", 1)
    start = autograder("grade", few, "--out", folder / "few", "--shard", "1/1", "--jobs", 1)
    whole = autograder("grade", many, "--out", folder / "whole", "--shard", "1/1", "--jobs", 1)
    each = (whole - start) / (size - size // 4)
    parts = sum(
        autograder("grade", many, "--out", folder / "parts", "--shard", f"{n}/4", "--jobs", 1)
        for n in range(1, 5)
    )
    return each, max(0.0, start - each * (size // 4)), parts - whole


def of_passing_by(folder: Path, size: int, course: Course) -> float:
    """A submission of another shard, in a tar."""
    archive = write_tar(folder / "passed.tar", 20 * size)

    def read() -> None:
        with open_packed(archive, course, wants=lambda *_: False) as packed:
            assert not list(packed.refs())

    return cost(read) / (20 * size)


def of_client(folder: Path, course: Course) -> float:
    """A submission for the client: found in a tar, packed, sent as bytes and put as a row."""
    rows = []
    with GradeDatabase(folder / "whole" / "shards" / "00001-of-00001.sqlite") as database:
        rows = database.ask(f"SELECT {COLUMNS} FROM grades")

    def send() -> None:
        with open_packed(folder / "many.tar", course, wants=lambda *_: True) as packed:
            parcels = []
            for ref in packed.refs():
                parcels.append(pack(ref, course))
                packed.done(ref)
                if len(parcels) == BATCH:
                    encode(parcels)
                    parcels = []
        with GradeDatabase(folder / "put.sqlite", write=True) as target:
            for row in rows:
                target.put_rows([row])
                target.commit_in_time()

    return cost(send) / len(rows)


def of_merging(folder: Path, times: int = 20) -> float:
    """A grade that is merged."""
    out = folder / "merged"
    (out / "shards").mkdir(parents=True)
    path = out / "shards" / "00001-of-00001.sqlite"
    shutil.copy(folder / "whole" / "shards" / path.name, path)
    rest = COLUMNS.partition("student, ")[2]
    with GradeDatabase(path, write=True) as database:
        for number in range(1, times):
            database.tell(
                f"INSERT INTO grades SELECT ? || name, ? || student, {rest} FROM grades "
                "WHERE name LIKE 's%'",
                *(f"{number}-", f"{number}-"),
            )
    found = []
    spent = cost(lambda: found.append(merge(out)))
    return spent / found[0].grades


@contextmanager
def scheduler(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """A scheduler with workers: its file and all their processes, its own first."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    command += ["--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(file)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment()}
    made = [subprocess.Popen(command, **quiet)]  # type: ignore[call-overload]
    try:
        while not file.exists():
            time.sleep(0.1)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard"]
        command += ["--scheduler-file", str(file), "--nthreads", "1", "--no-nanny"]
        for _ in range(workers):
            made.append(subprocess.Popen(command, **quiet))  # type: ignore[call-overload]
        yield str(file), [one.pid for one in made]
    finally:
        for one in reversed(made):  # workers first, which say goodbye to the scheduler
            one.terminate()
            try:
                one.wait(10)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def spent_by(pid: int) -> float:
    """The processor time of a process that runs, and of all that it has started (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended, and its parent has its time
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(spent_by(int(child)) for task in tasks for child in task.split())


def of_tasks(folder: Path, tasks: int = 2000) -> float:
    """A task for the scheduler, with as many bytes as a batch has, there and back."""
    from distributed import Client

    with scheduler(folder, 2) as (file, (pid, *_)), Client(scheduler_file=file) as client:
        client.wait_for_workers(2)
        blob = os.urandom(BATCH * 400)
        before = spent_by(pid)
        for _ in range(tasks // 100):
            futures = [client.submit(lambda sent: sent * 6, blob, pure=False) for _ in range(100)]
            client.gather(futures)
        return (spent_by(pid) - before) / tasks


def of_dask(folder: Path, submissions: Path, out: Path, jobs: int = 2) -> tuple[float, float]:
    """All processes of a class on a cluster of two workers; and without what it took to start the
    scheduler and the workers, which are there before."""
    from distributed import Client

    with scheduler(folder, jobs) as (file, pids):
        with Client(scheduler_file=file, set_as_default=False) as client:
            client.wait_for_workers(jobs)
        started = sum(map(spent_by, pids))
        command = autograder("grade", submissions, "--out", out, "--scheduler", file)
        spent = command + sum(map(spent_by, pids))
    return spent, spent - started


PARTS = 4
FEW = 4
"""Submissions of a class that is graded to see what a start costs."""


def overheads(folder: Path, size: int, rounds: int) -> None:
    """Print the processor time of a mixed class by one process, in shards and on a cluster."""
    many, few = folder / "many", folder / "few"
    write_mixed(many, size, folder / "exploded", no_program_twice=True)
    for number, source in enumerate((RIGHT, WRONG, PARTLY, RIGHT)[:FEW]):
        hand_in(few, f"s{number}", source)
    size = len(list(many.iterdir()))

    def one(submissions: Path, out: Path, jobs: int = 1) -> float:
        return autograder("grade", submissions, "--out", out, "--jobs", jobs)

    def shards(submissions: Path, out: Path, of: int) -> float:
        return sum(
            autograder("grade", submissions, "--out", out, "--shard", f"{n}/{of}", "--jobs", 1)
            for n in range(1, of + 1)
        )

    def merged(out: Path) -> float:
        shutil.copytree(folder / "four shards 0", out, ignore=lambda _, names: {"grades.sqlite"})
        return autograder("merge", out)

    def dask(submissions: Path, out: Path) -> float:
        whole, without_start = of_dask(folder, submissions, out)
        dask_itself.append(whole - without_start)
        return without_start

    dask_itself: list[float] = []
    ways: dict[str, Callable[[Path], float]] = {
        "one process, few": lambda out: one(few, out),
        "one process": lambda out: one(many, out),
        "a shard, few": lambda out: shards(few, out, 1),
        "four shards": lambda out: shards(many, out, PARTS),
        "merge": merged,
        "two jobs": lambda out: one(many, out, 2),
        "dask, few": lambda out: dask(few, out),
        "dask": lambda out: dask(many, out),
    }
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name in list(ways) if number % 2 == 0 else reversed(ways):
            spent = ways[name](folder / f"{name} {number}")
            if number:
                costs[name].append(spent)
            print(f"round {number}: {name:<17}{spent:8.2f} s", flush=True)
    print("Round 0, which works out what follows from the course, is left out.")
    print_overheads(costs, size, min(dask_itself))


def print_overheads(costs: Mapping[str, Sequence[float]], size: int, dask_itself: float) -> None:
    """Print what costs of whole runs say of a start and of a submission: ``size`` is how many
    submissions the class has, ``dask_itself`` what it takes to start its own processes."""
    least = {name: min(found) for name, found in costs.items()}

    def each(name: str, start: str, starts: int = 1) -> float:
        return (least[name] - starts * least[start]) / (size - starts * FEW)

    one = each("one process", "one process, few")
    rows = (
        ("one process", "one process, few", one),
        ("four shards", "a shard, few", each("four shards", "a shard, few", PARTS)),
        ("dask", "dask, few", each("dask", "dask, few")),
    )
    print(f"{'least of all':<14}a start   a submission   {size} of them")
    for name, start, of_each in rows:
        begin = least[start] - FEW * of_each
        print(f"{name:<13}{begin:6.2f} s {1e3 * of_each:11.2f} ms {least[name]:11.2f} s")
    print(f"merging {size}: {least['merge']:.2f} s; dask's own processes: {dask_itself:.2f} s more")
    in_shards = [a + b for a, b in zip(costs["four shards"], costs["merge"], strict=True)]
    first = least["one process, few"]
    another = least["a shard, few"] - FEW * one
    of_workers = least["dask, few"] - first
    by_starts = {
        "four shards, merged": PARTS * least["a shard, few"] - first + least["merge"],
        "dask": of_workers,
    }
    for name, found, other in (
        ("four shards, merged", in_shards, "one process"),
        ("dask", costs["dask"], "one process"),
        ("dask", costs["dask"], "two jobs"),
    ):
        ratios = [a / b for a, b in zip(found, costs[other], strict=True)]
        listed = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        alone = 1 + by_starts[name] / least[other]
        print(
            f"{name}: {statistics.median(ratios):.3f} of {other} ({listed}); "
            f"for its starts alone {alone:.3f}"
        )
    print(f"A start is 5 % of a shard of {another / 0.05 / one:,.0f} such submissions,")
    print(f"and those of dask are 10 % of a run of {of_workers / 0.10 / one:,.0f}.")


def walls(costs: Costs, size: float, workers: int) -> tuple[float, float]:
    """Seconds that a class takes on a cluster and in shards.

    On a cluster, workers, client and scheduler work at the same time, and the slowest decides. Of
    shards, each starts, grades its part and passes by the others'. Then the grades are merged.
    """
    grading = size * costs.grade / workers
    cluster = costs.start + max(grading, size * costs.client, size / BATCH * costs.task)
    shards = costs.start + grading + size * (1 - 1 / workers) * costs.passed_by
    return cluster + size * costs.merged, shards + size * costs.merged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--overhead", type=int, metavar="ROUNDS")
    given = parser.parse_args()
    size = given.size
    course = load_course(COURSE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.overhead:
            overheads(folder, size, given.overhead)
            return
        each, start, more = of_grading(folder, size)
        print(f"a submission                      {1e3 * each:8.2f} ms")
        print(f"a start of a shard                {1e3 * start:8.0f} ms")
        print(f"four shards instead of one run    {1e3 * more:8.0f} ms more")
        passed = of_passing_by(folder, size, course)
        print(f"one of another shard, in a tar    {1e3 * passed:8.3f} ms")
        client = of_client(folder, course)
        print(f"client, a submission              {1e3 * client:8.3f} ms")
        merged = of_merging(folder)
        print(f"merging, a grade                  {1e3 * merged:8.3f} ms")
        try:
            task = of_tasks(folder)
            print(f"scheduler, a task                 {1e3 * task:8.3f} ms")
            whole, _ = of_dask(folder, folder / "many.tar", folder / "dask")
            print(
                f"two workers and all, a submission {1e3 * whole / size:8.2f} ms, starts included"
            )
        except ImportError:
            task = 0.005
            print("scheduler: distributed is not installed; 5 ms a task are assumed")
    costs = Costs(each, start, passed, client, task, merged)
    print("\n  submissions    workers     on a cluster        in shards")
    for size_there in (1e5, 1e6, 1e7):
        for workers in (10, 100, 1000):
            both = walls(costs, size_there, workers)
            shown = "".join(f"{one / 60:12.1f} min " for one in both)
            print(f"{size_there:13,.0f} {workers:10,} {shown}")
    limit = costs.grade / max(costs.client, costs.task / BATCH)
    print(f"\nOne client feeds {limit:,.0f} workers; more need several, each with a --shard.")
    print(
        f"Shards of one tar: from {costs.grade / costs.passed_by:,.0f} on, each passes by longer "
        "than it grades; pack several."
    )


if __name__ == "__main__":
    main()
