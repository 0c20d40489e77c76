"""Reads of one batch: what stands in the tables about the things and people that it names."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from bellwire_kit.postgres import Connection
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.people import (
    Students,
    district_of,
    school_of,
    source_of,
    unknown_district,
)
from threshold_evaluator.adapters.postgres.decide.rows import (
    Columns,
    due_of,
    key_of,
    packed,
    scope_columns,
    state_of,
    thing_columns,
)
from threshold_evaluator.domain.accounts import Account, Window
from threshold_evaluator.domain.attendance import read_told
from threshold_evaluator.domain.memory import Memory, telling_key
from threshold_evaluator.domain.roster import District, Roster, School, Student
from threshold_evaluator.ports import Known, Wanted

_TELLING = (Group.GRADES, Group.ATTENDANCE, Group.LUNCH)


class Reading:
    """Reads on the connection of one transaction."""

    def __init__(self, connection: Connection, queries: Any, students: Students) -> None:
        self._connection, self._queries, self._known_students = connection, queries, students

    async def _rows(self, name: str, **columns: Any) -> Sequence[Any]:
        return [row async for row in getattr(self._queries, name)(self._connection, **columns)]

    async def _packed(self, name: str, **columns: Any) -> Sequence[Any]:
        return await self._rows(name, **packed(columns))

    async def known(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """See `ports.Deciding.known`."""
        await self._lock_accounts(wanted)
        columns = _columns(wanted)
        known = await self._read(wanted, columns)
        for row in await self._rows("lock_unsent", **columns):
            due = due_of(row)
            here = known[_source(row)]
            telling = telling_key(due.key, due.user_id)
            here.unsent[telling] = due
            here.memory.grace[telling] = (due.first_at, due.grace_until)
        await self._account_moments(wanted, known)
        await self._tellings(wanted, known)
        return known

    async def peek(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Known]:
        """See `ports.Deciding.peek`."""
        columns = _columns(wanted)
        known = await self._read(wanted, columns)
        things = [(source, key) for source, each in wanted.items() for key in each.things]
        if any(key.group is Group.LUNCH for _, key in things):
            for row in await self._rows("read_accounts", **columns):
                source, key = things[row["place"] - 1]
                known[source].memory.states[key] = state_of(key, row)
        return known

    async def _read(self, wanted: Mapping[Source, Wanted], columns: Columns) -> Mapping[Source, Known]:
        rosters = await self._rosters(wanted)
        known = {source: Known(rosters[source], Memory()) for source in wanted}
        things = [
            (known[source].memory.states, key, each.oldest.get(key))
            for source, each in wanted.items()
            for key in each.things
        ]
        oldest = ["-infinity" if moment is None else moment.isoformat() for _, _, moment in things]
        for row in await self._rows("read_states", **columns, **packed({"oldest": oldest})):
            states, key, _ = things[row["place"] - 1]
            states[key] = state_of(key, row)
        return known

    async def _lock_accounts(self, wanted: Mapping[Source, Wanted]) -> None:
        accounts = {
            f"{source}/{key.thing_id}"
            for source, each in wanted.items()
            for key in each.things
            if key.group is Group.LUNCH
        }
        if accounts:
            await self._queries.lock_lunch_accounts(self._connection, accounts=sorted(accounts))

    async def _account_moments(self, wanted: Mapping[Source, Wanted], known: Mapping[Source, Known]) -> None:
        accounts = [
            (source, account)
            for source, each in wanted.items()
            for account in dict.fromkeys(key.thing_id for key in each.things if key.group is Group.LUNCH)
        ]
        if not accounts:
            return
        columns = {**scope_columns(s for s, _ in accounts), "account_ids": [each for _, each in accounts]}
        for row in await self._packed("read_account_moments", **columns):
            source, account = accounts[row["place"] - 1]
            known[source].memory.account_moments[account] = row["modified_at"]

    async def _tellings(self, wanted: Mapping[Source, Wanted], known: Mapping[Source, Known]) -> None:
        things = [
            (source, telling_key(key, "")[0])
            for source, each in wanted.items()
            for key in each.things
            if key.group in _TELLING
        ]
        if not things:
            return
        columns = {**scope_columns(s for s, _ in things), **thing_columns(key for _, key in things)}
        for row in await self._packed("read_told", **columns):
            known[_source(row)].memory.told[key_of(row), row["user_id"]] = row["value"]
        await self.told_on(known, {source: each.dates for source, each in wanted.items()})

    async def told_on(
        self, known: Mapping[Source, Known], wanted: Mapping[Source, Sequence[tuple[str, date]]]
    ) -> None:
        """See `ports.Deciding.told_on`."""
        dates = sorted({(source, *each) for source, listed in wanted.items() for each in listed}, key=str)
        if not dates:
            return
        for row in await self._rows(
            "read_told_of_dates",
            **scope_columns(source for source, _, _ in dates),
            student_ids=[student for _, student, _ in dates],
            dates=[day for _, _, day in dates],
        ):
            place = (row["student_id"], row["on_date"], row["user_id"])
            told = known[_source(row)].memory.told_of_date.setdefault(place, {})
            told[row["thing_id"]] = read_told(row["value"]).status

    async def _rosters(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, Roster]:
        districts = await self._districts(list(wanted))
        schools: dict[Source, dict[str, School]] = {source: {} for source in wanted}
        named = [(source, school) for source, each in wanted.items() for school in each.schools]
        for row in await self._packed(
            "read_schools", **scope_columns(s for s, _ in named), school_ids=[school for _, school in named]
        ):
            source = _source(row)
            zone = row["timezone"] or districts[source].timezone.key
            schools[source][row["school_id"]] = school_of(
                source, row["school_id"], row["name"], zone, row["bell"], row["settings"], row["version"]
            )
        students = await self._students(wanted)
        return {source: Roster(districts[source], schools[source], students[source]) for source in wanted}

    async def _districts(self, sources: Sequence[Source]) -> Mapping[Source, District]:
        districts = {source: unknown_district(source) for source in sources}
        for row in await self._rows("read_districts", **scope_columns(sources)):
            source = _source(row)
            districts[source] = district_of(
                source, row["name"], row["timezone"], row["settings"], row["version"]
            )
        return districts

    async def _students(self, wanted: Mapping[Source, Wanted]) -> Mapping[Source, dict[str, Student]]:
        documents: dict[Source, list[tuple[str, str]]] = {source: [] for source in wanted}
        named = [
            (source, found, student)
            for source, found in documents.items()
            for student in dict.fromkeys([key.student_id for key in wanted[source].things])
        ]
        columns = {
            **scope_columns(source for source, _, _ in named),
            "student_ids": [student for _, _, student in named],
        }
        for place, document in await self._packed("read_audiences", **columns):
            _, found, student = named[place - 1]
            found.append((student, document))
        return {source: self._known_students.read(source, each) for source, each in documents.items()}

    async def accounts(self, users: Mapping[Source, Sequence[str]]) -> Mapping[Source, dict[str, Account]]:
        """See `ports.Deciding.accounts`."""
        named = [(source, user) for source, each in users.items() for user in each]
        if not named:
            return {source: {} for source in users}
        columns = {**scope_columns(s for s, _ in named), "user_ids": [user for _, user in named]}
        rows = await self._packed("lock_accounts", **columns)
        return await self.with_windows(rows, users)

    async def with_windows(
        self, rows: Sequence[Any], sources: Mapping[Source, Any]
    ) -> Mapping[Source, dict[str, Account]]:
        """Read the windows of accounts whose rows are locked."""
        accounts: dict[Source, dict[str, Account]] = {source: {} for source in sources}
        for row in rows:
            accounts.setdefault(_source(row), {})[row["user_id"]] = Account(
                row["user_id"], row["seq"], row["unseen"], row["push_day"], row["pushes"]
            )
        named = [(source, user) for source, each in accounts.items() for user in each]
        columns = {**scope_columns(s for s, _ in named), "user_ids": [user for _, user in named]}
        for row in await self._packed("read_windows", **columns):
            account = accounts[_source(row)][row["user_id"]]
            account.windows[row["student_id"], Group(row["thing"])] = Window(
                row["opened_at"].astimezone(UTC), row["slot"]
            )
        return accounts


def _columns(wanted: Mapping[Source, Wanted]) -> Columns:
    """Return the columns that name all things wanted, packed."""
    things = [(source, key) for source, each in wanted.items() for key in each.things]
    return packed(
        {**scope_columns(source for source, _ in things), **thing_columns(key for _, key in things)}
    )


def _source(row: Any) -> Source:
    return source_of(row["district_id"], row["environment"])


def by_source(rows: Sequence[Any], read: Callable[[Any], Any]) -> dict[Source, list[Any]]:
    """Sort rows by their district and environment."""
    found: dict[Source, list[Any]] = {}
    for row in rows:
        found.setdefault(_source(row), []).append(read(row))
    return found
