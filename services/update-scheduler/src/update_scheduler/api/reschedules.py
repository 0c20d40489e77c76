"""`/v1/reschedules`: many requests to new dates, tried first; the use case is that of the board."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.web.views import answer
from pydantic import Field as PydanticField

from update_scheduler.api.fields import In, Moment, Out
from update_scheduler.api.view import OPERATORS, QueueView, Roles
from update_scheduler.domain.rescheduling import At, Spread
from update_scheduler.pages.parts import PAGE_PARTS
from update_scheduler.reschedule import MOST, Chosen, Reschedule

Revision = Annotated[int, PydanticField(ge=1, le=999_999_999)]


class ChosenIn(In):
    """A request as it was read; `promised` is the date that a dry run answered for it."""

    id: UUID
    revision: Revision
    promised: Moment | None = None


class RescheduleIn(In):
    """To the window that holds `at`, or without it each to the next free one.

    `dry_run` writes nothing. Without it every request that moves carries the date promised by a dry run; where
    what would happen differs by now, nothing is written either and the new outcomes are answered.
    """

    requests: Annotated[list[ChosenIn], PydanticField(min_length=1, max_length=MOST)]
    at: Moment | None = None
    dry_run: bool = True


class OutcomeOut(Out):
    """What becomes of one: its new date, or why it stays where it is."""

    id: UUID
    at: datetime | None
    refused: str | None


class OutcomesOut(Out):
    """What becomes of all; `done` when it was written."""

    done: bool
    items: list[OutcomeOut]
    next_cursor: str | None = None


class Reschedules(QueueView):
    """Bulk rescheduling."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def post(self, body: RescheduleIn) -> r200[OutcomesOut]:
        """Move many requests to new dates, or (dry run) say what would happen.

        Tags: requests
        """
        wanted = {c.id: c for c in body.requests}
        found = await self.request.app[PAGE_PARTS].store.rows(list(wanted))
        rows = sorted(found, key=lambda r: (r.request.created_at, r.request.id))
        chosen = [Chosen(r.request.id, wanted[r.request.id].revision, r.request.district_id) for r in rows]
        goal = Spread(self.parts.clock.now()) if body.at is None else At(body.at)
        promised = {c.id: c.promised for c in body.requests if c.promised is not None}
        move = self.parts.transition
        result = await Reschedule(move.queues, move.clock, move.scribe)(
            self.person, chosen, goal, None if body.dry_run else promised
        )
        items = [OutcomeOut(id=o.request.id, at=o.to, refused=o.refused or None) for o in result.outcomes]
        return answer(OutcomesOut(done=result.done, items=items))


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/reschedules", Reschedules)
