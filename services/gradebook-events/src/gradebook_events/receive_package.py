"""Take a OneRoster package in: bounded while it arrives, judged as a whole, kept, and queued."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID, uuid4

from bellwire_kit.clock import Clock
from bellwire_kit.web.problems import Problem, unavailable

from gradebook_events.domain.oneroster.faults import Fault
from gradebook_events.domain.oneroster.package import Limits
from gradebook_events.domain.publishers import Publisher
from gradebook_events.import_ports import Imports, Packages, Plan

_AHEAD = timedelta(minutes=5)
_LISTED = 100
MOST_ARRIVING = 8
"""Packages that arrive at the same time, each of another publisher: so disk is bounded."""
MOST_OPEN = 20
"""Imports of a publisher that have not ended; the database holds the package of each."""
ARRIVE_SECONDS = 1_800.0
"""A package that takes longer to arrive makes way for others."""


class ReceivePackage:
    """Receives packages; at most `at_once` are judged at the same time, so that memory and CPU are bounded."""

    def __init__(
        self,
        imports: Imports,
        packages: Packages,
        clock: Clock,
        limits: Limits,
        wake: Callable[[], None],
        at_once: int = 2,
    ) -> None:
        self._imports = imports
        self._packages = packages
        self._clock = clock
        self._limits = limits
        self.wake = wake
        self._room = asyncio.Semaphore(at_once)
        self._arriving: set[str] = set()

    async def receive(
        self, publisher: Publisher, body: AsyncIterator[bytes], *, alerts: bool, exported_at: datetime | None
    ) -> UUID:
        """Keep a package and queue its import; return the import's id.

        `exported_at` is the upload time when it is not said. Raises `Problem` 400 with the faults of zip,
        manifest, header or unknown file, 408 or 413 for a package that comes too slowly or is too large, and 429
        or 503 when there is no room for it now.
        """
        now = self._clock.now()
        exported = exported_at or now
        if exported > now + _AHEAD:
            detail = "'exported_at' must not be more than 5 minutes ahead of our clock"
            raise Problem(400, "invalid", "The request is not valid", detail, pointer="/query/exported_at")
        if await self._imports.open_imports(publisher) >= MOST_OPEN:
            raise _too_many(f"{MOST_OPEN} imports of this publisher have not ended.", 60)
        # A file without a name: nothing is left of it, however the process ends.
        with self._arrival(publisher), tempfile.TemporaryFile() as package:
            await self._write(package, body)
            async with self._room:
                plan = await asyncio.to_thread(self._packages.inspect, package, self._limits)
            if not isinstance(plan, Plan):
                raise refused(plan)
            import_id = uuid4()
            await self._imports.submit(publisher, import_id, package, plan.modes, alerts, exported, now)
        self.wake()
        return import_id

    @contextmanager
    def _arrival(self, publisher: Publisher) -> Iterator[None]:
        """Count a package that arrives; one of a publisher at a time, so that a slow one keeps no other out."""
        if publisher.publisher_id in self._arriving:
            raise _too_many("Another package of this publisher is arriving.", 10)
        if len(self._arriving) >= MOST_ARRIVING:
            raise unavailable("Too many packages are arriving now.", 10)
        self._arriving.add(publisher.publisher_id)
        try:
            yield
        finally:
            self._arriving.discard(publisher.publisher_id)

    async def _write(self, package: BinaryIO, body: AsyncIterator[bytes]) -> None:
        size = 0
        try:
            async with asyncio.timeout(ARRIVE_SECONDS):
                async for piece in body:
                    size += len(piece)
                    if size > self._limits.packed:
                        detail = f"A package is at most {self._limits.packed} bytes."
                        raise Problem(413, "package-too-large", "The package is too large", detail)
                    package.write(piece)
        except TimeoutError:
            detail = f"A package must arrive within {ARRIVE_SECONDS:.0f} seconds."
            raise Problem(408, "too-slow", "The package came too slowly", detail) from None


def _too_many(detail: str, retry_after: int) -> Problem:
    headers = {"Retry-After": str(retry_after)}
    return Problem(429, "too-many-imports", "Send packages less often", detail, headers=headers)


def refused(faults: tuple[Fault, ...]) -> Problem:
    """Return the refusal of a package; the type is the first fault's reason."""
    return Problem(
        400,
        "invalid-package",
        "The package is not a OneRoster 1.2 CSV package",
        f"{faults[0].reason.value}: {faults[0].detail}",
        errors=[
            {
                "file": fault.file,
                "line": str(fault.line),
                "reason": fault.reason.value,
                "field": fault.field,
                "detail": fault.detail,
            }
            for fault in faults[:_LISTED]
        ],
    )
