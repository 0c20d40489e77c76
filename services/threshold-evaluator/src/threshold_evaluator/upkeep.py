"""Work by the calendar: events that waited too long, and what is older than its retention (section 4, issue 4).

Nothing here blocks the stream: decisions go by dropping a day's partition, the rest in small batches.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.dead_letters import dead_letter_message
from bellwire_kit.streams.protocol import DeadLetter, Message, Producer

from threshold_evaluator.ports import Store, Unparked

_log = logger(__name__)

WAITING_DAYS = 7
"""How long an event waits for a roster before it goes to the dead-letter topic (product.md section 3)."""

SETTLED_DAYS = 4
"""How long alerts that went or were dropped stay: longer than any time to live."""

GROUP = "threshold-evaluator"
_BATCH = 1_000


class Retention(Protocol):
    """Deletes what is older than it need be."""

    async def drop_days(self, before: date) -> None:
        """Drop the partitions of days before a date."""

    async def forget_erased(self, now: datetime) -> int:
        """Remove what was in hand when users were erased, some users at a time; return how many."""

    async def forget_surges(self, now: datetime) -> None:
        """Delete counts of facts, and surges that were answered, beyond their use."""

    async def delete_settled(self, before: date, limit: int) -> int:
        """Delete alerts that went or were dropped, at most `limit`; return how many."""

    async def delete_inbox(self, before: datetime, now: datetime, limit: int) -> int:
        """Delete inbox items, at most `limit`, and tell devices what is unseen then; return how many."""


class Upkeep:
    """Looks every `seconds` of real time, and goes on at once while there is more to do."""

    def __init__(
        self,
        store: Store,
        retention: Retention,
        producer: Producer,
        clock: Clock,
        *,
        decisions_days: int,
        inbox_days: int,
        seconds: float = 10.0,
    ) -> None:
        self._store, self._retention, self._producer, self._clock = store, retention, producer, clock
        self._decisions = timedelta(days=decisions_days)
        self._inbox = timedelta(days=inbox_days)
        self._seconds = seconds
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    async def run(self) -> None:
        """Do rounds until stopped."""
        while not self._stopping.is_set():
            try:
                more = await self.once()
            except UNAVAILABLE as error:
                _log.warning("the database cannot be reached; upkeep waits", error=type(error).__name__)
                more = False
            if not more:
                try:
                    await asyncio.wait_for(self._stopping.wait(), timeout=self._seconds)
                except TimeoutError:
                    continue

    async def once(self) -> bool:
        """Do one round; return whether there is more of the same to do now."""
        now = self._clock.now()
        waited = await self._give_up_waiting(now)
        await self._retention.drop_days((now - self._decisions).date())
        await self._retention.forget_surges(now)
        await self._retention.forget_erased(now)
        settled = await self._retention.delete_settled((now - timedelta(days=SETTLED_DAYS)).date(), _BATCH)
        inbox = await self._retention.delete_inbox(now - self._inbox, now, _BATCH)
        return _BATCH in (waited, settled, inbox)

    async def _give_up_waiting(self, now: datetime) -> int:
        """Send events that no roster came for to the dead-letter topic, then delete them."""
        async with self._store.transaction() as tables:
            waited = await tables.waited_too_long(now - timedelta(days=WAITING_DAYS), _BATCH)
            if not waited:
                return 0
            answers = await self._producer.send([_dead_letter(each) for each in waited])
            faults.point("upkeep.dead_lettered")
            sent: Sequence[int] = [
                each.position for each, answer in zip(waited, answers, strict=True) if answer is None
            ]
            await tables.forget_waiting(sent)
        _log.warning("events waited for a roster that did not come", count=len(sent), days=WAITING_DAYS)
        return len(waited)


def _dead_letter(each: Unparked) -> Message:
    error = f"no roster came for its student within {WAITING_DAYS} days"
    return dead_letter_message(each.record, DeadLetter("unknown_student", error), GROUP)
