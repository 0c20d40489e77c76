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
from bellwire_schemas.names import DeliveryOutcome

from push_dispatcher import metrics
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.job import DeviceKey, Job, Result
from push_dispatcher.domain.prune import PruneGuard, counted, may_prune_gone, may_prune_suspect
from push_dispatcher.domain.settle import settle
from push_dispatcher.domain.verdict import SparePhone, TokenGone, TokenSuspect, Verdict
from push_dispatcher.ports import DeliveryStore, ProviderName, Told, Work
from push_dispatcher.prepare import lane_of_device
from push_dispatcher.ruling import delivery_told, device_told, row_told

_log = logger(__name__)
MOST = 500
"""Answers that may wait to be written: what a crash could repeat, and when workers pause."""


class Results:
    """Collects answers; one writer empties them. `gate` is clear while too many wait (database away)."""

    def __init__(self, store: DeliveryStore, clock: Clock, owner: UUID, told: asyncio.Event) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self._store = store
        self._clock = clock
        self._owner = owner
        self._told = told
        self._waiting: list[Result] = []
        self._news = asyncio.Event()
        self._stopping = False
        self._guards: dict[str, PruneGuard] = {}

    def add(self, job: Job, verdict: Verdict, sent_at: datetime) -> None:
        """Take one answer; what becomes of its row is decided here, written later."""
        settled = settle(
            verdict,
            attempts=job.attempts + 1,
            first_attempt=job.first_attempt if job.attempts else sent_at,
            now=datetime.now(UTC),
            jitter=random.random(),  # noqa: S311 - spreads load, keeps no secret
        )
        self._waiting.append(Result(job, verdict, settled, sent_at))
        self._news.set()
        if len(self._waiting) >= MOST:
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
            self._news.clear()
            batch, self._waiting = self._waiting, []
            if not batch:
                continue
            try:
                await self.write(batch)
                pause = 0.1
                if len(self._waiting) < MOST:
                    self.gate.set()
            except UNAVAILABLE as error:
                _log.warning("results wait for the database", results=len(batch), error=type(error).__name__)
                self._waiting = batch + self._waiting
                self._news.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    async def write(self, batch: Sequence[Result]) -> None:
        """One transaction: rows, then tokens, then what is told of both."""
        now = self._clock.now()
        prunable = self._prunable(batch)
        async with self._store.work() as work:
            changed = await work.record(batch, self._owner, now)
            point("push.recorded")
            telling = [result for result in batch if _tells(result, changed)]
            told = [_told(result, changed[result.job.delivery_id], now) for result in telling]
            if prunable:
                told += await self._prune(work, prunable, now)
            spared = _spared(batch)
            if spared:
                await work.spare(spared)
            await work.tell(told)
            point("push.told")
        ended = Counter((result.job.lane, changed[result.job.delivery_id]) for result in telling)
        for (lane, state), number in ended.items():
            metrics.ENDED.labels(lane, state).inc(number)
        if told:
            self._told.set()

    def _prunable(self, batch: Sequence[Result]) -> list[tuple[Job, datetime]]:
        """Count the answers for the guard, then ask it about each refused token."""
        now = monotonic()
        refused: list[tuple[Job, datetime]] = []
        answers = Counter(result.job.lane for result in batch)
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

    async def _prune(self, work: Work, refused: Sequence[tuple[Job, datetime]], now: datetime) -> list[Told]:
        removed = await work.prune(refused)
        for device in removed:
            metrics.PRUNED.labels(lane_of_device(device)).inc()
        ended = await work.end_of_devices(removed, State.FAILED, "token_gone", now)
        return [
            *(device_told(device, "token_gone", now) for device in removed),
            *(row_told(row, State.FAILED, "token_gone", now) for row in ended if not row.silent),
        ]


def _tells(result: Result, changed: Mapping[UUID, State]) -> bool:
    return result.job.reported and changed.get(result.job.delivery_id, State.QUEUED) is not State.QUEUED


def _told(result: Result, state: State, now: datetime) -> Told:
    job = result.job
    provider: ProviderName = "fcm" if job.lane.startswith("fcm") else "apns"
    reason = getattr(result.settled, "reason", "")
    return delivery_told(
        job.user,
        delivery_id=job.delivery_id,
        alert_id=job.push.alert_id,
        installation_id=job.installation_id,
        provider=provider,
        outcome=DeliveryOutcome(state.value),
        reason=reason,
        requested_at=job.requested_at,
        at=now,
    )


def _spared(batch: Sequence[Result]) -> dict[DeviceKey, datetime]:
    return {
        result.job.device: result.sent_at + result.verdict.least
        for result in batch
        if isinstance(result.verdict, SparePhone)
    }
