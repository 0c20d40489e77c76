"""The default runtime: aiokafka's consumer behind the batch loop (architecture.md section 9)."""

import asyncio
from collections.abc import Sequence
from time import time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from aiokafka.structs import ConsumerRecord

from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.batch_loop import BatchLoop
from bellwire_kit.streams.protocol import Handler, Record, StreamUnavailable, Subscription
from bellwire_kit.streams.retrying import Backoff
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.streams.settling import Batch, Settling
from bellwire_kit.streams.source import CommitLost, FetchFailed, OpenFailed

log = structlog.get_logger(__name__)

POINTLESS = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
"""Refusals that no retry changes."""

WAIT_MS = 1_000
SILENCE_MS = 5_000
"""A broker that answers does so at least every half second; this much without an answer is not ready."""
CLOSE_SECONDS = 10.0


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets the batch in hand finish before the partitions go, and numbers the assignments."""

    def __init__(self) -> None:
        self.handing_over = asyncio.Lock()
        self.assignment = 0
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.joined = False

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Wait for handle-and-commit, then make every batch of the old assignment stale."""
        self.joined = False
        async with self.handing_over:
            self.assignment += 1

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Positions are those committed, whoever read before."""
        self.assigned = frozenset(assigned)
        self.joined = True


class AiokafkaSource:
    """The partitions of one aiokafka consumer."""

    def __init__(self, settings: StreamSettings, subscription: Subscription) -> None:
        self._settings = settings
        self._subscription = subscription
        self._listener = _Listener()
        self._consumer: AIOKafkaConsumer | None = None
        self._asking_since: float | None = None

    @property
    def handing_over(self) -> asyncio.Lock:
        """Shared with the rebalance listener."""
        return self._listener.handing_over

    @property
    def assignment(self) -> int:
        """Counts revocations."""
        return self._listener.assignment

    @property
    def ready(self) -> bool:
        """Joined (with no partitions too: a spare is ready), and the broker has answered of late."""
        if not self._listener.joined or self._consumer is None:
            return False
        if self._asking_since is None:
            return True
        polled = (self._consumer.last_poll_timestamp(place) or 0 for place in self._consumer.assignment())
        answered = max(polled, default=time() * 1_000)
        return time() * 1_000 - max(answered, self._asking_since * 1_000) < SILENCE_MS

    async def open(self) -> None:
        """Make a client, find the topics, join the group."""
        consumer = AIOKafkaConsumer(
            **self._settings.connection(),
            group_id=self._subscription.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.session_timeout_ms // 4,
            rebalance_timeout_ms=self._settings.rebalance_timeout_ms,
            max_poll_interval_ms=self._settings.max_poll_interval_ms,
            **self._subscription.options,
        )
        consumer.subscribe(list(self._subscription.topics), listener=self._listener)
        started = False
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await consumer.start()
            started = True
        except POINTLESS as refusal:
            raise StreamUnavailable(
                f"the broker refuses {self._subscription.group}: {refusal!r}"
            ) from refusal
        except (KafkaError, OSError, TimeoutError) as failure:
            topics = ", ".join(self._subscription.topics)
            raise OpenFailed(
                f"{self._settings.bootstrap_servers} does not answer for {topics}: {failure!r}; "
                "start the broker and create the topics"
            ) from failure
        finally:
            if not started:
                await self._leave(consumer)
        self._consumer = consumer

    async def fetch(self) -> Batch | None:
        """What is there, at most `max_per_partition` of each partition, so that none starves the others.

        Nothing is awaited between the last read and the return, so the batch belongs to the present
        assignment. Partitions are read one by one, so that one that cannot be read costs no other a record:
        aiokafka drops what a call has read before it raises, after it has moved the position.
        """
        assert self._consumer is not None
        if self._asking_since is None:
            self._asking_since = time()
        gathering = _Gathering(self._consumer, self._listener, self._subscription)
        await gathering.read_first(WAIT_MS)
        if gathering.touched:
            await gathering.read_rest()
        batch = gathering.batch()
        if batch is not None:
            self._asking_since = None
        return batch

    async def commit(self, batch: Batch) -> None:
        """Commit; a broker that is away is waited for, since only a rebalance can make it void."""
        assert self._consumer is not None
        self._asking_since = time()
        try:
            await self._consumer.commit(
                {TopicPartition(topic, number): end for (topic, number), end in batch.ends.items()}
            )
        except (CommitFailedError, IllegalStateError) as lost:
            raise CommitLost(f"{self._subscription.group} lost its partitions") from lost
        except KafkaError as failure:
            raise StreamUnavailable(f"{self._subscription.group} cannot commit: {failure!r}") from failure
        self._asking_since = None

    async def close(self) -> None:
        """Leave the group, at once if the broker answers."""
        if self._consumer is None:
            return
        self._listener.joined = False
        await self._leave(self._consumer)

    async def _leave(self, consumer: AIOKafkaConsumer) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await consumer.stop()
        except TimeoutError:
            log.warning("stream.close_overrun", group=self._subscription.group)


class _Gathering:
    """One batch being read, partition by partition, under one assignment."""

    def __init__(self, consumer: AIOKafkaConsumer, listener: _Listener, subscription: Subscription) -> None:
        self._consumer = consumer
        self._listener = listener
        self._bound = subscription.max_per_partition
        self._most = self._room = subscription.max_batch
        self._group = subscription.group
        self._found: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = {}
        self._assignment = listener.assignment
        self._failure: KafkaError | None = None

    @property
    def touched(self) -> bool:
        """Whether there was anything to read, or a fault that may hide what others have."""
        return bool(self._found) or self._failure is not None

    async def read_first(self, wait_ms: int) -> None:
        """Wait for one record of any partition."""
        await self._read((), wait_ms, 1)

    async def read_rest(self) -> None:
        """All that is there already, as far as the bounds allow."""
        for place in self._consumer.assignment():
            if self._room <= 0:
                return
            await self._read((place,), 0, min(self._room, self._bound - len(self._found.get(place, ()))))

    async def _read(self, places: tuple[TopicPartition, ...], wait_ms: int, most: int) -> None:
        if most <= 0:
            return
        try:
            read = await self._consumer.getmany(*places, timeout_ms=wait_ms, max_records=most)
        except POINTLESS as refusal:
            raise StreamUnavailable(f"the broker refuses {self._group}: {refusal!r}") from refusal
        except KafkaError as failure:
            self._failure = failure
            log.warning(
                "stream.unreadable", group=self._group, partitions=[*places], error=type(failure).__name__
            )
            return
        if self._assignment != self._listener.assignment:
            # partitions changed hands while we waited: only what was read since is ours
            self._assignment, self._found, self._room = self._listener.assignment, {}, self._most
        for place, records in read.items():
            self._found.setdefault(place, []).extend(records)
            self._room -= len(records)

    def batch(self) -> Batch | None:
        """The records in hand. Raises `FetchFailed` if there are none because of a fault."""
        if not self._found:
            if self._failure is not None:
                raise FetchFailed(f"{self._group}: {self._failure!r}") from self._failure
            return None
        records: list[Record] = []
        ends: dict[tuple[str, int], int] = {}
        counts: dict[str, int] = {}
        for (topic, number), read in self._found.items():
            records += [
                Record(
                    topic, number, one.offset, one.timestamp, one.key or b"", one.value or b"", one.headers
                )
                for one in read
            ]
            ends[topic, number] = read[-1].offset + 1
            counts[topic] = counts.get(topic, 0) + len(read)
        return Batch(records, ends, counts, self._assignment)


class AiokafkaConsumer:
    """The stream protocol's consumer on aiokafka."""

    def __init__(self, settings: StreamSettings, subscription: Subscription) -> None:
        self._producer = AiokafkaProducer(settings.for_dead_letters())
        source = AiokafkaSource(settings, subscription)
        self._loop = BatchLoop(
            source,
            Settling(subscription, self._producer),
            subscription.group,
            Backoff(settings.retry_first_seconds, settings.retry_most_seconds),
            settings.drain_seconds,
            settings.connect_seconds,
        )

    async def run(self, handler: Handler) -> None:
        """Read until `stop`; see `protocol.Consumer`."""
        try:
            await self._loop.run(handler)
        finally:
            await self._producer.close()

    def stop(self) -> None:
        """Drain and return; safe from a signal handler."""
        self._loop.stop()

    @property
    def ready(self) -> bool:
        """True while partitions are assigned, the broker answers and the handler does not fail."""
        return self._loop.ready
