"""`/v1/requests/{id}/transitions`: move a request, and its audit."""

from datetime import datetime

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import Key, Out
from update_scheduler.api.requests import seen, shown_answer
from update_scheduler.api.shapes import AnyRequestOut, TransitionIn
from update_scheduler.api.view import QueueView, revision_of
from update_scheduler.domain.actors import Act
from update_scheduler.domain.requests import NO_DATE
from update_scheduler.errors import NotForYou
from update_scheduler.ports import GroupRequest
from update_scheduler.transition import Demand


class AuditOut(Out):
    """One audit line: `to` is a status, or cancelled, deleted, answered."""

    seq: int
    from_status: str | None
    to_status: str
    at: datetime
    by_role: str
    by_user: str
    note: str
    scheduled_for: datetime | None


class AuditsOut(Out):
    """The life of a request, oldest first."""

    items: list[AuditOut]


class Transitions(QueueView):
    """The life of a request."""

    async def get(self, request_id: Key, /) -> r200[AuditsOut]:
        """List the audit lines of a request.

        Tags: requests
        """
        found = await seen(self, request_id)
        if isinstance(found, GroupRequest):
            raise not_found("request: ask for a member's")
        lines = await self.parts.registry.audit(found.request.id)
        return answer(
            AuditsOut(items=[AuditOut.model_validate(line, from_attributes=True) for line in lines])
        )

    async def post(
        self, request_id: Key, /, body: TransitionIn, *, if_match: str = ""
    ) -> r200[AnyRequestOut]:
        """Move a request, or all members of a group request, to its next status (operators).

        Tags: requests
        """
        found = await seen(self, request_id)
        if not self.person.may(Act.MOVE):
            raise NotForYou("Operators make transitions; contacts create, answer, cancel and delete.")
        at = NO_DATE if body.at is None else body.at
        demand = Demand(body.to, at, body.note, revision_of(if_match))
        if isinstance(found, GroupRequest):
            await self.parts.transition_group(self.person, found.id, demand)
        else:
            await self.parts.transition(self.person, found.request.id, demand)
        return await shown_answer(self, await seen(self, request_id))


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/requests/{request_id}/transitions", Transitions)
