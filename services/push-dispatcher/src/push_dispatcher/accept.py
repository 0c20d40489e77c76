"""Alerts from Kafka become delivery rows, in one transaction a batch; rows with room in memory go at once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Record

from push_dispatcher.candidates import Candidate, alert_candidates, badge_candidates
from push_dispatcher.decoding import decoded
from push_dispatcher.domain.alert import Event, UserKey, user_of
from push_dispatcher.domain.delivery import End, Ruling, Send, State
from push_dispatcher.domain.intake import Intake, folded
from push_dispatcher.domain.job import Job
from push_dispatcher.lanes import Lanes
from push_dispatcher.planning import Lease, planned
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import Ending, NewRow, Row, Told
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.ports.work import Work
from push_dispatcher.relay import Relay
from push_dispatcher.ruling import RECENT, Holder, badges, contested, ruled
from push_dispatcher.telling import device_told, ended_at_once, no_device_told, row_told


class Accept:
    """Handler of the alerts topic (architecture.md section 4, "Send"); offsets follow its commit.

    `turn` is shared with `Feed`: what one of them leases is in its lane before the other rules about rows.
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

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Write the batch and hand on what may go at once. Raises only when the database is away."""
        outcomes: list[Outcome] = []
        events: list[Event] = []
        for record in records:
            found = decoded(record)
            if isinstance(found, DeadLetter):
                outcomes.append(found)
            else:
                outcomes.append(DONE)
                events.append(found)
        if events:
            await self._take(folded(events))
        return outcomes

    async def _take(self, intake: Intake) -> None:
        recalled: list[Job] = []
        async with self._turn:
            try:
                lease = Lease(self._lease_seconds, monotonic() + self._lease_seconds)
                async with self._store.work() as work:
                    jobs, told = await self._write(work, intake, recalled, lease)
                    point("push.accepted")
            except BaseException:
                self._lanes.put(recalled)
                raise
            self._lanes.put(jobs)
        self._relay.drop(intake.erased)
        self._relay.take(told)

    async def _write(
        self, work: Work, intake: Intake, recalled: list[Job], lease: Lease
    ) -> tuple[list[Job], list[Told]]:
        now = self._clock.now()
        told: list[Told] = []
        if intake.erased:
            told += await self._erased(work, list(intake.erased), recalled, now)
        devices: dict[UserKey, list[Device]] = {user: [] for user in intake.users()}
        for device in await work.devices(list(devices)):
            devices[device.user].append(device)
        rows = await work.rows_that_matter(_interests(intake), now - RECENT)
        inboxes = await work.inboxes(list(devices)) if rows or intake.inboxes else {}
        if intake.inboxes:
            counts = {user: (change.unseen, change.seq) for user, change in intake.inboxes.items()}
            await work.remember_inboxes(counts)
        recalled += self._recalled(rows)
        holder = Holder(self._owner, {job.delivery_id for job in recalled})
        candidates: list[Candidate] = alert_candidates(intake, devices, rows)
        if intake.inboxes:
            candidates += badge_candidates(intake.inboxes, devices, rows, inboxes, now)
        rulings = ruled(rows, contested((row for row, _ in candidates), rows, now), holder, now)
        badge = badges(rows, inboxes, [*intake.alerts.values(), *intake.inboxes.values()])
        plan = planned(candidates, rulings, badge, self._lanes.room, lease, now)
        left = await work.write(plan.rows, self._owner, now)
        point("push.written")
        if left:
            plan.leave(left)
        told += ended_at_once(plan.rows, now)
        told += no_device_told(intake, devices, now)
        ended = await self._ended(work, intake, plan.rows, rows, rulings, holder, now)
        told += [row_told(row, state, "", now) for row, state in ended if not row.silent]
        await work.tell(told, self._owner)
        back = _going_on(recalled, rows, {row.delivery_id for row, _ in ended}, intake)
        return [*back, *plan.jobs], told

    async def _erased(
        self, work: Work, users: Sequence[UserKey], recalled: list[Job], now: datetime
    ) -> list[Told]:
        """Erase users, calling back what of theirs has not begun; return what is told of their devices."""
        gone = await work.devices(users)
        recalled += self._recalled(await work.rows_that_matter({user: set() for user in users}, now - RECENT))
        await work.erase(users)
        return [device_told(device, "user_erased", now) for device in gone]

    def _recalled(self, rows: Sequence[Row]) -> list[Job]:
        return self._lanes.recall([row.delivery_id for row in rows if row.leased_by == self._owner])

    async def _ended(
        self,
        work: Work,
        intake: Intake,
        written: Iterable[NewRow],
        rows: Sequence[Row],
        rulings: Mapping[UUID, Ruling],
        holder: Holder,
        now: datetime,
    ) -> list[tuple[Row, State]]:
        """End the older rows that the batch overtook or withdrew; return them with their ends."""
        if intake.withdrawn:
            await work.mark_withdrawn({known: user_of(event) for known, event in intake.withdrawn.items()})
        if not rows:
            return []
        replaced = {row.delivery_id for row in written}
        states: dict[UUID, State] = {}
        summaries: list[UUID] = []
        for row in rows:
            if row.delivery_id in replaced or row.state is not State.QUEUED or holder.holds(row):
                continue
            ruling = rulings.get(row.delivery_id)
            if _withdrawn(row, intake):
                states[row.delivery_id] = State.WITHDRAWN
            elif isinstance(ruling, End):
                states[row.delivery_id] = ruling.state
            elif ruling == Send(as_summary=True):
                summaries.append(row.delivery_id)
        ended = await work.end([Ending(known, state) for known, state in states.items()], self._owner, now)
        if summaries:
            await work.keep_summaries(summaries)
        return [(row, states[row.delivery_id]) for row in rows if row.delivery_id in ended]


def _interests(intake: Intake) -> dict[UserKey, set[str]]:
    """Return the things whose rows matter, by user; the empty set stands for all of a user's rows."""
    interests: dict[UserKey, set[str]] = {}
    for alert in intake.alerts.values():
        interests.setdefault(user_of(alert), set()).update(alert.things)
    for event in intake.withdrawn.values():
        interests.setdefault(user_of(event), {""})
    for user in (*intake.inboxes, *intake.erased):
        interests[user] = set()
    return interests


def _withdrawn(row: Row, intake: Intake) -> bool:
    event = intake.withdrawn.get(row.alert_id)
    return event is not None and user_of(event) == row.user


def _going_on(recalled: Sequence[Job], rows: Sequence[Row], ended: set[UUID], intake: Intake) -> list[Job]:
    """Return the recalled jobs whose rows still wait."""
    known = {row.delivery_id for row in rows}
    return [
        job
        for job in recalled
        if job.delivery_id in known and job.delivery_id not in ended and job.user not in intake.erased
    ]
