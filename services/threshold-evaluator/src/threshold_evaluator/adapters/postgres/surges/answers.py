"""Surges as an administrator sees and answers them, and their retention."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool

from threshold_evaluator.adapters.postgres.portal.writing.audit import write_line
from threshold_evaluator.adapters.postgres.portal.writing.queries import place_of, writing_queries
from threshold_evaluator.adapters.postgres.surges.tables import surge_queries
from threshold_evaluator.api.admin_surges import Answered, Surge
from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.domain.surge import Resolution


class PostgresSurgeAnswers:
    """See `threshold_evaluator.api.admin_surges.Surges`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def surges(self, caller: Caller, before: datetime, school_id: str, limit: int) -> Sequence[Surge]:
        """See `Surges.surges`."""
        rows = surge_queries().held(
            self._pool, **place_of(caller), before=before, before_school=school_id, limit=limit
        )
        return [_surge(row) async for row in rows]

    async def resolve(
        self, caller: Caller, surge_id: UUID, resolution: Resolution, line: AuditLine
    ) -> tuple[Answered, Resolution]:
        """See `Surges.resolve`."""
        queries, scope = surge_queries(), place_of(caller)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await queries.lock_brake(connection, **scope, brake_id=surge_id)
            if row is None:
                return Answered.UNKNOWN, Resolution.HELD
            stands = Resolution(row["resolution"])
            if stands is not Resolution.HELD:
                return Answered.SAID_ALREADY, stands
            await queries.resolve(
                connection, **scope, brake_id=surge_id, resolution=resolution.value, at=line.at
            )
            await writing_queries().request_recalculation(
                connection, **scope, scope="school", scope_id=row["school_id"]
            )
            await write_line(connection, caller, replace(line, subject_id=row["school_id"]))
        return Answered.DONE, resolution


def _surge(row: Mapping[str, Any]) -> Surge:
    found = dict(row)
    groups = found.pop("groups") or {}
    found["usual"] = found["usual"] or None
    listed = tuple({"group": group, "alerts": groups[group]} for group in sorted(groups))
    return Surge.model_validate({**found, "groups": listed})
