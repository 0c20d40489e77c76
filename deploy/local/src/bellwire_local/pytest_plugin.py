"""Fixtures with a real broker and a real database: `pytest_plugins = ["bellwire_local.pytest_plugin"]`.

Session fixtures start nothing until a test asks. With KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL set they use
those; with BELLWIRE_INFRA=containers they start containers; else the embedded parts, gone at the end.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bellwire_local.databases import temporary_database
from bellwire_local.infrastructure import choose_broker, choose_database
from bellwire_local.kafka import EmbeddedKafka
from bellwire_local.postgres import EmbeddedPostgres
from bellwire_local.watcher import Watcher


@contextmanager
def _workshop() -> Iterator[tuple[Path, Watcher]]:
    """A folder for state and a watcher over it; both gone at the end, also when we are killed.

    Not pytest's own temporary folder: its path is too long for a socket, and closed to other users, of whom
    Postgres is one when tests run as root.
    """
    folder = Path(tempfile.mkdtemp(prefix="bellwire-"))
    watcher = Watcher(folder / "watcher.lock", remove=(folder,))
    try:
        yield folder, watcher
    finally:
        watcher.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """`host:port` of a broker for this session; topics are the tests' own, with unique names."""
    with _workshop() as (folder, watcher):
        broker = choose_broker(folder / "kafka", folder / "kafka.log", watcher.env)
        try:
            broker.part.prepare(lambda _: None)
            broker.part.start()
            broker.part.wait_ready()
            yield broker.bootstrap_servers
        finally:
            broker.part.stop()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """URL of a fresh database for this session, as its owner; dropped at the end."""
    with _workshop() as (folder, watcher):
        database = choose_database(folder / "postgres", folder / "postgres.log", watcher.env)
        try:
            database.part.prepare(lambda _: None)
            database.part.start()
            database.part.wait_ready()
            with temporary_database(database.url) as url:
                yield url
        finally:
            database.part.stop()


@contextmanager
def _kafka() -> Iterator[EmbeddedKafka]:
    with _workshop() as (folder, watcher):
        kafka = EmbeddedKafka(folder / "kafka", folder / "kafka.log", env=watcher.env)
        try:
            kafka.start()
            kafka.wait_ready()
            yield kafka
        finally:
            kafka.kill()


@pytest.fixture
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker for one test: `kill()`, `stop()`; `start()` then `wait_ready()` on the same port and state."""
    with _kafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def module_kafka() -> Iterator[EmbeddedKafka]:
    """A broker for the tests of one module, whose services use topics by their real names."""
    with _kafka() as kafka:
        yield kafka


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server for one test, as `own_kafka`; `url(database)` answers its address."""
    with _workshop() as (folder, watcher):
        postgres = EmbeddedPostgres(folder / "postgres", folder / "postgres.log", env=watcher.env)
        try:
            postgres.start()
            postgres.wait_ready()
            yield postgres
        finally:
            postgres.kill()
