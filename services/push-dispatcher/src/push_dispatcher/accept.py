"""Alerts from Kafka become delivery rows, in one transaction a batch; rows with room in memory go at once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Record
from bellwire_schemas import catalogue
from bellwire_schemas.alerts import AlertRequested, InboxChanged
from bellwire_schemas.names import DeliveryOutcome
from pydantic import ValidationError

from push_dispatcher.candidates import Candidate, alert_candidates, badge_candidates
from push_dispatcher.domain.delivery import End, Ruling, Send, State, Waiting
from push_dispatcher.domain.intake import Event, Intake, UserKey, folded, user_of
from push_dispatcher.domain.job import DeviceKey, Job
from push_dispatcher.lane import Lanes
from push_dispatcher.ports import DeliveryStore, Device, Ending, NewRow, Row, Told, Work
from push_dispatcher.prepare import Due, job_of, lane_of_device
from push_dispatcher.ruling import (
    RECENT,
    Holder,
    badges,
    delivery_told,
    device_key,
    device_told,
    row_told,
    ruled,
)

_NOT_OURS = "the alerts topic carries alert.requested, alert.withdrawn, inbox.changed and user.erased"
_MODELS = {
    name.encode(): catalogue.CATALOGUE[name].model
    for name in (
        catalogue.ALERT_REQUESTED,
        catalogue.ALERT_WITHDRAWN,
        catalogue.INBOX_CHANGED,
        catalogue.USER_ERASED,
    )
}
HOLD_SECONDS = 0.5


@dataclass(slots=True)
class _Plan:
    """What one batch comes to: rows to write, with the device and job of each, and rows that end."""

    rows: list[NewRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


class Accept:
    """Handler of the alerts topic (architecture.md section 4, "Send"); offsets follow its commit."""

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

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Write the batch and hand on what may go at once. Raises only when the database is away."""
        outcomes: list[Outcome] = []
        events: list[Event] = []
        for record in records:
            decoded = _decoded(record)
            if isinstance(decoded, DeadLetter):
                outcomes.append(decoded)
            else:
                outcomes.append(DONE)
                events.append(decoded)
        intake = folded(events)
        if events:
            await self._take(intake)
        return outcomes

    async def _take(self, intake: Intake) -> None:
        recalled: list[Job] = []
        try:
            lease_ends = monotonic() + self._lease_seconds
            async with self._store.work() as work:
                jobs = await self._write(work, intake, recalled, lease_ends)
                point("push.accepted")
        except BaseException:
            self._lanes.put(recalled)
            raise
        self._lanes.put(jobs)
        self._told.set()

    async def _write(self, work: Work, intake: Intake, recalled: list[Job], lease_ends: float) -> list[Job]:
        now = self._clock.now()
        users = intake.users()
        devices = await self._erased(work, intake, users, now)
        rows = await work.recent_rows(users, now - RECENT)
        inboxes = await work.inboxes(users)
        if intake.inboxes:
            counts = {user: (change.unseen, change.seq) for user, change in intake.inboxes.items()}
            await work.remember_inboxes(counts)
        recalled += self._lanes.recall([row.delivery_id for row in rows if row.leased_by == self._owner])
        holder = Holder(self._owner, {job.delivery_id for job in recalled})
        candidates = [
            *alert_candidates(intake, devices, rows),
            *badge_candidates(intake.inboxes, devices, rows, inboxes, now),
        ]
        rulings = ruled(rows, _waiting(candidates, now), holder, now)
        plan = self._planned(candidates, rulings, badges(rows, inboxes, _counting(intake)), lease_ends, now)
        written = await work.write(plan.rows, self._owner, now)
        point("push.written")
        plan.told += [
            _row_told(row, now) for row in plan.rows if row.delivery_id in written and _is_told(row)
        ]
        plan.told += _no_device(intake, devices, now)
        back = await self._ended(work, intake, rows, rulings, holder, plan, recalled, now)
        await work.tell(plan.told)
        return [*back, *(job for job in plan.jobs if job.delivery_id in written)]

    async def _erased(
        self, work: Work, intake: Intake, users: Sequence[UserKey], now: datetime
    ) -> Mapping[UserKey, list[Device]]:
        """Erase who is to be erased, then return the devices of everybody."""
        if intake.erased:
            gone = await work.devices(list(intake.erased))
            await work.erase(list(intake.erased))
            await work.tell([device_told(device, "user_erased", now) for device in gone])
        devices: dict[UserKey, list[Device]] = {user: [] for user in users}
        for device in await work.devices(users):
            devices[device.user].append(device)
        return devices

    def _planned(
        self,
        candidates: Sequence[Candidate],
        rulings: Mapping[UUID, Ruling],
        badges: Mapping[UserKey, int],
        lease_ends: float,
        now: datetime,
    ) -> _Plan:
        plan = _Plan()
        room: dict[str, int] = {}
        for candidate in candidates:
            ruling = rulings.get(candidate.delivery_id, Send())
            state = candidate.state
            if state is State.QUEUED and isinstance(ruling, End):
                state = ruling.state
            lane = lane_of_device(candidate.device)
            if lane not in room:
                room[lane] = self._lanes.room(lane)
            left = room[lane]
            wait = _wait(candidate, ruling)
            at_once = state is State.QUEUED and wait <= 0 and left > 0
            summary = ruling == Send(as_summary=True)
            plan.rows.append(
                candidate.row(
                    state=state,
                    lane=lane,
                    wait_seconds=wait,
                    lease_seconds=self._lease_seconds if at_once else 0.0,
                    as_summary=summary,
                )
            )
            if at_once:
                room[lane] = left - 1
                badge = badges.get(candidate.device.user, candidate.unseen)
                plan.jobs.append(_job(candidate, badge, summary, lease_ends, now))
        return plan

    async def _ended(
        self,
        work: Work,
        intake: Intake,
        rows: Sequence[Row],
        rulings: Mapping[UUID, Ruling],
        holder: Holder,
        plan: _Plan,
        recalled: Sequence[Job],
        now: datetime,
    ) -> list[Job]:
        """End the older rows that the batch overtook or withdrew; return the recalled jobs that go on."""
        replaced = {row.delivery_id for row in plan.rows}
        states: dict[UUID, State] = {}
        summaries: list[UUID] = []
        for row in rows:
            ruling = rulings.get(row.delivery_id)
            if row.delivery_id in replaced or row.state is not State.QUEUED:
                continue
            if _withdrawn(row, intake):
                states[row.delivery_id] = State.WITHDRAWN
            elif isinstance(ruling, End):
                states[row.delivery_id] = ruling.state
            elif ruling == Send(as_summary=True):
                summaries.append(row.delivery_id)
        if intake.withdrawn:
            await work.mark_withdrawn({known: user_of(event) for known, event in intake.withdrawn.items()})
        flying = {row.delivery_id for row in rows if holder.waiting(row).in_flight}
        free = states.keys() - flying
        ended = await work.end([Ending(known, states[known]) for known in free], self._owner, now)
        if summaries:
            await work.keep_summaries(summaries)
        plan.told += [
            row_told(row, states[row.delivery_id], "", now)
            for row in rows
            if row.delivery_id in ended and not row.silent
        ]
        known = {row.delivery_id for row in rows}
        return [
            job
            for job in recalled
            if job.delivery_id in known and job.delivery_id not in ended and job.user not in intake.erased
        ]


def _decoded(record: Record) -> Event | DeadLetter:
    model = next((_MODELS.get(value) for name, value in record.headers if name == "ce_type"), None)
    if model is None:
        return DeadLetter("unknown_type", _NOT_OURS)
    try:
        decoded = model.model_validate_json(record.value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return DeadLetter("invalid_data", f"{'/'.join(map(str, found['loc']))}: {found['msg']}")
    return decoded  # type: ignore[return-value]


def _waiting(candidates: Sequence[Candidate], now: datetime) -> dict[DeviceKey, list[Waiting]]:
    waiting: dict[DeviceKey, list[Waiting]] = {}
    for candidate in candidates:
        waiting.setdefault(device_key(candidate.device), []).append(candidate.waiting(now))
    return waiting


def _counting(intake: Intake) -> list[AlertRequested | InboxChanged]:
    return [*intake.alerts.values(), *intake.inboxes.values()]


def _wait(candidate: Candidate, ruling: Ruling) -> float:
    left = (candidate.device.spare_until - datetime.now(UTC)).total_seconds()
    held = 0.0 if isinstance(ruling, Send | End) else HOLD_SECONDS
    return max(left, held, candidate.wait_seconds)


def _job(candidate: Candidate, badge: int, summary: bool, lease_ends: float, now: datetime) -> Job:
    due = Due(
        delivery_id=candidate.delivery_id,
        content=candidate.content,
        urgent=candidate.urgent,
        slot=candidate.slot,
        send_before=candidate.send_before,
        requested_at=candidate.requested_at,
        attempts=0,
        first_attempt=now,
        as_summary=summary,
        badge=badge,
        lease_ends=lease_ends,
    )
    return job_of(due, candidate.device, now)


def _withdrawn(row: Row, intake: Intake) -> bool:
    event = intake.withdrawn.get(row.alert_id)
    return event is not None and user_of(event) == row.user


def _is_told(row: NewRow) -> bool:
    return row.state is not State.QUEUED and row.content.purpose.value == "alert"


def _row_told(row: NewRow, now: datetime) -> Told:
    return delivery_told(
        row.user,
        delivery_id=row.delivery_id,
        alert_id=row.alert_id,
        installation_id=row.installation_id,
        provider=row.provider,
        outcome=DeliveryOutcome(row.state.value),
        reason="",
        requested_at=row.requested_at,
        at=now,
    )


def _no_device(intake: Intake, devices: Mapping[UserKey, Sequence[Device]], now: datetime) -> list[Told]:
    return [
        delivery_told(
            user_of(alert),
            delivery_id=alert.alert_id,
            alert_id=alert.alert_id,
            installation_id="-",
            provider="none",
            outcome=DeliveryOutcome.NO_DEVICE,
            reason="",
            requested_at=alert.requested_at,
            at=now,
        )
        for alert in intake.alerts.values()
        if not devices[user_of(alert)]
    ]
