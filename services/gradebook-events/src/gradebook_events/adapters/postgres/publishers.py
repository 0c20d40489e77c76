"""Publishers, their keys and the audit lines of this service."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from bellwire_kit.postgres import Connection, Pool, load_queries
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source

from gradebook_events.domain.publishers import Publisher, PublisherKey
from gradebook_events.ports import AuditLine, KeptKey, UnknownKey

_queries = load_queries(Path(__file__).with_name("queries.sql"))


async def _write(connection: Connection | Pool, lines: Sequence[AuditLine]) -> None:
    await _queries.add_audit_lines(
        connection,
        districts=[line.source.district_id for line in lines],
        environments=[line.source.environment.value for line in lines],
        ats=[line.at for line in lines],
        actors=[line.actor for line in lines],
        actions=[line.action for line in lines],
        details=[orjson.dumps(line.detail).decode() for line in lines],
    )


class PostgresPublishers:
    """Implements `Keys`, `Audit` and `Publishers`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, key_id: str) -> KeptKey | UnknownKey:
        """Return the key of that id, if it holds now."""
        row = await _queries.find_key(self._pool, key_id=key_id)
        if row is None:
            return UnknownKey()
        source = Source(row["district_id"], Environment(row["environment"]))
        return KeptKey(row["digest"], Publisher(row["publisher_id"], source))

    async def write(self, lines: Sequence[AuditLine]) -> None:
        """Keep audit lines, in one statement."""
        await _write(self._pool, lines)

    async def create(
        self, publisher: Publisher, name: str, agents_have_portal: bool, key: PublisherKey, line: AuditLine
    ) -> None:
        """Keep a new publisher with its first key and the audit line, in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            await _queries.add_publisher(
                connection,
                district_id=publisher.source.district_id,
                environment=publisher.source.environment.value,
                publisher_id=publisher.publisher_id,
                name=name,
                agents_have_portal=agents_have_portal,
                at=line.at,
                by=line.actor,
            )
            await self._add_key(connection, publisher, key, line)

    async def _add_key(
        self, connection: Connection, publisher: Publisher, key: PublisherKey, line: AuditLine
    ) -> None:
        await _queries.add_key(
            connection,
            district_id=publisher.source.district_id,
            environment=publisher.source.environment.value,
            publisher_id=publisher.publisher_id,
            key_id=key.key_id,
            digest=key.digest,
            at=line.at,
        )
        await _write(connection, [line])

    async def exists(self, source: Source, publisher_id: str) -> bool:
        """Say whether the district has such a publisher, revoked or not."""
        return bool(
            "\x00" not in publisher_id
            and await _queries.has_publisher(
                self._pool,
                district_id=source.district_id,
                environment=source.environment.value,
                publisher_id=publisher_id,
            )
        )

    async def rotate(
        self, source: Source, publisher_id: str, key: PublisherKey, overlap: timedelta, line: AuditLine
    ) -> Sequence[str] | None:
        """Add a key and let the others expire after the overlap; None when there is no such publisher."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await self._lock(connection, source, publisher_id):
                return None
            ended = await _ids(connection, publisher_id, overlap)
            await self._add_key(connection, Publisher(publisher_id, source), key, line)
            return ended

    async def revoke(self, source: Source, publisher_id: str, line: AuditLine) -> Sequence[str] | None:
        """End a publisher and its keys; None when there is no such publisher."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await self._lock(connection, source, publisher_id):
                return None
            ended = await _ids(connection, publisher_id, timedelta())
            await _queries.revoke_publisher(
                connection,
                district_id=source.district_id,
                environment=source.environment.value,
                publisher_id=publisher_id,
                at=line.at,
            )
            await _write(connection, [line])
            return ended

    async def _lock(self, connection: Connection, source: Source, publisher_id: str) -> bool:
        row = await _queries.lock_publisher(
            connection,
            district_id=source.district_id,
            environment=source.environment.value,
            publisher_id=publisher_id,
        )
        return row is not None

    async def page(
        self, source: Source, after: tuple[datetime, str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return publishers of a district after a place in the list, oldest first."""
        return [
            dict(row)
            async for row in _queries.list_publishers(
                self._pool,
                district_id=source.district_id,
                environment=source.environment.value,
                after_at=after[0],
                after_id=after[1],
                count=count,
            )
        ]


async def _ids(connection: Connection, publisher_id: str, overlap: timedelta) -> list[str]:
    rows = _queries.end_keys(connection, publisher_id=publisher_id, overlap=overlap)
    return [row["key_id"] async for row in rows]
