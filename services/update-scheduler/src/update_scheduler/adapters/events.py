"""Publishes the event outbox to Kafka, keyed by site, in order, after commit."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import orjson
from bellwire_kit import faults
from bellwire_kit.logs import logger
from bellwire_kit.postgres import Connection
from bellwire_kit.streams.protocol import Message, Producer, StreamUnavailable
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.keys import encoded
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_schemas.topics import UPDATE_EVENTS

from update_scheduler.adapters.postgres.outbox import OUTBOX
from update_scheduler.adapters.postgres.queue import all_rows
from update_scheduler.metrics import EVENTS

_log = logger(__name__)
_BATCH = 500
_RETRY = 1.0
_IDLE = 60.0

OpenProducer = Callable[[], AbstractAsyncContextManager[Producer]]


class EventDrain:
    """One drain of the event outbox; the producer is opened at the first event, and again after a fault."""

    def __init__(self, open_producer: OpenProducer, topic: str = UPDATE_EVENTS) -> None:
        self._open, self._topic = open_producer, topic
        self._stack = AsyncExitStack()
        self._producers: list[Producer] = []

    async def __call__(self, connection: Connection, stopping: Callable[[], bool]) -> float:
        """Publish what is due; return the seconds until the next try."""
        while not stopping():
            due = await all_rows(OUTBOX.due_events(connection, most=_BATCH))
            if not due:
                return _IDLE
            try:
                producer = await self._producer()
            except (TimeoutError, StreamUnavailable, OSError) as error:
                _log.warning("broker away", error=type(error).__name__, waiting=len(due))
                return _RETRY
            answers = await producer.send([self._message(row) for row in due])
            faults.point("update_scheduler.events.sent")
            done = [row["n"] for row, failed in zip(due, answers, strict=True) if failed is None]
            if done:
                await OUTBOX.events_published(connection, ns=done)
                EVENTS.labels("published").inc(len(done))
            if len(done) < len(due):
                EVENTS.labels("not_acknowledged").inc(len(due) - len(done))
                _log.warning("events not acknowledged", waiting=len(due) - len(done))
                return _RETRY
        return 0.0

    async def close(self) -> None:
        """Flush and disconnect."""
        self._producers.clear()
        await self._stack.aclose()

    async def _producer(self) -> Producer:
        if not self._producers:
            self._producers.append(await self._stack.enter_async_context(self._open()))
        return self._producers[0]

    def _message(self, row: Any) -> Message:
        event = CloudEvent(
            id=str(row["id"]),
            source=str(Source(row["district_id"], Environment(row["environment"]))),
            type=row["type"],
            subject=f"sites/{encoded(row['site_id'])}",
            time=row["at"],
            data=orjson.dumps(row["data"]),
        )
        value, headers = to_kafka(event)
        return Message(self._topic, encoded(row["site_id"]).encode(), value, headers)
