"""The database behind transactions."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bellwire_schemas.source import Source

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.ports.devices import DeliveryLine, DeliveryQuery, Device, Registration
from push_dispatcher.ports.work import Work


class Registry(Protocol):
    """One transaction on a user's devices, and on what an administrator may see of deliveries."""

    async def own_devices(self, user: UserKey) -> Sequence[Device]:
        """Return a user's devices."""

    async def displace(self, new: Registration) -> Sequence[Device]:
        """Remove and return devices that hold the token or the installation that is registered now."""

    async def register(self, new: Registration, now: datetime) -> tuple[Device, bool]:
        """Write a device; return it, and whether it is new."""

    async def remove_device(self, user: UserKey, installation_id: str) -> Sequence[Device]:
        """Remove and return a user's device; empty when there is none."""

    async def in_flight(self, user: UserKey, installation_id: str) -> int:
        """Count the device's rows that somebody holds."""

    async def forget_deliveries(self, user: UserKey, installation_id: str) -> int:
        """Remove the deliveries of a device that the user no longer has; return how many there were."""

    async def page(self, query: DeliveryQuery) -> Sequence[DeliveryLine]:
        """Return a page of a district's deliveries, newest first."""

    async def counts(self, source: Source, since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Count a district's deliveries by provider and state."""


class DeliveryStore(Protocol):
    """Opens transactions."""

    def work(self) -> AbstractAsyncContextManager[Work]:
        """One transaction: committed when the block ends, undone when it raises."""

    def registry(self) -> AbstractAsyncContextManager[tuple[Work, Registry]]:
        """One transaction that both work and registry share."""
