"""The second runtime, on faust-streaming, in the one form that lost no record (architecture.md section 9).

Faust's streams acknowledge on their own: a failed or cancelled batch in a `finally`, and records of an
earlier generation as they are skipped. So no agent and no stream is used: the topic's channel is read, bytes
as they are, and a message is acknowledged here alone, after the handler. Its limits: docs/streams.md.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from bellwire_kit.streams import metrics
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.faust_app import ConsumerNotStarted, faust_app
from bellwire_kit.streams.protocol import Handler, Record, StreamUnavailable, Subscription
from bellwire_kit.streams.retrying import Backoff, causes
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.streams.settling import DeadLetterFailed, HandlerFailed, Settling

log = structlog.get_logger(__name__)

STOP_SECONDS = 15.0


class FaustConsumer:
    """The stream protocol's consumer on Faust."""

    def __init__(self, settings: StreamSettings, subscription: Subscription) -> None:
        self._settings = settings
        self._subscription = subscription
        self._producer = AiokafkaProducer(settings.for_dead_letters())
        self._settling = Settling(subscription, self._producer)
        self._backoff = Backoff(settings.retry_first_seconds, settings.retry_most_seconds)
        self._stopping = asyncio.Event()
        self._request_stop: Any = self._stopping.set
        self._failing = False
        self._app: Any = None

    def stop(self) -> None:
        """Drain and return; safe from a signal handler."""
        self._request_stop()

    @property
    def ready(self) -> bool:
        """True while partitions are assigned and the handler works; a silent broker is not noticed."""
        app = self._app
        if app is None or self._failing or self._stopping.is_set():
            return False
        if not app.started or app.rebalancing or app.crashed:
            return False
        try:
            return bool(app.consumer.assignment())
        except ConsumerNotStarted:
            return False

    async def run(self, handler: Handler) -> None:
        """Read until `stop`; see `protocol.Consumer`."""
        loop = asyncio.get_running_loop()
        self._request_stop = lambda: loop.call_soon_threadsafe(self._stopping.set)
        group = self._subscription.group
        metrics.READY.labels(group).set_function(lambda: float(self.ready))
        try:
            with TemporaryDirectory(prefix="bellwire-faust-") as folder:
                self._app = faust_app(self._settings, self._subscription, folder)
                await self._run(handler)
        finally:
            metrics.READY.labels(group).set(0)
            self._app = None
            self._request_stop = self._stopping.set
            await self._producer.close()

    async def _run(self, handler: Handler) -> None:
        app = self._app
        # iterating a topic is what subscribes to it
        channel = aiter(app.topic(*self._subscription.topics, key_type=bytes, value_type=bytes))
        reading = asyncio.create_task(self._read(channel, handler))
        stopping = asyncio.create_task(self._stopping.wait())
        crashed = asyncio.create_task(app._crashed.wait())
        starting = asyncio.create_task(app.start())
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await asyncio.wait((starting, stopping, crashed), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await asyncio.wait((reading, stopping, crashed), return_when=asyncio.FIRST_COMPLETED)
            if crashed.done():
                raise StreamUnavailable(f"{self._subscription.group}: Faust crashed: {app.crash_reason!r}")
        except StreamUnavailable:
            raise
        except Exception as failure:
            raise StreamUnavailable(
                f"{self._subscription.group} cannot start on {self._settings.bootstrap_servers}: {failure!r}"
            ) from failure
        finally:
            await self._drain(reading)
            for task in (starting, stopping, crashed):
                task.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await app.stop()
        if reading.done() and not reading.cancelled():
            reading.result()

    async def _drain(self, reading: "asyncio.Task[None]") -> None:
        """Let the batch in hand finish, at most `drain_seconds`."""
        self._stopping.set()
        done, _ = await asyncio.wait((reading,), timeout=self._settings.drain_seconds)
        if not done:
            log.warning("stream.drain_overrun", group=self._subscription.group)
            reading.cancel()
            await asyncio.wait((reading,))

    async def _read(self, channel: Any, handler: Handler) -> None:
        """Batches from the channel until the stop; only this task acknowledges."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                first = asyncio.ensure_future(channel.queue.get())
                await asyncio.wait((first, stopping), return_when=asyncio.FIRST_COMPLETED)
                if not first.done():
                    first.cancel()
                    return
                await self._see_through(self._taken(channel, first.result()), handler)
        finally:
            stopping.cancel()

    def _taken(self, channel: Any, first: Any) -> list[Any]:
        """What is in the queue, as messages of the present generation that a rebalance will wait for."""
        app, most = self._app, self._subscription.max_batch
        events = [first]
        while len(events) < most and not channel.queue.empty():
            events.append(channel.queue.get_nowait())
        messages = []
        for event in events:
            message = event.message
            if message.generation_id == app.consumer_generation_id and app.flow_control.is_active():
                app.consumer.track_message(message)
                messages.append(message)
        return messages

    async def _see_through(self, messages: Sequence[Any], handler: Handler) -> None:
        """Until the batch is settled and acknowledged; a stop or a rebalance leaves a failing one unread."""
        if not messages:
            return
        group = self._subscription.group
        records = [_record(message) for message in messages]
        attempt = 0
        try:
            while True:
                try:
                    await self._settling.settle(records, handler)
                    break
                except (HandlerFailed, DeadLetterFailed) as failure:
                    attempt += 1
                    where = "handler" if isinstance(failure, HandlerFailed) else "dead_letter"
                    await self._wait(self._backoff.delay(attempt), where, failure)
                    if self._stopping.is_set() or self._app.rebalancing:
                        metrics.ABANDONED.labels(group).inc()
                        return
            self._failing = False
            await self._acknowledge(messages)
        finally:
            for message in messages:
                # given up without acknowledgement: a rebalance must not wait for it, its next reader gets it
                message.acked = True

    async def _acknowledge(self, messages: Sequence[Any]) -> None:
        consumer, group = self._app.consumer, self._subscription.group
        counts: dict[str, int] = {}
        for message in messages:
            message.ack(consumer)
            counts[message.topic] = counts.get(message.topic, 0) + 1
        await consumer.commit()
        metrics.BATCHES.labels(group).inc()
        for topic, count in counts.items():
            metrics.RECORDS.labels(topic, group).inc(count)

    async def _wait(self, seconds: float, where: str, failure: Exception) -> None:
        self._failing = True
        group = self._subscription.group
        metrics.RETRIES.labels(group, where).inc()
        log.warning("stream.retry", group=group, where=where, after_seconds=seconds, causes=causes(failure))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _record(message: Any) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        round((message.timestamp or 0.0) * 1_000),
        message.key or b"",
        message.value or b"",
        tuple(message.headers or ()),
    )
