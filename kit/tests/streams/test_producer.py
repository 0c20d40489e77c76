"""Appending to a real broker: answers a message, order, and size. A broker that goes away is in test_faults.py."""

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message, MessageTooLarge


async def test_every_message_has_its_own_answer_and_a_bad_one_harms_no_other(real: Any) -> None:
    stage = real[0]
    topic = await stage.topic()
    wrong: Any = Message(topic, b"key", "text")  # type: ignore[arg-type]
    sent = [
        Message(topic, b"key", b"1"),
        Message(topic, b"key", b"x" * 2_000_000),
        wrong,
        Message(topic, b"key", b"2"),
    ]
    async with open_producer(stage.settings) as producer:
        answers = await producer.send(sent)
        assert await producer.send([]) == []
    assert [type(answer) for answer in answers] == [type(None), MessageTooLarge, TypeError, type(None)]
    assert "at most 1000000" in str(answers[1])
    assert [record.value for record in await stage.records(topic)] == [b"1", b"2"]


async def test_concurrent_calls_keep_the_order_of_each_callers_key(real: Any) -> None:
    stage = real[0]
    topic = await stage.topic()

    async with open_producer(stage.settings) as producer:

        async def call(caller: int) -> None:
            for number in range(20):
                key = b"caller-%d" % caller
                answers = await producer.send(
                    [Message(topic, key, b"%d" % n) for n in (2 * number, 2 * number + 1)]
                )
                assert answers == [None, None]

        await asyncio.gather(*(call(caller) for caller in range(25)))
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for record in await stage.records(topic):
        by_key[record.key].append(int(record.value))
    assert len(by_key) == 25
    assert all(values == list(range(40)) for values in by_key.values())


async def test_a_missing_topic_is_answered_in_time(real: Any) -> None:
    stage = real[0]
    settings = stage.settings.model_copy(update={"send_timeout_seconds": 1.0})
    async with open_producer(settings) as producer:
        answers = await producer.send([Message("no such name!", b"", b"1")])
    assert isinstance(answers[0], Exception)


async def test_a_cancelled_call_leaves_the_producer_working(real: Any) -> None:
    stage = real[0]
    topic = await stage.topic()
    async with open_producer(stage.settings) as producer:
        call = asyncio.create_task(producer.send([Message(topic, b"k", b"%d" % n) for n in range(100)]))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await producer.send([Message(topic, b"k", b"after")]) == [None]
    assert (await stage.records(topic))[-1].value == b"after"
