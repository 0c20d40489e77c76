"""Reading one batch from aiokafka, partition by partition, under one assignment."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from aiokafka.structs import ConsumerRecord

from bellwire_kit.streams.protocol import Record, StreamUnavailable, Subscription
from bellwire_kit.streams.settling import Batch
from bellwire_kit.streams.source import FetchFailed

log = structlog.get_logger(__name__)

POINTLESS = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
"""Refusals that no retry changes."""


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
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


class Gathering:
    """One batch being read, partition by partition, under one assignment."""

    def __init__(self, consumer: AIOKafkaConsumer, listener: Listener, subscription: Subscription) -> None:
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
