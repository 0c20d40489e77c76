"""What a change of settings concerns: found without looking through the district, in the order of all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from bellwire_kit.streams.protocol import Message
from threshold_evaluator.adapters.postgres.decide.people import Students
from threshold_evaluator.adapters.postgres.decide.store import PostgresTransaction
from threshold_evaluator.evaluate import Evaluate

from .conftest import World
from .test_timing import night

OTHERS = """
insert into due_alerts
select gen_random_uuid(), district_id, environment, 'other-' || n, 'other-' || n, thing, thing_id, school_id,
       calendar_id, kinds, event_source, event_id, day, memory_before, modified_at, accepted_at, first_at, grace_until,
       due_at, wake_at, hold, delivery, capped_at, in_inbox, mandatory, urgency, phase, sent_as, send_before, attempt,
       called_back
from due_alerts, generate_series(1, 20000) n;
analyze due_alerts
"""
READ = """
select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where relid = 'due_alerts'::regclass
"""


@asynccontextmanager
async def looking(world: World) -> AsyncIterator[tuple[PostgresTransaction, asyncpg.Connection]]:
    async with world.pool.acquire() as connection, connection.transaction():
        yield PostgresTransaction(connection, set(), Students(), 0.0, 10), connection


@pytest.mark.parametrize("changed", [("user", "u1"), ("student", "s1")])
async def test_a_change_of_one_reads_the_alerts_of_one(world: World, changed: tuple[str, str]) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    world.pass_time(minutes=1)
    await world.take(world.assignment(thing="a2", missing=True))
    await world.pool.execute(OTHERS)
    await world.recalculate(*changed)
    async with looking(world) as (tables, connection):
        found = [each async for each in tables.recalculate(world.clock.now(), 10)]
        assert [each.due.key.thing_id for each in found[0][world.source]] == ["a1"]
        assert await connection.fetchval(READ) < 100


async def test_what_waits_is_locked_in_the_order_of_all(world: World) -> None:
    """Who evaluates holds an alert and asks for those of higher ids; both then go on."""
    await night(world)
    for number in range(6):
        await world.take(world.assignment(thing=f"a{number}", missing=True))
    rows = await world.rows("select alert_id from due_alerts order by ctid")
    ids = [UUID(int=row["alert_id"].int) for row in rows]
    # One that stands behind others of higher ids: these must be free while it is waited for.
    low = next(each for place, each in enumerate(ids) if any(other > each for other in ids[:place]))
    lock = "select from due_alerts where alert_id = $1 for update"
    await world.recalculate("district", world.source.district_id)
    async with world.pool.acquire() as other, other.transaction():
        await other.execute(lock, low)
        release = asyncio.create_task(world.release.once())
        while not await world.pool.fetchval("select exists (select from pg_locks where not granted)"):
            continue
        for each in [each for each in ids if each > low]:
            await other.execute(lock + " nowait", each)
    await release


class Away:
    """A broker that acknowledges nothing."""

    async def send(self, messages: list[Message]) -> list[Exception | None]:
        return [ConnectionError() for _ in messages]


async def test_what_is_taken_back_is_not_taken_up_by_another_worker(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await Evaluate(world.store, Away(), world.clock)([world.assignment(missing=True)])  # type: ignore[arg-type]
    await world.pool.execute("update outbox set leased_until = now() - interval '1 second'")
    await world.set_district({"push_enabled": False})
    async with looking(world) as (tables, _):
        found = [each async for each in tables.recalculate(world.clock.now(), 10)]
        assert len(found[0][world.source]) == 1
        assert await world.store.left_over(0, 10) == []
