"""kill -9 between every two steps of a batch, and two workers beside each other: the same, and once.

Issue 4, line 11. The reference is one worker in one process that nothing happens to.
"""

import asyncio
import os
import random
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message, Record
from bellwire_kit.streams.settings import StreamSettings
from threshold_evaluator.domain.surge import NEVER_A_SURGE, SurgeLimits
from threshold_evaluator.evaluate import Evaluate

from .conftest import NOON, SCHEMA, World, _named

WORKER = Path(__file__).with_name("worker.py")
MIGRATIONS = Path(__file__).parents[2] / "src" / "threshold_evaluator" / "migrations"
STUDENTS = [f"s{number}" for number in range(40)]
USERS = 3
CHANGES = "bellwire.change-events.v1"
POINTS = (
    "evaluate.decoded:1",
    "evaluate.projected:1",
    "evaluate.read:2",
    "evaluate.parked:1",
    "evaluate.locked:2",
    "evaluate.before_commit:2",
    "evaluate.committed:2",
    "evaluate.published:1",
    "evaluate.marked:2",
)
"""Of the stream; those of a release are in `test_chores_killed.py`."""


def traffic(world: World, chunks: int) -> list[list[Record]]:
    """Chunks of traffic of forty students: rosters in the first two, changes, corrections, duplicates."""
    chance = random.Random(7)
    found: list[list[Record]] = []
    versions = 0
    for number in range(chunks):
        chunk: list[Record] = []
        for student in STUDENTS:
            if number == (0 if student < "s3" else 1):
                chunk += world.roster(
                    student, (f"p-{student}", True), (f"aunt-{student}", True), ("nobody", False)
                )
            if number > 1 and student < "s3" and chance.random() < 0.3:
                chunk.append(
                    world.record(
                        "portal_access.changed",
                        student,
                        user_id=f"aunt-{student}",
                        role="guardian",
                        portal=number % 2 == 0,
                    )
                )
            for _ in range(chance.randint(1, 3)):
                versions += 1
                modified = NOON.replace(hour=1).isoformat()[:-6] + f".{versions:06d}+00:00"
                chunk.append(change(world, chance, student, modified))
        chunk += chance.sample(chunk, 20)
        found.append(chunk)
    return found


def change(world: World, chance: random.Random, student: str, modified: str) -> Record:
    match chance.randint(0, 3):
        case 0:
            return world.assignment(
                student,
                f"a{chance.randint(0, 2)}",
                score_percent=chance.randint(40, 100),
                missing=chance.random() < 0.4,
                modified_at=modified,
            )
        case 1:
            return world.grade(student, "g", percent=chance.randint(40, 100), modified_at=modified)
        case 2:
            return world.mark(
                chance.choice(["absent", "tardy", "present"]), student, f"m{student}", modified_at=modified
            )
        case _:
            return world.lunch(str(chance.randint(5, 15)), student, f"acc-{student}", modified_at=modified)


@dataclass
class Rig:
    """A broker with topics of this test, a database of this test, and workers."""

    bootstrap: str
    url: str
    prefix: str
    pool: Pool

    def worker(self, faults: str = "") -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "TEST_KAFKA": self.bootstrap,
            "TEST_DATABASE": self.url,
            "TEST_PREFIX": self.prefix,
            "TEST_NOW": NOON.isoformat(),
            "BELLWIRE_FAULTS": faults,
        }
        return subprocess.Popen([sys.executable, str(WORKER)], env=environment)

    async def publish(self, records: list[Record]) -> None:
        async with open_producer(StreamSettings(bootstrap_servers=self.bootstrap)) as producer:
            answers = await producer.send(
                [Message(self.prefix + CHANGES, r.key, r.value, r.headers) for r in records]
            )
        assert set(answers) == {None}

    async def settle(self) -> None:
        """Let events no longer wait once all of the roster has come: a worker's death may split a student's."""
        come = await self.pool.fetchval("select count(*) from portal_access")
        if come == len(STUDENTS) * USERS:
            await self.pool.execute(
                # In the order in which workers lock them: else each could wait for the other.
                "with locked as (select position from waiting order by position for update) "
                "update waiting w set settled_at = clock_timestamp() from locked "
                "where w.position = locked.position"
            )

    async def caught_up(self) -> None:
        """Wait until the group has committed all, and nothing is left to publish."""
        topic = self.prefix + CHANGES
        reader = AIOKafkaConsumer(topic, bootstrap_servers=self.bootstrap)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await reader.start()
        await admin.start()
        try:
            ends = await reader.end_offsets(list(reader.assignment()))
            while True:
                await self.settle()
                committed = await admin.list_consumer_group_offsets(f"{self.prefix}group")
                behind = sum(
                    end - max(committed[part].offset if part in committed else 0, 0)
                    for part, end in ends.items()
                )
                waiting = await self.pool.fetchval(
                    "select (select count(*) from due_alerts where phase = 'held' and wake_at <= $1) "
                    "+ (select count(*) from outbox) "
                    "+ (select count(*) from waiting)",
                    NOON,
                )
                if not behind and not waiting:
                    return
                await asyncio.sleep(0.1)
        finally:
            await reader.stop()
            await admin.close()

    async def alerts(self) -> list[dict[str, Any]]:
        """What was published of alerts: badges tell of inboxes."""
        topic = self.prefix + "bellwire.alerts.v1"
        reader = AIOKafkaConsumer(topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await reader.start()
        try:
            ends = await reader.end_offsets(list(reader.assignment()))
            found = []
            while any([await reader.position(part) < end for part, end in ends.items()]):
                for batch in (await reader.getmany(timeout_ms=500)).values():
                    found += [orjson.loads(record.value) for record in batch]
            return [each for each in found if "alert_id" in each]
        finally:
            await reader.stop()


@pytest.fixture
def fresh_database(database_url: str) -> Iterator[str]:
    name = f"crash_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    url = _named(database_url, name)
    migrate(url, SCHEMA, MIGRATIONS)
    yield url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
async def rig(kafka_bootstrap: str, fresh_database: str) -> AsyncIterator[Rig]:
    prefix = f"t{uuid.uuid4().hex[:8]}."
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    names = [prefix + CHANGES, prefix + CHANGES + ".dlq", prefix + "bellwire.alerts.v1"]
    await admin.create_topics([NewTopic(name, 3, 1) for name in names])
    async with open_pool(fresh_database, SCHEMA, maximum=2) as pool:
        await pool.execute(
            "insert into districts (district_id, environment, timezone, own) values ($1, $2, $3, $4)",
            "lakeside",
            "production",
            "America/Chicago",
            {"defaults": {"coalesce_minutes": 0, "daily_cap": 200, "quiet_hours": "off"}},
        )
        yield Rig(kafka_bootstrap, fresh_database, prefix, pool)
    await admin.delete_topics(names)
    await admin.close()


_OUTCOMES = (
    "select event_id, user_id, outcome, reason, kinds from decisions order by 1, 2",
    "select student_id, thing, thing_id, memory from states order by 1, 2, 3",
    "select user_id, item_id from inbox order by 1, 2",
    "select student_id, thing, thing_id, user_id, value from told order by 1, 2, 3, 4",
)


async def same(pool: Pool, expected: list[list[tuple[Any, ...]]]) -> None:
    """Fail with the rows that differ, not with all of them."""
    for name, query, found, wanted in zip(
        ("decisions", "states", "inbox", "told"), _OUTCOMES, await outcomes(pool), expected, strict=True
    ):
        more = [row for row in found if row not in wanted]
        fewer = [row for row in wanted if row not in found]
        assert (more[:5], fewer[:5]) == ([], []), f"{name}: {query}"
        assert len(found) == len(wanted), name


async def outcomes(pool: Pool) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in await pool.fetch(query)] for query in _OUTCOMES]


async def reference(world: World, chunks: list[list[Record]]) -> tuple[list[list[tuple[Any, ...]]], set[str]]:
    await world.set_district({"defaults": {"coalesce_minutes": 0, "daily_cap": 200, "quiet_hours": "off"}})
    world.clock.set(NOON)
    assert isinstance(world.clock, ManualClock)
    # A surge is cut where a batch ends, and what is compared are runs of other batches.
    world.evaluate = Evaluate(world.store, world.broker.producer(), world.clock, SurgeLimits(NEVER_A_SURGE))
    for chunk in chunks:
        for start in range(0, len(chunk), 50):
            await world.take(*chunk[start : start + 50])
        while await world.evaluate.unpark():
            pass
    await world.releases()
    return await outcomes(world.pool), {alert["alert_id"] for alert in world.alerts()}


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_kill_between_every_two_steps(rig: Rig, world: World) -> None:
    chunks = traffic(world, len(POINTS) + 1)
    expected, expected_alerts = await reference(world, [[replace(r) for r in chunk] for chunk in chunks])
    for point, chunk in zip(POINTS, chunks, strict=False):
        await rig.publish(chunk)
        worker = rig.worker(point)
        try:
            code = await asyncio.to_thread(worker.wait, 60)
        finally:
            worker.kill()
        assert code == -9, point
        await rig.settle()
    await rig.publish(chunks[-1])
    worker = rig.worker()
    try:
        await asyncio.wait_for(rig.caught_up(), 90)
    finally:
        worker.terminate()
        await asyncio.to_thread(worker.wait, 30)
    await same(rig.pool, expected)
    assert {alert["alert_id"] for alert in await rig.alerts()} == expected_alerts


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_two_workers_decide_as_one(rig: Rig, world: World) -> None:
    chunks = traffic(world, 5)
    expected, expected_alerts = await reference(world, chunks)
    workers = [rig.worker(), rig.worker()]
    try:
        for chunk in chunks:
            await rig.publish(chunk)
        await asyncio.wait_for(rig.caught_up(), 90)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            await asyncio.to_thread(worker.wait, 30)
    await same(rig.pool, expected)
    assert {alert["alert_id"] for alert in await rig.alerts()} == expected_alerts
