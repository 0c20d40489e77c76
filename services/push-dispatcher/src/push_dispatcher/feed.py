"""Work that waits in the database brought to its lanes: retries, what a crash left, what had no room."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from push_dispatcher.domain.delivery import End, Ruling, Send, State
from push_dispatcher.domain.job import Job
from push_dispatcher.lane import Lane
from push_dispatcher.lanes import Lanes
from push_dispatcher.planning import HOLD_SECONDS
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import Ending, LeasedRow, Row, Told
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.ports.work import Work
from push_dispatcher.prepare import Messages, job_of
from push_dispatcher.relay import Relay
from push_dispatcher.ruling import RECENT, Holder, badges, ruled
from push_dispatcher.telling import row_told

_log = logger(__name__)
_MOST = 1_000


class Feed:
    """Leases due rows for each lane with room, and ends those that nobody should be shown any more.

    `turn` is shared with `Accept`: what one of them leases is in its lane before the other rules about rows.
    """

    def __init__(
        self,
        store: DeliveryStore,
        lanes: Lanes,
        clock: Clock,
        owner: UUID,
        lease_seconds: float,
        relay: Relay,
        turn: asyncio.Lock,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._relay = relay
        self._turn = turn
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return after the round in hand."""
        self._stopping.set()

    async def run(self, every_seconds: float = 0.25) -> None:
        """Feed until stopped; while the database is away, hold and try again.

        Lanes with a backlog are filled again at once; everything is looked at every so often.
        """
        while not self._stopping.is_set():
            pause = every_seconds
            try:
                await self.sweep()
                backlog = list(self._lanes)
                until = monotonic() + every_seconds
                while backlog and not self._stopping.is_set() and monotonic() < until:
                    backlog = [lane for lane in backlog if await self.fill(lane)]
                    await self._paused(0.02 if backlog else 0.0)
                pause = max(0.0, until - monotonic())
            except UNAVAILABLE as error:
                _log.warning("feeding waits for the database", error=type(error).__name__)
                pause = 1.0
            await self._paused(pause)

    async def _paused(self, seconds: float) -> None:
        """Wait, or until stopped."""
        if seconds > 0 and not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    async def fill(self, lane: Lane) -> bool:
        """Lease what there is room for; return whether there may be more."""
        room = min(lane.room(), _MOST)
        if room <= 0:
            return False
        async with self._turn:
            lease_ends = monotonic() + self._lease_seconds
            now = self._clock.now()
            async with self._store.work() as work:
                leased, devices = await work.lease(lane.name, self._owner, room, self._lease_seconds)
                if not leased:
                    return False
                point("push.leased")
                jobs, told = await self._sorted_out(work, leased, devices, lease_ends, now)
            lane.put(jobs)
        self._relay.take(told)
        return len(leased) == room

    async def sweep(self) -> None:
        """End `missed` what waits past its `send_before`, whatever holds its lane."""
        now = self._clock.now()
        told: list[Told] = []
        async with self._store.work() as work:
            rows = await work.overdue(now, _MOST)
            if rows:
                states = {row.delivery_id: State.WITHDRAWN if row.withdrawn else State.MISSED for row in rows}
                told = await self._end(work, rows, states, now)
        self._relay.take(told)

    async def _sorted_out(
        self,
        work: Work,
        leased: Sequence[LeasedRow],
        held: Sequence[Device],
        lease_ends: float,
        now: datetime,
    ) -> tuple[list[Job], list[Told]]:
        """Rule about the leased rows and what else waits for their devices, which nobody else holds."""
        mine = {entry.delivery_id: entry for entry in leased}
        users = list(dict.fromkeys(entry.row.user for entry in leased))
        devices = {device.key: device for device in held}
        recent = await work.recent_rows(users, now - RECENT)
        counts = badges(recent, await work.inboxes(users))
        rows = [row for row in recent if row.device in devices or row.delivery_id in mine]
        rulings = ruled(rows, {}, Holder(self._owner, mine.keys()), now)
        jobs, spared = list[Job](), dict[UUID, float]()
        endings: dict[UUID, State] = {
            known: ruling.state for known, ruling in rulings.items() if isinstance(ruling, End)
        }
        messages = Messages(now)
        for delivery_id, entry in mine.items():
            device = devices.get(entry.row.device)
            ruling = rulings.get(delivery_id)
            if delivery_id in endings:
                continue
            if device is None or device.user != entry.row.user:
                endings[delivery_id] = State.WITHDRAWN
                continue
            wait = _wait(ruling, device)
            if wait > 0:
                spared[delivery_id] = wait
                continue
            entry.as_summary = entry.as_summary or ruling == Send(as_summary=True)
            message = messages.of(entry, device, counts.get(device.user, entry.row.unseen))
            jobs.append(job_of(message, entry, device, lease_ends, entry.first_attempt, entry.attempts))
        for wait in set(spared.values()):
            await work.release([one for one, span in spared.items() if span == wait], self._owner, wait)
        summaries = [known for known, ruling in rulings.items() if ruling == Send(as_summary=True)]
        if summaries:
            await work.keep_summaries(summaries)
        return jobs, await self._end(work, rows, endings, now)

    async def _end(
        self, work: Work, rows: Sequence[Row], states: Mapping[UUID, State], now: datetime
    ) -> list[Told]:
        endings = [Ending(known, state) for known, state in states.items()]
        ended = await work.end(endings, self._owner, now)
        told = [
            row_told(row, states[row.delivery_id], "", now)
            for row in rows
            if row.delivery_id in ended and not row.silent
        ]
        await work.tell(told, self._owner)
        return told


def _wait(ruling: Ruling | None, device: Device) -> float:
    left = (device.spare_until - datetime.now(UTC)).total_seconds()
    if left > 0:
        return left
    return 0.0 if ruling is None or isinstance(ruling, Send) else HOLD_SECONDS
