"""The timer that says a low lunch balance again (product.md section 3, "lunch")."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Producer
from bellwire_schemas.source import Source

from threshold_evaluator import announce
from threshold_evaluator.domain.deciding import Deciding
from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.reminders import LOOKS_AGAIN, Later, LowBalance, remind, telling_of
from threshold_evaluator.low_balances import Looked
from threshold_evaluator.ports import Known, Outgoing, Store, Wanted
from threshold_evaluator.publish import publish

_log = logger(__name__)

_BATCH = 500


@dataclass(slots=True)
class _Round:
    """What one look at low balances came to."""

    detected: dict[Source, list[Detected]] = field(default_factory=dict)
    looked: list[Looked] = field(default_factory=list)


class Remind:
    """Looks every `seconds` of real time, and goes on at once while there is more."""

    def __init__(self, store: Store, producer: Producer, clock: Clock, seconds: float = 5.0) -> None:
        self._store = store
        self._producer, self._clock, self._seconds = producer, clock, seconds
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    async def run(self) -> None:
        """Remind until stopped; while the database is away, wait for it."""
        while not self._stopping.is_set():
            try:
                count = await self.once()
            except UNAVAILABLE as error:
                _log.warning("the database cannot be reached; reminders wait", error=type(error).__name__)
                count = 0
            if not count:
                try:
                    await asyncio.wait_for(self._stopping.wait(), timeout=self._seconds)
                except TimeoutError:
                    continue

    async def once(self) -> int:
        """Do one round; return how many tellings were looked at."""
        now = self._clock.now()
        await self._store.ensure_day(now.date())
        messages: list[Outgoing] = []
        async with self._store.transaction() as tables:
            asked = await tables.reminders.low_balances(now, _BATCH)
            if not asked:
                return 0
            known = await tables.known(_wanted(asked))
            faults.point("remind.read")
            # Another worker may have been quicker before the accounts were locked.
            names = {(each.source, each.account_id, each.user_id) for each in asked}
            lows = [
                each
                for each in await tables.reminders.low_balances(now, _BATCH)
                if (each.source, each.account_id, each.user_id) in names
            ]
            found = _look(lows, known, now)
            for source, events in found.detected.items():
                users = sorted({each.watcher.user_id for event in events for each in event.judgements})
                accounts = (await tables.accounts({source: users}))[source]
                deciding = Deciding(known[source].unsent, accounts, now)
                for event in events:
                    deciding.take(event)
                spoken = announce.spoken(source, deciding.plan, accounts, now, events)
                await tables.write([spoken], now)
                messages += spoken.messages
            await tables.reminders.look_again(found.looked)
            faults.point("remind.before_commit")
        await publish(messages, self._store, self._producer, now, "remind")
        return len(asked)


def _wanted(asked: Sequence[LowBalance]) -> dict[Source, Wanted]:
    by_source: dict[Source, list[LowBalance]] = {}
    for each in asked:
        by_source.setdefault(each.source, []).append(each)
    return {
        source: Wanted(
            things=list(dict.fromkeys(state.key for each in lows for state in each.states)),
            dates=[],
            schools=list({state.school_id for each in lows for state in each.states}),
        )
        for source, lows in by_source.items()
    }


def _look(lows: Sequence[LowBalance], known: Mapping[Source, Known], now: datetime) -> _Round:
    found = _Round()
    for low in lows:
        here = known[low.source]
        telling = telling_of(low)
        at = now + LOOKS_AGAIN
        # What is still unsent of the account says the balance already.
        if telling not in here.unsent:
            said = remind(low, here.roster, now)
            if isinstance(said, Later):
                at = said.at
            else:
                found.detected.setdefault(low.source, []).append(said)
        found.looked.append(Looked(low.source, low.account_id, low.user_id, at))
    return found
