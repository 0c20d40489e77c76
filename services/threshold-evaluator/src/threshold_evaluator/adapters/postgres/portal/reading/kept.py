"""What is kept of a user beside what has an address of its own: for the export."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool

from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.api.export import Kept


class PostgresKept:
    """See `threshold_evaluator.api.export.KeptTables`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def kept(self, caller: Caller) -> Kept:
        """See `KeptTables.kept`."""
        parts = {name: await self._rows(f"kept_{name}", caller) for name in Kept.model_fields}
        return Kept.model_validate(parts)

    async def _rows(self, name: str, caller: Caller) -> Sequence[Mapping[str, Any]]:
        return [dict(row) async for row in getattr(reading_queries(), name)(self._pool, **of(caller))]
