"""Whose key a request carries: looked up once, then known for a few seconds, hashes only."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from math import ceil

from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.web.problems import Problem, unauthorized, unavailable
from bellwire_kit.web.rates import TokenBuckets

from gradebook_events.domain.publishers import InvalidKey, Publisher, PublisherKey, parse_key
from gradebook_events.metrics import KEY_LOOKUPS
from gradebook_events.ports import KeptKey, Keys, UnknownKey

KNOWN_SECONDS = 5.0
"""How long a key that holds, or does not, is not looked up again: so soon a revocation reaches every process."""
STALE_SECONDS = 300.0
"""How long a known key serves on while the database cannot be reached: appending needs only the broker."""
STRANGERS = (20.0, 60.0)
"""Keys not known here that one address may have looked up: a second, and at once."""
_MOST = 10_000


class Authenticator:
    """Answers whose a key is. `monotonic` is real time: keys do not follow the local stack's clock."""

    def __init__(self, keys: Keys, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._strangers = TokenBuckets(*STRANGERS)
        self._monotonic = monotonic
        self._looking: dict[str, asyncio.Task[KeptKey | UnknownKey]] = {}
        self._found: OrderedDict[str, tuple[float, KeptKey | UnknownKey]] = OrderedDict()
        self._parsed: OrderedDict[str, tuple[float, Publisher]] = OrderedDict()

    async def publisher(self, credential: str, address: str = "") -> Publisher:
        """Return whose key this is; `address` is where the request came from.

        Raises `Problem` 401, 429 for an address that tries unknown keys, or 503 when it cannot be looked up.
        """
        proven = self._parsed.get(credential)
        if proven is not None and proven[0] > self._monotonic():
            return proven[1]
        try:
            key = parse_key(credential)
        except InvalidKey:
            raise unauthorized("Send a publisher key: `Authorization: Bearer bw_<id>_<secret>`.") from None
        found = await self._find(key, address)
        if isinstance(found, UnknownKey) or not key.matches(found.digest):
            raise unauthorized("This publisher key does not exist, was revoked, or has expired.")
        self._remember(credential, found.publisher, self._found[key.key_id][0])
        return found.publisher

    def forget(self, key_ids: Iterable[str]) -> None:
        """Look these keys up again next time: they were rotated or revoked here."""
        ids = set(key_ids)
        for key_id in ids:
            self._found.pop(key_id, None)
        for credential in [text for text in self._parsed if parse_key(text).key_id in ids]:
            del self._parsed[credential]

    def _remember(self, credential: str, publisher: Publisher, until: float) -> None:
        self._parsed[credential] = (until, publisher)
        if len(self._parsed) > _MOST:
            self._parsed.popitem(last=False)

    def _admit_stranger(self, address: str, now: float) -> None:
        """Let so many keys be looked up that were not known here, so that guessing does not busy the database."""
        if (seconds := self._strangers.wait(address.encode(), now)) > 0:
            raise Problem(
                429,
                "too-many-requests",
                "Ask less often",
                "Too many keys that are not known came from this address.",
                headers={"Retry-After": str(ceil(seconds))},
            )

    async def _find(self, key: PublisherKey, address: str) -> KeptKey | UnknownKey:
        now = self._monotonic()
        known = self._found.get(key.key_id)
        if known is not None and known[0] > now:
            return known[1]
        # One look-up serves all requests that wait for it; one of them that is cancelled does not end it.
        looking = self._looking.get(key.key_id)
        if looking is None:
            if not isinstance(known, KeptKey):
                self._admit_stranger(address, now)
            looking = self._looking[key.key_id] = asyncio.create_task(self._keys.find(key.key_id))
            looking.add_done_callback(lambda _: self._looking.pop(key.key_id, None))
        try:
            found = await asyncio.shield(looking)
        except UNAVAILABLE:
            KEY_LOOKUPS.labels("unavailable").inc()
            if known is None or known[0] + STALE_SECONDS < now:
                raise unavailable("Publisher keys cannot be looked up now.") from None
            return known[1]
        KEY_LOOKUPS.labels("known" if isinstance(found, KeptKey) else "unknown").inc()
        self._found[key.key_id] = (now + KNOWN_SECONDS, found)
        self._found.move_to_end(key.key_id)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)
        return found
