"""Take a OneRoster package in: bounded while it arrives, judged as a whole, kept, and queued."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from bellwire_kit.clock import Clock
from bellwire_kit.web.problems import Problem

from gradebook_events.domain.oneroster.faults import Fault
from gradebook_events.domain.oneroster.package import Limits
from gradebook_events.domain.publishers import Publisher
from gradebook_events.ports import Imports, Packages, Plan

_AHEAD = timedelta(minutes=5)
_LISTED = 100


class ReceivePackage:
    """Receives packages; at most `at_once` are judged at the same time, so that disk and memory are bounded."""

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

    async def receive(
        self, publisher: Publisher, body: AsyncIterator[bytes], *, alerts: bool, exported_at: datetime | None
    ) -> UUID:
        """Keep a package and queue its import; return the import's id.

        `exported_at` is the upload time when it is not said. Raises `Problem` 400 with the faults of zip,
        manifest, header or unknown file, and 413 for a package that is too large.
        """
        now = self._clock.now()
        exported = exported_at or now
        if exported > now + _AHEAD:
            detail = "'exported_at' must not be more than 5 minutes ahead of our clock"
            raise Problem(400, "invalid", "The request is not valid", detail, pointer="/query/exported_at")
        async with self._room:
            with tempfile.TemporaryDirectory(prefix="oneroster-") as folder:
                path = Path(folder) / "package.zip"
                await self._write(path, body)
                plan = await asyncio.to_thread(self._packages.inspect, path, self._limits)
                if not isinstance(plan, Plan):
                    raise refused(plan)
                import_id = uuid4()
                await self._imports.submit(publisher, import_id, path, plan.modes, alerts, exported, now)
        self.wake()
        return import_id

    async def _write(self, path: Path, body: AsyncIterator[bytes]) -> None:
        size = 0
        with path.open("wb") as stream:
            async for piece in body:
                size += len(piece)
                if size > self._limits.packed:
                    detail = f"A package is at most {self._limits.packed} bytes."
                    raise Problem(413, "package-too-large", "The package is too large", detail)
                stream.write(piece)


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
