"""Postgres: a pool, migrations forward, named queries. One database, one Postgres schema a service."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiosql
import asyncpg
import orjson

Pool: TypeAlias = asyncpg.Pool
Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy | asyncpg.Connection

UNAVAILABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What says that the database cannot do it now, and that the same work may succeed later."""

_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")


def read_json(text: str) -> Any:
    """Read JSON as Postgres writes it: jsonb has numbers that no double holds."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


async def _set_codecs(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=read_json,
            format="text",
        )


@asynccontextmanager
async def open_pool(
    url: str, schema: str, *, minimum: int = 1, maximum: int = 8, command_timeout: float = 30.0
) -> AsyncIterator[Pool]:
    """Open a pool whose connections see the service's own schema only; json and jsonb are Python values.

    `command_timeout` is in seconds. Raises what `UNAVAILABLE` lists when the database cannot be reached.
    """
    if not _NAME.match(schema):
        raise ValueError(f"'{schema}' is not a schema name: lower-case letters, digits and _ only")
    pool = await asyncpg.create_pool(
        url,
        min_size=minimum,
        max_size=maximum,
        command_timeout=command_timeout,
        init=_set_codecs,
        server_settings={"search_path": schema, "application_name": schema},
    )
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()


def migrate(url: str, schema: str, folder: Path) -> int:
    """Apply the migrations of `folder` (`0001_*.sql`, forward only) that are missing; return how many.

    Two processes may call it at once: the second waits for the first. Raises `psycopg.Error` when one fails; what came
    before it stays applied.
    """
    import psycopg  # noqa: PLC0415 (a service that runs never migrates: half a second of its start)

    if not _NAME.match(schema):
        raise ValueError(f"'{schema}' is not a schema name: lower-case letters, digits and _ only")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtext('bellwire.migrate'))")
        connection.execute(f'create schema if not exists "{schema}"')  # pyright: ignore
        return _apply(url, schema, folder)


def _apply(url: str, schema: str, folder: Path) -> int:
    from yoyo import get_backend, read_migrations  # noqa: PLC0415

    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), ("schema", schema)])
    backend = get_backend(urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, query, "")))
    try:
        wanted = backend.to_apply(read_migrations(str(folder)))
        # A process killed in the middle leaves yoyo's lock behind; ours went with its connection.
        backend.break_lock()
        with backend.lock():
            backend.apply_migrations(wanted)
        return len(wanted)
    finally:
        backend.connection.close()


def load_queries(path: Path) -> Any:
    """Read a file of named queries (aiosql, asyncpg adapter): `-- name: name(args)` and operators."""
    return aiosql.from_path(path, "asyncpg")
