"""What the release loop takes: all that is due of users, and what is on its way when a gate may have closed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.people import source_of
from threshold_evaluator.adapters.postgres.decide.reading import Reading, by_source
from threshold_evaluator.adapters.postgres.decide.rows import due_of, packed, scope_columns
from threshold_evaluator.adapters.postgres.decide.writing import Writing
from threshold_evaluator.adapters.postgres.releases.sending import settle
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.ports import OnItsWay, Outgoing, TakenBack, UserKey


class Taking:
    """Takes and takes back, on the connection of one transaction; `most_looked_at` published alerts at a time."""

    def __init__(
        self, connection: Connection, queries: Any, reading: Reading, writing: Writing, most_looked_at: int
    ) -> None:
        self._connection, self._queries, self._most_looked_at = connection, queries, most_looked_at
        self._reading, self._writing = reading, writing

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


def _user_columns(users: Sequence[UserKey]) -> dict[str, Any]:
    return {**scope_columns(source for source, _ in users), "user_ids": [user for _, user in users]}


def _source(row: Any) -> Source:
    return source_of(row["district_id"], row["environment"])
