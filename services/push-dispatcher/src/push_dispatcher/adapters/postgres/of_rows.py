"""Delivery rows written, leased and ended, within one transaction: one statement for all rows of a call."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.of_devices import OfDevices
from push_dispatcher.adapters.postgres.rows import ids_of, leased_of, row_of, user_columns
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Content, content_text
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
        records = await all_of(
            QUERIES.write_rows(
                self._db,
                ids=[row.delivery_id for row in rows],
                **user_columns([row.user for row in rows]),
                installations=[row.installation_id for row in rows],
                providers=[row.provider for row in rows],
                lanes=[row.lane for row in rows],
                alerts=[row.alert_id for row in rows],
                purposes=[row.content.purpose for row in rows],
                states=[row.state for row in rows],
                urgents=[row.urgent for row in rows],
                slots=[row.slot for row in rows],
                things=_versions(rows),
                contents=_contents(rows),
                unseens=[row.unseen for row in rows],
                seqs=[row.seq for row in rows],
                requested=[row.requested_at for row in rows],
                send_before=[row.send_before for row in rows],
                waits=[row.wait_seconds for row in rows],
                leases=[row.lease_seconds for row in rows],
                summaries=[row.as_summary for row in rows],
                owner=owner,
                now=now,
            )
        )
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


def _contents(rows: Sequence[NewRow]) -> list[str]:
    """Encode contents; rows of one alert follow each other and share theirs."""
    texts: list[str] = []
    before: Content | None = None
    for row in rows:
        if row.content is not before:
            before = row.content
            text = content_text(before)
        texts.append(text)
    return texts


def _versions(rows: Sequence[NewRow]) -> list[str]:
    """Encode what the rows tell of, once for rows that follow each other and share it."""
    texts: list[str] = []
    before: Mapping[str, datetime] | None = None
    for row in rows:
        if row.things is not before:
            before = row.things
            text = orjson.dumps(before).decode()
        texts.append(text)
    return texts
