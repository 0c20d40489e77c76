"""What the records of a source say, read scope by scope, and what was published of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from bellwire_kit.postgres import Pool, load_queries

from gradebook_events.adapters.postgres.leases import hold, scope_of, write_progress
from gradebook_events.domain.oneroster.comparison import Before, News
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.names import FileName, Status
from gradebook_events.domain.oneroster.things import ThingKind
from gradebook_events.import_ports import Job, Progress

_queries = load_queries(Path(__file__).with_name("import_queries.sql"))

STUDENTS_AT_ONCE = 500
CLASSES_AT_ONCE = 4


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _entity(row: Mapping[str, Any]) -> Entity:
    return Entity(row["sourced_id"], Status(row["status"]), row["modified_at"], row["fields"])


class PostgresDerivation:
    """Implements `Derivation`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
            await write_progress(connection, job, progress)
            if things:
                await _queries.put_things(
                    connection,
                    **scope_of(job),
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

    async def clean(self, job: Job) -> None:
        """Note that everything derived is published. Raises `LeaseLost`: a later import's rows are not."""
        async with self._pool.acquire() as connection, connection.transaction():
            await hold(connection, job)
            await _queries.clean_records(connection, publisher_id=job.publisher.publisher_id)


async def _grouped(rows: Any) -> Mapping[str, Sequence[Entity]]:
    groups: dict[str, list[Entity]] = {}
    async for row in rows:
        groups.setdefault(row["group"], []).append(_entity(row))
    return groups
