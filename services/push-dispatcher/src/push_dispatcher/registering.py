"""Devices registered, displaced and removed: nothing is sent to a device after its removal was answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from bellwire_kit.clock import Clock
from bellwire_schemas.alerts import AlertText
from bellwire_schemas.ids import delivery_id

from push_dispatcher.candidates import PROVIDER_NAMES
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import test_content
from push_dispatcher.domain.delivery import State
from push_dispatcher.lanes import Lanes
from push_dispatcher.ports.devices import Device, Registration
from push_dispatcher.ports.rows import Ending, NewRow, Told
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.ports.work import Work
from push_dispatcher.relay import Relay
from push_dispatcher.ruling import RECENT
from push_dispatcher.telling import device_told, row_told

TEST_LIFE = timedelta(minutes=10)
_LOOK_AGAIN = (0.005, 0.02, 0.05, 0.1)


class StillInFlight(Exception):
    """A request of the device is still out: its removal cannot be answered yet."""


class NoSuchDevice(Exception):
    """The user has no such device."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The device as written, and whether it was new."""

    device: Device
    created: bool


class Devices:
    """Use cases on a user's devices. `patience_seconds` outlasts a lease."""

    def __init__(
        self,
        store: DeliveryStore,
        lanes: Lanes,
        clock: Clock,
        owner: UUID,
        relay: Relay,
        patience_seconds: float,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._owner = owner
        self._relay = relay
        self._patience = patience_seconds

    async def listed(self, user: UserKey) -> Sequence[Device]:
        """Return a user's devices."""
        async with self._store.registry() as (_, registry):
            return await registry.own_devices(user)

    async def register(self, new: Registration) -> Registered:
        """Write a device; whoever had its token or installation before has it no longer, and gets no more.

        Raises `StillInFlight` when a request to the former holder does not end in time: asking again is right.
        """
        now = self._clock.now()
        async with self._store.registry() as (work, registry):
            displaced = await registry.displace(new)
            device, created = await registry.register(new, now)
            told = await self._ended(work, displaced, "device_replaced", now)
        self._relay.take(told)
        for former in displaced:
            await self._quiet(former.user, former.installation_id)
        return Registered(device, created)

    async def remove(self, user: UserKey, installation_id: str) -> None:
        """Remove a device and its data; return only when none of its requests is in flight.

        Raises `NoSuchDevice`, or `StillInFlight` when a request does not end in time.
        """
        now = self._clock.now()
        async with self._store.registry() as (work, registry):
            removed = await registry.remove_device(user, installation_id)
            told = await self._ended(work, removed, "logged_out", now)
        self._relay.take(told)
        forgotten = await self._quiet(user, installation_id)
        if not removed and not forgotten:
            raise NoSuchDevice

    async def test(self, user: UserKey, installation_id: str, text: AlertText) -> UUID:
        """Queue a push that shows whether the device rings; return its id. Raises `NoSuchDevice`."""
        now = self._clock.now()
        async with self._store.work() as work:
            found = [one for one in await work.devices([user]) if one.installation_id == installation_id]
            if not found:
                raise NoSuchDevice
            device = found[0]
            test_id = uuid4()
            identity = delivery_id(test_id, installation_id)
            row = NewRow(
                delivery_id=identity,
                user=user,
                installation_id=installation_id,
                provider=PROVIDER_NAMES[device.platform],
                lane=device.lane,
                alert_id=test_id,
                content=test_content(test_id, text),
                state=State.QUEUED,
                urgent=True,
                slot=test_id,
                things={},
                unseen=0,
                seq=0,
                requested_at=now,
                send_before=now + TEST_LIFE,
                wait_seconds=0.0,
                lease_seconds=0.0,
            )
            await work.write([row], self._owner, now)
        return identity

    async def _ended(self, work: Work, devices: Sequence[Device], reason: str, now: datetime) -> list[Told]:
        """End what waits for removed devices, in the database and in this process's memory."""
        if not devices:
            return []
        gone = {device.key for device in devices}
        told: list[Told] = [device_told(device, reason, now) for device in devices]
        rows = await work.end_of_devices(devices, State.WITHDRAWN, reason, now)
        held = await work.recent_rows([device.user for device in devices], now - RECENT)
        mine = [row for row in held if row.leased_by == self._owner and row.device in gone]
        recalled = {job.delivery_id for job in self._lanes.recall([row.delivery_id for row in mine])}
        endings = [Ending(known, State.WITHDRAWN, reason) for known in recalled]
        ended = await work.end(endings, self._owner, now)
        told += [row_told(row, State.WITHDRAWN, reason, now) for row in rows if not row.silent]
        told += [
            row_told(row, State.WITHDRAWN, reason, now)
            for row in mine
            if row.delivery_id in ended and not row.silent
        ]
        await work.tell(told, self._owner)
        return told

    async def _quiet(self, user: UserKey, installation_id: str) -> int:
        """Wait until nobody holds a row of the device, then forget its deliveries; return how many."""
        until = monotonic() + self._patience
        for attempt in range(1_000_000):
            async with self._store.registry() as (_, registry):
                if not await registry.in_flight(user, installation_id):
                    return await registry.forget_deliveries(user, installation_id)
            if monotonic() >= until:
                break
            await asyncio.sleep(_LOOK_AGAIN[min(attempt, len(_LOOK_AGAIN) - 1)])
        raise StillInFlight
