"""A user who was erased stays so, whatever was in hand meanwhile or is sent again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from bellwire_kit.auth import Caller
from bellwire_kit.streams.protocol import Record
from bellwire_schemas.names import DeliveryOutcome, Role
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.portal.writing.users import PostgresUsers
from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World
from .test_afterwards import report

_TABLES = (
    "select table_name from information_schema.columns where column_name = 'user_id' and table_schema = $1"
    " and table_name !~ '_[0-9]{8}$' order by 1"
)


async def erase(world: World, user: str = "u1") -> None:
    admin = Caller(Role.DISTRICT_ADMIN, "admin", world.source.district_id, world.source.environment)
    now = world.clock.now()
    await PostgresUsers(world.pool).erase(admin, user, now, AuditLine("user.erased", "user", user, now))


async def left(world: World, user: str = "u1") -> dict[str, int]:
    """In which tables there is anything of a user, and how much."""
    tables = [row["table_name"] for row in await world.rows(_TABLES, "threshold_evaluator")]
    assert {"inbox", "told", "decisions", "due_alerts", "outbox", "audience_users"} <= set(tables)
    found = {
        table: await world.pool.fetchval(f"select count(*) from {table} where user_id = $1 {but}", user)
        for table in tables
        for but in ["and type <> 'bellwire.user.erased.v1'" if table == "outbox" else ""]
    }
    found["audiences"] = await world.pool.fetchval(
        "select count(*) from audiences where position($1 in document) > 0", f'"{user}"'
    )
    return {table: count for table, count in found.items() if count}


async def told_of_much(world: World) -> None:
    """Have u1 told at once and held, of all that keeps a telling."""
    await world.take(*world.roster("s1", ("u1", True), ("u2", True)))
    await world.set_user("u1", {"daily_cap": 5, "groups": {"grades": {"delivery": "daily"}}})
    await world.take(world.mark("absent"), world.lunch("5.00"), world.grade(percent=80))
    await world.releases()


async def test_nothing_of_an_erased_user_is_left_in_any_table(world: World) -> None:
    await told_of_much(world)
    assert set(await left(world)) > {"told", "due_alerts", "inbox", "push_windows", "user_counters"}
    await erase(world)
    await world.releases()
    assert await left(world) == {}
    assert {"told", "inbox", "decisions"} <= set(await left(world, "u2"))


async def test_what_was_in_hand_while_a_user_was_erased_goes_too(world: World) -> None:
    await told_of_much(world)
    (alert,) = world.alerts("u1")[:1]
    async with world.pool.acquire() as other:
        holds = other.transaction()
        await holds.start()
        await other.execute("select from user_counters for update")
        erased = asyncio.create_task(erase(world))
        await _waiting(world, 1)
        evaluated = asyncio.create_task(world.take(world.assignment(missing=True)))
        await _waiting(world, 2)
        await holds.rollback()
    await asyncio.gather(erased, evaluated)
    await RecordDeliveries(PostgresOutcomes(world.pool), world.clock)(
        [report(world, alert, DeliveryOutcome.ACCEPTED)]
    )
    assert {"decisions", "inbox", "device_outcomes"} <= set(await left(world))
    world.pass_time(minutes=15)
    await world.upkeep().once()
    await world.releases()
    assert await left(world) == {}
    assert "decisions" in await left(world, "u2")


async def _waiting(world: World, number: int) -> None:
    """Return when so many wait for a lock."""
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    while await world.pool.fetchval(query) < number:
        await asyncio.sleep(0)


def _access(world: World, **data: Any) -> Record:
    return world.record("portal_access.changed", user_id="u1", role="guardian", portal=True, **data)


@pytest.mark.parametrize("again", [timedelta(0), timedelta(hours=1)])
async def test_what_was_said_before_an_erasure_is_not_taken_in_again(world: World, again: timedelta) -> None:
    said = _access(world)
    await world.take(*world.roster("s1", ("u2", True)), said)
    world.pass_time(hours=1)
    await erase(world)
    await world.releases()
    world.clock.move(again)
    await world.take(said, world.assignment(missing=True))
    assert await left(world) == {}
    world.pass_time(minutes=1)
    await world.take(_access(world), world.assignment(thing="a2", missing=True))
    assert [alert["thing_id"] for alert in world.alerts("u1")] == ["a2"]
    world.pass_time(minutes=20)
    await world.upkeep().once()
    assert "decisions" in await left(world)
