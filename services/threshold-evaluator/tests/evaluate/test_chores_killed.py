"""kill -9 in unparking, upkeep, delivery reports, withdrawal, releases, reminders, brakes; then the same chore again.

The first process dies at the point named, the second runs to its end. What stands then is what stands when
nothing happened, and every alert is there once by id (issue 4, line 11).
"""

# ruff: noqa: F811  # fixtures of another module are named by parameters
import asyncio
import base64
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from bellwire_kit.clock import ManualClock
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.protocol import Record
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release

from .conftest import NOON, World
from .test_afterwards import report
from .test_crashes import Rig, fresh_database, rig  # noqa: F401  # fixtures

CHORE = Path(__file__).with_name("chore.py")
POINTS = (
    ("unpark", "unpark.before_commit"),
    ("unpark", "unpark.published"),
    ("upkeep", "upkeep.dead_lettered"),
    ("deliveries", "deliveries.stored"),
    ("release", "release.recalculated"),
    ("release", "release.withdrawn.published"),
    ("held", "release.taken"),
    ("held", "release.read"),
    ("held", "release.before_commit"),
    ("held", "release.committed"),
    ("held", "release.published"),
    ("held", "release.marked"),
    ("remind", "remind.read"),
    ("remind", "remind.before_commit"),
    ("evaluate", "evaluate.before_commit"),
)
_STANDS = (
    "select phase, hold, attempt, alert_id, kinds from due_alerts order by alert_id",
    "select user_id, outcome, reason, became, kinds from decisions order by alert_id",
    "select user_id, item_id from inbox order by 1, 2",
    "select user_id, thing_id, value, told_at from told order by 1, 2",
    "select event_id from waiting order by 1",
    "select alert_id, outcome from device_outcomes order by 1",
    "select school_id, facts, resolution from brakes order by 1",
    "select school_id, sum(facts) from surges group by 1 order by 1",
    "select user_id, unseen, pushes from user_counters order by 1",
)


def at_hand(rig: Rig) -> World:
    """A world on the rig's database whose own alerts go nowhere: the chores' are what counts."""
    broker, clock = MemoryBroker(), ManualClock(NOON)
    store = PostgresStore(rig.pool, settle_seconds=0)
    limits = SurgeLimits(3)
    evaluate = Evaluate(store, broker.producer(), clock, limits)
    return World(
        rig.pool,
        broker,
        clock,
        evaluate,
        Release(store, broker.producer(), clock, Pace(idle_seconds=0)),
        store,
    )


async def prepared(world: World, chore: str) -> list[Record]:
    """Bring the tables to where the chore has something to do; answer the records that it takes."""
    family = world.roster("s1", ("u1", True), ("u2", True))
    match chore:
        case "unpark":
            await world.take(world.assignment(missing=True), world.mark("absent"))
            await world.take(*family)
        case "upkeep":
            await world.take(world.assignment("stranger", missing=True))
            world.pass_time(days=8)
        case "deliveries":
            await world.take(*family, world.assignment(missing=True))
            return [report(world, alert, DeliveryOutcome.MISSED) for alert in world.alerts()]
        case "release":
            await world.take(*family, world.assignment(missing=True))
            await world.take(
                world.record("portal_access.changed", user_id="u1", role="guardian", portal=False)
            )
        case "held":
            world.pass_time(hours=11)  # 23:00 in Chicago
            await world.take(*family, *world.roster("s2", ("u1", True)))
            for user in ("u1", "u2"):
                await world.set_user(user, {"quiet_hours": {"from": "22:00", "to": "06:00"}})
            await world.take(
                world.assignment(missing=True), world.assignment("s2", missing=True), world.mark("tardy")
            )
            world.pass_time(hours=8)
        case "remind":
            await world.take(*family, world.lunch("9.00"))
            for user in ("u1", "u2"):
                await world.set_user(user, {"groups": {"lunch": {"remind_days": 3}}})
            await world.pool.execute("delete from recalculations")
            world.pass_time(days=3)
        case "evaluate":
            await world.take(*family)
            return [world.assignment(thing=f"a{number}", missing=True) for number in range(5)]
    return []


async def run(rig: Rig, chores: list[str], now: datetime, records: list[Record], fault: str = "") -> int:
    packed = [
        (base64.b64encode(r.value).decode(), [(n, base64.b64encode(v).decode()) for n, v in r.headers])
        for r in records
    ]
    environment = {
        **os.environ,
        "TEST_KAFKA": rig.bootstrap,
        "TEST_DATABASE": rig.url,
        "TEST_PREFIX": rig.prefix,
        "TEST_NOW": now.astimezone(UTC).isoformat(),
        "TEST_RECORDS": orjson.dumps(packed).decode(),
        "BELLWIRE_FAULTS": fault,
    }
    command = [sys.executable, str(CHORE), *chores]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, timeout=60, check=False)
    return done.returncode


async def stands(world: World) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in await world.pool.fetch(query)] for query in _STANDS]


async def published(rig: Rig) -> Counter[str]:
    """What the chores told the dispatcher so far: ids of alerts, and what was taken back."""
    return Counter(f"{each.get('reason', '')}{each['alert_id']}" for each in await rig.alerts())


async def emptied(rig: Rig) -> None:
    names = [
        row[0]
        for row in await rig.pool.fetch(
            "select tablename from pg_tables where schemaname = 'threshold_evaluator'"
            " and tablename not like '%\\_20%' and tablename not like '%yoyo%' and tablename <> 'districts'"
        )
    ]
    await rig.pool.execute(f"truncate {', '.join(names)} restart identity")


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_killed_and_done_again(rig: Rig) -> None:
    for chore in dict.fromkeys(chore for chore, _ in POINTS):
        await emptied(rig)
        world = at_hand(rig)
        records = await prepared(world, chore)
        now = world.clock.now()
        earlier = await published(rig)
        assert await run(rig, [chore, "release"], now, records) == 0, chore
        expected, told = await stands(world), set(await published(rig) - earlier)
        for _, point in (each for each in POINTS if each[0] == chore):
            await emptied(rig)
            world = at_hand(rig)
            again = await prepared(world, chore)
            assert [replace(r, timestamp=0) for r in again] == [replace(r, timestamp=0) for r in records]
            earlier = await published(rig)
            assert await run(rig, [chore], now, again, f"{point}:1") == -9, point
            assert await run(rig, [chore, "release"], now, again) == 0, point
            await _settled(world, rig, now)
            assert await stands(world) == expected, point
            assert set(await published(rig) - earlier) == told, point


async def _settled(world: World, rig: Rig, now: datetime) -> None:
    """What a crash left between commit and publish goes a second later: wait until it has."""
    while await world.pool.fetchval("select count(*) from outbox"):
        assert await run(rig, ["release"], now, []) == 0
