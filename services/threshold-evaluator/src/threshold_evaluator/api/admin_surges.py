"""`/v1/admin/surges`: bursts of a school's facts that are held, and the administrator's word on them (section 4)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import Problem, not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.fields import Moment
from bellwire_schemas.names import Group
from pydantic import Field

from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.api.fields import Body, Cursor, Limit, Model
from threshold_evaluator.api.portal import PORTAL, administrator
from threshold_evaluator.domain.surge import Resolution

_LAST = "9999-01-01T00:00:00+00:00"


class HeldGroup(Model):
    """How many alerts of a settings group are held."""

    group: Group
    alerts: int


class Surge(Model):
    """A burst of a school's facts: what it was, what is still unsent of it, what was said of it.

    `usual` is how many facts ten minutes of the school bring; null: nothing was known. `alerts`, `users` and
    `groups` are what a word on it reaches: what it holds, and what came just before it and waits for another
    reason yet. They are in the inboxes already, but for those in their grace.
    """

    surge_id: UUID
    school_id: str
    school_name: str
    pulled_at: Moment
    last_at: Moment
    facts: int
    usual: float | None
    alerts: int
    users: int
    groups: tuple[HeldGroup, ...]
    resolution: Resolution
    resolved_at: Moment | None


class SurgePage(Model):
    """Surges, newest first; `next_cursor` is null on the last page."""

    items: tuple[Surge, ...]
    next_cursor: str | None


class Word(Body):
    """What to do with what is held: send it (one summary a user), or leave it to the inbox."""

    resolution: Literal["release", "inbox_only"] = Field(description="release, or inbox_only.")


class Answered(StrEnum):
    """What became of a word on a surge."""

    DONE = "done"
    SAID_ALREADY = "said_already"
    UNKNOWN = "unknown"


class Surges(Protocol):
    """Surges of an administrator's own district."""

    async def surges(self, caller: Caller, before: datetime, school_id: str, limit: int) -> Sequence[Surge]:
        """Return surges before a time and, at it, before a school, newest first."""

    async def resolve(
        self, caller: Caller, surge_id: UUID, resolution: Resolution, line: AuditLine
    ) -> tuple[Answered, Resolution]:
        """Note the word, with an audit line about the school, and wake what is held; answer what stands then.

        A second word does not count: what was released has gone.
        """


class AdminSurgesView(ApiView):
    """Bursts of facts of the administrator's district."""

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[SurgePage]:
        """What is held because a school's facts burst, newest first; answered ones for 30 days.

        Tags: administration
        Status Codes:
            200: A page of surges.
        """
        caller = await administrator(self.request)
        portal = self.request.app[PORTAL]
        scope = f"{caller.source}/surges"
        before, school = portal.cursors.open(scope, cursor) if cursor else (_LAST, "")
        found = await portal.surges.surges(caller, datetime.fromisoformat(before), school, limit + 1)
        page, following = found[:limit], None
        if len(found) > limit:
            following = portal.cursors.seal(scope, [page[-1].pulled_at.isoformat(), page[-1].school_id])
        return answer(SurgePage(items=tuple(page), next_cursor=following))


class AdminSurgeView(ApiView):
    """A burst of facts."""

    async def post(self, surge_id: UUID, /, body: Word) -> r200[Word]:
        """Release what is held, or put it in the inbox only; also what still comes of the same burst.

        Tags: administration
        Status Codes:
            200: What holds now.
        """
        caller = await administrator(self.request)
        portal = self.request.app[PORTAL]
        wanted = Resolution(body.resolution)
        line = AuditLine(f"surge.{wanted.value}", "school", "", portal.clock.now())
        answered, stands = await portal.surges.resolve(caller, surge_id, wanted, line)
        if answered is Answered.UNKNOWN:
            raise not_found("surge")
        if answered is Answered.SAID_ALREADY and stands is not wanted:
            detail = f"This surge was answered with {stands.value}; what that did cannot be taken back."
            raise Problem(409, "surge-answered", "The surge was answered", detail, pointer="/resolution")
        return answer(Word(resolution="release" if stands is Resolution.RELEASE else "inbox_only"))


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/admin/surges", AdminSurgesView)
    app.router.add_view("/v1/admin/surges/{surge_id}", AdminSurgeView)
