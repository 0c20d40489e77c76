"""A pool sees its own schema; migrations go forward once, whoever runs them."""

import asyncio
from pathlib import Path

import asyncpg
import psycopg
import pytest
from bellwire_kit.postgres import UNAVAILABLE, migrate, open_pool


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.sql").write_text(text)
    return path


async def test_migrations_apply_once_and_in_their_schema(database_url: str, tmp_path: Path) -> None:
    migrations = folder(
        tmp_path, _0001_a="create table one (value jsonb)", _0002_b="create table two (n int)"
    )
    assert await asyncio.to_thread(migrate, database_url, "kit_one", migrations) == 2
    assert await asyncio.to_thread(migrate, database_url, "kit_one", migrations) == 0
    async with open_pool(database_url, "kit_one") as pool:
        await pool.execute("insert into one values ($1)", {"ü": [1, None]})
        assert await pool.fetchval("select value from one") == {"ü": [1, None]}
    async with open_pool(database_url, "kit_other") as pool:
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.fetchval("select value from one")


async def test_two_that_migrate_at_once_do_not_collide(database_url: str, tmp_path: Path) -> None:
    migrations = folder(tmp_path, **{f"_000{n}_x": f"create table t{n} (n int)" for n in range(1, 5)})
    runs = [asyncio.to_thread(migrate, database_url, "kit_race", migrations) for _ in range(3)]
    assert sorted(await asyncio.gather(*runs)) == [0, 0, 4]


async def test_the_lock_of_a_killed_migration_does_not_stay(database_url: str, tmp_path: Path) -> None:
    migrations = folder(tmp_path, _0001_a="create table one (n int)")
    await asyncio.to_thread(migrate, database_url, "kit_locked", migrations)
    async with open_pool(database_url, "kit_locked") as pool:
        await pool.execute("insert into yoyo_lock (locked, ctime, pid) values (1, now(), 4711)")
    folder(tmp_path, _0002_b="create table two (n int)")
    assert await asyncio.to_thread(migrate, database_url, "kit_locked", migrations) == 1


async def test_a_broken_migration_is_said_and_not_half_applied(database_url: str, tmp_path: Path) -> None:
    migrations = folder(tmp_path, _0001_a="create table ok (n int)", _0002_b="create table no (n int); oops")
    with pytest.raises(psycopg.errors.SyntaxError):
        await asyncio.to_thread(migrate, database_url, "kit_broken", migrations)
    async with open_pool(database_url, "kit_broken") as pool:
        assert await pool.fetchval("select to_regclass('no')") is None
        assert await pool.fetchval("select to_regclass('ok')") == "ok"


async def test_a_database_that_is_away_is_one_of_the_unavailable() -> None:
    with pytest.raises(UNAVAILABLE):
        async with open_pool("postgresql://nobody@127.0.0.1:1/none", "kit_away"):
            pass


def test_a_schema_name_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="schema name"):
        migrate("postgresql://x", 'x"; drop', tmp_path)
