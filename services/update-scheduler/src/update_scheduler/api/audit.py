"""`/v1/audit`: what a person did, over all requests."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.web.views import answer
from bellwire_schemas.names import Environment

from update_scheduler.api.fields import Cursor, Key, Limit, Out
from update_scheduler.api.view import OPERATORS, QueueView, Roles


class PersonLineOut(Out):
    """One thing that a person did to a request."""

    request_id: UUID
    district_id: str
    environment: Environment
    from_status: str | None
    to_status: str
    at: datetime
    by_role: str
    by_user: str
    note: str


class PersonLinesOut(Out):
    """A page of them, newest first."""

    items: list[PersonLineOut]
    next_cursor: str | None


class Audit(QueueView):
    """The audit log by person; by request it is `/v1/requests/{id}/transitions`."""

    roles: ClassVar[Roles] = {"GET": OPERATORS}

    async def get(self, user_id: Key, cursor: Cursor = "", limit: Limit = 50) -> r200[PersonLinesOut]:
        """List what a person did, newest first.

        Tags: audit
        """
        scope = f"audit/{user_id}"
        after = self.position(scope, cursor)
        position = (datetime.fromisoformat(after[0]), int(after[1])) if after else None
        found = await self.parts.registry.audit_of_person(user_id, position, limit)
        last = [found[-1].line.at.isoformat(), found[-1].n] if found else []
        items = [
            PersonLineOut(
                request_id=p.request_id,
                district_id=p.district_id,
                environment=p.environment,
                from_status=p.line.from_status,
                to_status=p.line.to_status,
                at=p.line.at,
                by_role=p.line.by_role,
                by_user=p.line.by_user,
                note=p.line.note,
            )
            for p in found
        ]
        return answer(
            PersonLinesOut(items=items, next_cursor=self.page(scope, last, full=len(found) == limit))
        )


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/audit", Audit)
