"""Windows and blackouts, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Pool
from bellwire_schemas.names import RequestKind, Weekday

from update_scheduler.adapters.postgres import rows
from update_scheduler.adapters.postgres.named import REGISTRY, changed
from update_scheduler.adapters.postgres.queue import QUERIES, all_rows
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.windows import Blackout
from update_scheduler.ports import MISSING, Missing
from update_scheduler.registry import (
    BlackoutEntry,
    Load,
    WindowEntry,
)


class Times:
    """When work may be done (see registry.Registry)."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def add_window(self, window: WindowEntry) -> None:  # noqa: D102
        row = {
            "id": str(window.id),
            "name": window.name,
            "hosting": window.hosting.value,
            "kinds": [k.value for k in window.kinds],
            "timezone": window.timezone,
            "frequency": window.frequency,
            "weekdays": [d.value for d in window.weekdays],
            "every": window.every,
            "opens": window.opens.isoformat(),
            "closes": window.closes.isoformat(),
            "capacity": window.capacity,
            "effective_from": window.effective_from,
            "effective_until": window.effective_until,
        }
        await REGISTRY.insert_window(self._p, row=row)

    async def windows(self, after: UUID | None, limit: int) -> Sequence[WindowEntry]:  # noqa: D102
        return [_window(r) for r in await all_rows(REGISTRY.list_windows(self._p, after=after, most=limit))]

    async def end_window(self, window_id: UUID, until: date) -> WindowEntry | Missing:  # noqa: D102
        row = await REGISTRY.end_window(self._p, id=window_id, until=until)
        return MISSING if row is None else _window(row)

    async def add_blackout(self, blackout: BlackoutEntry) -> int:  # noqa: D102
        span = {
            "starts_at": blackout.starts_at,
            "ends_at": blackout.ends_at,
            "hosting": blackout.hosting.value if blackout.hosting else None,
        }
        await REGISTRY.insert_blackout(self._p, id=blackout.id, reason=blackout.reason, **span)
        return int(await REGISTRY.touched_by(self._p, **span))

    async def blackouts(self, after: UUID | None, limit: int) -> Sequence[BlackoutEntry]:  # noqa: D102
        found = await all_rows(REGISTRY.list_blackouts(self._p, after=after, most=limit))
        return [
            BlackoutEntry(
                r["id"],
                r["starts_at"],
                r["ends_at"],
                Hosting(r["hosting"]) if r["hosting"] else None,
                r["reason"],
            )
            for r in found
        ]

    async def remove_blackout(self, blackout_id: UUID) -> bool:  # noqa: D102
        return changed(await REGISTRY.delete_blackout(self._p, id=blackout_id))

    async def load(self, hosting: Hosting, kind: RequestKind, now: datetime) -> Load:  # noqa: D102
        windows = [
            rows.window_of(r)
            for r in await all_rows(QUERIES.windows_for(self._p, hosting=hosting.value, kind=kind.value))
        ]
        dark = await all_rows(QUERIES.blackouts_for(self._p, hosting=hosting.value))
        ids = [w.id for w in windows]
        taken = await all_rows(QUERIES.taken_places(self._p, windows=ids, besides=[], ending_after=now))
        return Load(
            windows,
            [Blackout(r["starts_at"], r["ends_at"]) for r in dark],
            {(r["window_id"], r["slot_starts_at"]): r["held"] for r in taken},
        )


def _window(r: Mapping[str, Any]) -> WindowEntry:
    return WindowEntry(
        id=r["id"],
        name=r["name"],
        hosting=Hosting(r["hosting"]),
        kinds=[RequestKind(k) for k in r["kinds"]],
        timezone=r["timezone"],
        frequency=r["frequency"],
        weekdays=[Weekday(d) for d in r["weekdays"]],
        every=r["every"],
        opens=r["opens"],
        closes=r["closes"],
        capacity=r["capacity"],
        effective_from=r["effective_from"],
        effective_until=r["effective_until"],
    )
