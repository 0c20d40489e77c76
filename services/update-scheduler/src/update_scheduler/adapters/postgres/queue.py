"""One transaction on the queue (ports.Queue)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection, Pool, load_queries
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.adapters.postgres import rows
from update_scheduler.domain.actors import Person
from update_scheduler.domain.booking import Taken
from update_scheduler.domain.groups import GroupKind, Link
from update_scheduler.domain.reminding import Lead
from update_scheduler.domain.requests import Came, Request, Step
from update_scheduler.domain.sites import Hosting, Site
from update_scheduler.domain.slots import Slot
from update_scheduler.domain.versions import Catalogue, Place
from update_scheduler.domain.windows import Blackout, Window
from update_scheduler.ports import (
    MISSING,
    Contact,
    District,
    Event,
    Group,
    GroupRequest,
    Mail,
    Message,
    Missing,
    Queue,
)

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))


class PostgresQueues:
    """Opens transactions on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Queue]:
        """One transaction: committed when the block ends, undone when it raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PostgresQueue(connection)


async def all_rows(found: Any) -> list[Any]:
    """aiosql answers many rows as an async generator, or as a coroutine of a list."""
    return [row async for row in found] if hasattr(found, "__aiter__") else list(await found)


class PostgresQueue:
    """The queries of one transaction; ports.Queue says what each does."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    async def find(self, request_id: UUID) -> Request | Missing:  # noqa: D102
        row = await QUERIES.request_by_id(self._c, id=request_id)
        return MISSING if row is None else rows.request_of(row)

    async def find_group(self, request_id: UUID) -> GroupRequest | Missing:  # noqa: D102
        row = await QUERIES.group_request_by_id(self._c, id=request_id)
        return MISSING if row is None else rows.group_request_of(row)

    async def members(self, group_request: UUID) -> Sequence[Request]:  # noqa: D102
        found = await all_rows(QUERIES.members_of(self._c, group_request=group_request))
        return [rows.request_of(row) for row in found]

    async def lock_sites(self, districts: Collection[str]) -> Sequence[Site]:  # noqa: D102
        found = await all_rows(QUERIES.lock_sites(self._c, districts=list(districts)))
        return [
            Site(
                r["id"],
                r["district_id"],
                Environment(r["environment"]),
                Hosting(r["hosting"]),
                r["name"],
                r["version"],
            )
            for r in found
        ]

    async def lock_group(self, group_request: UUID) -> GroupRequest:  # noqa: D102
        return rows.group_request_of(await QUERIES.lock_group_request(self._c, id=group_request))

    async def lock(self, ids: Collection[UUID]) -> Sequence[Request]:  # noqa: D102
        return [rows.request_of(r) for r in await all_rows(QUERIES.lock_requests(self._c, ids=list(ids)))]

    async def lock_open(self, districts: Collection[str]) -> Sequence[Request]:  # noqa: D102
        found = await all_rows(QUERIES.lock_open_versions(self._c, districts=list(districts)))
        return [rows.request_of(row) for row in found]

    async def catalogue(self) -> Catalogue:  # noqa: D102
        found = await all_rows(QUERIES.catalogue(self._c))
        return Catalogue(tuple((r["version"], Place(r["release_position"], r["pack"])) for r in found))

    async def districts(self, ids: Collection[str]) -> Mapping[str, District]:  # noqa: D102
        found = await all_rows(QUERIES.districts_by_id(self._c, ids=list(ids)))
        return {r["district_id"]: District(r["district_id"], r["name"], r["timezone"]) for r in found}

    async def links(self, districts: Collection[str]) -> Mapping[str, Link]:  # noqa: D102
        found = await all_rows(QUERIES.links_of(self._c, districts=list(districts)))
        return {r["district_id"]: Link(r["id"], r["name"]) for r in found}

    async def group(self, group_id: str) -> Group | Missing:  # noqa: D102
        row = await QUERIES.group_by_id(self._c, id=group_id)
        if row is None:
            return MISSING
        return Group(row["id"], row["name"], GroupKind(row["kind"]), tuple(row["districts"]))

    async def groups_of(self, group_requests: Collection[UUID]) -> Mapping[UUID, str]:  # noqa: D102
        if not group_requests:
            return {}
        found = await all_rows(QUERIES.groups_of_requests(self._c, ids=list(group_requests)))
        return {r["id"]: r["group_id"] for r in found}

    async def lock_windows(  # noqa: D102
        self, hosting: Hosting, kind: RequestKind
    ) -> tuple[Sequence[Window], Sequence[Blackout]]:
        found = await all_rows(QUERIES.lock_windows(self._c, hosting=hosting.value, kind=kind.value))
        dark = await all_rows(QUERIES.blackouts_for(self._c, hosting=hosting.value))
        return (
            [rows.window_of(row) for row in found],
            [Blackout(r["starts_at"], r["ends_at"]) for r in dark],
        )

    async def taken(  # noqa: D102
        self, windows: Collection[UUID], besides: Collection[UUID], now: datetime
    ) -> Taken:
        found = await all_rows(
            QUERIES.taken_places(self._c, windows=list(windows), besides=list(besides), ending_after=now)
        )
        return {(r["window_id"], r["slot_starts_at"]): r["held"] for r in found}

    async def recipients(  # noqa: D102
        self, districts: Collection[str], groups: Collection[str], requesters: Collection[str]
    ) -> Sequence[Contact]:
        found = await all_rows(
            QUERIES.recipients(
                self._c, districts=list(districts), groups=list(groups), requesters=list(requesters)
            )
        )
        return [
            Contact(
                r["name"], r["email"], r["district_id"], r["group_id"], r["user_id"], frozenset(r["reach"])
            )
            for r in found
        ]

    async def add_group(self, group_request: GroupRequest) -> None:  # noqa: D102
        await QUERIES.insert_group_request(self._c, row=rows.group_row(group_request))

    async def touch_group(self, group_request: UUID) -> None:  # noqa: D102
        await QUERIES.touch_group_request(self._c, id=group_request)

    async def add(self, requests: Sequence[Request]) -> None:  # noqa: D102
        await QUERIES.insert_requests(self._c, rows=[rows.row_of(r) for r in requests])

    async def save(self, requests: Sequence[Request]) -> None:  # noqa: D102
        await QUERIES.update_requests(self._c, rows=[rows.row_of(r) for r in requests])

    async def add_audit(self, steps: Sequence[Step], by: Person, at: datetime) -> None:  # noqa: D102
        lines = [
            {
                "request_id": str(step.after.id),
                "district_id": step.after.district_id,
                "environment": step.after.target.value,
                "from_status": None if isinstance(step.before, Came) else step.before.status.value,
                "to_status": step.word,
                "at": at,
                "by_role": by.role.value,
                "by_user": by.user_id,
                "note": step.note,
                "scheduled_for": step.after.slot.at if isinstance(step.after.slot, Slot) else None,
            }
            for step in steps
        ]
        await QUERIES.insert_transitions(self._c, rows=lines)

    async def add_message(self, request: Request, message: Message) -> None:  # noqa: D102
        await QUERIES.insert_message(
            self._c,
            id=message.id,
            request_id=request.id,
            district_id=request.district_id,
            environment=request.target.value,
            at=message.at,
            by_role=message.by_role,
            by_user=message.by_user,
            body=message.body,
        )

    async def set_versions(self, completed: Sequence[Request], at: datetime) -> None:  # noqa: D102
        updated = [(s, r) for r in completed for s in r.sites if r.kind is RequestKind.VERSION_UPDATE]
        if updated:
            await QUERIES.set_versions(
                self._c,
                site_ids=[s for s, _ in updated],
                versions=[r.version for _, r in updated],
                requests=[r.id for _, r in updated],
                at=at,
            )
        copied = [s for r in completed for s in r.sites if r.kind is RequestKind.DATABASE_REFRESH]
        if copied:
            await QUERIES.set_copied(self._c, site_ids=copied, at=at)

    async def add_events(self, events: Sequence[Event]) -> None:  # noqa: D102
        lines = [
            {
                "id": str(e.id),
                "site_id": e.site_id,
                "district_id": e.district_id,
                "environment": e.environment.value,
                "type": e.type,
                "at": e.at,
                "data": e.data,
            }
            for e in events
        ]
        await QUERIES.insert_events(self._c, rows=lines)

    async def add_mails(self, mails: Sequence[Mail], at: datetime) -> None:  # noqa: D102
        lines = [
            {
                "message_id": m.message_id,
                "request_id": str(m.request.id),
                "district_id": m.request.district_id,
                "environment": m.request.target.value,
                "recipient": m.recipient,
                "subject": m.subject,
                "body": m.text,
                "html": m.html,
            }
            for m in mails
        ]
        if lines:
            await QUERIES.insert_mails(self._c, rows=lines, at=at)

    async def lock_soon(self, now: datetime, until: datetime) -> Sequence[Request]:  # noqa: D102
        found = await all_rows(QUERIES.lock_soon(self._c, now=now, until=until))
        return [rows.request_of(row) for row in found]

    async def remember_reminders(  # noqa: D102
        self, requests: Sequence[Request], lead: Lead, at: datetime
    ) -> Collection[UUID]:
        lines = [
            {
                "request_id": str(r.id),
                "district_id": r.district_id,
                "environment": r.target.value,
                "slot_at": r.slot.at if isinstance(r.slot, Slot) else None,
                "lead": lead.value,
            }
            for r in requests
        ]
        found = await all_rows(QUERIES.remember_reminders(self._c, rows=lines, at=at))
        return {row["request_id"] for row in found}

    async def remember_key(  # noqa: D102
        self, user_id: str, key: str, digest: bytes, request_id: UUID, at: datetime
    ) -> tuple[UUID, bytes]:
        row = await QUERIES.remember_key(
            self._c, user_id=user_id, key=key, digest=digest, request_id=request_id, at=at
        )
        return row["request_id"], row["digest"]
