"""A class graded by the workers of a dask.distributed cluster.

The client, which is this program, reads submissions, sends batches of them as bytes, and writes the
rows that come back into a database, of which each worker makes as much as it can: the scheduler
sees a task a batch. Each worker has a process beside it that grades, started once; see
:mod:`autograder.batch.station`. A worker of another version, with another course or without the
sandbox gets no work.

What dask pickles are our own functions, and bytes: nothing of a student's is ever unpickled.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import dask.config
from distributed import CancelledError, Client, LocalCluster, wait
from msgspec import Struct

from autograder.batch.fingerprint import grader_digest
from autograder.batch.parcel import Parcel, Row, encode, pack
from autograder.batch.plugin import GraderPlugin, grade_batch, hello
from autograder.batch.shards import OpenShard
from autograder.batch.station import Order, decode_rows
from autograder.errors import MachineError
from autograder.submissions.submission import SubmissionRef
from autograder.text.said import said

BATCH = 200
# Of each thread of a worker, so many batches are sent out at a time.
_IN_HAND = 2
# So long a scheduler or workers that are gone are waited for.
PATIENCE = 300.0
_CONNECT = 10.0
# Of a batch that comes back without rows, so often it is sent again whole.
_TRIES = 3
# What a worker of dask need not do while a process beside it grades: look a hundred times a second
# at where its threads are, and fifty times whether it answers. The same is in
# examples/cluster/dask.yaml.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
}
# How dask says that the scheduler is gone.
_GONE = (CancelledError, OSError, TimeoutError, RuntimeError)


class _Batch(Struct, eq=False):
    """Submissions that are out; ``tries`` is how often they came back without rows, ``given_to``
    who alone may have them, where not everybody may."""

    parcels: list[Parcel]
    refs: list[SubmissionRef]
    tries: int = 0
    given_to: frozenset[str] = frozenset()

    def may_be_done(self, cluster: Cluster) -> bool:
        """Whether anybody is still there who may have it."""
        return not self.given_to or not self.given_to.isdisjoint(cluster.graders)


class Cluster:
    """A connection to a scheduler that survives the scheduler. Use as a context manager.

    ``address`` is that of a scheduler, its file, or ``local`` for ``jobs`` workers on this
    machine. ``tell`` is told what somebody should know, such as which workers are refused. Raises
    :class:`MachineError` where there is no scheduler or no worker that may grade.
    """

    def __init__(
        self, address: str, order: Order, jobs: int, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._address = address
        self._plugin = GraderPlugin(order)
        self._jobs = jobs
        self._tell = tell
        self._stack = contextlib.ExitStack()
        self._client: Client | None = None
        self._refused: dict[str, str] = {}
        """Why, by the worker's address."""
        self._told_of: set[str] = set()
        self.graders: dict[str, int] = {}
        """The threads of each worker that may grade, when that was last looked at."""

    def __enter__(self) -> Cluster:
        for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # or they print tracebacks
        try:
            if self._address == "local":
                self._stack.enter_context(dask.config.set(QUIET))
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
                self._client.register_plugin(self._plugin)
                self.graders, self._refused = {}, {}
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
        """Wait until somebody is there who may grade. Raises :class:`MachineError` where nobody
        comes, or whoever is there is refused."""
        while not self.threads():
            if self._refused:
                raise MachineError(min(self._refused.values()))
            if time.monotonic() >= end:
                raise MachineError(said("error_no_workers", address=self._address))
            time.sleep(0.2)

    def threads(self) -> int:
        """How many batches are graded at a time. Workers that are new are asked first who they are:
        those of another version, with another course or without the sandbox are refused."""
        assert self._client is not None
        threads: dict[str, int] = self._client.nthreads()
        self.graders = {one: threads[one] for one in self.graders if one in threads}
        self._refused = {one: why for one, why in self._refused.items() if one in threads}
        new = threads.keys() - self.graders.keys() - self._refused.keys()
        # Who is gone again, or not ready yet, does not answer.
        answers = (
            self._client.run(hello, name=self._plugin.name, workers=[*new], on_error="ignore")
            if new
            else {}
        )
        for worker, (kind, reason) in sorted(answers.items()):
            if kind:
                self._refused[worker] = said(_REFUSED[kind], worker=worker, reason=reason)
                if worker not in self._told_of:
                    self._told_of.add(worker)
                    self._tell(said("cluster_refused", reason=self._refused[worker]))
            else:
                self.graders[worker] = threads[worker]
        return sum(self.graders.values())

    def submit(self, batch: _Batch) -> Any:
        """Send a batch to whoever is free of those who may grade."""
        assert self._client is not None
        batch.given_to = frozenset(self.graders if self._refused else ())
        return self._client.submit(
            grade_batch,
            encode(batch.parcels),
            self._plugin.name,
            pure=False,
            retries=1,
            workers=[*batch.given_to] or None,
        )

    def wait(self, futures: list[Any]) -> None:
        """Wait for the first of them, for a second at most."""
        assert self._client is not None
        if not futures:
            time.sleep(0.2)
            return
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
    ``refs`` does, and when a second brings nothing. What it fails on is added to ``broken``. Raises
    :class:`MachineError` where the scheduler or all workers stay away."""
    out: dict[Any, _Batch] = {}
    again: deque[_Batch] = deque()
    is_empty = False
    while True:
        room = max(1, _threads(cluster) * _IN_HAND)
        while len(out) < room and cluster.is_connected and not is_over():
            if again:
                batch = again.popleft()
            else:
                batch = yield from _next_batch(refs, opened, size)
                if not batch.refs:
                    is_empty = True
                    break
            try:
                out[cluster.submit(batch)] = batch
            except _GONE:
                again.appendleft(batch)
                break
        if not out and (is_over() or (is_empty and not again)):
            return
        done = _wait(cluster, out)
        if done is None:
            again.extend(out.values())
            out = {}
            cluster.reconnect()
            continue
        if not done:
            yield None
        for future in done:
            batch = out.pop(future)
            try:
                rows = decode_rows(future.result(timeout=PATIENCE))
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
        # Whoever may have them is gone: they go to those who came later.
        for future in [one for one, batch in out.items() if not batch.may_be_done(cluster)]:
            future.cancel()
            again.append(out.pop(future))


def _next_batch(
    refs: Iterator[SubmissionRef | None], opened: OpenShard, size: int
) -> Generator[None, None, _Batch]:
    """The next submissions to be sent, ``size`` of them; none at the end. Yields None wherever
    ``refs`` does."""
    batch = _Batch([], [])
    for ref in refs:
        if ref is None:
            yield None
            continue
        batch.parcels.append(pack(ref, opened.course))
        batch.refs.append(ref)
        opened.done(ref)
        if len(batch.refs) == size:
            break
    return batch


def _threads(cluster: Cluster) -> int:
    """How many batches are graded at a time; 0 where the scheduler does not answer."""
    with contextlib.suppress(*_GONE):
        return cluster.threads() if cluster.is_connected else 0
    return 0


def _wait(cluster: Cluster, out: dict[Any, _Batch]) -> list[Any] | None:
    """The batches that have come back within a second; None where the scheduler is gone, and they
    with it."""
    try:
        if cluster.is_connected:
            cluster.wait(list(out))
            if any(one.status in ("cancelled", "lost") for one in out):
                return None
            done = [one for one in out if one.status in ("finished", "error")]
            if not done and not cluster.threads():
                cluster.wait_for_workers(time.monotonic() + PATIENCE)
            return done
    except MachineError:
        raise
    except _GONE:
        pass
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
