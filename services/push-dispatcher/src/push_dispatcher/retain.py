"""What is kept how long: devices unseen for 270 days go, and deliveries that ended (product.md section 6)."""

import asyncio
from datetime import timedelta
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from push_dispatcher.domain.delivery import State
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.relay import Relay
from push_dispatcher.telling import device_told, row_told

_log = logger(__name__)
DEVICES_FOR = timedelta(days=270)
DELIVERIES_FOR = timedelta(days=30)
_MOST = 1_000


class Retain:
    """Removes in small steps, so that nothing waits for it. Time is product time."""

    def __init__(self, store: DeliveryStore, clock: Clock, owner: UUID, relay: Relay) -> None:
        self._store = store
        self._owner = owner
        self._relay = relay
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return after the step in hand."""
        self._stopping.set()

    async def run(self, every_seconds: float = 30.0) -> None:
        """Remove until stopped."""
        while not self._stopping.is_set():
            pause = every_seconds
            try:
                pause = 0.05 if await self.step() else every_seconds
            except UNAVAILABLE as error:
                _log.warning("retention waits for the database", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._stopping.wait(), pause)
            except TimeoutError:
                continue

    async def step(self) -> bool:
        """Remove up to a thousand of each; return whether there may be more."""
        now = self._clock.now()
        async with self._store.work() as work:
            gone = await work.remove_unseen(now - DEVICES_FOR, _MOST)
            rows = await work.end_of_devices(gone, State.WITHDRAWN, "device_unseen", now)
            told = [
                *(device_told(device, "device_unseen", now) for device in gone),
                *(row_told(row, State.WITHDRAWN, "device_unseen", now) for row in rows if not row.silent),
            ]
            await work.tell(told, self._owner)
        self._relay.take(told)
        async with self._store.work() as work:
            removed = await work.remove_old_rows(now - DELIVERIES_FOR, _MOST)
        return len(gone) == _MOST or removed == _MOST
