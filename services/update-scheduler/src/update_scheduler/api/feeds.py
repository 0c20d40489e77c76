"""`/v1/calendar.ics`: the confirmed dates as a calendar, for whoever has the secret address of a feed."""

import asyncio
from typing import Annotated

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import Problem
from bellwire_kit.web.views import ApiView
from bellwire_schemas.names import Environment, Role
from pydantic import StringConstraints

from update_scheduler.api.parts import PARTS
from update_scheduler.api.view import identify
from update_scheduler.pages.feeds import AHEAD, BACK, MOST, digest, render_feed
from update_scheduler.pages.parts import PAGE_PARTS
from update_scheduler.ports import Missing
from update_scheduler.registry import reach

Secret = Annotated[str, StringConstraints(max_length=200)]


class CalendarFeed(ApiView):
    """A feed. Its address is its credential: `/feeds` makes and revokes it."""

    public = True

    async def get(self, token: Secret = "") -> r200:
        """Show what is booked within the reach that the feed's owner has today, as text/calendar.

        Tags: windows
        """
        pages, parts = self.request.app[PAGE_PARTS], self.request.app[PARTS]
        feed = await pages.store.feed(digest(token))
        if not token or isinstance(feed, Missing):
            detail = "There is no such feed, or it was revoked."
            raise Problem(404, "not-found", "Not found", detail, pointer="/query/token")
        caller = Caller(Role(feed.role), feed.user_id, feed.district_id, Environment.PRODUCTION)
        person = await identify(parts.registry, caller)
        now = parts.clock.now()
        times = await pages.store.times(now - BACK, now + AHEAD, reach(person), MOST, MOST)
        # thousands of events take a second to write: the pages go on meanwhile
        body = await asyncio.to_thread(render_feed, feed.name, times.booked, now, pages.hosting_zone)
        headers = {
            "Content-Disposition": 'inline; filename="updates.ics"',
            "Cache-Control": "private, max-age=300",
        }
        return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)


def add_routes(app: web.Application) -> None:
    """Serve the feeds."""
    app.router.add_view("/v1/calendar.ics", CalendarFeed)
