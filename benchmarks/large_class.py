"""Measure memory and processor time of a large class, from a tar to a report in SQLite.

    python benchmarks/large_class.py                 # 1,000 and 10,000 submissions, some minutes
    python benchmarks/large_class.py --sizes 1000 100000

A submission is one short file. The tar is made as it is read and lies nowhere. Kinds of class:

* ``repeated``: ten answers, byte for byte, as most of a MOOC hands in;
* ``unique``: the same ten, and no two files are the same;
* ``wrong``: each file returns other wrong numbers, so that nothing was judged before.

Memory is the largest sum, over all processes that run at a time, of what each has of its own and
its part of what they share (Linux: PSS), looked at twice a second. Processor time is that of all
processes, starts included.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "tests" / "courses" / "good"
RIGHT, WRONG = "W.T @ dy", "-(W.T @ dy)"
ANSWERS = (
    *(RIGHT, RIGHT, RIGHT, WRONG, "W @ dy", "2 * W.T @ dy", "dy", "1 / 0"),
    *("W.T @ dy if W.shape == (2, 3) else dy", "np.einsum('ij,i->j', W, dy)"),
)
KINDS: dict[str, Callable[[int], str]] = {
    "repeated": lambda number: _source(ANSWERS[number % len(ANSWERS)], ""),
    "unique": lambda number: _source(ANSWERS[number % len(ANSWERS)], f"  # {number}"),
    "wrong": lambda number: _source(f"{1 + number * 1e-7:.7f} * {WRONG}", ""),
}
SAMPLE_SECONDS = 0.5
MIB = 1 << 20


def _source(answer: str, comment: str) -> str:
    return f"import numpy as np\n\n\ndef linear_dx(W, dy):{comment}\n    return {answer}\n"


class Costs(Struct):
    """Seconds of processor time and bytes of memory of a command."""

    seconds: float
    memory: int


def write_tar(target: IO[bytes], size: int, source_of: Callable[[int], str]) -> None:
    """A class of ``size`` students, one file each."""
    with tarfile.open(fileobj=target, mode="w|") as tar:
        for number in range(size):
            source = source_of(number).encode()
            info = tarfile.TarInfo(f"s{number:07}/linear-layer/dx.py")
            info.size = len(source)
            tar.addfile(info, io.BytesIO(source))
            tar.__dict__["members"].clear()  # or it keeps them all


def descendants(parent: int) -> Iterator[int]:
    """The processes below one (Linux)."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def memory_of(pid: int) -> int:
    """The memory of a process in bytes; of what others have too, its part."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0


def processor_time() -> float:
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(*arguments: object, tar: Callable[[IO[bytes]], None] | None = None) -> Costs:
    """The costs of a command of autograder, which reads what ``tar`` writes."""
    command = [sys.executable, "-m", "autograder", *map(str, arguments), "--course", str(COURSE)]
    before = processor_time()
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL if tar is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    ended = threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while not ended.wait(SAMPLE_SECONDS):
            there = (process.pid, *descendants(process.pid))
            peak = max(peak, sum(map(memory_of, there)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        if tar is not None:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                tar(process.stdin)
                process.stdin.close()
        code = process.wait()
    finally:
        ended.set()
        watcher.join()
    while True:  # what others have left behind is ours; see main()
        try:
            os.wait()
        except ChildProcessError:
            break
    if code != 0:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Costs(processor_time() - before, peak)


def measure(size: int, kind: str, jobs: int) -> Costs:
    """The costs of a class, all commands together; prints those of each."""
    source_of = KINDS[kind]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "grades"
        costs = {
            "grade": run(
                *("grade", "-", "--out", out, "--shard", "1/1", "--jobs", jobs),
                tar=lambda target: write_tar(target, size, source_of),
            ),
            "merge": run("merge", out),
            "report": run("report", out, "--out", Path(name) / "report.sqlite"),
        }
        bytes_there = sum(one.stat().st_size for one in (out / "shards").iterdir())
    whole = Costs(
        sum(one.seconds for one in costs.values()), max(one.memory for one in costs.values())
    )
    for command, one in (*costs.items(), ("all", whole)):
        print(
            f"{kind:>10} {size:9,} {command:>8}: {1e3 * one.seconds / size:7.3f} ms a submission, "
            f"{one.memory / MIB:5.0f} MiB at most",
            flush=True,
        )
    print(f"{kind:>10} {size:9,}    grades: {bytes_there / size:7.0f} bytes each", flush=True)
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    # Who is left behind by its parent becomes a child of this process, which waits for it.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    for kind in given.kinds:
        found = {size: measure(size, kind, given.jobs) for size in given.sizes}
        smallest = min(found)
        for size, one in found.items():
            ratio = one.seconds / size / (found[smallest].seconds / smallest)
            print(f"{kind:>10} {size:9,} against {smallest:,}, a submission: {ratio:.3f}")


if __name__ == "__main__":
    main()
