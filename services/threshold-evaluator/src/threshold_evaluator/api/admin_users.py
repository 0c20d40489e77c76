"""`/v1/admin/why` and `/v1/admin/users/{id}`: why a user was told or not, and erasure, both with an audit line."""

from datetime import datetime
from typing import Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r204
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer

from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.api.change_items import StoredChange
from threshold_evaluator.api.changes import Asked, one_change
from threshold_evaluator.api.fields import Id
from threshold_evaluator.api.portal import PORTAL, administrator


class Users(Protocol):
    """Users of an administrator's own district."""

    async def known(self, caller: Caller, user_id: str) -> bool:
        """Whether the district has anything of the user."""

    async def note(self, caller: Caller, line: AuditLine) -> None:
        """Write an audit line."""

    async def erase(self, caller: Caller, user_id: str, now: datetime, line: AuditLine) -> None:
        """Remove everything of a user, queue `user.erased`, write the audit line, all or nothing."""


class AdminWhyView(ApiView):
    """Why a user of the district was told of a change, or not."""

    async def get(self, event_id: Id, user_id: Id, source: Id | None = None) -> r200[StoredChange]:
        """Why a user was told of a change, or not; leaves an audit line.

        Tags: administration
        Status Codes:
            200: The change with its why for that user.
        """
        caller = await administrator(self.request)
        portal = self.request.app[PORTAL]
        if not await portal.users.known(caller, user_id):
            raise not_found("user")
        asked = Asked(caller.source, user_id, event_id, source or "")
        found = await one_change(portal, asked, seen_only=False)
        line = AuditLine("why.read", "user", user_id, portal.clock.now(), event_id=event_id)
        await portal.users.note(caller, line)
        return answer(found)


class AdminUserView(ApiView):
    """A user of the district."""

    async def delete(self, user_id: Id, /) -> r204:
        """Erase a user: settings, inbox, decisions, portal access, devices and deliveries; audit keeps ids.

        Tags: administration
        Status Codes:
            204: The user is erased; devices and deliveries follow within seconds.
        """
        caller = await administrator(self.request)
        portal = self.request.app[PORTAL]
        if not await portal.users.known(caller, user_id):
            raise not_found("user")
        now = portal.clock.now()
        await portal.users.erase(caller, user_id, now, AuditLine("user.erased", "user", user_id, now))
        return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/admin/why", AdminWhyView)
    app.router.add_view("/v1/admin/users/{user_id}", AdminUserView)
