"""The default runtime: aiokafka's consumer behind the batch loop (architecture.md section 9)."""

import asyncio
from time import time

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
)

from bellwire_kit.streams.aiokafka_gathering import POINTLESS, Gathering, Listener
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.batch_loop import BatchLoop
from bellwire_kit.streams.protocol import Handler, StreamUnavailable, Subscription
from bellwire_kit.streams.retrying import Backoff
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.streams.settling import Batch, Settling
from bellwire_kit.streams.source import CommitLost, OpenFailed

log = structlog.get_logger(__name__)

WAIT_MS = 1_000
SILENCE_MS = 5_000
"""A broker that answers does so at least every half second; this much without an answer is not ready."""
CLOSE_SECONDS = 10.0


class AiokafkaSource:
    """The partitions of one aiokafka consumer."""

    def __init__(self, settings: StreamSettings, subscription: Subscription) -> None:
        self._settings = settings
        self._subscription = subscription
        self._listener = Listener()
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
        gathering = Gathering(self._consumer, self._listener, self._subscription)
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
