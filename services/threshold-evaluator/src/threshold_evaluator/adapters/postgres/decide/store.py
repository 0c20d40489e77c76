"""The deciding half's store: one transaction a batch, and the marks of what was published."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from bellwire_kit.postgres import Connection, Pool, load_queries
from bellwire_kit.streams.protocol import Record
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.people import Students, source_of
from threshold_evaluator.adapters.postgres.decide.reading import Reading, by_source
from threshold_evaluator.adapters.postgres.decide.rows import due_of, packed, scope_columns
from threshold_evaluator.adapters.postgres.decide.writing import Writing
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRoster
from threshold_evaluator.adapters.postgres.releases.sending import settle
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
        self._settle_seconds, self._most_looked_at = settle_seconds, most_looked_at
        self._reading = Reading(connection, self._queries, students)
        self._writing = Writing(connection, self._queries, filed)
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
        records = [each.record for each in parked]
        await self._queries.add_waiting(
            self._connection,
            arrived_at=now,
            seconds=self._settle_seconds,
            known=[each.known for each in parked],
            **scope_columns(each.source for each in parked),
            student_ids=[each.student_id for each in parked],
            event_sources=[each.event_source for each in parked],
            event_ids=[each.event_id for each in parked],
            topics=[record.topic for record in records],
            partitions=[record.partition for record in records],
            offsets=[record.offset for record in records],
            timestamps=[record.timestamp for record in records],
            keys=[record.key for record in records],
            values=[record.value for record in records],
            headers=[_headers_text(record) for record in records],
        )

    async def parked_students(self, students: Sequence[tuple[Source, str]]) -> frozenset[tuple[Source, str]]:
        """See `ports.Deciding.parked_students`."""
        rows = self._queries.lock_waiting_students(self._connection, **_student_columns(students))
        return frozenset([(_source(row), row["student_id"]) async for row in rows])

    async def settle(self, students: Sequence[tuple[Source, str]]) -> None:
        """See `ports.Deciding.settle`."""
        await self._queries.settle_waiting(
            self._connection, seconds=self._settle_seconds, **_student_columns(students)
        )

    async def unpark(self, limit: int) -> Sequence[Unparked]:
        """See `ports.Deciding.unpark`."""
        rows = self._queries.lock_settled_waiting(self._connection, limit=limit)
        taken = [unparked_of(row) async for row in rows]
        if taken:
            await self.forget_waiting([each.position for each in taken])
        return taken

    async def wake(
        self, now: datetime, users: Sequence[UserKey]
    ) -> Mapping[Source, tuple[dict[str, Account], list[DueAlert]]]:
        """See `ports.Releases.wake`."""
        rows = [
            row
            async for row in self._queries.lock_due_users(self._connection, **packed(_user_columns(users)))
        ]
        if not rows:
            return {}
        accounts = await self._reading.with_windows(rows, {})
        locked = [(_source(row), row["user_id"]) for row in rows]
        dues = by_source(
            [
                row
                async for row in self._queries.wake_due(
                    self._connection, now=now, **packed(_user_columns(locked))
                )
            ],
            due_of,
        )
        return {source: (accounts[source], each) for source, each in dues.items()}

    async def recalculate(self, now: datetime, limit: int) -> AsyncIterator[Mapping[Source, list[OnItsWay]]]:
        """See `ports.Releases.recalculate`."""
        scopes = [row async for row in self._queries.take_recalculations(self._connection, limit=limit)]
        if not scopes:
            return
        columns = {
            name: [row[column] for row in scopes]
            for name, column in (
                ("district_ids", "district_id"),
                ("environments", "environment"),
                ("scopes", "scope"),
                ("scope_ids", "scope_id"),
            )
        }
        await self._queries.plan_anew(self._connection)
        await self._queries.wake_recalculated(self._connection, now=now, **columns)
        await self._queries.hold_left(self._connection, now=now, **columns)
        found = self._queries.read_on_their_way_cursor(self._connection, now=now, **columns)
        async with found as opened:
            cursor = await opened
            while rows := await cursor.fetch(self._most_looked_at):
                yield by_source(
                    rows, lambda row: OnItsWay(due_of(row), UUID(int=row["sent_as"].int), row["accepted"])
                )

    async def take_back(self, taken: TakenBack, messages: Sequence[Outgoing], now: datetime) -> None:
        """See `ports.Releases.take_back`."""
        dues = [each.due for each in taken.withdrawn]
        await self._queries.withdraw_published(
            self._connection, now=now, alert_ids=sorted(due.alert_id for due in dues)
        )
        carriers = sorted({each.sent_as for each in (*taken.withdrawn, *taken.held)})
        await self._queries.call_back(self._connection, sent_as=carriers)
        # What never went must not follow its own withdrawal, and nobody reports on it.
        unsent = [
            row["message_id"]
            async for row in self._queries.take_from_outbox(self._connection, message_ids=carriers)
        ]
        await self._queries.go_again(self._connection, now=now, sent_as=unsent)
        await self._queries.join_again(self._connection, now=now, sent_as=unsent)
        stopped = sorted(each.due.alert_id for each in taken.stopped)
        await self._queries.stop_published(self._connection, now=now, alert_ids=stopped)
        withdrawn = [(each.due, "withdrawn", each.sent_as, each.open_gates) for each in taken.withdrawn]
        if withdrawn:
            await settle(self._connection, withdrawn, now)
        await self._writing.queue(messages)

    async def waited_too_long(self, before: datetime, limit: int) -> Sequence[Unparked]:
        """Return events that arrived before a moment and for whose student no roster came; locked."""
        rows = self._queries.waited_too_long(self._connection, before=before, limit=limit)
        return [unparked_of(row) async for row in rows]

    async def forget_waiting(self, positions: Sequence[int]) -> None:
        """Delete events that were sent to the dead-letter topic."""
        await self._queries.delete_waiting(self._connection, positions=list(positions))


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


def _user_columns(users: Sequence[UserKey]) -> dict[str, Any]:
    return {**scope_columns(source for source, _ in users), "user_ids": [user for _, user in users]}


def _student_columns(students: Sequence[tuple[Source, str]]) -> dict[str, Any]:
    named = {"student_ids": [student for _, student in students]}
    return packed({**scope_columns(source for source, _ in students), **named})


def unparked_of(row: Any) -> Unparked:
    """Read a row of `waiting`."""
    headers = tuple((name, text.encode("latin-1")) for name, text in orjson.loads(row["headers"]))
    record = Record(
        row["topic"],
        row["topic_partition"],
        row["topic_offset"],
        row["timestamp_ms"],
        row["key"],
        row["value"],
        headers,
    )
    return Unparked(record, row["arrived_at"].astimezone(UTC), row["position"])


def _headers_text(record: Record) -> str:
    # Header values are bytes; latin-1 carries each of them as one character and back.
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in record.headers]).decode()


def _source(row: Any) -> Source:
    return source_of(row["district_id"], row["environment"])
