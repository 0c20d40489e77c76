"""Contacts and groups, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from bellwire_kit.postgres import Pool

from update_scheduler.adapters.postgres.named import REGISTRY, changed
from update_scheduler.adapters.postgres.queue import QUERIES, all_rows
from update_scheduler.domain.groups import GroupKind
from update_scheduler.ports import MISSING, Group, Missing
from update_scheduler.registry import (
    ContactEntry,
)


class People:
    """Who is mailed, and which districts belong together (see registry.Registry)."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def person(self, user_id: str) -> Mapping[str, Sequence[str]]:  # noqa: D102
        found = await all_rows(REGISTRY.groups_of_user(self._p, user_id=user_id))
        return {r["group_id"]: tuple(r["districts"]) for r in found}

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
        return contact if changed(done) else MISSING

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

    async def add_group(self, group: Group) -> Group | Missing:  # noqa: D102
        done = await REGISTRY.insert_group(self._p, id=group.id, name=group.name, kind=group.kind.value)
        return group if changed(done) else MISSING

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
            done = changed(await REGISTRY.leave_group(connection, **where))
            await REGISTRY.keep_own(connection, **where)
        return done


def _contact(r: Mapping[str, Any]) -> ContactEntry:
    return ContactEntry(r["id"], r["name"], r["email"], r["district_id"], r["group_id"], r["user_id"])
