"""`GET /v1/me/changes` and `GET /v1/me/why`: stored changes, each with why (product.md section 4, "Why")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import Problem, not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.fields import WrittenMoment
from bellwire_schemas.source import Source

from threshold_evaluator.api.change_items import ChangePage, StoredChange
from threshold_evaluator.api.fields import Cursor, Id, Limit
from threshold_evaluator.api.portal import PORTAL, Portal, family, own_list

KEPT = timedelta(days=30)
"""How long decisions are kept."""


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """A change's place in a list, newest first."""

    decided_at: datetime
    event_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An event and the user it is asked about; an empty event source is any."""

    source: Source
    user_id: str
    event_id: str
    event_source: str


class Changes(Protocol):
    """Stored changes with the decisions about one user."""

    async def of_caller(
        self, caller: Caller, student_id: str, since: datetime, before: ChangePlace, limit: int
    ) -> Sequence[StoredChange]:
        """Return changes of students whom the caller may see now (an empty id is all), newest first."""

    async def by_event(self, asked: Asked, since: datetime, seen_only: bool) -> Sequence[StoredChange]:
        """Return the change of an event decided since a time, one per event source, with why for a user.

        `seen_only`: of students whom that user may see now.
        """


async def one_change(portal: Portal, asked: Asked, *, seen_only: bool) -> StoredChange:
    """Return the change of an event. Raises `Problem` 404, or 400 when several sources have such an id."""
    found = await portal.changes.by_event(asked, portal.clock.now() - KEPT, seen_only)
    if not found:
        raise not_found("event")
    if len(found) > 1:
        known = ", ".join(each.source for each in found)
        detail = f"Several sources have an event with this id; add source, one of {known}."
        raise Problem(400, "ambiguous-event", "Which event?", detail, pointer="/query/source")
    return found[0]


class ChangesView(ApiView):
    """Stored changes."""

    async def get(
        self,
        student_id: Id | None = None,
        since: WrittenMoment | None = None,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> r200[ChangePage]:
        """Changes of one's students since a time (default and at most 30 days ago), each with its why.

        Tags: why
        Status Codes:
            200: A page of changes, newest first.
        """
        caller = await family(self.request)
        portal, student = self.request.app[PORTAL], student_id or ""
        now = portal.clock.now()
        since = min(max(since, now - KEPT), now) if since else now - KEPT
        scope = own_list(caller, "changes", student)
        before = ChangePlace(now + KEPT, "", "")
        if cursor:
            moment, event_id, source = portal.cursors.open(scope, cursor)
            before = ChangePlace(datetime.fromisoformat(moment), event_id, source)
        found = await portal.changes.of_caller(caller, student, since, before, limit + 1)
        page, following = found[:limit], None
        if len(found) > limit:
            last = page[-1]
            following = portal.cursors.seal(scope, [last.decided_at.isoformat(), last.event_id, last.source])
        return answer(ChangePage(items=tuple(page), next_cursor=following))


class WhyView(ApiView):
    """Why one was told of a change, or not."""

    async def get(self, event_id: Id, source: Id | None = None) -> r200[StoredChange]:
        """Why one was told of a change, or not: gates, settings by layer, outcome, devices.

        Tags: why
        Status Codes:
            200: The change with its why.
        """
        caller = await family(self.request)
        asked = Asked(caller.source, caller.user_id, event_id, source or "")
        found = await one_change(self.request.app[PORTAL], asked, seen_only=True)
        return answer(found)


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/me/changes", ChangesView)
    app.router.add_view("/v1/me/why", WhyView)
