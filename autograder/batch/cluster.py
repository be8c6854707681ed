"""A class graded by the workers of a dask.distributed cluster.

The client, which is this program, reads submissions, sends batches of them as bytes, and writes the
rows that come back into a database, of which each worker makes as much as it can: the scheduler
sees a task a batch. Each worker has a process beside it that grades, started once; see
:mod:`autograder.batch.station`. A worker of another version, with another course or without the
sandbox is refused.

What dask pickles are our own functions, and bytes: nothing of a student's is ever unpickled.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from distributed import (
    CancelledError,
    Client,
    LocalCluster,
    WorkerPlugin,
    get_worker,
    wait,
)
from msgspec import Struct

from autograder.batch.fingerprint import grader_digest
from autograder.batch.parcel import Parcel, Row, encode, pack
from autograder.batch.shards import OpenShard
from autograder.batch.station import Hello, Order, Station, decode_rows
from autograder.errors import MachineError
from autograder.submissions.submission import SubmissionRef
from autograder.text.said import said

BATCH = 200
# Of each thread of a worker, so many batches are sent out at a time.
_IN_HAND = 2
_PLUGIN = "autograder"
# So long a scheduler or workers that are gone are waited for.
PATIENCE = 300.0
_CONNECT = 10.0
# Of a batch that comes back without rows, so often it is sent again whole.
_TRIES = 3


class GraderPlugin(WorkerPlugin):
    """Starts a worker's stations: as many as it has threads, the first when it joins."""

    name = _PLUGIN

    def __init__(self, order: Order) -> None:
        self.order = order
        self.hello = Hello()

    async def setup(self, worker: Any) -> None:
        """Start the first station, which the worker waits for before it gets any work."""
        self.stations: queue.SimpleQueue[Station] = queue.SimpleQueue()
        stations = [Station(self.order) for _ in range(worker.state.nthreads)]
        self.every = stations
        self.hello = await worker.loop.run_in_executor(None, stations[0].start)
        for one in stations:
            self.stations.put(one)

    def teardown(self, worker: Any) -> None:
        """End the stations."""
        for one in self.every:
            one.stop()

    def grade(self, blob: bytes) -> bytes:
        """The rows of a batch, by whichever station is free."""
        station = self.stations.get()
        try:
            return station.grade(blob)
        finally:
            self.stations.put(station)


def grade_batch(blob: bytes) -> bytes:
    """The task: the rows of a batch. Runs on a worker."""
    plugin: GraderPlugin = get_worker().plugins[_PLUGIN]
    return plugin.grade(blob)


def _hello(dask_worker: Any) -> tuple[str, str]:
    plugin = dask_worker.plugins[_PLUGIN]
    return plugin.hello.kind, plugin.hello.reason


class _Batch(Struct, eq=False):
    """Submissions that are out; ``tries`` is how often they came back without rows."""

    parcels: list[Parcel]
    refs: list[SubmissionRef]
    tries: int = 0


class Cluster:
    """A connection to a scheduler that survives the scheduler. Use as a context manager.

    ``address`` is that of a scheduler, its file, or ``local`` for ``jobs`` workers on this
    machine. ``tell`` is told what somebody should know. Raises :class:`MachineError` where there
    is no scheduler or where a worker may not grade.
    """

    def __init__(
        self, address: str, order: Order, jobs: int, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._address = address
        self._order = order
        self._jobs = jobs
        self._tell = tell
        self._stack = contextlib.ExitStack()
        self._client: Client | None = None
        self._known: set[str] = set()

    def __enter__(self) -> Cluster:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            if self._address == "local":
                local = LocalCluster(
                    n_workers=self._jobs, threads_per_worker=1, dashboard_address=None
                )
                self._address = self._stack.enter_context(local).scheduler_address
            self._connect(_CONNECT)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()
        self._stack.close()

    def _drop(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.close(timeout=2)
            self._client = None

    def _connect(self, patience: float) -> None:
        """Find the scheduler and its workers, and have each start its station."""
        end = time.monotonic() + patience
        while True:
            try:
                self._drop()
                is_file = self._address.endswith(".json")
                if is_file:
                    Path(self._address).stat()  # for which dask would wait forever
                where = {"scheduler_file": self._address} if is_file else {"address": self._address}
                self._client = Client(**where, timeout=_CONNECT, set_as_default=False)
                self._client.register_plugin(GraderPlugin(self._order))
                self._known = set()
                self.wait_for_workers(end)
                return
            except MachineError:
                raise
            except Exception as error:  # of sockets, of files, of dask's own
                if time.monotonic() >= end:
                    reason = str(error) or type(error).__name__
                    raise MachineError(
                        said("error_scheduler", address=self._address, reason=reason)
                    ) from None
                time.sleep(1.0)

    def wait_for_workers(self, end: float) -> None:
        """Wait until somebody is there to grade, and refuse whoever may not."""
        while not self.threads():
            if time.monotonic() >= end:
                raise MachineError(said("error_no_workers", address=self._address))
            time.sleep(0.2)
        self.check()

    def threads(self) -> int:
        """How many batches are graded at a time."""
        assert self._client is not None
        threads: dict[str, int] = self._client.nthreads()
        return sum(threads.values())

    def check(self) -> None:
        """Refuse workers of another version, with another course or without the sandbox. Those
        that were looked at before are not asked again. Raises :class:`MachineError`."""
        assert self._client is not None
        new = [one for one in self._client.nthreads() if one not in self._known]
        found: dict[str, tuple[str, str]] = self._client.run(_hello, workers=new) if new else {}
        for worker, (kind, reason) in sorted(found.items()):
            if kind:
                raise MachineError(said(_REFUSED[kind], worker=worker, reason=reason))
        self._known.update(found)

    def submit(self, batch: _Batch) -> Any:
        assert self._client is not None
        return self._client.submit(grade_batch, encode(batch.parcels), pure=False, retries=1)

    def wait(self, futures: list[Any]) -> None:
        """Wait for the first of them, for a second at most."""
        assert self._client is not None
        with contextlib.suppress(TimeoutError), self._client.as_current():
            wait(futures, timeout=1.0, return_when="FIRST_COMPLETED")

    def reconnect(self) -> None:
        """Find the scheduler again, or another one at its address."""
        self._tell(said("cluster_lost", address=self._address, seconds=int(PATIENCE)))
        self._connect(PATIENCE)

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.status == "running"


_REFUSED = {
    "version": "error_worker_version",
    "course": "error_worker_course",
    "machine": "error_worker_machine",
}


def order_of(opened: OpenShard) -> Order:
    """What the workers need to know of a shard."""
    fingerprints = opened.settings.fingerprints()
    return Order(
        str(opened.course.root.absolute()),
        opened.settings.level,
        opened.settings.language,
        {name: fingerprints.of_course(name) for name in opened.assignments},
        grader_digest(),
        opened.adjustments,
    )


def grade_on(
    cluster: Cluster,
    opened: OpenShard,
    refs: Iterator[SubmissionRef | None],
    is_over: Callable[[], bool],
    broken: list[str],
    size: int = BATCH,
) -> Iterator[tuple[SubmissionRef, Row] | None]:
    """Have the cluster grade what comes, yielding each submission with its row, and None wherever
    ``refs`` does. What it fails on is added to ``broken``. Raises :class:`MachineError` where the
    scheduler or all workers stay away."""
    out: dict[Any, _Batch] = {}
    again: deque[_Batch] = deque()
    is_empty = False
    while True:
        room = max(1, cluster.threads() * _IN_HAND) if cluster.is_connected else 0
        while len(out) < room and not is_over() and (again or not is_empty):
            if again:
                batch = again.popleft()
            else:
                batch = _Batch([], [])
                while len(batch.refs) < size and not is_empty:
                    try:
                        ref = next(refs)
                    except StopIteration:
                        is_empty = True
                        break
                    if ref is None:
                        yield None
                        continue
                    batch.parcels.append(pack(ref, opened.course))
                    batch.refs.append(ref)
                    opened.done(ref)
                if not batch.refs:
                    break
            out[cluster.submit(batch)] = batch
        if not out and cluster.is_connected:
            return
        done = _wait(cluster, out)
        if done is None:
            for batch in out.values():
                again.append(batch)
            out = {}
            cluster.reconnect()
            continue
        cluster.check()
        for future in done:
            batch = out.pop(future)
            try:
                rows = decode_rows(future.result())
            except Exception as error:  # whatever happened there
                again.extendleft(_divided(batch, error, broken))
                continue
            finally:
                future.release()
            for ref, row in zip(batch.refs, rows, strict=True):
                if row.fault:
                    broken.append(f"{row.student} ({row.fault})")
                else:
                    yield ref, row


def _wait(cluster: Cluster, out: dict[Any, _Batch]) -> list[Any] | None:
    """The batches that have come back; None where the scheduler is gone, and they with it."""
    try:
        while cluster.is_connected:
            cluster.wait(list(out))
            done = [one for one in out if one.status in ("finished", "error")]
            if any(one.status in ("cancelled", "lost") for one in out):
                return None
            if done:
                return done
            if not cluster.threads():
                cluster.wait_for_workers(time.monotonic() + PATIENCE)
    except MachineError:
        raise
    except (CancelledError, OSError, TimeoutError, RuntimeError):
        pass  # as dask says in many ways
    return None


def _divided(batch: _Batch, error: BaseException, broken: list[str]) -> list[_Batch]:
    """What to send again of a batch that came back without rows: all of it, and when that goes on,
    its halves, until one submission is left that is to blame."""
    if batch.tries + 1 < _TRIES:
        return [_Batch(batch.parcels, batch.refs, batch.tries + 1)]
    if len(batch.refs) == 1:
        broken.append(f"{batch.refs[0].student} ({type(error).__name__}: {error})")
        return []
    half = len(batch.refs) // 2
    return [
        _Batch(batch.parcels[:half], batch.refs[:half], _TRIES - 2),
        _Batch(batch.parcels[half:], batch.refs[half:], _TRIES - 2),
    ]
