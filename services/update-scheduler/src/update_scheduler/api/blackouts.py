"""`/v1/windows/blackouts`: when no new booking is made, whatever the windows say."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204
from bellwire_kit.web.problems import Problem, not_found
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import Cursor, In, Key, Limit, Moment, Note, Out
from update_scheduler.api.view import OPERATORS, QueueView, Roles, path_id
from update_scheduler.domain.sites import Hosting
from update_scheduler.registry import BlackoutEntry


class BlackoutIn(In):
    """No new booking touches this span; `hosting` bounds it to one type."""

    starts_at: Moment
    ends_at: Moment
    hosting: Hosting | None = None
    reason: Note = ""


class BlackoutOut(Out):
    """A blackout; `touches` says how many booked requests keep their slots, flagged."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    hosting: Hosting | None
    reason: str
    touches: int | None = None


class BlackoutsOut(Out):
    """A page of blackouts."""

    items: list[BlackoutOut]
    next_cursor: str | None


class Blackouts(QueueView):
    """Blackouts."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[BlackoutsOut]:
        """List blackouts.

        Tags: windows
        """
        after = self.position("blackouts", cursor)
        found = await self.parts.registry.blackouts(UUID(after[0]) if after else None, limit)
        following = self.page("blackouts", [str(found[-1].id)] if found else [], full=len(found) == limit)
        items = [BlackoutOut.model_validate({**_plain(b), "touches": None}) for b in found]
        return answer(BlackoutsOut(items=items, next_cursor=following))

    async def post(self, body: BlackoutIn) -> r201[BlackoutOut]:
        """Add a blackout. What is booked in it keeps its slot and is flagged.

        Tags: windows
        """
        if body.ends_at <= body.starts_at:
            detail = "A blackout ends after it starts."
            raise Problem(400, "invalid", "The request is not valid", detail, pointer="/ends_at")
        blackout = BlackoutEntry(uuid4(), body.starts_at, body.ends_at, body.hosting, body.reason)
        touches = await self.parts.registry.add_blackout(blackout)
        return answer(BlackoutOut.model_validate({**_plain(blackout), "touches": touches}), 201)


def _plain(b: BlackoutEntry) -> dict[str, object]:
    return {
        "id": b.id,
        "starts_at": b.starts_at,
        "ends_at": b.ends_at,
        "hosting": b.hosting,
        "reason": b.reason,
    }


class OneBlackout(QueueView):
    """One blackout."""

    roles: ClassVar[Roles] = {"DELETE": OPERATORS}

    async def delete(self, blackout_id: Key, /) -> r204:
        """Take a blackout back.

        Tags: windows
        """
        if not await self.parts.registry.remove_blackout(path_id(blackout_id, "blackout")):
            raise not_found("blackout")
        return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    """Serve the resources; before the windows, whose ids would catch the word."""
    app.router.add_view("/v1/windows/blackouts", Blackouts)
    app.router.add_view("/v1/windows/blackouts/{blackout_id}", OneBlackout)
