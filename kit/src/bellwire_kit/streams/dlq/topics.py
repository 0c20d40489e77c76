"""Reading a whole topic and appending to it for an operator's command, which knows no event loop.

Names of topics come from kafka-python; records go through aiokafka, which is installed with every codec.
"""

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from kafka import KafkaAdminClient
from kafka.errors import KafkaError as AdminError

from bellwire_kit.streams.dead_letters import SUFFIX
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message, Record, StreamUnavailable
from bellwire_kit.streams.settings import StreamSettings

POLL_MS = 1_000
SILENT_POLLS = 30
"""Polls in a row without a record before a topic counts as unreadable."""


class Topics:
    """The topics of one broker. Every method raises `StreamUnavailable` when the broker does not do its part."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings

    def dead_letter_topics(self) -> list[str]:
        """The names of all dead-letter topics."""
        try:
            admin = KafkaAdminClient(**self._settings.connection())
            try:
                return sorted(name for name in admin.list_topics() if name.endswith(SUFFIX))
            finally:
                admin.close()
        except AdminError as failure:
            raise StreamUnavailable(f"{self._settings.bootstrap_servers}: {failure!r}") from failure

    def read(self, topic: str) -> list[Record]:
        """Every record of a topic up to where it ended when asked."""
        if topic not in self.dead_letter_topics():
            raise StreamUnavailable(f"there is no topic {topic}")
        try:
            return asyncio.run(self._read(topic))
        except KafkaError as failure:
            raise StreamUnavailable(f"{self._settings.bootstrap_servers}: {failure!r}") from failure

    def append(self, rounds: Iterable[Sequence[Message]]) -> None:
        """Append round after round, each acknowledged by all in-sync replicas before the next."""
        asyncio.run(self._append(rounds))

    async def _read(self, topic: str) -> list[Record]:
        # without a group it is given every partition
        consumer = AIOKafkaConsumer(
            topic,
            **self._settings.connection(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            return await _up_to(consumer, await consumer.end_offsets(consumer.assignment()))
        finally:
            await consumer.stop()

    async def _append(self, rounds: Iterable[Sequence[Message]]) -> None:
        async with open_producer(self._settings) as producer:
            for messages in rounds:
                for answer in await producer.send(messages):
                    if answer is not None:
                        raise StreamUnavailable(f"not appended: {answer}") from answer


async def _up_to(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> list[Record]:
    found: list[Record] = []
    silent = 0
    open_places = {place for place, end in ends.items() if await consumer.position(place) < end}
    while open_places:
        answer = await consumer.getmany(*open_places, timeout_ms=POLL_MS)
        silent = 0 if answer else silent + 1
        if silent >= SILENT_POLLS:
            raise StreamUnavailable(
                f"{next(iter(open_places))} has records that the broker does not hand over"
            )
        for place, records in answer.items():
            found += [_record(one) for one in records if one.offset < ends[place]]
        open_places = {place for place in open_places if await consumer.position(place) < ends[place]}
    return found


def _record(one: ConsumerRecord[bytes, bytes]) -> Record:
    key, value = one.key or b"", one.value or b""
    return Record(one.topic, one.partition, one.offset, one.timestamp, key, value, one.headers)
