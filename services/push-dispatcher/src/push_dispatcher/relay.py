"""The outbox told to the deliveries topic: an event is forgotten only when the broker has acknowledged it."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_schemas.envelope import JSON, TRACEPARENT, Headers
from bellwire_schemas.keys import encoded
from bellwire_schemas.topics import DELIVERIES

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.ports.rows import Told
from push_dispatcher.ports.store import DeliveryStore

_log = logger(__name__)
_MOST = 2_000
_IN_MEMORY = 20_000
_ENOUGH = 500
_LINGER_SECONDS = 0.05
"""Fewer events than this wait so long for more: an append and a transaction cost as much as many events."""


class Relay:
    """Tells events in the order of the outbox.

    What this process committed is told from memory (`take`), at once. The outbox itself is read only for what a
    process left behind that is gone, and while the broker refuses (`behind`): then everything goes by the outbox,
    in its order, until it is empty again.
    """

    def __init__(
        self, store: DeliveryStore, producer: Producer, owner: UUID, topic: str = DELIVERIES
    ) -> None:
        self._store = store
        self._producer = producer
        self._owner = owner
        self._topic = topic
        self._fresh: deque[Told] = deque()
        self._acknowledged: list[int] = []
        self._from_outbox: frozenset[int] = frozenset()
        self.behind = False
        self._news = asyncio.Event()
        self._stopping = False

    def take(self, told: Sequence[Told]) -> None:
        """Tell events whose transaction is committed, and which have their places in the outbox."""
        if not told:
            return
        if len(self._fresh) + len(told) > _IN_MEMORY:
            self._fall_behind()
        if not self.behind:
            self._fresh.extend(told)
            self._news.set()

    def drop(self, users: Collection[UserKey]) -> None:
        """Forget what was not told about users who were erased."""
        if users:
            self._fresh = deque(event for event in self._fresh if event.user not in users)

    def stop(self) -> None:
        """Let `run` return once everything is told, or at the first failure."""
        self._stopping = True
        self._news.set()

    async def run(self, every_seconds: float = 1.0) -> None:
        """Tell until stopped; while the broker or the database is away, hold and try again."""
        while True:
            self._news.clear()
            try:
                more = await self.step()
            except UNAVAILABLE as error:
                _log.warning("the outbox waits for the database", error=type(error).__name__)
                more = False
            if more:
                continue
            if self._stopping:
                return
            pause = asyncio.get_running_loop().call_later(every_seconds, self._news.set)
            await self._news.wait()
            pause.cancel()
            if len(self._fresh) < _ENOUGH and not self._stopping:
                await asyncio.sleep(_LINGER_SECONDS)

    async def step(self) -> bool:
        """Tell one batch; return whether there may be more to tell at once."""
        await self._forget()
        if not self._fresh:
            return await self._from_the_outbox()
        batch = [self._fresh.popleft() for _ in range(min(_MOST, len(self._fresh)))]
        await self._send([event for event in batch if event.place not in self._from_outbox])
        await self._forget()
        return bool(self._fresh)

    async def _from_the_outbox(self) -> bool:
        own, self.behind = self.behind, False
        # What is committed from here on is taken into memory, and perhaps read below as well: told once.
        try:
            async with self._store.work() as work:
                events = await work.untold(self._owner, _MOST, own=own)
                self._from_outbox = frozenset(event.place for event in events)
                if own and len(events) == _MOST:
                    self._fall_behind()
                failed = await self._send(events)
                if self._acknowledged:
                    await work.told(self._acknowledged)
        except BaseException:
            self.behind = own
            raise
        self._acknowledged = []
        return len(events) == _MOST and not failed

    async def _send(self, events: Sequence[Told]) -> int:
        """Send; whatever is not acknowledged stays in the outbox. Return how many that are."""
        if not events:
            return 0
        failures = await self._producer.send(list(self._messages(events)))
        point("push.relayed")
        failed = 0
        for event, failure in zip(events, failures, strict=True):
            if failure is None:
                self._acknowledged.append(event.place)
            else:
                failed += 1
        if failed:
            _log.warning("events wait for the broker", events=failed)
            self._fall_behind()
        return failed

    def _fall_behind(self) -> None:
        """From now on everything goes by the outbox, where it is."""
        self.behind = True
        self._fresh.clear()

    async def _forget(self) -> None:
        if self._acknowledged:
            async with self._store.work() as work:
                await work.told(self._acknowledged)
            self._acknowledged = []

    def _messages(self, events: Iterable[Told]) -> Iterable[Message]:
        """Write events as CloudEvents in Kafka's binary mode, as `bellwire_schemas.envelope.to_kafka` does."""
        user, key, source, subject = None, b"", b"", b""
        for event in events:
            if event.user != user:
                user = event.user
                user_id = encoded(user.user_id)
                key = f"{user.district_id}/{user.environment}/{user_id}".encode()
                source = f"/districts/{user.district_id}/{user.environment}".encode()
                subject = f"users/{user_id}".encode()
            headers: Headers = (
                _SPEC,
                ("ce_id", str(event.event_id).encode()),
                ("ce_source", source),
                ("ce_type", event.type.encode()),
                ("ce_subject", subject),
                ("ce_time", event.at.isoformat().encode()),
                _CONTENT_TYPE,
            )
            if event.traceparent:
                headers = (*headers, (_TRACEPARENT, event.traceparent.encode()))
            yield Message(self._topic, key, event.data, headers)


_SPEC = ("ce_specversion", b"1.0")
_TRACEPARENT = f"ce_{TRACEPARENT}"
_CONTENT_TYPE = ("content-type", JSON.encode())
