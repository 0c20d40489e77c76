"""The protocol in memory, for unit tests: partitions, groups, commits and rebalances, and no broker."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import time_ns
from zlib import crc32

from bellwire_kit.streams.batch_loop import BatchLoop
from bellwire_kit.streams.protocol import Consumer, Handler, Message, Producer, Record, Subscription
from bellwire_kit.streams.retrying import Backoff
from bellwire_kit.streams.settling import Batch, Settling

Place = tuple[str, int]


@dataclass(slots=True)
class _Group:
    """The readers of one group, and the offset after the last record that each partition is done with."""

    members: list["_MemorySource"] = field(default_factory=list)
    committed: defaultdict[Place, int] = field(default_factory=lambda: defaultdict(int))
    rebalancing: asyncio.Lock = field(default_factory=asyncio.Lock)


class MemoryBroker:
    """Topics with `partitions` partitions each, made when first named."""

    def __init__(self, partitions: int = 4) -> None:
        self.partitions = partitions
        self._logs: defaultdict[Place, list[Record]] = defaultdict(list)
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._news = asyncio.Condition()

    def consumer(self, subscription: Subscription) -> Consumer:
        """A reader of the subscription's group; readers of one group share its partitions."""
        return _MemoryConsumer(self, subscription)

    def producer(self) -> Producer:
        """Appends at once; a key keeps to its partition."""
        return _MemoryProducer(self)

    def records(self, topic: str) -> Sequence[Record]:
        """All records of a topic, partition by partition."""
        return [record for number in range(self.partitions) for record in self._logs[topic, number]]

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """The committed offset of each partition of a topic."""
        return {number: self._groups[group].committed[topic, number] for number in range(self.partitions)}

    def lag(self, group: str, *topics: str) -> int:
        """Records of the topics that the group has not committed."""
        committed = self._groups[group].committed
        places = [(topic, number) for topic in topics for number in range(self.partitions)]
        return sum(len(self._logs[place]) - committed[place] for place in places)

    async def caught_up(self, group: str, *topics: str) -> None:
        """Wait until the group has committed every record of the topics."""
        async with self._news:
            await self._news.wait_for(lambda: self.lag(group, *topics) == 0)

    async def append(self, messages: Sequence[Message]) -> None:
        """Append the messages in order and wake the readers."""
        now = time_ns() // 1_000_000
        for message in messages:
            number = crc32(message.key) % self.partitions
            kept = self._logs[message.topic, number]
            kept.append(
                Record(
                    message.topic, number, len(kept), now, message.key, message.value, tuple(message.headers)
                )
            )
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


class _MemoryProducer:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append all; nothing fails here."""
        await self._broker.append(messages)
        return [None] * len(messages)


class _MemorySource:
    """One reader's partitions. A rebalance starts every reader again from what is committed."""

    def __init__(self, broker: MemoryBroker, subscription: Subscription) -> None:
        self._broker = broker
        self._subscription = subscription
        self._group = broker._groups[subscription.group]
        self._positions: dict[Place, int] = {}
        self.handing_over = asyncio.Lock()
        self.assignment = 0

    @property
    def ready(self) -> bool:
        return self in self._group.members

    async def open(self) -> None:
        async with self._group.rebalancing:
            self._group.members.append(self)
            await self._rebalance()

    async def close(self) -> None:
        async with self._group.rebalancing:
            if self in self._group.members:
                self._group.members.remove(self)
                await self._rebalance()

    async def fetch(self) -> Batch | None:
        async with self._broker._news:
            await self._broker._news.wait_for(self._has_news)
        wanted, taken = self._subscription, list[Record]()
        ends: dict[Place, int] = {}
        counts: defaultdict[str, int] = defaultdict(int)
        for place, position in list(self._positions.items()):
            room = min(wanted.max_per_partition, wanted.max_batch - len(taken))
            found = self._broker._logs[place][position : position + room]
            if found:
                taken += found
                # to the end of the order, so that the partitions are served in turn
                del self._positions[place]
                ends[place] = self._positions[place] = position + len(found)
                counts[place[0]] += len(found)
        return Batch(taken, ends, counts, self.assignment)

    async def commit(self, batch: Batch) -> None:
        self._group.committed.update(batch.ends)
        await self._broker._tell()

    def _has_news(self) -> bool:
        return any(position < len(self._broker._logs[place]) for place, position in self._positions.items())

    async def _rebalance(self) -> None:
        members = self._group.members
        async with AsyncExitStack() as all_paused:
            for member in members:
                await all_paused.enter_async_context(member.handing_over)
            for index, member in enumerate(members):
                member.assignment += 1
                member._positions = {
                    (topic, number): self._group.committed[topic, number]
                    for topic in member._subscription.topics
                    for number in range(index, self._broker.partitions, len(members))
                }
        await self._broker._tell()


class _MemoryConsumer:
    def __init__(self, broker: MemoryBroker, subscription: Subscription) -> None:
        source = _MemorySource(broker, subscription)
        settling = Settling(subscription, broker.producer())
        self._loop = BatchLoop(source, settling, subscription.group, Backoff(0.01, 0.1), 5.0, 5.0)

    async def run(self, handler: Handler) -> None:
        await self._loop.run(handler)

    def stop(self) -> None:
        self._loop.stop()

    @property
    def ready(self) -> bool:
        return self._loop.ready
