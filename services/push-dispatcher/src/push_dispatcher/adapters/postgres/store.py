"""Devices, deliveries and the outbox in Postgres: one query per batch, one transaction per block."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from bellwire_kit.postgres import UNAVAILABLE, Pool
from pydantic_core import to_json

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
from push_dispatcher.ports import Device, Ending, LeasedRow, NewRow, Row, Told


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
            QUERIES.write_rows(self._db, rows=[_row(row) for row in rows], owner=owner, now=now)
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
        ended, later = list[dict[str, Any]](), list[dict[str, Any]]()
        for result in results:
            match result.settled:
                case Ended(state=state, reason=reason):
                    ended.append({**_tried(result), "state": state, "reason": reason})
                case Postponed(at=at, reason=reason):
                    later.append({**_tried(result), "due_at": at, "reason": reason})
                case _:
                    pass
        if ended:
            states = {row["id"]: row["state"] for row in ended}
            records = await all_of(QUERIES.record_ended(self._db, rows=ended, owner=owner, now=now))
            changed |= {known: states[known] for known in ids_of(records)}
        if later:
            records = await all_of(QUERIES.record_postponed(self._db, rows=later, owner=owner, now=now))
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

    async def remove_unseen(self, before: datetime, limit: int) -> Sequence[Device]:
        """Remove devices that were not seen since."""
        records = await all_of(QUERIES.remove_unseen(self._db, before=before, most=limit))
        return [device_of(record) for record in records]

    async def remove_old_rows(self, before: datetime, limit: int) -> int:
        """Remove old ended rows."""
        removed: int = await QUERIES.remove_old_rows(self._db, before=before, most=limit)
        return removed

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

    async def tell(self, events: Sequence[Told]) -> None:
        """Put events into the outbox."""
        if events:
            await QUERIES.tell(self._db, events=[_event(event) for event in events])


class PostgresStore:
    """Opens transactions on the dispatcher's schema."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def work(self) -> AsyncIterator[PostgresWork]:
        """One transaction."""
        async with self._transaction() as connection:
            yield PostgresWork(connection)

    @asynccontextmanager
    async def registry(self) -> AsyncIterator[tuple[PostgresWork, PostgresRegistry]]:
        """One transaction for devices and their rows."""
        async with self._transaction() as connection:
            yield PostgresWork(connection), PostgresRegistry(connection)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.InternalClientError as error:
            # How asyncpg names a connection that died unseen: as away as any other lost connection.
            raise ConnectionResetError("the connection to the database was lost") from error

    async def ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            return bool(await self._pool.fetchval("select true", timeout=2))
        except UNAVAILABLE:
            return False


def _row(row: NewRow) -> dict[str, Any]:
    return {
        "delivery_id": row.delivery_id,
        "user": row.user,
        "installation_id": row.installation_id,
        "provider": row.provider,
        "lane": row.lane,
        "alert_id": row.alert_id,
        "purpose": row.content.purpose,
        "content": to_json(row.content).decode(),
        "state": row.state,
        "urgent": row.urgent,
        "slot": row.slot,
        "things": row.things,
        "unseen": row.unseen,
        "seq": row.seq,
        "requested_at": row.requested_at,
        "send_before": row.send_before,
        "wait_seconds": row.wait_seconds,
        "lease_seconds": row.lease_seconds,
        "as_summary": row.as_summary,
    }


def _tried(result: Result) -> dict[str, Any]:
    job = result.job
    return {
        "id": job.delivery_id,
        "attempts": job.attempts + 1,
        "first_attempt_at": job.first_attempt if job.attempts else result.sent_at,
    }


def _event(event: Told) -> dict[str, Any]:
    return {
        "user": event.user,
        "event_id": event.event_id,
        "type": event.type,
        "at": event.at,
        "data": event.data.decode(),
    }
