"""A user's devices, and an administrator's view of deliveries, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bellwire_schemas.source import Source

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.rows import device_of, digest
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.device import provider_of
from push_dispatcher.ports.devices import DeliveryLine, DeliveryQuery, Device, Registration


class PostgresRegistry:
    """One open transaction; implements `push_dispatcher.ports.Registry`."""

    def __init__(self, connection: Any) -> None:
        self._db = connection

    async def own_devices(self, user: UserKey) -> Sequence[Device]:
        """Return a user's devices."""
        return [device_of(record) for record in await all_of(QUERIES.own_devices(self._db, **_of(user)))]

    async def displace(self, new: Registration) -> Sequence[Device]:
        """Remove whoever holds the token, or the installation for another user."""
        records = await all_of(
            QUERIES.displace(
                self._db,
                **_of(new.user),
                installation=new.installation_id,
                app=new.app,
                digest=digest(new.token),
            )
        )
        return [device_of(record) for record in records]

    async def register(self, new: Registration, now: datetime) -> tuple[Device, bool]:
        """Write a device; what waits for it follows it to another provider or host."""
        record = await QUERIES.register(
            self._db,
            **_of(new.user),
            installation=new.installation_id,
            platform=new.platform.value,
            app=new.app,
            token=str(new.token),
            digest=digest(new.token),
            token_kind=new.token_kind,
            apns_environment=new.apns_environment.value,
            settings=new.settings.model_dump(mode="json", exclude_defaults=True),
            seen=now,
        )
        device = device_of(record)
        if not record["created"]:
            await QUERIES.move_rows(
                self._db,
                **_of(new.user),
                installation=new.installation_id,
                lane=device.lane,
                provider=provider_of(device.platform).value,
            )
        return device, record["created"]

    async def remove_device(self, user: UserKey, installation_id: str) -> Sequence[Device]:
        """Remove a user's device."""
        record = await QUERIES.remove_device(self._db, **_of(user), installation=installation_id)
        return [] if record is None else [device_of(record)]

    async def in_flight(self, user: UserKey, installation_id: str) -> int:
        """Count held rows."""
        held: int = await QUERIES.in_flight(self._db, **_of(user), installation=installation_id)
        return held

    async def forget_deliveries(self, user: UserKey, installation_id: str) -> int:
        """Remove the deliveries of a removed device."""
        return len(
            await all_of(QUERIES.forget_deliveries(self._db, **_of(user), installation=installation_id))
        )

    async def page(self, query: DeliveryQuery) -> Sequence[DeliveryLine]:
        """Return a page of deliveries."""
        before, before_id = query.before
        records = await all_of(
            QUERIES.deliveries_page(
                self._db,
                district=query.source.district_id,
                environment=query.source.environment.value,
                user=query.user_id,
                state=query.state,
                since=query.since,
                before=before,
                before_id=before_id,
                most=query.limit,
            )
        )
        return [
            DeliveryLine(
                delivery_id=UUID(int=record["delivery_id"].int),
                user_id=record["user_id"],
                installation_id=record["installation_id"],
                provider=record["provider"],
                alert_id=UUID(int=record["alert_id"].int),
                purpose=record["purpose"],
                state=record["state"],
                reason=record["reason"],
                attempts=record["attempts"],
                written_at=record["written_at"],
                send_before=record["send_before"],
                ended_at=record["ended_at"].isoformat() if record["ended_at"] else "",
            )
            for record in records
        ]

    async def counts(self, source: Source, since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Count deliveries by provider and state."""
        records = await all_of(
            QUERIES.counts(
                self._db, district=source.district_id, environment=source.environment.value, since=since
            )
        )
        counted: dict[str, dict[str, int]] = {}
        for record in records:
            counted.setdefault(record["provider"], {})[record["state"]] = record["number"]
        return counted


def _of(user: UserKey) -> dict[str, str]:
    return {"district": user.district_id, "environment": user.environment.value, "user": user.user_id}
