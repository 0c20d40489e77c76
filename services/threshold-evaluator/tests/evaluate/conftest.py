"""The deciding half on a real database: records in by hand, alerts out to a broker in memory, time by hand."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.protocol import Outcome, Record
from bellwire_schemas import topics
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from threshold_evaluator.adapters.postgres.decide.retention import PostgresRetention
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release
from threshold_evaluator.upkeep import Upkeep

SCHEMA = "threshold_evaluator"
NOON = datetime(2026, 10, 14, 17, 0, tzinfo=UTC)  # a Wednesday, noon in Chicago
SOURCE = Source("lakeside", Environment.PRODUCTION)


@dataclass
class World:
    """A district whose records a test makes, and what came of them."""

    pool: Pool
    broker: MemoryBroker
    clock: ManualClock
    evaluate: Evaluate
    release: Release
    store: PostgresStore
    source: Source = SOURCE
    offset: int = 0
    numbers: dict[str, int] = field(default_factory=dict)

    def record(
        self, name: str, student: str = "s1", *, event_id: str = "", backfill: bool = False, **data: Any
    ) -> Record:
        self.offset += 1
        data = {
            "district_id": self.source.district_id,
            "student_id": student,
            "modified_at": self.clock.now().isoformat(),
            **data,
        }
        event = CloudEvent(
            id=event_id or f"e{self.offset}",
            source=str(self.source),
            type=f"bellwire.{name}.v1",
            subject=f"students/{student}",
            time=self.clock.now(),
            data=orjson.dumps(data),
            extensions={"bellwirebackfill": "true"} if backfill else {},
        )
        value, headers = to_kafka(event)
        now = int(self.clock.now().timestamp() * 1000)
        return Record(topics.CHANGE_EVENTS, 0, self.offset, now, student.encode(), value, headers)

    def assignment(self, student: str = "s1", thing: str = "a1", **data: Any) -> Record:
        return self.record(
            "assignment.changed",
            student,
            **{"school_id": "north", "assignment_id": thing, "title": "Quiz", **data},
        )

    def grade(self, student: str = "s1", thing: str = "g1", **data: Any) -> Record:
        return self.record(
            "grade.changed", student, **{"school_id": "north", "grade_id": thing, "posted": True, **data}
        )

    def mark(self, status: str, student: str = "s1", thing: str = "m1", **data: Any) -> Record:
        day = self.clock.now().date().isoformat()
        return self.record(
            "attendance.changed",
            student,
            **{"school_id": "north", "attendance_id": thing, "date": day, "status": status, **data},
        )

    def lunch(self, balance: str, student: str = "s1", thing: str = "acc1", **data: Any) -> Record:
        return self.record(
            "lunch_balance.changed",
            student,
            **{"school_id": "north", "account_id": thing, "balance": balance, **data},
        )

    def roster(self, student: str = "s1", *users: tuple[str, bool], role: str = "guardian") -> list[Record]:
        return [
            self.record("student.changed", student, school_id="north", display_name=f"Mia {student}"),
            self.record("enrollment.changed", student, school_id="north"),
            *(
                self.record("portal_access.changed", student, user_id=user, role=role, portal=portal)
                for user, portal in users
            ),
        ]

    async def take(self, *records: Record) -> list[Outcome]:
        return list(await self.evaluate(records))

    async def releases(self) -> int:
        total = 0
        while count := await self.release.once():
            total += count
        return total

    def upkeep(self) -> Upkeep:
        return Upkeep(
            self.store,
            PostgresRetention(self.pool),
            self.broker.producer(),
            self.clock,
            decisions_days=30,
            inbox_days=90,
        )

    def pass_time(self, **span: float) -> None:
        self.clock.move(timedelta(**span))

    def alerts(self, user: str = "") -> list[dict[str, Any]]:
        """The alerts published so far, each once by id, in order."""
        found: dict[str, dict[str, Any]] = {}
        for record in self.broker.records(topics.ALERTS):
            headers = dict(record.headers)
            data = orjson.loads(record.value)
            if headers["ce_type"] == b"bellwire.alert.requested.v1" and user in ("", data["user_id"]):
                found.setdefault(data["alert_id"], data)
        return sorted(found.values(), key=lambda each: (each["user_id"], each["seq"]))

    def withdrawn(self) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value)
            for record in self.broker.records(topics.ALERTS)
            if dict(record.headers)["ce_type"] == b"bellwire.alert.withdrawn.v1"
        ]

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch(query, *arguments)]

    async def decisions(self) -> list[tuple[str, str, str]]:
        rows = await self.rows("select user_id, outcome, reason from decisions order by event_id, user_id")
        return [(row["user_id"], row["outcome"], row["reason"]) for row in rows]

    async def detections(self) -> list[str]:
        rows = await self.rows(
            "select detection from changes order by decided_at, length(event_id), event_id"
        )
        return [row["detection"] for row in rows]

    async def set_user(self, user: str, document: dict[str, Any], student: str = "") -> None:
        await self.pool.execute(
            "insert into user_settings (district_id, environment, user_id, student_id, document) "
            "values ($1, $2, $3, $4, $5) on conflict (district_id, environment, user_id, student_id) "
            "do update set document = excluded.document",
            self.source.district_id,
            self.source.environment.value,
            user,
            student,
            document,
        )
        await self.recalculate("user", user)

    async def set_district(self, document: dict[str, Any], timezone: str = "America/Chicago") -> None:
        await self.pool.execute(
            "insert into districts (district_id, environment, timezone, own) values ($1, $2, $3, $4) "
            "on conflict (district_id, environment) do update set own = excluded.own, "
            "version = districts.version + 1",
            self.source.district_id,
            self.source.environment.value,
            timezone,
            document,
        )
        await self.recalculate("district", self.source.district_id)

    async def recalculate(self, scope: str, scope_id: str) -> None:
        await self.pool.execute(
            "insert into recalculations (district_id, environment, scope, scope_id) values ($1, $2, $3, $4) "
            "on conflict do nothing",
            self.source.district_id,
            self.source.environment.value,
            scope,
            scope_id,
        )


@pytest.fixture(scope="session")
def migrated(database_url: str) -> Iterator[str]:
    """A database of these tests' own, beside the session's."""
    name = f"evaluate_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    url = _named(database_url, name)
    migrate(url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    yield url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def _named(url: str, name: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


@pytest.fixture
async def world(migrated: str) -> AsyncIterator[World]:
    """An empty district at noon in Chicago, zone known, nothing set."""
    async with open_pool(migrated, SCHEMA, maximum=6) as pool:
        names = await pool.fetch(
            "select tablename from pg_tables where schemaname = $1 and tablename not like '%\\_20%'", SCHEMA
        )
        listed = ", ".join(f'"{row[0]}"' for row in names if "yoyo" not in row[0])
        await pool.execute(f"truncate {listed}")
        broker = MemoryBroker()
        clock = ManualClock(NOON)
        store = PostgresStore(pool, settle_seconds=0)
        world = World(
            pool,
            broker,
            clock,
            Evaluate(store, broker.producer(), clock),
            Release(store, broker.producer(), clock, Pace(idle_seconds=0)),
            store,
        )
        await world.set_district({})
        await world.releases()
        yield world
