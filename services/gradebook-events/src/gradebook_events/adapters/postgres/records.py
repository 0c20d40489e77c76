"""The records of OneRoster sources as last listed, and what was published of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from bellwire_kit.postgres import Connection, Pool, load_queries

from gradebook_events.adapters.postgres.imports import LEASE, counts_of, updated
from gradebook_events.domain.oneroster.comparison import Before, News
from gradebook_events.domain.oneroster.difference import Difference
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.names import FileName, Status
from gradebook_events.domain.oneroster.things import ThingKind
from gradebook_events.ports import Job, LeaseLost, Progress, Staged

_queries = load_queries(Path(__file__).with_name("import_queries.sql"))

STUDENTS_AT_ONCE = 500
CLASSES_AT_ONCE = 4


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _entity(row: Mapping[str, Any]) -> Entity:
    return Entity(row["sourced_id"], Status(row["status"]), row["modified_at"], row["fields"])


def _scope(job: Job) -> dict[str, Any]:
    return {
        "district_id": job.publisher.source.district_id,
        "environment": job.publisher.source.environment.value,
    }


class PostgresRecords:
    """Implements `Records`."""

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
            if batch.rows:
                await _queries.put_records(
                    connection,
                    **_scope(job),
                    **source,
                    import_id=job.import_id,
                    ids=[row.sourced_id for row in batch.rows],
                    lines=[row.line for row in batch.rows],
                    statuses=[row.status.value for row in batch.rows],
                    moments=[row.modified.at for row in batch.rows],
                    dated=[row.sourced_id for row in batch.rows if row.modified.given],
                    fields=[_json(row.fields) for row in batch.rows],
                )
            if batch.bad_ids:
                await _queries.see_bad_rows(
                    connection, **source, import_id=job.import_id, ids=list(batch.bad_ids)
                )
            if faults := batch.faults[:kept_faults]:
                await _queries.add_faults(
                    connection,
                    **_scope(job),
                    import_id=job.import_id,
                    files=[fault.file for fault in faults],
                    lines=[fault.line for fault in faults],
                    fields=[fault.field for fault in faults],
                    reasons=[fault.reason.value for fault in faults],
                    details=[fault.detail for fault in faults],
                )
            await _progress(connection, job, progress)

    async def difference(self, job: Job) -> Difference:
        """Return how many records of bulk files were live, and how many this import does not list."""
        row = await _queries.count_unlisted(
            self._pool, publisher_id=job.publisher.publisher_id, import_id=job.import_id, bulk=job.bulk
        )
        return Difference(row["live"], row["unlisted"])

    async def prepare(self, job: Job, unlisted: int) -> bool:
        """End what is unlisted, note what there is to derive, and move the import on, in one transaction.

        Returns whether the import is a backfill: told not to alert, or the first bulk of its source.
        """
        publisher_id = job.publisher.publisher_id
        async with self._pool.acquire() as connection, connection.transaction():
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
            await add(connection, **_scope(job), publisher_id=publisher_id, import_id=job.import_id)
            await _queries.set_stage(
                connection,
                import_id=job.import_id,
                stage="publishing",
                backfill=backfill,
                unlisted=unlisted,
            )
            return backfill

    async def next_scopes(self, job: Job) -> tuple[int, tuple[str, ...]]:
        """Return the step and the scopes to derive next; no scopes when all is done."""
        rows = [
            row
            async for row in _queries.next_scopes(
                self._pool,
                import_id=job.import_id,
                students=STUDENTS_AT_ONCE,
                classes=CLASSES_AT_ONCE,
            )
        ]
        return (rows[0]["step"], tuple(row["scope"] for row in rows)) if rows else (0, ())

    async def by_id(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, Entity]:
        """Return records of a file by sourcedId."""
        rows = _queries.records_by_id(
            self._pool, publisher_id=job.publisher.publisher_id, file=file.value, ids=list(ids)
        )
        return {row["sourced_id"]: _entity(row) async for row in rows}

    async def whole(self, job: Job, file: FileName) -> Mapping[str, Entity]:
        """Return all records of a small file by sourcedId."""
        rows = _queries.records_of_file(self._pool, publisher_id=job.publisher.publisher_id, file=file.value)
        return {row["sourced_id"]: _entity(row) async for row in rows}

    async def of_users(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, Sequence[Entity]]:
        """Return the records of a file that name each of these users."""
        return await _grouped(
            _queries.records_of_users(
                self._pool, publisher_id=job.publisher.publisher_id, file=file.value, ids=list(ids)
            )
        )

    async def of_classes(
        self, job: Job, file: FileName, ids: Sequence[str]
    ) -> Mapping[str, Sequence[Entity]]:
        """Return the records of a file that name each of these classes, results by their line item."""
        publisher_id = job.publisher.publisher_id
        if file is FileName.RESULTS:
            return await _grouped(
                _queries.results_of_classes(self._pool, publisher_id=publisher_id, ids=list(ids))
            )
        return await _grouped(
            _queries.records_of_classes(self._pool, publisher_id=publisher_id, file=file.value, ids=list(ids))
        )

    async def published(
        self, job: Job, kinds: Sequence[ThingKind], scopes: Sequence[str]
    ) -> Sequence[Before]:
        """Return what was published of these scopes."""
        rows = _queries.things_of_scopes(
            self._pool,
            publisher_id=job.publisher.publisher_id,
            kinds=[kind.value for kind in kinds],
            scopes=list(scopes),
        )
        return [
            Before(
                ThingKind(row["kind"]),
                row["thing_id"],
                row["scope"],
                row["owner"],
                row["identity"],
                row["needed"],
                row["digest"],
                row["modified_at"],
                row["ended"],
            )
            async for row in rows
        ]

    async def keep(
        self, job: Job, published: Sequence[News], step: int, scopes: Sequence[str], progress: Progress
    ) -> None:
        """Note things as published, their scopes as done, and the progress, in one transaction."""
        things = [item.thing for item in published]
        async with self._pool.acquire() as connection, connection.transaction():
            if things:
                await _queries.put_things(
                    connection,
                    **_scope(job),
                    publisher_id=job.publisher.publisher_id,
                    kinds=[thing.kind.value for thing in things],
                    ids=[thing.thing_id for thing in things],
                    scopes=[thing.scope for thing in things],
                    owners=[thing.owner for thing in things],
                    identities=[_json(thing.identity) for thing in things],
                    neededs=[_json(thing.needed) for thing in things],
                    digests=[thing.digest for thing in things],
                    moments=[thing.modified_at for thing in things],
                    endeds=[item.is_end for item in published],
                )
            await _queries.drop_done_scopes(
                connection, import_id=job.import_id, step=step, scopes=list(scopes)
            )
            await _progress(connection, job, progress)

    async def clean(self, job: Job) -> None:
        """Note that everything derived is published."""
        await _queries.clean_records(self._pool, publisher_id=job.publisher.publisher_id)


async def _grouped(rows: Any) -> Mapping[str, Sequence[Entity]]:
    groups: dict[str, list[Entity]] = {}
    async for row in rows:
        groups.setdefault(row["group"], []).append(_entity(row))
    return groups


async def _progress(connection: Connection, job: Job, progress: Progress) -> None:
    kept = await _queries.set_progress(
        connection,
        import_id=job.import_id,
        owner=job.owner,
        counts=counts_of(progress),
        faults=progress.faults,
        staged=[file.value for file in progress.staged],
        lease=LEASE,
    )
    if not updated(kept):
        raise LeaseLost
