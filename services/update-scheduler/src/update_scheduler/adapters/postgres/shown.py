"""Requests as they are looked at, in Postgres."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bellwire_kit.postgres import Pool
from bellwire_schemas.names import Environment

from update_scheduler.adapters.postgres import rows
from update_scheduler.adapters.postgres.named import REGISTRY
from update_scheduler.adapters.postgres.queue import QUERIES, all_rows
from update_scheduler.ports import MISSING, GroupRequest, Message, Missing
from update_scheduler.registry import (
    AuditLine,
    Filter,
    PersonLine,
    Shown,
)


class ShownRequests:
    """Requests with what stands around them (see registry.Registry)."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def request(self, request_id: UUID) -> Shown | GroupRequest | Missing:  # noqa: D102
        found = await self._requests(request_id, Filter(removed=True, limit=1))
        if found:
            return found[0]
        row = await QUERIES.group_request_by_id(self._p, id=request_id)
        return MISSING if row is None else rows.group_request_of(row)

    async def requests(self, wanted: Filter) -> Sequence[Shown]:  # noqa: D102
        if wanted.site_id:
            # a site's requests are found among its district's
            district = wanted.site_id.rpartition(".")[0]
            if wanted.districts is not None and district not in wanted.districts:
                return []
            wanted = replace(wanted, districts=[district])
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

    async def audit_of_person(  # noqa: D102
        self, user_id: str, after: tuple[datetime, int] | None, limit: int
    ) -> Sequence[PersonLine]:
        after_at, after_n = after or (None, None)
        found = await all_rows(
            REGISTRY.audit_of_person(self._p, user_id=user_id, after_at=after_at, after_n=after_n, most=limit)
        )
        lines = [(r, {name: r[name] for name in AuditLine.__slots__}) for r in found]
        return [
            PersonLine(
                r["id"],
                r["request_id"],
                r["district_id"],
                Environment(r["environment"]),
                AuditLine(**values),
            )
            for r, values in lines
        ]

    async def messages(self, request_id: UUID) -> Sequence[Message]:  # noqa: D102
        found = await all_rows(REGISTRY.messages_of(self._p, request_id=request_id))
        return [Message(**dict(r)) for r in found]
