"""`/v1/stream`: server-sent events of what changed, for programs."""

from typing import ClassVar

import orjson
from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from aiohttp_sse import sse_response

from update_scheduler.api.view import EVERYBODY, QueueView, Roles
from update_scheduler.pages.live import LIFETIME_SECONDS, READERS


class Stream(QueueView):
    """News of requests."""

    roles: ClassVar[Roles] = {"GET": EVERYBODY}

    async def get(self) -> r200:
        """Tell of requests within reach that changed: event `changed`, `{"district_id", "request_id"}`.

        Empty ids: anything may have changed (after a gap, or windows and sites). Ends after ten minutes: connect
        again, and read what you show once more, since nothing is kept for those who are away.

        Tags: requests
        """
        async with sse_response(self.request, headers={"Cache-Control": "no-store"}) as events:
            with self.request.app[READERS].reading(self.person) as reader:
                await events.send("{}", event="ready", retry=1000)
                while await reader.wait(LIFETIME_SECONDS) and events.is_connected():
                    for news in reader.take():
                        body = {"district_id": news.district_id, "request_id": news.request_id}
                        await events.send(orjson.dumps(body).decode(), event="changed")
        return events


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/stream", Stream)
