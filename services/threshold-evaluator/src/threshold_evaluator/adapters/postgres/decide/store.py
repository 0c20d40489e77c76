"""The deciding half's store: one transaction a batch, and the marks of what was published."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from bellwire_kit.postgres import Connection, Pool, load_queries
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.people import Students, source_of
from threshold_evaluator.adapters.postgres.decide.reading import Reading
from threshold_evaluator.adapters.postgres.decide.waiting import Waiting
from threshold_evaluator.adapters.postgres.decide.writing import Writing
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRoster
from threshold_evaluator.adapters.postgres.releases.taking import Taking
from threshold_evaluator.adapters.postgres.reminders.tables import PostgresReminders
from threshold_evaluator.adapters.postgres.surges.tables import PostgresSurges
from threshold_evaluator.adapters.postgres.unseen.recount import recount
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.ports import (
    LEASE_SECONDS,
    Known,
    OnItsWay,
    Outgoing,
    Parked,
    Spoken,
    TakenBack,
    Unparked,
    Unstorable,
    UserKey,
    Wanted,
)
from threshold_evaluator.project import RosterTables, UserRef

_MOST_FILED = 100_000
MOST_LOOKED_AT = 10_000
"""Published alerts read at a time when a gate may have closed."""

SETTLE_SECONDS = 3.0
"""Real time without more of a student's roster, after which what waited for it is evaluated."""


@cache
def queries() -> Any:
    """Return the named queries of this folder."""
    return load_queries(Path(__file__).with_name("queries.sql"))


class PostgresTransaction:
    """`ports.Transaction` on one connection."""

    def __init__(
        self,
        connection: Connection,
        filed: set[tuple[date, str]],
        students: Students,
        settle_seconds: float,
        most_looked_at: int,
    ) -> None:
        self._connection, self._queries = connection, queries()
        self._reading = Reading(connection, self._queries, students)
        self._writing = Writing(connection, self._queries, filed)
        self._waiting = Waiting(connection, self._queries, settle_seconds)
        self._taking = Taking(connection, self._queries, self._reading, self._writing, most_looked_at)
        self._roster = PostgresRoster(connection)
        self._surges = PostgresSurges(connection)
        self._reminders = PostgresReminders(connection)

    @property
    def roster(self) -> RosterTables:
        """See `ports.Deciding.roster`."""
        return self._roster

    @property
    def surges(self) -> PostgresSurges:
        """See `ports.Deciding.surges`."""
        return self._surges

    @property
    def reminders(self) -> PostgresReminders:
        """See `ports.Deciding.reminders`."""
        return self._reminders

    @property
    def newly_filed(self) -> set[tuple[date, str]]:
        """Effective settings that this transaction files."""
        return self._writing.newly_filed

    async def known(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """See `ports.Deciding.known`."""
        return await self._reading.known(wanted)

    async def peek(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """See `ports.Deciding.peek`."""
        return await self._reading.peek(wanted)

    async def told_on(
        self, known: Mapping[Source, Known], wanted: Mapping[Source, Sequence[tuple[str, date]]]
    ) -> None:
        """See `ports.Deciding.told_on`."""
        await self._reading.told_on(known, wanted)

    async def recount(self, users: Sequence[UserRef], now: datetime) -> None:
        """See `ports.Deciding.recount`."""
        await recount(self._connection, users, now)

    async def accounts(self, users: Mapping[Source, Sequence[str]]) -> Mapping[Source, dict[str, Account]]:
        """See `ports.Deciding.accounts`."""
        return await self._reading.accounts(users)

    async def write(self, spoken: Sequence[Spoken], now: datetime) -> None:
        """See `ports.Deciding.write`."""
        await self._writing.write(spoken, now)

    async def park(self, parked: Sequence[Parked], now: datetime) -> None:
        """See `ports.Deciding.park`."""
        await self._waiting.park(parked, now)

    async def parked_students(self, students: Sequence[tuple[Source, str]]) -> frozenset[tuple[Source, str]]:
        """See `ports.Deciding.parked_students`."""
        return await self._waiting.parked_students(students)

    async def settle(self, students: Sequence[tuple[Source, str]]) -> None:
        """See `ports.Deciding.settle`."""
        await self._waiting.settle(students)

    async def unpark(self, limit: int) -> Sequence[Unparked]:
        """See `ports.Deciding.unpark`."""
        return await self._waiting.unpark(limit)

    async def waited_too_long(self, before: datetime, limit: int) -> Sequence[Unparked]:
        """See `ports.Releases.waited_too_long`."""
        return await self._waiting.waited_too_long(before, limit)

    async def forget_waiting(self, positions: Sequence[int]) -> None:
        """See `ports.Releases.forget_waiting`."""
        await self._waiting.forget_waiting(positions)

    async def wake(
        self, now: datetime, users: Sequence[UserKey]
    ) -> Mapping[Source, tuple[dict[str, Account], list[DueAlert]]]:
        """See `ports.Releases.wake`."""
        return await self._taking.wake(now, users)

    def recalculate(self, now: datetime, limit: int) -> AsyncIterator[Mapping[Source, list[OnItsWay]]]:
        """See `ports.Releases.recalculate`."""
        return self._taking.recalculate(now, limit)

    async def take_back(self, taken: TakenBack, messages: Sequence[Outgoing], now: datetime) -> None:
        """See `ports.Releases.take_back`."""
        await self._taking.take_back(taken, messages, now)


class PostgresStore:
    """`ports.Store` on a pool."""

    def __init__(
        self, pool: Pool, settle_seconds: float = SETTLE_SECONDS, most_looked_at: int = MOST_LOOKED_AT
    ) -> None:
        self._pool, self._queries = pool, queries()
        self._settle_seconds, self._most_looked_at = settle_seconds, most_looked_at
        self._filed: set[tuple[date, str]] = set()
        self._days: set[date] = set()
        self._students = Students()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """See `ports.Store.transaction`."""
        try:
            async with self._pool.acquire() as connection:
                async with connection.transaction():
                    opened = PostgresTransaction(
                        connection,
                        self._filed,
                        self._students,
                        self._settle_seconds,
                        self._most_looked_at,
                    )
                    yield opened
                self._remember(opened.newly_filed)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise Unstorable(type(error).__name__) from error

    def _remember(self, filed: set[tuple[date, str]]) -> None:
        if len(self._filed) > _MOST_FILED:
            self._filed.clear()
        self._filed |= filed

    async def ensure_day(self, day: date) -> None:
        """See `ports.Store.ensure_day`."""
        for wanted in (day, day + timedelta(days=1)):
            if wanted not in self._days:
                await self._queries.ensure_day(self._pool, day=wanted)
                self._days.add(wanted)

    async def users_due(self, now: datetime, limit: int) -> Sequence[UserKey]:
        """See `ports.Store.users_due`."""
        rows = self._queries.users_due(self._pool, now=now, limit=limit)
        return [(_source(row), row["user_id"]) async for row in rows]

    async def published(self, messages: Sequence[Outgoing]) -> None:
        """See `ports.Store.published`."""
        if messages:
            await self._queries.delete_from_outbox(
                self._pool, message_ids=sorted(each.message_id for each in messages)
            )

    async def left_over(self, early: float, limit: int) -> Sequence[Outgoing]:
        """See `ports.Store.left_over`."""
        rows = [
            row
            async for row in self._queries.lease_left(
                self._pool, seconds=LEASE_SECONDS, early=early, limit=limit
            )
        ]
        return [
            Outgoing(
                UUID(int=row["message_id"].int),
                _source(row),
                row["user_id"],
                row["type"],
                row["payload"],
                urgent=row["urgency"] == 0,
                traceparent=row["traceparent"],
            )
            for row in sorted(rows, key=lambda row: (row["urgency"], row["position"]))
        ]


def _source(row: Any) -> Source:
    return source_of(row["district_id"], row["environment"])
