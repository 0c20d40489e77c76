"""What every runtime does alike (issue 3 line 4): memory, aiokafka and Faust."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest
from bellwire_kit.streams.protocol import (
    DONE,
    DeadLetter,
    Message,
    Outcome,
    Record,
    Subscription,
    TooManyDeadLetters,
)

COUNT = 200


class Seen:
    """A handler that remembers what it was handed."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.batches: list[int] = []

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        self.records += records
        self.batches.append(len(records))
        return [DONE] * len(records)


class Gate(Seen):
    """A handler that waits in each batch until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        self.entered.set()
        await self.open.wait()
        return await super().__call__(records)


async def test_a_key_keeps_its_order_and_nothing_is_lost_or_repeated(stage: Any, tools: Any) -> None:
    topic, seen = await stage.topic(), Seen()
    await stage.send(tools.messages(topic, COUNT))
    subscription = Subscription((topic,), f"{topic}-group", max_batch=50, max_per_partition=20)
    async with tools.Running(stage.consumer(subscription), seen) as running:
        assert not running.consumer.ready
        await tools.until(lambda: running.consumer.ready, "readiness, asked for from the very start")
        await tools.until(lambda: len(seen.records) == COUNT, "all records")
        await stage.send(tools.messages(topic, COUNT))
        await tools.until(lambda: len(seen.records) == 2 * COUNT, "the later records")
        await running.stopped()
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for record in seen.records:
        by_key[record.key].append(int(record.headers[0][1]))
    assert all(
        found == [n for _ in range(2) for n in range(COUNT) if n % 20 == int(key[4:])]
        for key, found in by_key.items()
    )
    assert max(seen.batches) <= 50
    assert await stage.committed(subscription.group, topic) == 2 * COUNT


async def test_offsets_are_committed_only_after_the_handler(stage: Any, tools: Any) -> None:
    topic, gate = await stage.topic(), Gate()
    await stage.send(tools.messages(topic, COUNT))
    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), gate) as running:
        await asyncio.wait_for(gate.entered.wait(), 30)
        assert running.consumer.ready
        assert await stage.committed(subscription.group, topic) == 0
        gate.open.set()
        await tools.until(lambda: len(gate.records) == COUNT, "all records")
        await running.stopped()
    assert not running.consumer.ready
    assert await stage.committed(subscription.group, topic) == COUNT


async def test_after_a_crash_the_next_reader_gets_what_was_not_committed(stage: Any, tools: Any) -> None:
    topic, gate, seen = await stage.topic(), Gate(), Seen()
    await stage.send(tools.messages(topic, COUNT))
    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), gate):
        await asyncio.wait_for(gate.entered.wait(), 30)
    assert gate.records == []
    async with tools.Running(stage.consumer(subscription), seen) as running:
        await tools.until(lambda: len(seen.records) >= COUNT, "all records")
        await running.stopped()
    assert sorted(int(record.headers[0][1]) for record in seen.records) == list(range(COUNT))


async def test_a_failing_handler_gets_the_same_records_again_after_a_pause(stage: Any, tools: Any) -> None:
    topic = await stage.topic()
    await stage.send(tools.messages(topic, 20, keys=1))
    attempts: list[tuple[float, list[int]]] = []
    readiness: list[bool] = []
    done: list[int] = []

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        attempts.append((monotonic(), [record.offset for record in records]))
        readiness.append(running.consumer.ready)
        if len(attempts) < 4:
            raise ConnectionError("the database is away")
        done.extend(attempts[-1][1])
        return [DONE] * len(records)

    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), handler) as running:
        await tools.until(lambda: len(done) == 20, "all records, at the fourth attempt or in later batches")
        await tools.until(lambda: running.consumer.ready, "readiness again")
        await running.stopped()
    assert done == list(range(20))
    assert [offsets for _, offsets in attempts[:4]] == [attempts[0][1]] * 4
    assert readiness[:4] == [True, False, False, False]
    first = 0.01 if stage.name == "memory" else 0.1
    pauses = [later - earlier for (earlier, _), (later, _) in pairwise(attempts[:4])]
    for pause, delay in zip(pauses, (first, 2 * first, 4 * first), strict=True):
        assert pause >= delay
    assert await stage.committed(subscription.group, topic) == 20


async def test_a_handler_that_miscounts_commits_nothing(stage: Any, tools: Any) -> None:
    topic, calls = await stage.topic(), []
    await stage.send(tools.messages(topic, 5))

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        calls.append(len(records))
        return [DONE] * (len(records) + 1)

    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), handler) as running:
        await tools.until(lambda: len(calls) >= 2, "a second attempt")
        await running.stopped()
    assert await stage.committed(subscription.group, topic) == 0


async def test_a_poison_record_is_a_dead_letter_as_it_came_and_the_rest_goes_on(
    stage: Any, tools: Any
) -> None:
    topic, seen = await stage.topic(), Seen()
    await stage.send(tools.messages(topic, COUNT))
    poison = (b"key-7", b"\xff not json \x00", (("ce_id", b"bad"), ("dlq_reason", b"of an earlier time")))
    await stage.send([Message(topic, *poison)])

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        await seen(records)
        return [
            DeadLetter("invalid_json", "the body is not JSON") if r.value.startswith(b"\xff") else DONE
            for r in records
        ]

    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), handler) as running:
        await tools.until(lambda: len(seen.records) == COUNT + 1, "all records")
        await running.stopped()
    bad = next(record for record in seen.records if record.value.startswith(b"\xff"))
    letters = await stage.records(f"{topic}.dlq")
    assert [(letter.key, letter.value) for letter in letters] == [poison[:2]]
    headers = dict(letters[0].headers)
    assert len(headers) == len(letters[0].headers), "an earlier refusal's headers are replaced"
    assert headers == {
        "ce_id": b"bad",
        "dlq_reason": b"invalid_json",
        "dlq_error": b"the body is not JSON",
        "dlq_topic": topic.encode(),
        "dlq_partition": b"%d" % bad.partition,
        "dlq_offset": b"%d" % bad.offset,
        "dlq_timestamp": b"%d" % bad.timestamp,
        "dlq_group": subscription.group.encode(),
    }
    assert await stage.committed(subscription.group, topic) == COUNT + 1


@pytest.mark.parametrize("stage", ["aiokafka", "faust"], indirect=True)
async def test_a_dead_letter_that_is_too_large_is_cut_and_the_partition_goes_on(
    stage: Any, tools: Any
) -> None:
    topic = await stage.topic(1)
    await stage.send([Message(topic, b"key", b"x" * 999_000, (("ce_id", b"0"),)), *tools.messages(topic, 3)])
    stage.settings = stage.settings.model_copy(update={"max_message_bytes": 200_000})

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        return [
            DeadLetter("too_large", "the body is too large") if len(r.value) > 1_000 else DONE
            for r in records
        ]

    subscription = Subscription((topic,), f"{topic}-group")
    async with tools.Running(stage.consumer(subscription), handler) as running:

        async def settled() -> bool:
            return bool(await stage.committed(subscription.group, topic) == 4)

        await tools.until(settled, "all four records committed")
        await running.stopped()
    letters = await stage.records(f"{topic}.dlq")
    assert [(letter.value, dict(letter.headers)["dlq_cut_from"]) for letter in letters] == [
        (b"x" * 65_536, b"999000")
    ]


async def test_too_many_dead_letters_stop_the_consumer_and_commit_nothing(stage: Any, tools: Any) -> None:
    topic = await stage.topic()
    await stage.send(tools.messages(topic, COUNT, keys=1))

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        return [DeadLetter("unknown_type", "the type is not one of ours") for _ in records]

    subscription = Subscription((topic,), f"{topic}-group", dead_letter_minimum=1)
    running = tools.Running(stage.consumer(subscription), handler)
    with pytest.raises(TooManyDeadLetters, match=f"{topic}-group.*unknown_type"):
        await asyncio.wait_for(running.task, 45)
    assert await stage.committed(subscription.group, topic) == 0
    assert await stage.records(f"{topic}.dlq") == []


async def test_stop_drains_what_is_in_hand(stage: Any, tools: Any) -> None:
    topic, gate = await stage.topic(), Gate()
    await stage.send(tools.messages(topic, COUNT))
    subscription = Subscription((topic,), f"{topic}-group", max_batch=10)
    async with tools.Running(stage.consumer(subscription), gate) as running:
        await asyncio.wait_for(gate.entered.wait(), 30)
        running.consumer.stop()
        gate.open.set()
        await asyncio.wait_for(running.task, 30)
    assert 0 < len(gate.records) <= 10
    assert await stage.committed(subscription.group, topic) == len(gate.records)


async def test_every_codec_is_read(stage: Any, tools: Any) -> None:
    topic, seen = await stage.topic(), Seen()
    sent: list[bytes] = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        batch = tools.messages(topic, 40)
        await stage.send(batch, codec)
        sent += [message.value for message in batch]
    async with tools.Running(stage.consumer(Subscription((topic,), f"{topic}-group")), seen) as running:
        await tools.until(lambda: len(seen.records) == len(sent), "all records of all codecs")
        await running.stopped()
    assert sorted(record.value for record in seen.records) == sorted(sent)


async def test_readers_of_one_group_share_the_partitions(stage: Any, tools: Any) -> None:
    topic, one, two = await stage.topic(), Seen(), Seen()
    subscription = Subscription((topic,), f"{topic}-group")
    async with (
        tools.Running(stage.consumer(subscription), one) as first,
        tools.Running(stage.consumer(subscription), two) as second,
    ):
        sent = 0
        while not (one.records and two.records):
            await stage.send(tools.messages(topic, COUNT))
            sent += COUNT
            await tools.until(lambda sent=sent: len(one.records) + len(two.records) >= sent, "this round")
        await first.stopped()
        await second.stopped()
    places = [(record.partition, record.offset) for record in [*one.records, *two.records]]
    assert len(set(places)) == sent
    assert await stage.committed(subscription.group, topic) == sent
