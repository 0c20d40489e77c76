"""What users were told of low lunch balances, inside one transaction of the caller."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bellwire_kit.postgres import Connection, load_queries
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source
from msgspec import structs

from threshold_evaluator.adapters.postgres.decide.codec import SEEN_SEPARATOR, read_memory
from threshold_evaluator.adapters.postgres.decide.people import source_of
from threshold_evaluator.domain.reminders import LOOKS_AGAIN, LowBalance
from threshold_evaluator.domain.things import ThingKey, ThingState
from threshold_evaluator.low_balances import Looked


@cache
def _queries() -> Any:
    return load_queries(Path(__file__).with_name("queries.sql"))


class PostgresReminders:
    """`low_balances.ReminderTables` on the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._queries = connection, _queries()

    async def low_balances(self, now: datetime, limit: int) -> Sequence[LowBalance]:
        """See `ReminderTables.low_balances`."""
        found: dict[tuple[Source, str, str], LowBalance] = {}
        unseen = []
        async for row in self._queries.low_balances(self._connection, now=now, limit=limit):
            source = source_of(row["district_id"], row["environment"])
            telling = (source, row["account_id"], row["user_id"])
            if row["student_id"] is None:
                unseen.append(Looked(*telling, now + LOOKS_AGAIN))
            elif telling in found:
                low = found[telling]
                found[telling] = replace(low, states=(*low.states, _as_stands(_state(row), low.states[0])))
            else:
                found[telling] = LowBalance(*telling, row["told_at"], (_state(row),))
        await self.look_again(unseen)
        return list(found.values())

    async def look_again(self, looked: Sequence[Looked]) -> None:
        """See `ReminderTables.look_again`."""
        if looked:
            await self._queries.look_again(
                self._connection,
                district_ids=[each.source.district_id for each in looked],
                environments=[each.source.environment.value for each in looked],
                account_ids=[each.account_id for each in looked],
                user_ids=[each.user_id for each in looked],
                ats=[each.at for each in looked],
            )


def _as_stands(state: ThingState, newest: ThingState) -> ThingState:
    """Return the state of an account for a student, with the balance that came last for any who shares it."""
    return structs.replace(newest, key=state.key, school_id=state.school_id, calendar_id=state.calendar_id)


def _state(row: Any) -> ThingState:
    return ThingState(
        key=ThingKey(Group.LUNCH, row["student_id"], row["account_id"]),
        school_id=row["school_id"],
        calendar_id=row["calendar_id"],
        modified_at=row["modified_at"],
        seen=tuple(row["seen"].split(SEEN_SEPARATOR)),
        content=read_memory(Group.LUNCH, row["memory"]),
        data=row["data"],
    )
