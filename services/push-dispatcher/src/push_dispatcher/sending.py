"""Everything between a leased row and its told result, started and drained in the right order."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from push_dispatcher.domain.job import Job
from push_dispatcher.feed import Feed
from push_dispatcher.lanes import Lanes
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.relay import Relay
from push_dispatcher.results import Results

_log = logger(__name__)


class Sending:
    """Feed, lanes, results and relay as one background part (`bellwire_kit.running.Background`)."""

    def __init__(
        self, store: DeliveryStore, lanes: Lanes, feed: Feed, results: Results, relay: Relay, owner: UUID
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._feed = feed
        self._results = results
        self._relay = relay
        self._owner = owner

    def stop(self) -> None:
        """Begin no more requests; `run` returns when what is in flight is answered, written and told."""
        self._feed.stop()
        for lane in self._lanes:
            lane.stop()

    async def run(self) -> None:
        """Run until stopped, or until a part fails: then the others are ended and the failure is raised."""
        results = asyncio.create_task(self._results.run())
        relay = asyncio.create_task(self._relay.run())
        feed = asyncio.create_task(self._feed.run())
        lanes = [asyncio.create_task(lane.run()) for lane in self._lanes]
        everything = [results, relay, feed, *lanes]
        try:
            left = await _ended(lanes, [results, relay])
            await feed
            self._results.stop()
            await results
            await self._give_back([job for jobs in left for job in jobs])
            self._relay.stop()
            await relay
        finally:
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _give_back(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        try:
            async with self._store.work() as work:
                await work.release([job.delivery_id for job in jobs], self._owner, 0.0)
        except UNAVAILABLE:
            _log.warning("leases run out by themselves: the database is away", rows=len(jobs))


async def _ended(
    lanes: Sequence[asyncio.Task[list[Job]]], others: Sequence[asyncio.Task[None]]
) -> list[list[Job]]:
    """Wait for all lanes; raise at once what any of the parts raises."""
    waiting: set[asyncio.Task[list[Job]]] = set(lanes)
    while waiting:
        done, _ = await asyncio.wait({*waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        waiting -= done
    return [lane.result() for lane in lanes]
