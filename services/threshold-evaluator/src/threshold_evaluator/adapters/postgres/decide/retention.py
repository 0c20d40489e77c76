"""Retention in Postgres: days are dropped as partitions, the rest is deleted in small batches."""

from datetime import date, datetime, timedelta

from bellwire_kit.postgres import Connection, Pool

from threshold_evaluator.adapters.postgres.decide.store import queries
from threshold_evaluator.adapters.postgres.portal.writing.erasing import ErasedAgain
from threshold_evaluator.adapters.postgres.surges.tables import surge_queries
from threshold_evaluator.adapters.postgres.unseen.recount import hold, recount
from threshold_evaluator.domain.surge import USUAL_DAYS
from threshold_evaluator.project import UserRef

_BY_DAY = ("changes", "decisions", "effective_settings", "device_outcomes")
_ANSWERED_DAYS = 30

_DAYS_BEFORE = """
select relname as name from pg_class
where relkind = 'r' and relnamespace = current_schema()::regnamespace
    and relname ~ ('^' || $1 || '_[0-9]{8}$') and relname < $2
order by relname
"""
"""The tables of days before one, detached already or not."""

_STANDS = """
select case when c.oid is null then 'gone' when i.inhrelid is null then 'detached'
            when i.inhdetachpending then 'pending' else 'attached' end
from (values (to_regclass($1))) as named(oid)
left join pg_class c on c.oid = named.oid
left join pg_inherits i on i.inhrelid = c.oid
"""
"""How far the dropping of a day has come."""


class PostgresRetention:
    """`upkeep.Retention` on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._queries = pool, queries()
        self._erased = ErasedAgain(pool)

    async def drop_days(self, before: date) -> None:
        """See `Retention.drop_days`: a partition is detached concurrently, so that no running query waits.

        Two processes may try the same one; the second finds it gone.
        """
        for parent in _BY_DAY:
            async with self._pool.acquire() as connection:
                for row in await connection.fetch(_DAYS_BEFORE, parent, f"{parent}_{before:%Y%m%d}"):
                    await self._drop(connection, parent, row["name"])

    async def _drop(self, connection: Connection, parent: str, name: str) -> None:
        """Drop one partition, from wherever a process that was killed half-way left it."""
        if not await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", name):
            return
        try:
            stands = await connection.fetchval(_STANDS, name)
            # Names are those of `ensure_day`: letters, digits and _ only.
            if stands in ("attached", "pending"):
                how = "finalize" if stands == "pending" else "concurrently"
                await connection.execute(f'alter table "{parent}" detach partition "{name}" {how}')
            if stands != "gone":
                await connection.execute(f'drop table "{name}"')
        finally:
            await connection.execute("select pg_advisory_unlock(hashtext($1))", name)

    async def forget_erased(self, now: datetime) -> int:
        """See `Retention.forget_erased`."""
        return await self._erased.once(now)

    async def forget_surges(self, now: datetime) -> None:
        """See `Retention.forget_surges`."""
        await surge_queries().delete_old(self._pool, before=now - timedelta(days=USUAL_DAYS + 1))
        await surge_queries().delete_resolved(self._pool, before=now - timedelta(days=_ANSWERED_DAYS))

    async def delete_settled(self, before: date, limit: int) -> int:
        """See `Retention.delete_settled`."""
        return _count(await self._queries.delete_settled(self._pool, before=before, limit=limit))

    async def delete_inbox(self, before: datetime, now: datetime, limit: int) -> int:
        """See `Retention.delete_inbox`: counters are held first, as whoever writes to an inbox does."""
        async with self._pool.acquire() as connection, connection.transaction():
            old = [row async for row in self._queries.old_inbox(connection, before=before, limit=limit)]
            users = [
                UserRef(row["district_id"], row["environment"], row["user_id"])
                for row in old
                if row["unseen"]
            ]
            await hold(connection, users)
            await self._queries.delete_inbox(
                connection,
                district_ids=[row["district_id"] for row in old],
                environments=[row["environment"] for row in old],
                user_ids=[row["user_id"] for row in old],
                item_ids=[row["item_id"] for row in old],
            )
            await recount(connection, users, now)
        return len(old)


def _count(answer: object) -> int:
    """Read how many rows a command touched from its tag (`DELETE 12`) or number."""
    words = str(answer).split()
    return int(words[-1]) if words and words[-1].isdigit() else 0
