"""How often one caller may ask: a token bucket a credential, a smaller one an address without (architecture.md, 5).

Real time, per process. A service whose door has limits of its own (ingest) names those paths as `unlimited`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from math import ceil

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bellwire_kit.web.problems import Problem

_REMEMBERED = 20_000


class TokenBuckets:
    """A bucket a key: `burst` requests at once, `per_second` more each second; the longest unused is forgotten."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def wait(self, key: bytes, now: float) -> float:
        """Take one token at `now` (seconds, rising); return 0, or how many seconds until there is one."""
        left, since = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_second


def limits(
    *,
    known: TokenBuckets | None = None,
    unknown: TokenBuckets | None = None,
    unlimited: tuple[str, ...] = (),
    now: Callable[[], float] = time.monotonic,
) -> Middleware:
    """Return a middleware that answers 429 with Retry-After to who asks too often for `/v1/` addresses.

    `known` counts by credential (200 a second, 1,000 at once), `unknown` by address (20 a second, 60 at once).
    """
    by_credential = known or TokenBuckets(200.0, 1_000.0)
    by_address = unknown or TokenBuckets(20.0, 60.0)

    @web.middleware
    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1/") or request.path in unlimited:
            return await handler(request)
        credential = request.headers.get("Authorization", "")
        if credential:
            seconds = by_credential.wait(blake2b(credential.encode(), digest_size=16).digest(), now())
        else:
            seconds = by_address.wait((request.remote or "").encode(), now())
        if seconds > 0:
            after = str(ceil(seconds))
            detail = f"Try again in {after} s."
            raise Problem(429, "too-many-requests", "Ask less often", detail, headers={"Retry-After": after})
        return await handler(request)

    return limited
