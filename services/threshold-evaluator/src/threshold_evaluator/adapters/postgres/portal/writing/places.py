"""Settings documents of districts and schools, with their audit lines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Connection, Pool

from threshold_evaluator.adapters.postgres.portal.writing.audit import write_line
from threshold_evaluator.adapters.postgres.portal.writing.queries import place_of, writing_queries
from threshold_evaluator.api.admin_places import Change, Place
from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.api.settings_change import changed_pointers
from threshold_evaluator.domain.documents import counting


class PostgresPlaces:
    """See `threshold_evaluator.api.admin_places.Places`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def place(self, caller: Caller, school_id: str) -> Sequence[Place]:
        """See `Places.place`."""
        async with self._pool.acquire() as connection:
            return await _read(connection, caller, school_id)

    async def schools(self, caller: Caller, after: str, limit: int) -> Sequence[Place]:
        """See `Places.schools`."""
        rows = writing_queries().schools(self._pool, **place_of(caller), after=after, limit=limit)
        return [_place(row) async for row in rows]

    async def change(
        self, caller: Caller, school_id: str, change: Change, line: AuditLine
    ) -> Sequence[Place]:
        """See `Places.change`."""
        queries, scope = writing_queries(), place_of(caller)
        school = {"school_id": school_id} if school_id else {}
        kind = "school" if school_id else "district"
        async with self._pool.acquire() as connection, connection.transaction():
            own = await getattr(queries, f"lock_{kind}")(connection, **scope, **school)
            if own is None:
                return ()
            before = orjson.loads(own)
            after = change(before)
            if after != before:
                document = orjson.dumps(after).decode()
                await getattr(queries, f"store_{kind}")(connection, **scope, **school, own=document)
                await queries.request_recalculation(
                    connection, **scope, scope=kind, scope_id=school_id or scope["district_id"]
                )
                pointers = changed_pointers(before, after)
                await write_line(connection, caller, replace(line, pointers=pointers))
            return await _read(connection, caller, school_id)


async def _read(connection: Connection, caller: Caller, school_id: str) -> Sequence[Place]:
    queries, scope = writing_queries(), place_of(caller)
    row = (
        await queries.school(connection, **scope, school_id=school_id)
        if school_id
        else await queries.district(connection, **scope)
    )
    return () if row is None else (_place(row),)


def _place(row: Mapping[str, Any]) -> Place:
    settings, ignored = counting(row["settings"], of_school=row["school_id"] is not None)
    return Place.model_validate({**row, "settings": settings, "ignored": ignored})
