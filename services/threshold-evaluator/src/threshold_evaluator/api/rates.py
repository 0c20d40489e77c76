"""How often one address may ask what needs no token: real time, per process (architecture.md section 5)."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import web
from bellwire_kit.web.problems import Problem

_REMEMBERED = 10_000


@dataclass
class PublicRate:
    """A token bucket an address: `burst` requests at once, `per_second` more each second."""

    per_second: float = 10.0
    burst: float = 40.0
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, address: str, now: float) -> float:
        """Take one token at `now` (seconds, rising); return 0, or how many seconds until there is one."""
        left, since = self._buckets.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self.per_second


PUBLIC_RATE: web.AppKey[PublicRate] = web.AppKey("public_rate", PublicRate)


def limited(request: web.Request) -> None:
    """Raise `Problem` 429 with Retry-After when the caller's address asks too often."""
    seconds = request.app[PUBLIC_RATE].wait(request.remote or "", time.monotonic())
    if seconds > 0:
        after = str(max(1, round(seconds + 0.5)))
        raise Problem(
            429,
            "too-many-requests",
            "Ask less often",
            f"Try again in {after} s.",
            headers={"Retry-After": after},
        )
