"""Removing everything of a user, and again what was in hand when it was removed (product.md section 5)."""

from datetime import datetime, timedelta

from bellwire_kit.postgres import Connection, Pool

from threshold_evaluator.adapters.postgres.portal.writing.queries import writing_queries

_IN_HAND = timedelta(minutes=10)
"""By then every batch that had read of the user, and every report of a device, has been written."""

_LOOKS_BACK = timedelta(days=1)
_MOST = 100


async def erase_all(connection: Connection, district_id: str, environment: str, user_id: str) -> None:
    """Remove everything of a user but the audit, in the caller's transaction."""
    scope = {"district_id": district_id, "environment": environment, "user_id": user_id}
    queries = writing_queries()
    await queries.lock_counters(connection, **scope)
    await queries.erase_user(connection, **scope)
    await queries.erase_counters(connection, **scope)


class ErasedAgain:
    """Erases once more whoever was erased a while ago: each once, and after a start those of the last day."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._after = 0

    async def once(self, now: datetime) -> int:
        """Erase some; return how many."""
        rows = writing_queries().erased(
            self._pool, after=self._after, since=now - _LOOKS_BACK, until=now - _IN_HAND, limit=_MOST
        )
        erased = [row async for row in rows]
        for row in erased:
            async with self._pool.acquire() as connection, connection.transaction():
                await erase_all(connection, row["district_id"], row["environment"], row["user_id"])
            self._after = row["audit_id"]
        return len(erased)
