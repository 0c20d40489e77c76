"""What stood in the tables before a migration stands there after it."""

import shutil
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
from bellwire_kit.postgres import migrate, open_pool
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore

SCHEMA = "threshold_evaluator"
MIGRATIONS = Path(str(files("threshold_evaluator") / "migrations"))
BEFORE_THE_OUTBOX = [file for file in MIGRATIONS.glob("*.sql") if file.name < "0014"]
READY, NOTICE = UUID(int=1), UUID(int=2)


async def test_what_waited_in_two_outboxes_waits_in_the_one(database_url: str, tmp_path: Path) -> None:
    name = f"migrated_{uuid4().hex[:10]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    url = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    try:
        for file in BEFORE_THE_OUTBOX:
            shutil.copy(file, tmp_path)
        migrate(url, SCHEMA, tmp_path)
        async with open_pool(url, SCHEMA) as pool:
            await pool.execute(
                "insert into due_alerts (alert_id, district_id, environment, user_id, student_id, thing, thing_id,"
                " school_id, kinds, event_source, event_id, day, memory_before, modified_at, accepted_at, first_at,"
                " grace_until, due_at, wake_at, hold, delivery, urgency, phase, sent_as, payload, ready_at)"
                " select $1, 'd', 'production', 'u', 's', 'grades', 'g', 'north', '{grade.posted}', '/x', 'e', now(),"
                " '', now(), now(), now(), now(), now(), now(), 'none', 'immediate', 1, 'ready', $1, '{\"a\":1}',"
                " now()",
                READY,
            )
            await pool.execute(
                "insert into notices (notice_id, district_id, environment, user_id, urgency, type, payload)"
                " values ($1, 'd', 'production', 'u', 0, 'bellwire.alert.withdrawn.v1', '{}')",
                NOTICE,
            )
        migrate(url, SCHEMA, MIGRATIONS)
        async with open_pool(url, SCHEMA) as pool:
            left = await PostgresStore(pool).left_over(0, 10)
            assert [(each.message_id, each.type, each.payload) for each in left] == [
                (NOTICE, "bellwire.alert.withdrawn.v1", "{}"),
                (READY, "bellwire.alert.requested.v1", '{"a":1}'),
            ]
            assert await pool.fetchval("select phase from due_alerts") == "published"
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')
