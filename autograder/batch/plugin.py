"""What runs on a worker of dask.distributed: its stations, and the task that has one of them grade.

A worker and the scheduler import this and no more of the grader, which lives in the stations.
"""

from __future__ import annotations

import queue
from typing import Any

from distributed import WorkerPlugin, get_worker

from autograder.batch.station import Hello, Order, Station


class GraderPlugin(WorkerPlugin):
    """Starts a worker's stations: as many as it has threads, the first when it joins. Clients with
    the same order share them; those with another have their own."""

    idempotent = True

    def __init__(self, order: Order) -> None:
        self.order = order
        self.name = f"autograder-{order.digest}"
        self.hello = Hello()
        self.is_asked = False

    async def setup(self, worker: Any) -> None:
        """Start the first station, which the worker waits for before it gets any work."""
        self.stations: queue.SimpleQueue[Station] = queue.SimpleQueue()
        stations = [Station(self.order) for _ in range(worker.state.nthreads)]
        self.every = stations
        await self.ask(worker)
        for one in stations:
            self.stations.put(one)

    async def ask(self, worker: Any) -> Hello:
        """Whether the worker may grade. Who was refused is looked at again: somebody may have
        mended it since."""
        if self.hello.kind or not self.is_asked:
            self.hello = await worker.loop.run_in_executor(None, self.every[0].start)
            self.is_asked = True
        return self.hello

    def teardown(self, worker: Any) -> None:
        """End the stations."""
        for one in self.every:
            one.close()

    def grade(self, blob: bytes) -> bytes:
        """The rows of a batch, by whichever station is free."""
        station = self.stations.get()
        try:
            return station.grade(blob)
        finally:
            self.stations.put(station)


def grade_batch(blob: bytes, name: str) -> bytes:
    """The task: the rows of a batch, by the plugin of this name. Runs on a worker."""
    plugin: GraderPlugin = get_worker().plugins[name]
    return plugin.grade(blob)


async def hello(dask_worker: Any, name: str) -> tuple[str, str]:
    """Why a worker may not grade, as :class:`~autograder.batch.station.Hello` has it."""
    plugin: GraderPlugin = dask_worker.plugins[name]
    found = await plugin.ask(dask_worker)
    return found.kind, found.reason
