"""How often an address may sign in, and a person ask for pages and send forms (architecture.md section 5)."""

import time
from collections.abc import Callable
from math import ceil

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from bellwire_kit.web.problems import Problem
from bellwire_kit.web.rates import TokenBuckets

from update_scheduler.pages import sessions

_OTHERS = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/static/")
"""The API has limits of its own; health is asked by machines of the house; a browser keeps static files."""


def limited(
    *,
    unknown: TokenBuckets | None = None,
    reading: TokenBuckets | None = None,
    writing: TokenBuckets | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Middleware:
    """Return the middleware that answers 429 with Retry-After to who asks too often for pages.

    `unknown` counts by address who is not signed in: the sign-in itself (20 a second, 60 at once). `reading`
    (200 a second, 1,000 at once) and `writing` (forms: 5 a second, 100 at once) count by person.
    """
    strangers = unknown or TokenBuckets(20.0, 60.0)
    readers = reading or TokenBuckets(200.0, 1_000.0)
    writers = writing or TokenBuckets(5.0, 100.0)

    @web.middleware
    async def outer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OTHERS):
            return await handler(request)
        caller = await sessions.who(request)
        if caller is None:
            seconds = strangers.wait((request.remote or "").encode(), now())
        else:
            key = f"{caller.role}/{caller.district_id}/{caller.user_id}".encode()
            seconds = (writers if request.method == "POST" else readers).wait(key, now())
        if seconds > 0:
            after = str(ceil(seconds))
            detail = f"Try again in {after} s. Nothing was written."
            raise Problem(429, "too-many-requests", "Ask less often", detail, headers={"Retry-After": after})
        return await handler(request)

    return outer
