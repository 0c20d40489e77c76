"""The release loop: what is due is looked at again, made summaries of, published; what a crash left, too.

architecture.md section 4: quiet hours, grace and digests are the same mechanism with another `due_at`. What a crash
left between commit and publish is in the outbox (docs/decisions/0007).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Producer
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source

from threshold_evaluator import announce, metrics
from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.releasing import Releasing
from threshold_evaluator.ports import (
    LEASE_SECONDS,
    Known,
    Outgoing,
    Spoken,
    Store,
    Transaction,
    UserKey,
)
from threshold_evaluator.publish import publish
from threshold_evaluator.recalculate import Recalculate, wanted_of

_log = logger(__name__)

STARTING_SECONDS = 1.0
"""A process that starts takes over what was written so long ago: most often it is the one that crashed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast releases go: users looked at in a transaction, alerts a second, seconds between idle looks.

    While there is much to do, `lanes` transactions go beside each other (one waits for the database while the
    words of the other are put).
    """

    batch: int = 1_000
    per_second: float = 10_000.0
    idle_seconds: float = 0.2
    lanes: int = 4

    def shared(self, users: Sequence[UserKey]) -> Sequence[Sequence[UserKey]]:
        """Share users among as few transactions as hold them, at most `lanes`: none waits for another's locks."""
        lanes = min(-(-len(users) // self.batch), self.lanes)
        return [users[lane::lanes] for lane in range(lanes)]


class Release:
    """Releases due alerts until stopped; several workers share the work by skipping each other's locks."""

    def __init__(self, store: Store, producer: Producer, clock: Clock, pace: Pace) -> None:
        self._store, self._producer, self._clock, self._pace = store, producer, clock, pace
        self._recalculate = Recalculate(store, producer, pace.batch)
        self._stopping = asyncio.Event()
        self._swept = 0.0
        self._early_seconds = LEASE_SECONDS - STARTING_SECONDS

    def stop(self) -> None:
        """Ask `run` to return after the batch in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Release batch after batch; while the database is away, wait for it."""
        while not self._stopping.is_set():
            started = monotonic()
            try:
                count = await self.once()
            except UNAVAILABLE as error:
                _log.warning("the database cannot be reached; releases wait", error=type(error).__name__)
                count = 0
            least = count / self._pace.per_second if count else self._pace.idle_seconds
            await self._rest(least - (monotonic() - started))

    async def _rest(self, seconds: float) -> None:
        if seconds > 0:
            try:
                await asyncio.wait_for(self._stopping.wait(), timeout=seconds)
            except TimeoutError:
                return

    async def once(self) -> int:
        """Do one round and return how many alerts were looked at; 0 when there is nothing to do now."""
        now = self._clock.now()
        await self._store.ensure_day(now.date())
        await self._recalculate.once(now)
        users = await self._store.users_due(now, self._pace.batch * self._pace.lanes)
        counts = await asyncio.gather(
            *(self._release(now, few) for few in self._pace.shared(users)), return_exceptions=True
        )
        count = 0
        for each in counts:
            if isinstance(each, BaseException):
                raise each
            count += each
        if monotonic() - self._swept > 1.0 or not count:
            self._swept = monotonic()
            left = await self._store.left_over(self._early_seconds, self._pace.batch)
            if len(left) < self._pace.batch:
                self._early_seconds = 0.0
            count += await publish(left, self._store, self._producer, now, "release.left")
        return count

    async def _release(self, now: datetime, users: Sequence[UserKey]) -> int:
        async with self._store.transaction() as tables:
            awake = await tables.wake(now, users)
            faults.point("release.taken")
            spoken = await self._decide(awake, tables, now)
            await tables.write(spoken, now)
            faults.point("release.before_commit")
        faults.point("release.committed")
        messages: list[Outgoing] = []
        for one in spoken:
            messages += one.messages
            _count(one)
        messages.sort(key=announce.urgent_first)
        await publish(messages, self._store, self._producer, now, "release")
        return sum(len(dues) for _, dues in awake.values())

    async def _decide(
        self,
        awake: Mapping[Source, tuple[dict[str, Account], list[DueAlert]]],
        tables: Transaction,
        now: datetime,
    ) -> list[Spoken]:
        if not awake:
            return []
        known = await tables.peek({source: wanted_of(dues) for source, (_, dues) in awake.items()})
        brakes = await tables.surges.brakes(
            {source: {due.school_id for due in dues} for source, (_, dues) in awake.items()}
        )
        entering = {source: marks_entering(dues, known[source], now) for source, (_, dues) in awake.items()}
        await tables.told_on(known, entering)
        faults.point("release.read")
        spoken = []
        for source, (accounts, dues) in awake.items():
            here = known[source]
            releasing = Releasing(
                here.roster,
                here.memory.states,
                accounts,
                now,
                brakes.get(source, {}),
                told_of_date=here.memory.told_of_date,
            )
            plan = releasing.take(dues)
            spoken.append(announce.spoken(source, plan, accounts, now))
        return spoken


def marks_entering(dues: Sequence[DueAlert], known: Known, now: datetime) -> list[tuple[str, date]]:
    """Return student and date of the marks that enter the inbox now: what was told of that day counts for them."""
    return [
        (due.key.student_id, known.memory.states[due.key].content.on)
        for due in dues
        if due.group is Group.ATTENDANCE
        and not due.in_inbox
        and due.grace_until <= now
        and due.key in known.memory.states
    ]


def _count(one: Spoken) -> None:
    metrics.RELEASED.labels("held").inc(len(one.plan.held))
    alone = sum(each.alone for each in one.going)
    metrics.RELEASED.labels("sent").inc(alone)
    metrics.RELEASED.labels("summarized").inc(len(one.going) - alone)
    for settled in one.plan.settled:
        metrics.RELEASED.labels(settled.became.value).inc()
