"""Databases of their own for test sessions and stacks, on whatever server there is."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from bellwire_local.errors import LocalError


def with_database(url: str, database: str) -> str:
    """The same server and credentials, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def create_database(url: str, database: str) -> str:
    """Create a database where it is missing, by way of the one that `url` names; answer its URL."""
    with _administer(url) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone()
        if not known:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
    return with_database(url, database)


@contextmanager
def temporary_database(url: str) -> Iterator[str]:
    """URL of a fresh database; it is dropped at the end with whatever still uses it."""
    database = f"bellwire_test_{uuid.uuid4().hex[:12]}"
    created = create_database(url, database)
    try:
        yield created
    finally:
        with _administer(url) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
            )


@contextmanager
def _administer(url: str) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise LocalError(
            "The user of DATABASE_URL may not create databases: give it CREATEDB, or unset DATABASE_URL to "
            "use the embedded Postgres."
        ) from error
    except psycopg.OperationalError as error:
        raise LocalError(
            f"Postgres does not answer ({str(error).strip().splitlines()[0][:200]}): start the server that "
            f"DATABASE_URL names, or unset DATABASE_URL to use the embedded one."
        ) from error
