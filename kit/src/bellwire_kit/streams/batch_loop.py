"""The loop of every pulling runtime: fetch, handle, append dead letters, commit; one batch at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bellwire_kit.streams import metrics
from bellwire_kit.streams.protocol import Handler, StreamUnavailable, TooManyDeadLetters
from bellwire_kit.streams.retrying import Backoff, Decision, GiveUp, RetryAfter, causes
from bellwire_kit.streams.settling import Batch, DeadLetterFailed, HandlerFailed, Settling
from bellwire_kit.streams.source import CommitLost, FetchFailed, OpenFailed, Source

log = structlog.get_logger(__name__)

FETCH_ATTEMPTS = 20
"""Answers of the broker in a row that could not be used before the reader gives up."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settled:
    """Committed, or not ours any more: there is nothing more to do about the batch."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The attempt failed in the step `where`; `decision` says what follows."""

    decision: Decision
    where: str
    failure: Exception


class BatchLoop:
    """Runs one handler over one source until it is stopped."""

    def __init__(
        self,
        source: Source,
        settling: Settling,
        group: str,
        backoff: Backoff,
        drain_seconds: float,
        connect_seconds: float,
    ) -> None:
        self._source = source
        self._settling = settling
        self._group = group
        self._backoff = backoff
        self._drain_seconds = drain_seconds
        self._connect_seconds = connect_seconds
        self._stopping = asyncio.Event()
        self._in_hand: asyncio.Timeout | None = None
        self._failing = False
        self._request_stop: Callable[[], object] = self._stopping.set

    @property
    def ready(self) -> bool:
        """True while partitions are assigned, the broker answers and the handler does not fail."""
        return self._source.ready and not self._failing and not self._stopping.is_set()

    def stop(self) -> None:
        """Ask the loop to drain; safe from a signal handler and from another thread."""
        self._request_stop()

    def _begin_drain(self) -> None:
        self._stopping.set()
        if self._in_hand is not None:
            self._in_hand.reschedule(asyncio.get_running_loop().time() + self._drain_seconds)

    async def run(self, handler: Handler) -> None:
        """Until `stop`: batches through the handler, each committed before the next is handled."""
        loop = asyncio.get_running_loop()
        self._request_stop = lambda: loop.call_soon_threadsafe(self._begin_drain)
        metrics.READY.labels(self._group).set_function(lambda: float(self.ready))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await self._open(stopped)
            await self._read(stopped, handler)
        finally:
            stopped.cancel()
            self._request_stop = self._stopping.set
            metrics.READY.labels(self._group).set(0)
            await self._source.close()

    async def _open(self, stopped: "asyncio.Task[Any]") -> None:
        deadline = asyncio.get_running_loop().time() + self._connect_seconds
        attempt = 0
        while not stopped.done():
            try:
                await _unless(stopped, self._source.open())
            except OpenFailed as failure:
                attempt += 1
                if asyncio.get_running_loop().time() >= deadline:
                    raise StreamUnavailable(f"{self._group} cannot start: {failure}") from failure
                await self._obey(Unsettled(self._backoff.after(attempt), "start", failure))
            else:
                self._failing = False
                return

    async def _read(self, stopped: "asyncio.Task[Any]", handler: Handler) -> None:
        failures = 0
        while not stopped.done():
            try:
                batch = await _unless(stopped, self._source.fetch())
            except FetchFailed as failure:
                failures += 1
                decision = self._backoff.within(
                    failures, FETCH_ATTEMPTS, failure, f"{self._group} cannot read"
                )
                await self._obey(Unsettled(decision, "fetch", failure))
                continue
            failures, self._failing = 0, False
            if batch is not None and not stopped.done():
                await self._see_through(batch, handler)

    async def _see_through(self, batch: Batch, handler: Handler) -> None:
        """Until the batch is settled and committed, or no longer ours, or left to the next reader."""
        attempt = 0
        try:
            async with asyncio.timeout(None) as self._in_hand:
                while isinstance(result := await self._attempt(batch, handler, attempt), Unsettled):
                    attempt += 1
                    await self._obey(result)
                    if self._stopping.is_set():
                        metrics.ABANDONED.labels(self._group).inc()
                        return
                self._failing = False
        except TimeoutError:
            # only a stop sets the deadline: the batch took longer than the drain may
            metrics.ABANDONED.labels(self._group).inc()
            log.warning("stream.drain_overrun", group=self._group, records=len(batch.records))
        finally:
            self._in_hand = None

    async def _attempt(self, batch: Batch, handler: Handler, attempt: int) -> Settled | Unsettled:
        async with self._source.handing_over:
            if batch.assignment != self._source.assignment:
                metrics.ABANDONED.labels(self._group).inc()
                return Settled()
            again = self._backoff.after(attempt + 1)
            try:
                await self._settling.settle(batch.records, handler)
                await self._source.commit(batch)
            except HandlerFailed as failure:
                return Unsettled(again, "handler", failure)
            except DeadLetterFailed as failure:
                return Unsettled(again, "dead_letter", failure)
            except TooManyDeadLetters as stop:
                return Unsettled(GiveUp(stop), "handler", stop)
            except CommitLost:
                metrics.ABANDONED.labels(self._group).inc()
                return Settled()
        metrics.BATCHES.labels(self._group).inc()
        for topic, count in batch.counts.items():
            metrics.RECORDS.labels(topic, self._group).inc(count)
        return Settled()

    async def _obey(self, unsettled: Unsettled) -> None:
        """Wait as decided, not ready meanwhile and cut short by a stop; or raise what was decided."""
        self._failing = True
        match unsettled.decision:
            case GiveUp(error):
                raise error
            case RetryAfter(seconds):
                metrics.RETRIES.labels(self._group, unsettled.where).inc()
                log.warning(
                    "stream.retry",
                    group=self._group,
                    where=unsettled.where,
                    after_seconds=seconds,
                    causes=causes(unsettled.failure),
                )
                try:
                    async with asyncio.timeout(seconds):
                        await self._stopping.wait()
                except TimeoutError:
                    return


async def _unless(stopped: "asyncio.Task[Any]", work: Coroutine[Any, Any, T]) -> T | None:
    """The work's result, or None if the stop comes first; the work is then cancelled."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
