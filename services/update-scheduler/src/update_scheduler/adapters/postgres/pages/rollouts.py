"""Rollouts in Postgres (roll_out.Rollouts and RolloutBook, and what pages look at)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection, Pool, load_queries

from update_scheduler.adapters.postgres.queue import PostgresQueue, all_rows
from update_scheduler.domain.requests import Request
from update_scheduler.domain.rollouts import RolloutState
from update_scheduler.domain.statuses import Status
from update_scheduler.ports import MISSING, Missing, Queue
from update_scheduler.roll_out import Rollout, RolloutBook, RolloutSite

ROLLOUTS = load_queries(Path(__file__).with_name("rollouts.sql"))


class PostgresRollouts:
    """Opens transactions, and looks."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[tuple[Queue, RolloutBook]]:
        """One transaction: committed when the block ends, undone when it raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PostgresQueue(connection), PostgresRolloutBook(connection)

    async def newest(self, limit: int, after: tuple[datetime, UUID] | None = None) -> Sequence[Rollout]:
        """Rollouts, newest first; `after` is the last one of the page before."""
        after_at, after_id = after or (None, None)
        found = ROLLOUTS.list_rollouts(self._pool, after_at=after_at, after_id=after_id, most=limit)
        return [_rollout(r) for r in await all_rows(found)]

    async def one(self, rollout_id: UUID) -> Rollout | Missing:
        """A rollout."""
        row = await ROLLOUTS.rollout_by_id(self._pool, id=rollout_id)
        return MISSING if row is None else _rollout(row)

    async def sites(self, rollouts: Collection[UUID]) -> Mapping[UUID, Sequence[RolloutSite]]:
        """The districts of rollouts."""
        return await _sites(self._pool, rollouts)

    async def cloud_districts(self) -> Sequence[str]:
        """All districts with a cloud production site."""
        return [r["district_id"] for r in await all_rows(ROLLOUTS.cloud_districts(self._pool))]


class PostgresRolloutBook:
    """The book within one transaction; roll_out.RolloutBook says what each method does."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    async def lock(self, rollout_id: UUID) -> Rollout | Missing:  # noqa: D102
        row = await ROLLOUTS.lock_rollout(self._c, id=rollout_id)
        return MISSING if row is None else _rollout(row)

    async def sites(self, rollout_id: UUID) -> Sequence[RolloutSite]:  # noqa: D102
        return (await _sites(self._c, [rollout_id])).get(rollout_id, ())

    async def cloud_districts(self) -> Sequence[str]:  # noqa: D102
        return [r["district_id"] for r in await all_rows(ROLLOUTS.cloud_districts(self._c))]

    async def add(self, rollout: Rollout, sites: Sequence[RolloutSite]) -> None:  # noqa: D102
        await ROLLOUTS.insert_rollout(
            self._c,
            id=rollout.id,
            version=rollout.version,
            per_window=rollout.per_window,
            starts_after=rollout.starts_after,
            state=rollout.state.value,
            created_by=rollout.created_by,
            created_at=rollout.created_at,
        )
        await ROLLOUTS.insert_rollout_sites(
            self._c,
            rollout_id=rollout.id,
            districts=[s.district_id for s in sites],
            groups=[s.group_id for s in sites],
            canaries=[s.canary for s in sites],
        )

    async def released(  # noqa: D102
        self, rollout_id: UUID, wave: int, requests: Sequence[Request], wholes: Mapping[str, UUID]
    ) -> None:
        await ROLLOUTS.set_released(
            self._c,
            rollout_id=rollout_id,
            wave=wave,
            districts=[r.district_id for r in requests],
            requests=[r.id for r in requests],
            wholes=[wholes.get(r.district_id) for r in requests],
        )

    async def drop(self, rollout_id: UUID, districts: Sequence[str]) -> None:  # noqa: D102
        await ROLLOUTS.drop_sites(self._c, rollout_id=rollout_id, districts=list(districts))

    async def save(self, rollout_id: UUID, state: RolloutState) -> None:  # noqa: D102
        await ROLLOUTS.set_rollout_state(self._c, id=rollout_id, state=state.value)


async def _sites(on: Pool | Connection, ids: Collection[UUID]) -> dict[UUID, list[RolloutSite]]:
    found: dict[UUID, list[RolloutSite]] = {i: [] for i in ids}
    for r in await all_rows(ROLLOUTS.sites_of_rollouts(on, ids=list(ids))):
        status = Status(r["status"]) if r["status"] else None
        site = RolloutSite(
            r["district_id"], r["group_id"], r["canary"], r["wave"], r["request_id"], status, r["slot_at"]
        )
        found[r["rollout_id"]].append(site)
    return found


def _rollout(r: Mapping[str, Any]) -> Rollout:
    return Rollout(
        r["id"],
        r["version"],
        r["per_window"],
        r["starts_after"],
        RolloutState(r["state"]),
        r["revision"],
        r["created_by"],
        r["created_at"],
    )
