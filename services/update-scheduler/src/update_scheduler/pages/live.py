"""`/live` and `/v1/stream`: server-sent events of what changed, for pages and for programs.

A page is told when to look again and reads what changed from itself; a program is told which request.
"""

import orjson
from aiohttp import web
from aiohttp_sse import sse_response
from bellwire_kit.auth import require

from update_scheduler.api.parts import PARTS
from update_scheduler.api.view import EVERYBODY, identify
from update_scheduler.pages.news import Readers
from update_scheduler.pages.visits import Visit, page

LIFETIME_SECONDS = 600.0
"""An open page signs in again by its cookie so often: one whose session has ended is let go."""

_PACE_MILLISECONDS = 10
"""A page waits a random while after news, up to so much for each page that is open: no stampede."""

READERS: web.AppKey[Readers] = web.AppKey("page_readers", Readers)


async def live(visit: Visit) -> web.StreamResponse:
    """Tell the page of changes that it shows, until it goes, the service stops or ten minutes are over."""
    readers = visit.request.app[READERS]
    district = visit.request.query.get("district", "")
    async with sse_response(visit.request, headers={"Cache-Control": "no-store"}) as stream:
        with readers.reading(visit.person, district) as reader:
            await stream.send("", event="ready", retry=1000)
            while await reader.wait(LIFETIME_SECONDS) and stream.is_connected():
                reader.take()
                await stream.send(str(len(readers) * _PACE_MILLISECONDS), event="changed")
    response: web.StreamResponse = stream
    return response


async def stream(request: web.Request) -> web.StreamResponse:
    """Tell a program of requests within reach that changed: `changed`, `{"district_id", "request_id"}`.

    Empty ids: anything may have changed (after a gap, or windows and sites). Ends after ten minutes: connect
    again, and read what you show once more, since nothing is kept for those who are away.
    """
    caller = await require(request, *EVERYBODY)
    person = await identify(request.app[PARTS].registry, caller)
    async with sse_response(request, headers={"Cache-Control": "no-store"}) as events:
        with request.app[READERS].reading(person) as reader:
            await events.send("{}", event="ready", retry=1000)
            while await reader.wait(LIFETIME_SECONDS) and events.is_connected():
                for news in reader.take():
                    body = {"district_id": news.district_id, "request_id": news.request_id}
                    await events.send(orjson.dumps(body).decode(), event="changed")
    response: web.StreamResponse = events
    return response


def add_routes(app: web.Application) -> None:
    """Serve the streams."""
    page(app, "GET", "/live", live)
    app.router.add_get("/v1/stream", stream)
