"""The shares of all publishers, kept in memory: HTTP is told to come later, other ways are paced."""

import asyncio
import time
from collections.abc import Callable

from gradebook_events.domain.publishers import Publisher
from gradebook_events.domain.share import Bucket, Share, Wait, full, take


class Shares:
    """One bucket a publisher. `monotonic` is real time: rates do not follow the local stack's clock."""

    def __init__(self, share: Share, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}

    def take(self, publisher: Publisher, events: int) -> Bucket | Wait:
        """Take so many events of the publisher's share, or say how long to wait for them."""
        now = self._monotonic()
        bucket = self._buckets.get(publisher.publisher_id) or full(self._share, now)
        outcome = take(bucket, self._share, events, now)
        if isinstance(outcome, Bucket):
            self._buckets[publisher.publisher_id] = outcome
        return outcome

    async def wait(self, publisher: Publisher, events: int) -> None:
        """Wait until so many events may be appended, and take them."""
        while isinstance(outcome := self.take(publisher, events), Wait):
            await asyncio.sleep(outcome.seconds)
