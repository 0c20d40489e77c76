"""One provider's lane: a fixed pool of workers over its connections, and the rules that slow or stop it."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, perf_counter
from uuid import UUID

from bellwire_kit.faults import point
from bellwire_kit.logs import logger

from push_dispatcher import metrics
from push_dispatcher.domain import breaker as breakers
from push_dispatcher.domain.job import Job
from push_dispatcher.domain.pacing import Pace, Window, drawn, grown, pace, shrunk
from push_dispatcher.domain.verdict import (
    DELIVERED,
    Delivered,
    KeepCredentials,
    Misconfigured,
    Reconnect,
    SparePhone,
    StaleCredentials,
    TryAgain,
    Verdict,
)
from push_dispatcher.job_queue import JobQueue
from push_dispatcher.ports.provider import PushProvider

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """`streams` in flight at most, `start_streams` at first, `room` jobs in memory; rates are per second.

    `ramp_seconds` climbs from a twentieth of `top_rate` to it after a cold start. A job is begun only while
    its lease has `margin_seconds` left: longer than a request may take.
    """

    streams: int = 100
    start_streams: int = 32
    room: int = 4_000
    top_rate: float = 1_000_000.0
    ramp_seconds: float = 0.0
    margin_seconds: float = 12.0


Report = Callable[[Job, Verdict, datetime], None]
"""Takes each answer, with when its request left (real time)."""


class Lane:
    """Sends jobs of one provider and host. `report` must not block; workers pause while `gate` is clear."""

    def __init__(
        self, name: str, provider: PushProvider, limits: LaneLimits, report: Report, gate: asyncio.Event
    ) -> None:
        self.name = name
        self.breaker: breakers.Breaker = breakers.CLOSED
        self._provider = provider
        self._limits = limits
        self._report = report
        self._gate = gate
        self._queue = JobQueue(limits.margin_seconds)
        self._window = Window(min(limits.start_streams, limits.streams), 1, limits.streams)
        self._turns = [asyncio.Event() for _ in range(limits.streams)]
        self._open_turns = 0
        self._warm = False
        self._connected = 0
        self._stopping = False
        self._pace: Pace | None = None
        self._granted = 0
        self._delivered = metrics.REQUESTS.labels(name, Delivered.__name__)
        self._seconds = metrics.REQUEST_SECONDS.labels(name)

    def room(self) -> int:
        """How many more jobs the lane would take now: none while its breaker holds, one for a probe."""
        if self._stopping:
            return 0
        if self.breaker is not breakers.CLOSED:
            self.breaker, allowed = breakers.allowance(self.breaker, datetime.now(UTC))
            if allowed is not None:
                return allowed if not len(self._queue) else 0
        return max(0, self._limits.room - len(self._queue))

    def put(self, jobs: Iterable[Job]) -> None:
        """Queue leased jobs."""
        self._queue.put(jobs)

    def recall(self, delivery_ids: Collection[UUID]) -> list[Job]:
        """Take back those of the jobs whose request has not begun."""
        return self._queue.recall(delivery_ids)

    @property
    def idle(self) -> bool:
        """True when nothing waits here and nothing is in flight."""
        return not len(self._queue) and not self._queue.in_flight

    def stop(self) -> None:
        """Take no more; `run` returns when what is in flight is answered."""
        self._stopping = True

    async def run(self) -> list[Job]:
        """Send until stopped; return the jobs that were never begun, whose rows go back."""
        workers = [asyncio.create_task(self._work(index)) for index in range(self._limits.streams)]
        self._turn_to()
        try:
            while not self._stopping:
                await asyncio.sleep(0.1)
                metrics.QUEUED.labels(self.name).set(len(self._queue))
            left = self._queue.recall_all()
            while self._queue.in_flight:
                await asyncio.sleep(0.01)
                left += self._queue.recall_all()
            return left
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, index: int) -> None:
        turn, gate, queue = self._turns[index], self._gate, self._queue
        while True:
            if not turn.is_set():
                await turn.wait()
            if not gate.is_set():
                await gate.wait()
            job = queue.next()
            if job is None:
                job = await queue.take()
                if not turn.is_set() or not gate.is_set():
                    # The window shrank, or results piled up, while this worker waited for work.
                    queue.answered(job)
                    queue.put((job,))
                    continue
            if self._granted <= 0:
                await self._allowed()
            self._granted -= 1
            sent_at = datetime.now(UTC)
            started = perf_counter()
            connected = self._connected
            try:
                verdict = await self._provider.send(job.push, sent_at)
                point("push.answered")
            finally:
                queue.answered(job)
            self._seconds.observe(perf_counter() - started)
            self._report(job, verdict, sent_at)
            if verdict is DELIVERED:
                self._delivered.inc()
                self._answered_well()
            else:
                self._heed(verdict)
                if _leaves_connection(verdict) and connected == self._connected:
                    # Of all that were in flight on one connection, the first answer leaves it behind.
                    self._connected += 1
                    self._warm = False
                    self._turn_to()
                    await self._provider.reconnect()

    def _heed(self, verdict: Verdict) -> None:
        metrics.REQUESTS.labels(self.name, type(verdict).__name__).inc()
        match verdict:
            case Misconfigured(reason=reason) | StaleCredentials(reason=reason):
                self._trip(reason)
            case TryAgain(overload=True):
                self._window = shrunk(self._window, monotonic())
                self._turn_to()
            case TryAgain() | KeepCredentials() | Reconnect():
                pass
            case SparePhone():
                self._answered_well()
            case _:
                self._close_breaker()

    def _answered_well(self) -> None:
        if not self._warm or self._window.limit < self._limits.streams:
            self._warm = True
            self._window = grown(self._window)
            self._turn_to()
        self._close_breaker()

    def _close_breaker(self) -> None:
        if self.breaker is not breakers.CLOSED:
            self.breaker = breakers.answered(self.breaker)
            metrics.BREAKER_OPEN.labels(self.name).set(0)
            _log.warning("lane sends again", lane=self.name)

    def _trip(self, reason: str) -> None:
        self.breaker = breakers.tripped(self.breaker, reason, datetime.now(UTC))
        metrics.BREAKER_OPEN.labels(self.name).set(1)
        _log.error("lane holds its work: its configuration is refused", lane=self.name, reason=reason)
        now = datetime.now(UTC)
        for job in self._queue.recall_all():
            self._report(job, Misconfigured(reason), now)

    def _turn_to(self) -> None:
        """Give as many workers a turn as may be in flight; one until a connection's first good answer."""
        turns = self._window.slots if self._warm else 1
        if turns != self._open_turns:
            for index in range(min(turns, self._open_turns), max(turns, self._open_turns)):
                if index < turns:
                    self._turns[index].set()
                else:
                    self._turns[index].clear()
            self._open_turns = turns
            metrics.WINDOW.labels(self.name).set(turns)

    async def _allowed(self) -> None:
        """Wait until quota and ramp let one more request go."""
        while self._granted <= 0:
            now = monotonic()
            if self._pace is None:
                top = self._limits.top_rate
                start = top / 20 if self._limits.ramp_seconds else top
                self._pace = pace(top=top, start=start, ramp=self._limits.ramp_seconds, now=now)
            self._pace, self._granted = drawn(self._pace, 64, now)
            if self._granted <= 0:
                await asyncio.sleep(0.005)


def _leaves_connection(verdict: Verdict) -> bool:
    return type(verdict) is Reconnect or (type(verdict) is Misconfigured and verdict.reconnect)
