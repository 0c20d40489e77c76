"""The roster tables inside one transaction of the caller."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson
from bellwire_kit.postgres import Connection, Pool, load_queries
from bellwire_schemas.changes import ScheduleChanged
from bellwire_schemas.roster import (
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)

from threshold_evaluator.ports import Unstorable
from threshold_evaluator.project import Recalculation, RosterData, Sourced, Written

Columns: TypeAlias = dict[str, list[Any]]


@cache
def _queries() -> Any:
    return load_queries(Path(__file__).with_name("queries.sql"))


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a whole number of more than 64 bits, which jsonb can hold
        return json.dumps(value)


def _columns(rows: Sequence[Sourced], **fields: Callable[[Any], Any]) -> Columns:
    """Turn rows into one list a column; the scope and `modified` are in every one."""
    columns: Columns = {name: [value(row.data) for row in rows] for name, value in fields.items()}
    columns["district_ids"] = [row.source.district_id for row in rows]
    columns["environments"] = [row.source.environment.value for row in rows]
    columns["modified"] = [row.data.modified_at for row in rows]
    return columns


def _districts(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        names=lambda d: d.name,
        states=lambda d: d.state,
        timezones=lambda d: d.timezone,
        published=lambda d: _text(d.settings),
    )


def _schools(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        school_ids=lambda d: d.school_id,
        names=lambda d: d.name,
        timezones=lambda d: d.timezone or "",
        bells=lambda d: d.bell.model_dump_json() if d.bell else "{}",
        published=lambda d: _text(d.settings),
    )


def _students(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        student_ids=lambda d: d.student_id,
        school_ids=lambda d: d.school_id,
        display_names=lambda d: d.display_name,
        grade_levels=lambda d: d.grade_level,
    )


def _enrollments(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        student_ids=lambda d: d.student_id,
        school_ids=lambda d: d.school_id,
        calendar_ids=lambda d: d.calendar_id or "",
        starts=lambda d: d.starts_on or date.min,
        ends=lambda d: d.ends_on or date.max,
        active=lambda d: d.active,
    )


def _portal_access(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        student_ids=lambda d: d.student_id,
        user_ids=lambda d: d.user_id,
        roles=lambda d: d.role.value,
        relationships=lambda d: d.relationship,
        portals=lambda d: d.portal,
        locales=lambda d: d.locale or "",
        timezones=lambda d: d.timezone or "",
    )


def _schedules(rows: Sequence[Sourced]) -> Columns:
    return _columns(
        rows,
        student_ids=lambda d: d.student_id,
        school_ids=lambda d: d.school_id,
        calendar_ids=lambda d: d.calendar_id or "",
        terms=lambda d: d.term,
        meetings=lambda d: _text([meeting.model_dump(mode="json") for meeting in d.meetings]),
    )


_PUTS: Mapping[type[RosterData], tuple[str, Callable[[Sequence[Sourced]], Columns]]] = {
    DistrictChanged: ("put_districts", _districts),
    SchoolChanged: ("put_schools", _schools),
    StudentChanged: ("put_students", _students),
    EnrollmentChanged: ("put_enrollments", _enrollments),
    PortalAccessChanged: ("put_portal_access", _portal_access),
    ScheduleChanged: ("put_schedules", _schedules),
}


class PostgresRoster:
    """`RosterTables` on a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queries = _queries()

    async def put(self, model: type[RosterData], rows: Sequence[Sourced]) -> Sequence[Written]:
        """See `RosterTables.put`."""
        name, columns = _PUTS[model]
        put = getattr(self._queries, name)
        return [Written(**row) async for row in put(self._connection, **columns(rows))]

    async def request(self, recalculations: Sequence[Recalculation]) -> None:
        """See `RosterTables.request`."""
        await self._queries.request_recalculations(
            self._connection,
            district_ids=[each.district_id for each in recalculations],
            environments=[each.environment for each in recalculations],
            scopes=[each.scope.value for each in recalculations],
            scope_ids=[each.scope_id for each in recalculations],
        )


class PostgresRosterTransactions:
    """`RosterTransactions` on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresRoster]:
        """See `RosterTransactions.begin`."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield PostgresRoster(connection)
        except asyncpg.DataError as error:
            raise Unstorable(type(error).__name__) from error
