"""What waits in memory for a lane's workers: urgent first, and one request of a device at a time."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from time import monotonic
from uuid import UUID

from push_dispatcher.domain.job import DeviceKey, Job


class JobQueue:
    """A bounded-by-its-user queue; a job whose lease has no `margin` seconds left, or that nobody should be shown any
    more, is dropped, not handed out.

    Its row's lease then ends in the database, and whoever comes first takes it again.
    """

    def __init__(self, margin: float) -> None:
        self._margin = margin
        self._urgent: deque[Job] = deque()
        self._bulk: deque[Job] = deque()
        self._busy: dict[DeviceKey, deque[Job]] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._parked = 0
        self._known: set[UUID] = set()

    def __len__(self) -> int:
        """Count jobs that nobody has begun."""
        return len(self._urgent) + len(self._bulk) + self._parked

    @property
    def in_flight(self) -> int:
        """Count jobs that were handed out and not answered."""
        return len(self._busy)

    def put(self, jobs: Iterable[Job]) -> None:
        """Add jobs; one that is here already is not added twice."""
        added = 0
        for job in jobs:
            if job.delivery_id not in self._known:
                self._known.add(job.delivery_id)
                (self._urgent if job.push.message.urgent else self._bulk).append(job)
                added += 1
        self._wake(added)

    async def take(self) -> Job:
        """Return the next job of a device that has none in flight; wait for one."""
        while (job := self.next()) is None:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake(1)
                raise
        return job

    def answered(self, job: Job) -> None:
        """Free the job's device for its next one."""
        parked = self._busy.pop(job.device)
        self._known.discard(job.delivery_id)
        if parked:
            self._parked -= len(parked)
            for waiting in reversed(parked):
                (self._urgent if waiting.push.message.urgent else self._bulk).appendleft(waiting)
            self._wake(len(parked))

    def recall(self, delivery_ids: Collection[UUID]) -> list[Job]:
        """Take back those of the jobs that nobody has begun."""
        wanted = self._known.intersection(delivery_ids)
        if not wanted:
            return []
        taken: list[Job] = []
        for queue in (self._urgent, self._bulk, *self._busy.values()):
            kept = [job for job in queue if job.delivery_id not in wanted]
            if len(kept) < len(queue):
                taken += [job for job in queue if job.delivery_id in wanted]
                queue.clear()
                queue.extend(kept)
        self._parked = sum(len(queue) for queue in self._busy.values())
        self._known.difference_update(job.delivery_id for job in taken)
        return taken

    def recall_all(self) -> list[Job]:
        """Take back every job that nobody has begun."""
        return self.recall(frozenset(self._known))

    def next(self) -> Job | None:
        """Return the next job of a device that has none in flight, if there is one."""
        now = monotonic()
        latest = now + self._margin
        for queue in (self._urgent, self._bulk):
            while queue:
                job = queue.popleft()
                if job.lease_ends <= latest or job.shown_until <= now:
                    self._known.discard(job.delivery_id)
                elif (parked := self._busy.get(job.device)) is not None:
                    parked.append(job)
                    self._parked += 1
                else:
                    self._busy[job.device] = deque()
                    return job
        return None

    def _wake(self, number: int) -> None:
        while number and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                number -= 1
