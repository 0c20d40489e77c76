"""Districts' sites and the catalogue of releases, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Pool
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.adapters.postgres.named import REGISTRY, changed
from update_scheduler.adapters.postgres.queue import all_rows
from update_scheduler.domain.sites import Hosting, site_id
from update_scheduler.domain.statuses import Status
from update_scheduler.ports import MISSING, Missing
from update_scheduler.registry import (
    NewSite,
    Planned,
    Release,
    ShownSite,
    VersionLine,
)


class Places:
    """Sites and releases (registry.Registry says what each method does)."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def add_site(self, site: NewSite) -> ShownSite | Missing:  # noqa: D102
        identity = site_id(site.district_id, site.environment)
        async with self._p.acquire() as connection, connection.transaction():
            await REGISTRY.upsert_district(
                connection,
                district_id=site.district_id,
                name=site.district_name,
                state=site.state,
                timezone=site.timezone,
            )
            done = await REGISTRY.insert_site(
                connection,
                id=identity,
                district_id=site.district_id,
                environment=site.environment.value,
                hosting=site.hosting.value,
                name=site.name,
                version=site.version,
            )
        return await self.site(identity) if changed(done) else MISSING

    async def sites(  # noqa: D102
        self, districts: Sequence[str] | None, after: str, limit: int
    ) -> Sequence[ShownSite]:
        found = await all_rows(
            REGISTRY.shown_sites(self._p, ids=None, districts=districts, after=after, most=limit)
        )
        return [_site(r) for r in found]

    async def site(self, site_id: str) -> ShownSite | Missing:  # noqa: D102
        found = await all_rows(REGISTRY.shown_sites(self._p, ids=[site_id], districts=None, after="", most=1))
        return _site(found[0]) if found else MISSING

    async def version_history(self, site_id: str) -> Sequence[VersionLine]:  # noqa: D102
        found = await all_rows(REGISTRY.site_history(self._p, site_id=site_id))
        return [VersionLine(r["version"], r["since"], r["request_id"]) for r in found]

    async def add_release(self, release: Release) -> Release | Missing:  # noqa: D102
        values = {"version": release.version, "released_on": release.released_on, "notes": release.notes}
        async with self._p.acquire() as connection, connection.transaction():
            await connection.execute("lock table releases in share row exclusive mode")
            if release.rx_of:
                done = await REGISTRY.insert_pack(connection, rx_of=release.rx_of, **values)
            else:
                done = await REGISTRY.insert_release(connection, **values)
        return release if changed(done) else MISSING

    async def releases(self) -> Sequence[Release]:  # noqa: D102
        found = await all_rows(REGISTRY.all_releases(self._p))
        return [Release(r["version"], r["rx_of"], r["released_on"], r["notes"]) for r in found]


def _site(r: Mapping[str, Any]) -> ShownSite:
    planned = [
        Planned(
            UUID(p["request_id"]),
            RequestKind(p["kind"]),
            p["version"],
            Status(p["status"]),
            datetime.fromisoformat(p["at"]),
        )
        for p in r["planned"]
    ]
    return ShownSite(
        id=r["id"],
        district_id=r["district_id"],
        district_name=r["district_name"],
        timezone=r["timezone"],
        environment=Environment(r["environment"]),
        hosting=Hosting(r["hosting"]),
        name=r["name"],
        version=r["version"],
        updated_at=r["updated_at"],
        refreshed_at=r["refreshed_at"],
        scrubbed_at=r["scrubbed_at"],
        planned=planned,
    )
