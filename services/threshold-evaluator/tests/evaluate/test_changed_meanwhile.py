"""A change of settings that comes while a batch decides: the batch has read what stood before it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bellwire_kit.streams.protocol import Message, Producer
from threshold_evaluator.evaluate import Evaluate

from .conftest import World
from .test_timing import night

WAITS = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"


@asynccontextmanager
async def deciding(world: World, *records: Any) -> AsyncIterator[asyncio.Task[Any]]:
    """A batch that has read settings and roster, and waits for the accounts of its users until the block ends."""
    async with world.pool.acquire() as other, other.transaction():
        await other.execute("select from user_counters for update")
        batch = asyncio.create_task(world.take(*records))
        while not batch.done() and not await world.pool.fetchval(WAITS):
            continue
        yield batch
    await batch


async def looked_again(world: World) -> None:
    """Until nothing waits any more for the end of transactions, be they of others in this Postgres."""
    await world.releases()
    while await world.rows("select * from recalculations"):
        await world.releases()


CLOSED: Mapping[str, dict[str, Any]] = {
    "push": {"push_enabled": False},
    "pause": {"paused": True},
    "kind": {"allowed_kinds": ["grade.posted"]},
}


@pytest.mark.parametrize("closed", CLOSED)
async def test_what_it_sends_is_taken_back_when_a_gate_closed(world: World, closed: str) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("absent"))
    async with deciding(world, world.assignment(missing=True)):
        await world.set_district(CLOSED[closed])
        await world.releases()
        assert len(world.withdrawn()) == 1, "what went before"
    await looked_again(world)
    _, sent = world.alerts()
    assert sent["alert_id"] in [each["alert_id"] for each in world.withdrawn()]


class Slow:
    """The broker's producer, for as long as the way to the broker is not clear."""

    def __init__(self, producer: Producer) -> None:
        self._producer, self.clear = producer, asyncio.Event()

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        await self.clear.wait()
        return await self._producer.send(messages)


async def test_what_was_decided_but_not_published_is_taken_back_too(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    slow = Slow(world.broker.producer())
    evaluate = Evaluate(world.store, slow, world.clock)
    batch = asyncio.create_task(evaluate([world.assignment(missing=True)]))
    written = "select exists (select from outbox)"
    while not batch.done() and not await world.pool.fetchval(written):
        continue
    await world.set_district({"push_enabled": False})
    await world.releases()
    slow.clear.set()
    await batch
    await looked_again(world)
    (sent,) = world.alerts()
    assert [each["alert_id"] for each in world.withdrawn()] == [sent["alert_id"]]


async def test_what_it_holds_is_timed_again_when_settings_changed(world: World) -> None:
    await night(world)
    await world.take(world.mark("absent"))
    async with deciding(world, world.assignment(missing=True)):
        await world.set_user("u1", {"quiet_hours": "off"})
        await world.releases()
    await looked_again(world)
    assert [alert["kinds"] for alert in world.alerts()] == [["attendance.marked", "assignment.missing"]]
