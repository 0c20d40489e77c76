"""Stages: one way to drive the same tests over the memory broker and over both runtimes on a real one."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import Consumer, Handler, Message, Record, Subscription
from bellwire_kit.streams.settings import StreamSettings

PARTITIONS = 4
PATIENCE = 100.0


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, patience: float = PATIENCE
) -> None:
    """Wait for a condition; what is missing is named if it never comes."""

    async def poll() -> None:
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)

    try:
        await asyncio.wait_for(poll(), patience)
    except TimeoutError:
        raise AssertionError(f"not within {patience} s: {what}") from None


class Stage(Protocol):
    name: str

    async def topic(self, partitions: int = PARTITIONS) -> str: ...

    async def send(self, messages: Sequence[Message], compression: str = "lz4") -> None: ...

    def consumer(self, subscription: Subscription) -> Consumer: ...

    async def committed(self, group: str, topic: str) -> int: ...

    async def records(self, topic: str) -> list[Record]: ...


class MemoryStage:
    name = "memory"

    def __init__(self) -> None:
        self.broker = MemoryBroker(PARTITIONS)

    async def topic(self, partitions: int = PARTITIONS) -> str:
        return f"topic-{uuid.uuid4().hex[:8]}"

    async def send(self, messages: Sequence[Message], compression: str = "lz4") -> None:
        await self.broker.append(messages)

    def consumer(self, subscription: Subscription) -> Consumer:
        return self.broker.consumer(subscription)

    async def committed(self, group: str, topic: str) -> int:
        return sum(self.broker.committed(group, topic).values())

    async def records(self, topic: str) -> list[Record]:
        return list(self.broker.records(topic))


class KafkaStage:
    def __init__(self, name: str, bootstrap_servers: str) -> None:
        self.name = name
        self.settings = StreamSettings(
            bootstrap_servers=bootstrap_servers,
            runtime=name,
            session_timeout_ms=6_000,
            drain_seconds=1,
            retry_first_seconds=0.1,
            retry_most_seconds=0.4,
        )
        self.made: list[str] = []

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.bootstrap_servers)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def topic(self, partitions: int = PARTITIONS) -> str:
        name = f"streams-{uuid.uuid4().hex[:8]}"
        async with self.admin() as admin:
            await admin.create_topics([NewTopic(name, partitions, 1), NewTopic(f"{name}.dlq", 1, 1)])
        self.made += [name, f"{name}.dlq"]
        return name

    async def forget(self) -> None:
        """Delete the topics: the broker may be one that outlives the tests."""
        async with self.admin() as admin:
            await admin.delete_topics(self.made)

    async def send(self, messages: Sequence[Message], compression: str = "lz4") -> None:
        settings = self.settings.model_copy(update={"compression": compression})
        async with open_producer(settings) as producer:
            assert [answer for answer in await producer.send(messages) if answer is not None] == []

    def consumer(self, subscription: Subscription) -> Consumer:
        return open_consumer(self.settings, subscription)

    async def committed(self, group: str, topic: str) -> int:
        async with self.admin() as admin:
            offsets = await admin.list_consumer_group_offsets(group)
        return sum(
            found.offset for place, found in offsets.items() if place.topic == topic and found.offset > 0
        )

    async def records(self, topic: str) -> list[Record]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            await consumer._client._wait_on_metadata(topic)
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[Record] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    found += [
                        Record(
                            place.topic,
                            place.partition,
                            r.offset,
                            r.timestamp,
                            r.key or b"",
                            r.value,
                            r.headers,
                        )
                        for r in records
                    ]
            return found
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def transactional(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.bootstrap_servers, transactional_id=f"tx-{uuid.uuid4().hex[:8]}"
        )
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


class Running:
    """A consumer at work in a task."""

    def __init__(self, consumer: Consumer, handler: Handler) -> None:
        self.consumer = consumer
        self.task = asyncio.create_task(consumer.run(handler))

    async def stopped(self) -> None:
        self.consumer.stop()
        await asyncio.wait_for(self.task, PATIENCE)

    async def __aenter__(self) -> "Running":
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():
            self.task.cancel()
        await asyncio.wait({self.task}, timeout=PATIENCE)


def messages(topic: str, count: int, keys: int = 20) -> list[Message]:
    """Numbered messages over some keys, each with a header."""
    return [
        Message(topic, b"key-%d" % (n % keys), b'{"n": %d}' % n, (("ce_id", b"%d" % n),))
        for n in range(count)
    ]


@pytest.fixture(params=["memory", "aiokafka", "faust"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The memory broker, and a real one under each runtime."""
    if request.param == "memory":
        yield MemoryStage()
        return
    found = KafkaStage(request.param, request.getfixturevalue("kafka_bootstrap"))
    yield found
    await found.forget()


@pytest.fixture
async def real(kafka_bootstrap: str) -> AsyncIterator[list[KafkaStage]]:
    """Both real runtimes, for scenarios that run side by side."""
    found = [KafkaStage(name, kafka_bootstrap) for name in ("aiokafka", "faust")]
    yield found
    for each in found:
        await each.forget()


@pytest.fixture
def tools() -> Any:
    """The parts above, for tests: they are not a package and cannot import each other."""

    class Tools:
        pass

    found = Tools()
    for name, part in {
        "until": until,
        "messages": messages,
        "Running": Running,
        "KafkaStage": KafkaStage,
    }.items():
        setattr(found, name, part)
    return found
