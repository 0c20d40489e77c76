"""Imports as leased rows, and their packages in pieces: a restart finds both as they were."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from bellwire_kit.postgres import Pool, load_queries
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source

from gradebook_events.adapters.postgres.leases import LEASE, held, hold, write_progress
from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.domain.publishers import Publisher
from gradebook_events.import_ports import Job, Progress

_queries = load_queries(Path(__file__).with_name("import_queries.sql"))

CHUNK = 1 << 20
"""Bytes of one piece of a package."""


def _job(row: Mapping[str, Any], owner: UUID) -> Job:
    return Job(
        import_id=row["import_id"],
        publisher=Publisher(row["publisher_id"], Source(row["district_id"], Environment(row["environment"]))),
        stage=row["stage"],
        alerts=row["alerts"],
        exported_at=row["exported_at"],
        modes={FileName(name): Mode(mode) for name, mode in row["modes"].items()},
        progress=Progress(
            row["counts"].get("files", {}),
            row["counts"].get("events", {}),
            row["faults"],
            tuple(FileName(name) for name in row["staged"]),
        ),
        backfill=row["backfill"],
        confirmed=row["confirmed"],
        attempts=row["attempts"],
        agents_have_portal=row["agents_have_portal"],
        owner=owner,
    )


class PostgresImports:
    """Implements `Imports`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def submit(
        self,
        publisher: Publisher,
        import_id: UUID,
        package: BinaryIO,
        modes: Mapping[FileName, Mode],
        alerts: bool,
        exported_at: datetime,
        now: datetime,
    ) -> None:
        """Keep a package and queue its import, in one transaction."""
        scope = {
            "district_id": publisher.source.district_id,
            "environment": publisher.source.environment.value,
            "import_id": import_id,
        }
        async with self._pool.acquire() as connection, connection.transaction():
            await _queries.add_import(
                connection,
                **scope,
                publisher_id=publisher.publisher_id,
                alerts=alerts,
                exported_at=exported_at,
                at=now,
                modes={file.value: mode.value for file, mode in modes.items()},
            )
            package.seek(0)
            number = 0
            while piece := package.read(CHUNK):
                await _queries.add_chunk(connection, **scope, number=number, bytes=piece)
                number += 1

    async def find(self, source: Source, import_id: UUID) -> Mapping[str, Any] | None:
        """Return an import of that district and environment."""
        row = await _queries.get_import(
            self._pool,
            district_id=source.district_id,
            environment=source.environment.value,
            import_id=import_id,
        )
        return None if row is None else dict(row)

    async def faults(self, import_id: UUID, after: int, count: int) -> Sequence[Mapping[str, Any]]:
        """Return a page of an import's faults, in the order they were found."""
        rows = _queries.list_faults(self._pool, import_id=import_id, after=after, count=count)
        return [dict(row) async for row in rows]

    async def open_imports(self, publisher: Publisher) -> int:
        """Return how many imports of a publisher have not ended."""
        return int(await _queries.open_imports(self._pool, publisher_id=publisher.publisher_id))

    async def confirm(self, source: Source, import_id: UUID) -> bool:
        """Let a waiting import go on; false when there is none that waits."""
        status = await _queries.confirm(
            self._pool,
            district_id=source.district_id,
            environment=source.environment.value,
            import_id=import_id,
        )
        return not status.endswith(" 0")

    async def claim(self, owner: UUID) -> Job | None:
        """Lease the oldest import that nobody works on; it overtakes one of its publisher that waits."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await _queries.claim_import(connection, owner=owner, lease=LEASE)
            if row is None:
                return None
            job = _job(row, owner)
            await _queries.supersede_waiting(
                connection, publisher_id=job.publisher.publisher_id, import_id=job.import_id
            )
            return job

    async def hold(self, job: Job) -> None:
        """Keep the lease. Raises `LeaseLost`."""
        await hold(self._pool, job)

    async def package(self, job: Job) -> AsyncIterator[bytes]:
        """Return the pieces of a job's package, in order."""
        number = 0
        while (piece := await _queries.chunk(self._pool, import_id=job.import_id, number=number)) is not None:
            yield piece
            number += 1

    async def begin_file(self, job: Job, file: FileName) -> None:
        """Forget the faults of a file that is read again from its beginning. Raises `LeaseLost`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await hold(connection, job)
            await _queries.begin_file(connection, import_id=job.import_id, file=file.member)

    async def progress(self, job: Job, progress: Progress) -> None:
        """Write how far reading has come, and keep the lease. Raises `LeaseLost`."""
        await write_progress(self._pool, job, progress)

    async def wait(self, job: Job, unlisted: int) -> None:
        """Stop an import until it is confirmed. Raises `LeaseLost`."""
        held(
            await _queries.wait_for_confirmation(
                self._pool, import_id=job.import_id, owner=job.owner, unlisted=unlisted
            )
        )

    async def finish(self, job: Job, status: str, failure: str, now: datetime) -> None:
        """End an import and drop its package, in one transaction. Raises `LeaseLost`."""
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await _queries.finish_import(
                connection, import_id=job.import_id, owner=job.owner, status=status, failure=failure, at=now
            )
            held(ended)
            await _queries.drop_chunks(connection, import_id=job.import_id)
            await _queries.drop_scopes(connection, import_id=job.import_id)

    async def release(self, job: Job, delay: timedelta, *, blameless: bool) -> None:
        """Give an import back, to be tried again after the delay; a blameless attempt is not counted."""
        await _queries.release_import(
            self._pool,
            import_id=job.import_id,
            owner=job.owner,
            delay=delay,
            uncounted=int(blameless),
        )
