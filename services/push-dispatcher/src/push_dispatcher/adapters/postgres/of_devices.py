"""Devices, badges and what is known of users, within one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.rows import device_of, digest, user_columns, user_of
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.job import DeviceKey, Job
from push_dispatcher.ports.devices import Device


class OfDevices:
    """The part of `push_dispatcher.ports.work.Work` about devices and users."""

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
        """Return the users' devices, locked."""
        records = await all_of(QUERIES.devices_of_users(self._db, **user_columns(users)))
        return [device_of(record) for record in records]

    async def free_devices(self, keys: Sequence[DeviceKey]) -> Sequence[Device]:
        """Return and lock those of the devices that nobody else has locked."""
        records = await all_of(QUERIES.free_devices(self._db, **_columns(keys)))
        return [device_of(record) for record in records]

    async def spare(self, until: Mapping[DeviceKey, datetime]) -> None:
        """Keep devices from being sent to until then."""
        await QUERIES.spare_devices(self._db, **_columns(list(until)), untils=list(until.values()))

    async def prune(self, refused: Sequence[tuple[Job, datetime]]) -> Sequence[Device]:
        """Remove devices whose token is gone."""
        records = await all_of(
            QUERIES.prune_devices(
                self._db,
                **_columns([job.device for job, _ in refused]),
                digests=[digest(job.push.token) for job, _ in refused],
                gone=[at for _, at in refused],
            )
        )
        return [device_of(record) for record in records]

    async def remove_unseen(self, before: datetime, limit: int) -> Sequence[Device]:
        """Remove devices that were not seen since."""
        records = await all_of(QUERIES.remove_unseen(self._db, before=before, most=limit))
        return [device_of(record) for record in records]


def _columns(keys: Sequence[DeviceKey]) -> dict[str, list[str]]:
    return {
        "districts": [key[0] for key in keys],
        "environments": [key[1] for key in keys],
        "installations": [key[2] for key in keys],
    }
