"""The records of OneRoster sources as last listed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from bellwire_kit.postgres import Pool, load_queries

from gradebook_events.adapters.postgres.leases import hold, scope_of, write_progress
from gradebook_events.domain.oneroster.difference import Difference
from gradebook_events.domain.oneroster.names import FileName
from gradebook_events.import_ports import Job, Progress, Staged

_queries = load_queries(Path(__file__).with_name("import_queries.sql"))


class PostgresStaging:
    """Implements `Staging`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def listed_lines(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, int]:
        """Return the line on which this import already gave each of these ids."""
        rows = _queries.listed_lines(
            self._pool,
            publisher_id=job.publisher.publisher_id,
            file=file.value,
            import_id=job.import_id,
            ids=ids,
        )
        return {row["sourced_id"]: row["seen_line"] async for row in rows}

    async def missing(
        self, job: Job, targets: Sequence[tuple[FileName, str]]
    ) -> frozenset[tuple[FileName, str]]:
        """Return those of the targets that no record has."""
        rows = _queries.missing_targets(
            self._pool,
            publisher_id=job.publisher.publisher_id,
            import_id=job.import_id,
            bulk=job.bulk,
            files=[file.value for file, _ in targets],
            ids=[identifier for _, identifier in targets],
        )
        return frozenset([(FileName(row["file"]), row["id"]) async for row in rows])

    async def stage(self, job: Job, batch: Staged, progress: Progress, kept_faults: int) -> None:
        """Keep a batch, its first faults and the progress in one transaction. Raises `LeaseLost`."""
        source = {"publisher_id": job.publisher.publisher_id, "file": batch.file.value}
        async with self._pool.acquire() as connection, connection.transaction():
            await write_progress(connection, job, progress)
            if batch.rows:
                await _queries.put_records(
                    connection,
                    **scope_of(job),
                    **source,
                    import_id=job.import_id,
                    ids=[row.sourced_id for row in batch.rows],
                    lines=[row.line for row in batch.rows],
                    statuses=[row.status.value for row in batch.rows],
                    moments=[row.modified.at for row in batch.rows],
                    dated=[row.sourced_id for row in batch.rows if row.modified.given],
                    fields=[orjson.dumps(row.fields).decode() for row in batch.rows],
                )
            if batch.bad_ids:
                await _queries.see_bad_rows(
                    connection, **source, import_id=job.import_id, ids=list(batch.bad_ids)
                )
            if faults := batch.faults[:kept_faults]:
                await _queries.add_faults(
                    connection,
                    **scope_of(job),
                    import_id=job.import_id,
                    files=[fault.file for fault in faults],
                    lines=[fault.line for fault in faults],
                    fields=[fault.field for fault in faults],
                    reasons=[fault.reason.value for fault in faults],
                    details=[fault.detail for fault in faults],
                )

    async def difference(self, job: Job) -> Difference:
        """Return how many records of bulk files were live, and how many this import does not list."""
        row = await _queries.count_unlisted(
            self._pool, publisher_id=job.publisher.publisher_id, import_id=job.import_id, bulk=job.bulk
        )
        return Difference(row["live"], row["unlisted"])

    async def prepare(self, job: Job, unlisted: int) -> bool:
        """End what is unlisted, note what there is to derive, and move the import on, in one transaction.

        Returns whether the import is a backfill: told not to alert, or the first bulk of its source. Raises
        `LeaseLost`: what is unlisted may only be ended while no other import of the source is worked on.
        """
        publisher_id = job.publisher.publisher_id
        async with self._pool.acquire() as connection, connection.transaction():
            await hold(connection, job)
            before = await _queries.has_bulk_before(
                connection, publisher_id=publisher_id, import_id=job.import_id
            )
            backfill = not job.alerts or (bool(job.bulk) and not before)
            if unlisted:
                await _queries.end_unlisted(
                    connection,
                    publisher_id=publisher_id,
                    import_id=job.import_id,
                    bulk=job.bulk,
                    exported_at=job.exported_at,
                )
            wide = bool(job.bulk) or await _queries.has_wide_change(connection, publisher_id=publisher_id)
            add = _queries.add_all_scopes if wide else _queries.add_changed_scopes
            await add(connection, **scope_of(job), publisher_id=publisher_id, import_id=job.import_id)
            await _queries.set_stage(
                connection,
                import_id=job.import_id,
                stage="publishing",
                backfill=backfill,
                unlisted=unlisted,
            )
            return backfill
