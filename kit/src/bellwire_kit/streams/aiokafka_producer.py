"""Appending through aiokafka: idempotent, acknowledged by all in-sync replicas, many messages a call."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import lru_cache
from random import choice
from types import TracebackType
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from bellwire_kit.streams import metrics
from bellwire_kit.streams.appending import Call, Lane
from bellwire_kit.streams.protocol import Message, MessageTooLarge, StreamUnavailable
from bellwire_kit.streams.retrying import Backoff
from bellwire_kit.streams.settings import StreamSettings

__all__ = ["AiokafkaProducer", "MessageTooLarge", "NotAcknowledged", "hashed", "message_bytes"]

log = structlog.get_logger(__name__)

BATCH_BYTES = 256 * 1024
CLOSE_SECONDS = 10.0
HEADER_BYTES = 10
"""What lengths cost at most, for a header and for a message."""


@lru_cache(maxsize=1 << 16)
def hashed(key: bytes) -> int:
    """Kafka's murmur2 of a key, which chooses its partition; remembered, since it costs 8 microseconds."""
    return int(murmur2(key))


class NotAcknowledged(Exception):
    """The broker did not answer in time: the message may or may not have been appended; send it again."""


class AiokafkaProducer:
    """The stream protocol's producer. Connects on `__aenter__`, or else on the first `send`."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._backoff = Backoff(settings.retry_first_seconds, settings.retry_most_seconds)
        self._lanes: dict[str, list[Lane]] = {}
        self._closed = False
        self._disposing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._started()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for what is under way, at most `CLOSE_SECONDS`, and disconnect; later sends are refused."""
        self._closed = True
        producer, self._producer = self._producer, None
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                for lane in (lane for lanes in self._lanes.values() for lane in lanes):
                    await lane.idle()
                if producer is not None:
                    await _dispose(producer)
        except TimeoutError:
            log.warning("stream.producer_close_overrun")
        for task in self._disposing:
            task.cancel()

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append all and wait for all in-sync replicas; one answer a message, in order.

        None: appended. `MessageTooLarge`: it never can be. `NotAcknowledged`: not known, send it again.
        Any other error is the broker's, or `StreamUnavailable`. Messages of one key in a call stay in order.
        """
        call = Call(len(messages))
        try:
            async with asyncio.timeout(self._settings.send_timeout_seconds):
                await self._queue(messages, call)
                if messages:
                    await call.finished
        except TimeoutError:
            log.warning("stream.send_overrun", unacknowledged=call.unknown)
            call.expire(NotAcknowledged("the broker did not acknowledge in time: send it again"))
        except (StreamUnavailable, KafkaError, OSError) as failure:
            call.expire(failure)
        finally:
            # a caller that is cancelled must not leave messages behind that go out later
            call.expired = True
        _count(messages, call.answers)
        return call.answers

    async def _queue(self, messages: Sequence[Message], call: Call) -> None:
        producer = await self._started()
        most = self._settings.max_message_bytes
        used: set[Lane] = set()
        lanes = {
            topic: self._lanes_of(topic, await producer.partitions_for(topic))
            for topic in {message.topic for message in messages}
        }
        anywhere = {topic: choice(of_topic) for topic, of_topic in lanes.items()}  # noqa: S311
        for index, message in enumerate(messages):
            size = message_bytes(message)
            if size > most:
                call.answer(index, MessageTooLarge(_too_large(message.topic, size, most)))
                continue
            of_topic = lanes[message.topic]
            key = message.key
            lane = of_topic[(hashed(key) & 0x7FFFFFFF) % len(of_topic)] if key else anywhere[message.topic]
            lane.put((call, index, message))
            used.add(lane)
        for lane in used:
            lane.start()

    def _lanes_of(self, topic: str, numbers: Collection[int]) -> list[Lane]:
        """One lane a partition, in the order of their numbers; partitions are only ever added."""
        lanes = self._lanes.setdefault(topic, [])
        linger = self._settings.linger_ms / 1_000
        while len(lanes) < len(numbers):
            lanes.append(Lane(topic, len(lanes), linger, self._started, self._renew))
        return lanes

    async def _started(self) -> AIOKafkaProducer:
        if self._closed:
            raise StreamUnavailable("the producer is closed")
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._producer is None:
                self._producer = await self._connected()
            return self._producer

    async def _connected(self) -> AIOKafkaProducer:
        """A started producer; an unreachable broker is tried again for `connect_seconds`."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        deadline = loop.time() + settings.connect_seconds
        attempt = 0
        while True:
            producer = AIOKafkaProducer(
                **settings.connection(),
                acks="all",
                enable_idempotence=True,
                compression_type=None if settings.compression == "none" else settings.compression,
                max_batch_size=BATCH_BYTES,
            )
            started = False
            try:
                async with asyncio.timeout_at(deadline):
                    await producer.start()
                started = True
                return producer
            except (KafkaError, OSError, TimeoutError) as failure:
                attempt += 1
                if loop.time() >= deadline:
                    raise StreamUnavailable(
                        f"{settings.bootstrap_servers} does not answer: {failure!r}; start the broker"
                    ) from failure
                await asyncio.sleep(self._backoff.delay(attempt))
            finally:
                if not started:
                    await _dispose(producer)

    def _renew(self, broken: AIOKafkaProducer) -> None:
        """Replace a producer of which a batch failed: its sequence numbers have a hole from then on."""
        if self._producer is broken:
            self._producer = None
            task = asyncio.ensure_future(_dispose(broken))
            self._disposing.add(task)
            task.add_done_callback(self._disposing.discard)


async def _dispose(producer: AIOKafkaProducer) -> None:
    """Disconnect; a producer that failed has its batches refused, which is no news by now."""
    with suppress(KafkaError):
        await producer.stop()


def message_bytes(message: Message) -> int:
    """Bytes of key, value and headers, lengths included."""
    size = len(message.key) + len(message.value) + HEADER_BYTES
    for name, value in message.headers:
        size += len(name) + len(value) + HEADER_BYTES
    return size


def _too_large(topic: str, size: int, most: int) -> str:
    return f"a message for {topic} has {size} bytes of key, value and headers; at most {most} are allowed"


def _count(messages: Sequence[Message], answers: Sequence[Exception | None]) -> None:
    sent: dict[str, int] = {}
    for message, answer in zip(messages, answers, strict=True):
        if answer is None:
            sent[message.topic] = sent.get(message.topic, 0) + 1
        else:
            metrics.SEND_FAILURES.labels(message.topic, type(answer).__name__).inc()
    for topic, count in sent.items():
        metrics.SENT.labels(topic).inc(count)
