"""What the queue is about, kept in Postgres (registry.Registry says what each method does)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from bellwire_kit.postgres import Pool, load_queries
from bellwire_schemas.names import Environment, RequestKind, Weekday

from update_scheduler.adapters.postgres import rows
from update_scheduler.adapters.postgres.queue import QUERIES, all_rows
from update_scheduler.domain.groups import GroupKind
from update_scheduler.domain.sites import Hosting, site_id
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Blackout
from update_scheduler.ports import MISSING, Group, GroupRequest, Message, Missing
from update_scheduler.registry import (
    AuditLine,
    BlackoutEntry,
    ContactEntry,
    Filter,
    Load,
    NewSite,
    Planned,
    Release,
    Shown,
    ShownSite,
    VersionLine,
    WindowEntry,
)

REGISTRY = load_queries(Path(__file__).with_name("registry.sql"))


class PostgresRegistry:
    """The registry's queries on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def person(self, user_id: str) -> Mapping[str, Sequence[str]]:  # noqa: D102
        found = await all_rows(REGISTRY.groups_of_user(self._p, user_id=user_id))
        return {r["group_id"]: tuple(r["districts"]) for r in found}

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
        return await self.site(identity) if _changed(done) else MISSING

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
        return release if _changed(done) else MISSING

    async def releases(self) -> Sequence[Release]:  # noqa: D102
        found = await all_rows(REGISTRY.all_releases(self._p))
        return [Release(r["version"], r["rx_of"], r["released_on"], r["notes"]) for r in found]

    async def add_contact(self, contact: ContactEntry) -> ContactEntry | Missing:  # noqa: D102
        role = "technical_contact" if contact.district_id else "group_contact"
        try:
            done = await REGISTRY.insert_contact(
                self._p,
                id=contact.id,
                name=contact.name,
                email=contact.email,
                role=role,
                district_id=contact.district_id,
                group_id=contact.group_id,
                user_id=contact.user_id,
            )
        except asyncpg.ForeignKeyViolationError:
            return MISSING
        return contact if _changed(done) else MISSING

    async def contacts(  # noqa: D102
        self, districts: Sequence[str] | None, groups: Sequence[str] | None, after: UUID | None, limit: int
    ) -> Sequence[ContactEntry]:
        everybody = districts is None and groups is None
        found = await all_rows(
            REGISTRY.list_contacts(
                self._p,
                id=None,
                districts=list(districts or ()),
                groups=list(groups or ()),
                everybody=everybody,
                after=after,
                most=limit,
            )
        )
        return [_contact(r) for r in found]

    async def contact(self, contact_id: UUID) -> ContactEntry | Missing:  # noqa: D102
        found = await all_rows(
            REGISTRY.list_contacts(
                self._p, id=contact_id, districts=[], groups=[], everybody=True, after=None, most=1
            )
        )
        return _contact(found[0]) if found else MISSING

    async def remove_contact(self, contact_id: UUID) -> None:  # noqa: D102
        await REGISTRY.delete_contact(self._p, id=contact_id)

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
        return _changed(await REGISTRY.delete_blackout(self._p, id=blackout_id))

    async def load(self, hosting: Hosting, kind: RequestKind) -> Load:  # noqa: D102
        windows = [
            rows.window_of(r)
            for r in await all_rows(QUERIES.windows_for(self._p, hosting=hosting.value, kind=kind.value))
        ]
        dark = await all_rows(QUERIES.blackouts_for(self._p, hosting=hosting.value))
        taken = await all_rows(QUERIES.taken_places(self._p, windows=[w.id for w in windows], besides=[]))
        return Load(
            windows,
            [Blackout(r["starts_at"], r["ends_at"]) for r in dark],
            {(r["window_id"], r["slot_starts_at"]): r["held"] for r in taken},
        )

    async def add_group(self, group: Group) -> Group | Missing:  # noqa: D102
        done = await REGISTRY.insert_group(self._p, id=group.id, name=group.name, kind=group.kind.value)
        return group if _changed(done) else MISSING

    async def groups(  # noqa: D102
        self, ids: Sequence[str] | None, after: str, limit: int
    ) -> Sequence[Group]:
        found = await all_rows(REGISTRY.list_groups(self._p, ids=ids, after=after, most=limit))
        return [Group(r["id"], r["name"], GroupKind(r["kind"]), tuple(r["districts"])) for r in found]

    async def join(self, group_id: str, district_id: str, at: datetime) -> str | Missing:  # noqa: D102
        where = {"group_id": group_id, "district_id": district_id}
        await REGISTRY.join_group(self._p, at=at, **where)
        if await REGISTRY.in_group(self._p, **where):
            return ""
        linked = await REGISTRY.linked_group(self._p, district_id=district_id)
        return MISSING if linked is None else str(linked["name"])

    async def leave(self, group_id: str, district_id: str) -> bool:  # noqa: D102
        where = {"group_id": group_id, "district_id": district_id}
        async with self._p.acquire() as connection, connection.transaction():
            await all_rows(QUERIES.lock_sites(connection, districts=[district_id]))
            done = _changed(await REGISTRY.leave_group(connection, **where))
            await REGISTRY.keep_own(connection, **where)
        return done

    async def request(self, request_id: UUID) -> Shown | GroupRequest | Missing:  # noqa: D102
        found = await self._requests(request_id, Filter(removed=True, limit=1))
        if found:
            return found[0]
        row = await QUERIES.group_request_by_id(self._p, id=request_id)
        return MISSING if row is None else rows.group_request_of(row)

    async def requests(self, wanted: Filter) -> Sequence[Shown]:  # noqa: D102
        return await self._requests(None, wanted)

    async def _requests(self, request_id: UUID | None, wanted: Filter) -> Sequence[Shown]:
        after_at, after_id = wanted.after or (None, None)
        found = await all_rows(
            REGISTRY.shown_requests(
                self._p,
                id=request_id,
                districts=wanted.districts,
                statuses=[s.value for s in wanted.statuses] or None,
                kind=wanted.kind.value if wanted.kind else None,
                site_id=wanted.site_id,
                group_request=wanted.group_request,
                removed=wanted.removed,
                after_at=after_at,
                after_id=after_id,
                most=wanted.limit,
            )
        )
        return [Shown(rows.request_of(r), tuple(r["replaces"]), r["in_blackout"]) for r in found]

    async def audit(self, request_id: UUID) -> Sequence[AuditLine]:  # noqa: D102
        found = await all_rows(REGISTRY.audit_of(self._p, request_id=request_id))
        return [AuditLine(**dict(r)) for r in found]

    async def messages(self, request_id: UUID) -> Sequence[Message]:  # noqa: D102
        found = await all_rows(REGISTRY.messages_of(self._p, request_id=request_id))
        return [Message(**dict(r)) for r in found]


def _changed(status: Any) -> bool:
    """Postgres's command tag says how many rows: "INSERT 0 1"."""
    return not str(status).endswith(" 0")


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


def _contact(r: Mapping[str, Any]) -> ContactEntry:
    return ContactEntry(r["id"], r["name"], r["email"], r["district_id"], r["group_id"], r["user_id"])


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
