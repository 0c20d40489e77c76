"""Devices, deliveries and the outbox in Postgres: one query per batch, one transaction per block."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from bellwire_kit.postgres import UNAVAILABLE, Pool

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.registry import PostgresRegistry
from push_dispatcher.adapters.postgres.rows import (
    device_of,
    digest,
    ids_of,
    leased_of,
    row_of,
    user_columns,
    user_of,
)
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.intake import UserKey
from push_dispatcher.domain.job import DeviceKey, Job, Result
from push_dispatcher.domain.settle import Ended, Kept, Postponed
from push_dispatcher.ports import Device, Ending, LeasedRow, NewRow, Report, Row, Told


class PostgresWork:
    """One open transaction; implements `push_dispatcher.ports.Work`."""

    def __init__(self, connection: Any) -> None:
        self._db = connection

    async def erase(self, users: Sequence[UserKey]) -> None:
        """Remove everything about users, one statement a table."""
        columns = user_columns(users)
        await QUERIES.erase_devices(self._db, **columns)
        await QUERIES.erase_deliveries(self._db, **columns)
        await QUERIES.erase_inboxes(self._db, **columns)
        await QUERIES.erase_outbox(self._db, **columns)

    async def remember_inboxes(self, counts: Mapping[UserKey, tuple[int, int]]) -> None:
        """Keep the newest unseen counts."""
        await QUERIES.remember_inboxes(
            self._db,
            **user_columns(counts),
            unseen=[unseen for unseen, _ in counts.values()],
            seqs=[seq for _, seq in counts.values()],
        )

    async def inboxes(self, users: Sequence[UserKey]) -> Mapping[UserKey, tuple[int, int]]:
        """Return the kept (unseen, seq)."""
        records = await all_of(QUERIES.read_inboxes(self._db, **user_columns(users)))
        return {user_of(record): (record["unseen"], record["seq"]) for record in records}

    async def devices(self, users: Sequence[UserKey]) -> Sequence[Device]:
        """Return the users' devices, share-locked."""
        records = await all_of(QUERIES.devices_of_users(self._db, **user_columns(users)))
        return [device_of(record) for record in records]

    async def recent_rows(self, users: Sequence[UserKey], since: datetime) -> Sequence[Row]:
        """Return rows that wait or are newer than `since`."""
        records = await all_of(QUERIES.recent_rows(self._db, **user_columns(users), since=since))
        return [row_of(record) for record in records]

    async def write(self, rows: Sequence[NewRow], owner: UUID, now: datetime) -> Collection[UUID]:
        """Insert rows; return the ids that are new or queued again."""
        if not rows:
            return frozenset()
        records = await all_of(
            QUERIES.write_rows(
                self._db,
                **user_columns(row.user for row in rows),
                ids=[row.delivery_id for row in rows],
                installations=[row.installation_id for row in rows],
                providers=[row.provider for row in rows],
                lanes=[row.lane for row in rows],
                alerts=[row.alert_id for row in rows],
                purposes=[row.content.purpose.value for row in rows],
                states=[row.state.value for row in rows],
                urgents=[row.urgent for row in rows],
                slots=[row.slot for row in rows],
                things=[orjson.dumps(row.things).decode() for row in rows],
                contents=[row.content.model_dump_json() for row in rows],
                unseen=[row.unseen for row in rows],
                seqs=[row.seq for row in rows],
                requested=[row.requested_at for row in rows],
                before=[row.send_before for row in rows],
                waits=[row.wait_seconds for row in rows],
                leases=[row.lease_seconds for row in rows],
                summaries=[row.as_summary for row in rows],
                withdrawn=[row.state is State.WITHDRAWN for row in rows],
                owner=owner,
                now=now,
            )
        )
        return ids_of(records)

    async def end(self, endings: Sequence[Ending], owner: UUID, now: datetime) -> Collection[UUID]:
        """End waiting rows that nobody else holds."""
        if not endings:
            return frozenset()
        records = await all_of(
            QUERIES.end_rows(
                self._db,
                ids=[ending.delivery_id for ending in endings],
                states=[ending.state.value for ending in endings],
                reasons=[ending.reason for ending in endings],
                owner=owner,
                now=now,
            )
        )
        return ids_of(records)

    async def mark_withdrawn(self, alerts: Mapping[UUID, UserKey]) -> None:
        """Mark rows in flight."""
        await QUERIES.mark_withdrawn(self._db, **user_columns(alerts.values()), alerts=list(alerts))

    async def lease(self, lane: str, owner: UUID, limit: int, seconds: float) -> Sequence[LeasedRow]:
        """Take due rows."""
        records = await all_of(QUERIES.lease(self._db, lane=lane, owner=owner, most=limit, seconds=seconds))
        return [leased_of(record) for record in records]

    async def overdue(self, now: datetime, limit: int) -> Sequence[Row]:
        """Lock waiting rows past their `send_before`."""
        return [row_of(record) for record in await all_of(QUERIES.overdue(self._db, now=now, most=limit))]

    async def keep_summaries(self, delivery_ids: Sequence[UUID]) -> None:
        """Remember the summary text."""
        await QUERIES.keep_summaries(self._db, ids=list(delivery_ids))

    async def release(self, delivery_ids: Sequence[UUID], owner: UUID, wait_seconds: float) -> None:
        """Give rows back."""
        if delivery_ids:
            await QUERIES.release(self._db, ids=list(delivery_ids), owner=owner, wait=wait_seconds)

    async def record(self, results: Sequence[Result], owner: UUID, now: datetime) -> Mapping[UUID, State]:
        """Write results: ended and postponed rows in one statement each, kept ones given back."""
        changed: dict[UUID, State] = {}
        ended = [(result, result.settled) for result in results if isinstance(result.settled, Ended)]
        if ended:
            records = await all_of(
                QUERIES.record_ended(
                    self._db,
                    **_tried([result for result, _ in ended]),
                    states=[settled.state.value for _, settled in ended],
                    reasons=[settled.reason for _, settled in ended],
                    owner=owner,
                    now=now,
                )
            )
            states = {result.job.delivery_id: settled.state for result, settled in ended}
            changed |= {known: states[known] for known in ids_of(records)}
        later = [(result, result.settled) for result in results if isinstance(result.settled, Postponed)]
        if later:
            records = await all_of(
                QUERIES.record_postponed(
                    self._db,
                    **_tried([result for result, _ in later]),
                    reasons=[settled.reason for _, settled in later],
                    dues=[settled.at for _, settled in later],
                    owner=owner,
                    now=now,
                )
            )
            changed |= {UUID(int=record["delivery_id"].int): State(record["state"]) for record in records}
        kept = [result.job.delivery_id for result in results if isinstance(result.settled, Kept)]
        await self.release(kept, owner, 0.0)
        return changed

    async def spare(self, until: Mapping[DeviceKey, datetime]) -> None:
        """Keep devices from being sent to until then."""
        await QUERIES.spare_devices(
            self._db,
            districts=[key[0] for key in until],
            environments=[key[1] for key in until],
            installations=[key[2] for key in until],
            untils=list(until.values()),
        )

    async def prune(self, refused: Sequence[tuple[Job, datetime]]) -> Sequence[Device]:
        """Remove devices whose token is gone."""
        records = await all_of(
            QUERIES.prune_devices(
                self._db,
                districts=[job.user.district_id for job, _ in refused],
                environments=[job.user.environment.value for job, _ in refused],
                installations=[job.installation_id for job, _ in refused],
                digests=[digest(job.push.token) for job, _ in refused],
                gone=[at for _, at in refused],
            )
        )
        return [device_of(record) for record in records]

    async def end_of_devices(
        self, devices: Sequence[Device], state: State, reason: str, now: datetime
    ) -> Sequence[Row]:
        """End the waiting rows of removed devices."""
        if not devices:
            return []
        records = await all_of(
            QUERIES.end_of_devices(
                self._db,
                **user_columns(device.user for device in devices),
                installations=[device.installation_id for device in devices],
                state=state.value,
                reason=reason,
                now=now,
            )
        )
        return [row_of(record) for record in records]

    async def untold(self, limit: int) -> Sequence[tuple[int, Told]]:
        """Lock the oldest events."""
        records = await all_of(QUERIES.untold(self._db, most=limit))
        return [
            (
                record["seq"],
                Told(
                    user_of(record),
                    record["event_id"],
                    record["type"],
                    record["at"],
                    record["data"].encode(),
                ),
            )
            for record in records
        ]

    async def told(self, places: Sequence[int]) -> None:
        """Delete told events."""
        await QUERIES.told(self._db, seqs=list(places))

    async def tell(self, reports: Sequence[tuple[UUID, str, Report]]) -> None:
        """Put events into the outbox."""
        if not reports:
            return
        bodies = [report for _, _, report in reports]
        await QUERIES.tell(
            self._db,
            districts=[report.district_id for report in bodies],
            environments=[report.environment.value for report in bodies],
            users=[report.user_id for report in bodies],
            ids=[event_id for event_id, _, _ in reports],
            types=[kind for _, kind, _ in reports],
            ats=[report.at for report in bodies],
            datas=[report.model_dump_json() for report in bodies],
        )


class PostgresStore:
    """Opens transactions on the dispatcher's schema."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def work(self) -> AsyncIterator[PostgresWork]:
        """One transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PostgresWork(connection)

    @asynccontextmanager
    async def registry(self) -> AsyncIterator[tuple[PostgresWork, PostgresRegistry]]:
        """One transaction for devices and their rows."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PostgresWork(connection), PostgresRegistry(connection)

    async def ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            return bool(await self._pool.fetchval("select true", timeout=2))
        except UNAVAILABLE:
            return False


def _tried(results: Sequence[Result]) -> dict[str, list[Any]]:
    return {
        "ids": [result.job.delivery_id for result in results],
        "attempts": [result.job.attempts + 1 for result in results],
        "firsts": [result.job.first_attempt if result.job.attempts else result.sent_at for result in results],
    }
