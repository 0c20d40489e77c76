"""`/live`: server-sent events for open pages (api/stream.py: for programs).

A page is told when to look again and reads what changed from itself.
"""

from aiohttp import web
from aiohttp_sse import sse_response

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


def add_routes(app: web.Application) -> None:
    """Serve the stream."""
    page(app, "GET", "/live", live)
