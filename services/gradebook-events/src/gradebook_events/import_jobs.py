"""The background worker of imports: lease one, take it through its stages, give it back when a part is away."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point
from bellwire_kit.logs import logger
from bellwire_kit.metrics import UNEXPECTED_ERRORS
from bellwire_kit.postgres import UNAVAILABLE

from gradebook_events.import_ports import Damaged, Imports, Job, LeaseLost, Staging
from gradebook_events.metrics import IMPORTS
from gradebook_events.publish import NotAppended, PublishedNews
from gradebook_events.stage import Stager, outcome

_log = logger(__name__)

_AWAY: tuple[type[Exception], ...] = (NotAppended, *UNAVAILABLE)

IDLE_SECONDS = 1.0
BEAT_SECONDS = 15.0
"""How often the lease is kept while one step takes long."""
AWAY_SECONDS = 2.0
"""After so long an import is tried again that the broker or the database interrupted."""
MOST_ATTEMPTS = 8
"""An import that so often ends in an unforeseen error, or with the process, is failed: it would never go through."""


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after the n-th attempt: 1 s, 2 s, 4 s ... at most a minute."""
    return timedelta(seconds=min(60, 2 ** max(0, min(attempts, 8) - 1)))


class ImportWorker:
    """Runs imports, one at a time; several processes may each have one."""

    def __init__(
        self, imports: Imports, records: Staging, stager: Stager, publishing: PublishedNews, clock: Clock
    ) -> None:
        self._imports = imports
        self._records = records
        self._stager = stager
        self._publishing = publishing
        self._clock = clock
        self._owner = uuid4()
        self._stopping = asyncio.Event()
        self._news = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look for an import now: one was just submitted or confirmed."""
        self._news.set()

    def stop(self) -> None:
        """Give the import in hand back and return from `run`."""
        self._stopping.set()
        self._news.set()
        if self._work is not None:
            self._work.cancel()

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            self._news.clear()
            try:
                job = await self._imports.claim(self._owner)
            except UNAVAILABLE as error:
                _log.warning("database away", where="imports", error=type(error).__name__)
                job = None
            if job is None:
                await self._idle()
            elif self._stopping.is_set():
                await self._give_back(job, timedelta(), blameless=True)
            else:
                await self._work_on(job)

    async def _work_on(self, job: Job) -> None:
        """Take an import through its stages, keeping the lease; who loses it stops at once."""
        self._work = work = asyncio.create_task(self._take_through(job))
        try:
            while not (await asyncio.wait((work,), timeout=BEAT_SECONDS))[0]:
                await self._beat(job, work)
        finally:
            self._work = None
            work.cancel()
        if not work.cancelled() and (error := work.exception()) is not None:
            # It could not even be given back: the lease runs out by itself.
            _log.warning("import left", import_id=str(job.import_id), error=type(error).__name__)

    async def _beat(self, job: Job, work: asyncio.Task[None]) -> None:
        try:
            await self._imports.hold(job)
        except LeaseLost:
            _log.warning("import taken over by another process", import_id=str(job.import_id))
            work.cancel()
        except UNAVAILABLE:
            # What is worked on meets the same, and says so.
            return

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    async def _take_through(self, job: Job) -> None:
        log = _log.bind(import_id=str(job.import_id))
        if job.attempts > MOST_ATTEMPTS:
            await self._end(job, "failed", f"{MOST_ATTEMPTS} attempts ended with the process that made them")
            return
        try:
            await self._stages(job)
        except LeaseLost:
            log.warning("import taken over by another process")
        except asyncio.CancelledError:
            await self._give_back(job, timedelta(), blameless=True)
            raise
        except _AWAY as error:
            log.warning("import waits", error=type(error).__name__)
            await self._give_back(job, timedelta(seconds=AWAY_SECONDS), blameless=True)
        except Damaged as damaged:
            await self._end(job, "failed", damaged.fault.detail)
        except Exception as error:
            UNEXPECTED_ERRORS.labels("imports").inc()
            log.exception("unexpected error", attempts=job.attempts)
            if job.attempts >= MOST_ATTEMPTS:
                await self._end(
                    job, "failed", f"unexpected error ({type(error).__name__}); it has been logged"
                )
            else:
                await self._give_back(job, backoff(job.attempts), blameless=False)

    async def _stages(self, job: Job) -> None:
        progress = job.progress
        backfill = job.backfill
        if job.stage == "staging":
            progress = await self._stager.run(job)
            point("import_staged")
            difference = await self._records.difference(job)
            if difference.must_be_confirmed and not job.confirmed:
                await self._imports.wait(job, difference.unlisted)
                _log.info("import waits for confirmation", import_id=str(job.import_id))
                return
            backfill = await self._records.prepare(job, difference.unlisted)
            point("import_prepared")
        progress = await self._publishing.run(job, progress, backfill=backfill)
        point("import_published")
        status = outcome(progress)
        await self._imports.finish(job, status, "", self._clock.now())
        IMPORTS.labels(status).inc()
        _log.info("import ended", import_id=str(job.import_id), status=status)

    async def _end(self, job: Job, status: str, failure: str) -> None:
        await self._imports.finish(job, status, failure, self._clock.now())
        IMPORTS.labels(status).inc()

    async def _give_back(self, job: Job, delay: timedelta, *, blameless: bool) -> None:
        try:
            await asyncio.shield(self._imports.release(job, delay, blameless=blameless))
        except UNAVAILABLE:
            # The lease runs out by itself.
            _log.warning("import not given back", import_id=str(job.import_id))
