"""Work that waits in the database brought to its lanes: retries, what a crash left, what had no room."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from push_dispatcher.domain.delivery import End, Ruling, Send, State
from push_dispatcher.domain.job import Job
from push_dispatcher.lane import Lane, Lanes
from push_dispatcher.ports import DeliveryStore, Device, Ending, LeasedRow, Row, Work
from push_dispatcher.prepare import Due, job_of
from push_dispatcher.ruling import RECENT, Holder, badges, device_key, row_told, ruled

_log = logger(__name__)
HOLD_SECONDS = 0.5
_MOST = 1_000


class Feed:
    """Leases due rows for each lane with room, and ends those that nobody should be shown any more."""

    def __init__(
        self,
        store: DeliveryStore,
        lanes: Lanes,
        clock: Clock,
        owner: UUID,
        lease_seconds: float,
        told: asyncio.Event,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._told = told
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return after the round in hand."""
        self._stopping.set()

    async def run(self, every_seconds: float = 0.25) -> None:
        """Feed until stopped; while the database is away, hold and try again."""
        while not self._stopping.is_set():
            pause = every_seconds
            try:
                busy = [await self.fill(lane) for lane in self._lanes]
                await self.sweep()
                pause = 0.0 if any(busy) else every_seconds
            except UNAVAILABLE as error:
                _log.warning("feeding waits for the database", error=type(error).__name__)
                pause = 1.0
            try:
                await asyncio.wait_for(self._stopping.wait(), pause or 0.01)
            except TimeoutError:
                continue

    async def fill(self, lane: Lane) -> bool:
        """Lease what there is room for; return whether there may be more."""
        room = min(lane.room(), _MOST)
        if room <= 0:
            return False
        lease_ends = monotonic() + self._lease_seconds
        now = self._clock.now()
        async with self._store.work() as work:
            leased = await work.lease(lane.name, self._owner, room, self._lease_seconds)
            if not leased:
                return False
            point("push.leased")
            jobs = await self._sorted_out(work, leased, lease_ends, now)
        lane.put(jobs)
        return len(leased) == room

    async def sweep(self) -> None:
        """End `missed` what waits past its `send_before`, whatever holds its lane."""
        now = self._clock.now()
        async with self._store.work() as work:
            rows = await work.overdue(now, _MOST)
            if rows:
                states = {row.delivery_id: State.WITHDRAWN if row.withdrawn else State.MISSED for row in rows}
                await self._end(work, rows, states, now)

    async def _sorted_out(
        self, work: Work, leased: Sequence[LeasedRow], lease_ends: float, now: datetime
    ) -> list[Job]:
        mine = {entry.row.delivery_id: entry for entry in leased}
        users = list(dict.fromkeys(entry.row.user for entry in leased))
        devices = {device_key(device): device for device in await work.devices(users)}
        rows = await work.recent_rows(users, now - RECENT)
        counts = badges(rows, await work.inboxes(users))
        rulings = ruled(rows, {}, Holder(self._owner, mine.keys()), now)
        jobs, spared = list[Job](), dict[UUID, float]()
        endings: dict[UUID, State] = {
            known: ruling.state for known, ruling in rulings.items() if isinstance(ruling, End)
        }
        for delivery_id, entry in mine.items():
            device = devices.get(device_key(entry.row))
            if delivery_id in endings:
                continue
            if device is None or device.user != entry.row.user:
                endings[delivery_id] = State.WITHDRAWN
                continue
            wait = _wait(rulings.get(delivery_id), device)
            if wait > 0:
                spared[delivery_id] = wait
                continue
            badge = counts.get(device.user, entry.row.unseen)
            jobs.append(_job(entry, device, rulings.get(delivery_id), badge, lease_ends, now))
        for wait in set(spared.values()):
            await work.release([one for one, span in spared.items() if span == wait], self._owner, wait)
        summaries = [known for known, ruling in rulings.items() if ruling == Send(as_summary=True)]
        if summaries:
            await work.keep_summaries(summaries)
        await self._end(work, rows, endings, now)
        return jobs

    async def _end(
        self, work: Work, rows: Sequence[Row], states: Mapping[UUID, State], now: datetime
    ) -> None:
        endings = [Ending(known, state) for known, state in states.items()]
        ended = await work.end(endings, self._owner, now)
        told = [
            row_told(row, states[row.delivery_id], "", now)
            for row in rows
            if row.delivery_id in ended and not row.silent
        ]
        await work.tell(told)
        if told:
            self._told.set()


def _wait(ruling: Ruling | None, device: Device) -> float:
    left = (device.spare_until - datetime.now(UTC)).total_seconds()
    if left > 0:
        return left
    return 0.0 if ruling is None or isinstance(ruling, Send) else HOLD_SECONDS


def _job(
    entry: LeasedRow, device: Device, ruling: Ruling | None, badge: int, lease_ends: float, now: datetime
) -> Job:
    summary = entry.as_summary or ruling == Send(as_summary=True)
    due = Due(
        delivery_id=entry.row.delivery_id,
        content=entry.content,
        urgent=entry.urgent,
        slot=entry.slot,
        send_before=entry.row.send_before,
        requested_at=entry.row.requested_at,
        attempts=entry.attempts,
        first_attempt=entry.first_attempt,
        as_summary=summary,
        badge=badge,
        lease_ends=lease_ends,
    )
    return job_of(due, device, now)
