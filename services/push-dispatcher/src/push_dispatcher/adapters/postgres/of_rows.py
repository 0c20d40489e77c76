"""Delivery rows written, leased and ended, within one transaction: one statement for all rows of a call."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.of_devices import OfDevices
from push_dispatcher.adapters.postgres.rows import content_text, ids_of, leased_of, row_of, user_columns
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Content
from push_dispatcher.domain.delivery import State
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import Ending, LeasedRow, NewRow, Row

_PARTED = "\x1f"


class OfRows(OfDevices):
    """The part of `push_dispatcher.ports.work.Work` about rows that are not answered yet."""

    async def recent_rows(self, users: Sequence[UserKey], since: datetime) -> Sequence[Row]:
        """Return rows that wait or are newer than `since`."""
        records = await all_of(QUERIES.recent_rows(self._db, **user_columns(users), since=since))
        return [row_of(record) for record in records]

    async def rows_that_matter(
        self, things: Mapping[UserKey, Collection[str]], since: datetime
    ) -> Sequence[Row]:
        """Return rows that wait, and newer ones than `since` that tell of these things."""
        lists = [_listed(of_user) for of_user in things.values()]
        records = await all_of(
            QUERIES.rows_that_matter(self._db, **user_columns(things), things=lists, since=since)
        )
        return [row_of(record) for record in records]

    async def write(self, rows: Sequence[NewRow], owner: UUID, now: datetime) -> Collection[UUID]:
        """Insert rows; return the ids that are neither new nor queued again."""
        if not rows:
            return frozenset()
        await QUERIES.make_arriving(self._db)
        await self._db.copy_records_to_table("arriving", records=_arriving(rows))
        records = await all_of(QUERIES.write_rows(self._db, owner=owner, now=now))
        if len(records) == len(rows):
            return frozenset()
        return {row.delivery_id for row in rows} - ids_of(records)

    async def end(self, endings: Sequence[Ending], owner: UUID, now: datetime) -> Collection[UUID]:
        """End waiting rows that nobody else holds."""
        if not endings:
            return frozenset()
        records = await all_of(
            QUERIES.end_rows(
                self._db,
                ids=[ending.delivery_id for ending in endings],
                states=[ending.state for ending in endings],
                reasons=[ending.reason for ending in endings],
                owner=owner,
                now=now,
            )
        )
        return ids_of(records)

    async def mark_withdrawn(self, alerts: Mapping[UUID, UserKey]) -> None:
        """Mark rows in flight."""
        await QUERIES.mark_withdrawn(self._db, **user_columns(alerts.values()), alerts=list(alerts))

    async def lease(
        self, lane: str, owner: UUID, limit: int, seconds: float
    ) -> tuple[Sequence[LeasedRow], Sequence[Device]]:
        """Look for due rows, hold their devices, then take those rows whose device is held or gone."""
        due = await all_of(QUERIES.due_rows(self._db, lane=lane, most=limit))
        if not due:
            return [], []
        keys = {
            (record["district_id"], record["environment"], record["installation_id"])
            for record in due
            if record["has_device"]
        }
        devices = await self.free_devices(sorted(keys)) if keys else []
        held = {device.key for device in devices}
        ids = [
            record["delivery_id"]
            for record in due
            if not record["has_device"]
            or (record["district_id"], record["environment"], record["installation_id"]) in held
        ]
        if not ids:
            return [], []
        records = await all_of(QUERIES.lease(self._db, ids=ids, owner=owner, seconds=seconds))
        return [leased_of(record) for record in records], devices

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

    async def end_of_devices(
        self, devices: Sequence[Device], state: State, reason: str, now: datetime
    ) -> Sequence[Row]:
        """End the waiting rows of removed devices."""
        if not devices:
            return []
        records = await all_of(
            QUERIES.end_of_devices(
                self._db,
                **user_columns([device.user for device in devices]),
                installations=[device.installation_id for device in devices],
                state=state,
                reason=reason,
                now=now,
            )
        )
        return [row_of(record) for record in records]

    async def remove_old_rows(self, before: datetime, limit: int) -> int:
        """Remove old ended rows."""
        removed: int = await QUERIES.remove_old_rows(self._db, before=before, most=limit)
        return removed


def _listed(things: Collection[str]) -> str | None:
    """Return things as the query takes them: null, that is any, also when one has the mark that parts them."""
    if not things or any(_PARTED in thing for thing in things):
        return None
    return _PARTED.join(things)


def _arriving(rows: Sequence[NewRow]) -> Iterator[tuple[object, ...]]:
    """Return rows as `arriving` takes them; rows of one alert follow each other and share their JSON."""
    content: Content | None = None
    things = text = ""
    for row in rows:
        if row.content is not content:
            content = row.content
            text = content_text(content)
            things = orjson.dumps(row.things).decode()
        yield (
            row.delivery_id,
            row.user[0],
            row.user[1],
            row.user[2],
            row.installation_id,
            row.provider,
            row.lane,
            row.alert_id,
            content.purpose,
            row.state,
            row.urgent,
            row.slot,
            things,
            text,
            row.unseen,
            row.seq,
            row.requested_at,
            row.send_before,
            row.wait_seconds,
            row.lease_seconds,
            row.as_summary,
            row.traceparent,
        )
