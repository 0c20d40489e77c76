"""Answers of providers written down: rows, devices, reports, in batches."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from push_dispatcher import metrics
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.job import DeviceKey, Job, Result
from push_dispatcher.domain.prune import PruneGuard, counted, may_prune_gone, may_prune_suspect
from push_dispatcher.domain.settle import ACCEPTED, Settled, settle
from push_dispatcher.domain.verdict import DELIVERED, SparePhone, TokenGone, TokenSuspect, Verdict
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import ProviderName, Told
from push_dispatcher.ports.store import DeliveryStore
from push_dispatcher.ports.work import Work
from push_dispatcher.relay import Relay
from push_dispatcher.telling import OUTCOMES, device_told, outcome_told, row_told

_log = logger(__name__)
MOST = 250
"""Answers that may be unwritten when another request begins: what a crash can repeat beside what is in flight."""

ENOUGH = 100
LINGER_SECONDS = 0.02
"""Fewer answers than this wait so long for more: a transaction costs as much as the writing of fifty."""


class Results:
    """Collects answers; one writer empties them. `gate` is clear while too many wait (database away)."""

    def __init__(self, store: DeliveryStore, clock: Clock, owner: UUID, relay: Relay) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self._store = store
        self._clock = clock
        self._owner = owner
        self._relay = relay
        self._waiting: list[Result] = []
        self._writing = 0
        self._news = asyncio.Event()
        self._stopping = False
        self._guards: dict[str, PruneGuard] = {}

    def add(self, job: Job, verdict: Verdict, sent_at: datetime) -> None:
        """Take one answer; what becomes of its row is decided here, written later."""
        settled: Settled = ACCEPTED
        if verdict is not DELIVERED:
            settled = settle(
                verdict,
                attempts=job.attempts + 1,
                first_attempt=job.first_attempt if job.attempts else sent_at,
                now=datetime.now(UTC),
                jitter=random.random(),  # noqa: S311 - spreads load, keeps no secret
            )
        self._waiting.append(Result(job, verdict, settled, sent_at))
        self._news.set()
        if len(self._waiting) + self._writing >= MOST:
            self.gate.clear()

    def stop(self) -> None:
        """Let `run` return once everything is written."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Write until stopped and empty; while the database is away, hold and try again."""
        pause = 0.1
        while not (self._stopping and not self._waiting):
            await self._news.wait()
            if len(self._waiting) < ENOUGH and not self._stopping:
                await asyncio.sleep(LINGER_SECONDS)
            self._news.clear()
            batch, self._waiting = self._waiting, []
            if not batch:
                continue
            self._writing = len(batch)
            try:
                await self.write(batch)
                pause = 0.1
                self._writing = 0
                if len(self._waiting) < MOST:
                    self.gate.set()
            except UNAVAILABLE as error:
                _log.warning("results wait for the database", results=len(batch), error=type(error).__name__)
                self._waiting, self._writing = batch + self._waiting, 0
                self._news.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    async def write(self, batch: Sequence[Result]) -> None:
        """One transaction: tokens, then rows, then what is told of both.

        Devices come before rows, as in every transaction: two that meet wait in one direction only.
        """
        now = self._clock.now()
        prunable = self._prunable(batch)
        spared = _spared(batch)
        async with self._store.work() as work:
            removed = await work.prune(prunable) if prunable else ()
            if spared:
                await work.spare(spared)
            changed = await work.record(batch, self._owner, now)
            point("push.recorded")
            telling = _telling(batch, changed)
            told = [_told(result, state, now) for result, state in telling]
            if removed:
                told += await self._pruned(work, removed, now)
            await work.tell(told, self._owner)
            point("push.told")
        self._relay.take(told)
        for (lane, state), number in Counter([(one.job.lane, state) for one, state in telling]).items():
            metrics.ENDED.labels(lane, state).inc(number)

    def _prunable(self, batch: Sequence[Result]) -> list[tuple[Job, datetime]]:
        """Count the answers for the guard, then ask it about each refused token."""
        now = monotonic()
        refused: list[tuple[Job, datetime]] = []
        answers = Counter([result.job.lane for result in batch])
        invalid = [result for result in batch if isinstance(result.verdict, TokenGone | TokenSuspect)]
        bad = Counter(result.job.lane for result in invalid)
        for lane, number in answers.items():
            guard = self._guards.get(lane, PruneGuard(began=now))
            self._guards[lane] = counted(guard, answers=number, invalid=bad[lane], now=now)
        for result in invalid:
            lane, guard = result.job.lane, self._guards[result.job.lane]
            match result.verdict:
                case TokenGone(at=at) if may_prune_gone(
                    guard, gone_at=at, registered_at=result.job.registered_at
                ):
                    refused.append((result.job, at))
                case TokenSuspect() if may_prune_suspect(guard):
                    refused.append((result.job, result.sent_at))
                case TokenGone() | TokenSuspect():
                    metrics.NOT_PRUNED.labels(lane).inc()
        return refused

    async def _pruned(self, work: Work, removed: Sequence[Device], now: datetime) -> list[Told]:
        for device in removed:
            metrics.PRUNED.labels(device.lane).inc()
        ended = await work.end_of_devices(removed, State.FAILED, "token_gone", now)
        return [
            *(device_told(device, "token_gone", now) for device in removed),
            *(row_told(row, State.FAILED, "token_gone", now) for row in ended if not row.silent),
        ]


def _telling(batch: Sequence[Result], changed: Mapping[UUID, State]) -> list[tuple[Result, State]]:
    """Return the answers that ended a reported row, with the end."""
    telling: list[tuple[Result, State]] = []
    for result in batch:
        state = changed.get(result.job.delivery_id, State.QUEUED)
        if state is not State.QUEUED and result.job.reported:
            telling.append((result, state))
    return telling


def _told(result: Result, state: State, now: datetime) -> Told:
    job = result.job
    provider: ProviderName = "fcm" if job.lane == "fcm" else "apns"
    reason = "" if result.settled is ACCEPTED else getattr(result.settled, "reason", "")
    return outcome_told(
        job.user,
        job.delivery_id,
        job.push.message.alert_id,
        job.installation_id,
        provider,
        OUTCOMES[state],
        reason,
        job.requested_at,
        now,
        job.traceparent,
    )


def _spared(batch: Sequence[Result]) -> dict[DeviceKey, datetime]:
    return {
        result.job.device: result.sent_at + result.verdict.least
        for result in batch
        if type(result.verdict) is SparePhone
    }
