"""The outbox told to the deliveries topic: an event is forgotten only when the broker has acknowledged it."""

import asyncio

from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.keys import encoded, user_key
from bellwire_schemas.source import Source
from bellwire_schemas.topics import DELIVERIES

from push_dispatcher.ports import DeliveryStore, Told

_log = logger(__name__)
_MOST = 2_000


class Relay:
    """Empties the outbox in its order; `told` wakes it."""

    def __init__(
        self, store: DeliveryStore, producer: Producer, told: asyncio.Event, topic: str = DELIVERIES
    ) -> None:
        self._store = store
        self._producer = producer
        self._told = told
        self._topic = topic
        self._stopping = False

    def stop(self) -> None:
        """Let `run` return once the outbox is empty, or at the first failure."""
        self._stopping = True
        self._told.set()

    async def run(self, every_seconds: float = 1.0) -> None:
        """Tell until stopped; while the broker or the database is away, hold and try again."""
        while True:
            self._told.clear()
            try:
                more = await self.tell()
            except UNAVAILABLE as error:
                _log.warning("the outbox waits for the database", error=type(error).__name__)
                more = False
            if more:
                continue
            if self._stopping:
                return
            try:
                await asyncio.wait_for(self._told.wait(), every_seconds)
            except TimeoutError:
                continue

    async def tell(self) -> bool:
        """Send one batch; return whether there may be more to send at once."""
        async with self._store.work() as work:
            events = await work.untold(_MOST)
            if not events:
                return False
            failures = await self._producer.send([self._message(event) for _, event in events])
            point("push.relayed")
            done = [place for (place, _), failed in zip(events, failures, strict=True) if failed is None]
            await work.told(done)
        if len(done) < len(events):
            _log.warning("events wait for the broker", events=len(events) - len(done))
            return False
        return len(events) == _MOST

    def _message(self, event: Told) -> Message:
        source = Source(event.user.district_id, event.user.environment)
        value, headers = to_kafka(
            CloudEvent(
                id=str(event.event_id),
                source=str(source),
                type=event.type,
                subject=f"users/{encoded(event.user.user_id)}",
                time=event.at,
                data=event.data,
            )
        )
        return Message(self._topic, user_key(source, event.user.user_id), value, headers)
