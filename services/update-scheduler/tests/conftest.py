"""The service on a real database, broker and mail server, with a local issuer; the clock is the test's."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import migrate
from bellwire_local.issuer.identity import Identity
from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer, kept_key
from bellwire_local.mail.letters import Letters
from bellwire_local.mail.smtp import Desk, listen
from kafka.admin import KafkaAdminClient, NewTopic
from update_scheduler.app import SCHEMA, Service, service
from update_scheduler.seed import Seed, plant, read_seed
from update_scheduler.settings import Settings

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
"""A Sunday; the next cloud window is Thursday 26 November 00:30 in Chicago = 06:30 UTC."""


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60.0) -> Any:
    """Wait for a condition; its truthy value."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {condition.__name__}"
        await asyncio.sleep(0.02)


@dataclass
class Mailbox:
    """A real SMTP server on one port, which can go away and come back."""

    letters: Letters
    port: int
    desk: Desk
    server: asyncio.Server | None = None

    async def up(self) -> None:
        self.server = await listen(self.desk, "127.0.0.1", self.port)

    async def down(self) -> None:
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    def all(self) -> list[dict[str, Any]]:
        return self.letters._letters


@dataclass
class Http:
    """Requests to the service under test in somebody's name."""

    base: str
    session: aiohttp.ClientSession
    signer: Signer

    def token(self, role: str, user: str, district: str = "", environment: str = "production") -> str:
        return self.signer.access_token(
            Identity(role=role, user=user, district=district, environment=environment)
        )

    async def __call__(
        self,
        who: tuple[str, ...],
        method: str,
        path: str,
        body: Any = None,
        etag: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bearer {self.token(*who)}", **(headers or {})}
        if etag is not None:
            headers["If-Match"] = f'"{etag}"'
        async with self.session.request(
            method, self.base + path, json=body, headers=headers, params=query
        ) as response:
            payload = await response.json(content_type=None) if response.content_length else None
            return response.status, payload, response.headers


OPERATOR = ("operator", "op-1")


@dataclass
class World:
    """Everything around one test."""

    settings: Settings
    clock: ManualClock
    http: Http
    mailbox: Mailbox
    topic: str
    kafka: str
    issuer_url: str
    made: Service | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    until = staticmethod(until)

    def contact(self, district: str) -> tuple[str, ...]:
        return ("technical_contact", f"contact-of-{district}", district)

    async def ok(self, who: Any, method: str, path: str, *args: Any, **kw: Any) -> Any:
        status, payload, _ = await self.http(who, method, path, *args, **kw)
        assert status < 300, (status, payload)
        return payload

    async def refresh(self, request: dict[str, Any], who: Any = OPERATOR) -> dict[str, Any]:
        return await self.ok(who, "GET", f"/v1/requests/{request['id']}")

    async def move(self, request: dict[str, Any], to: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        now = await self.refresh(request)
        path = f"/v1/requests/{request['id']}/transitions"
        status, payload, _ = await self.http(OPERATOR, "POST", path, {"to": to, **body}, now["revision"])
        assert status == expect, (status, payload)
        return payload

    async def update(self, district: str, version: str = "2611", **more: Any) -> dict[str, Any]:
        body = {"kind": "version_update", "site_id": f"{district}.production", "version": version, **more}
        return await self.ok(self.contact(district), "POST", "/v1/requests", body)

    async def free(self, district: str = "springfield", **query: Any) -> list[dict[str, Any]]:
        found = await self.ok(OPERATOR, "GET", "/v1/windows/free", site_id=f"{district}.production", **query)
        return found["items"]

    async def sql(self, query: str, *args: Any) -> list[Any]:
        connection = await asyncpg.connect(
            self.settings.database_url, server_settings={"search_path": SCHEMA}
        )
        try:
            return await connection.fetch(query, *args)
        finally:
            await connection.close()

    async def hurry(self) -> None:
        """Letters that wait for their next attempt are due now."""
        await self.sql(
            "with due as (update mail_outbox set next_at = now() where sent_at is null and failed_at is null"
            " returning 1) select pg_notify('update_scheduler.mail_outbox', '') from due"
        )

    async def move_clock(self, by: timedelta) -> None:
        """Product time goes on, and what waits for it is woken."""
        self.clock.move(by)
        await self.sql("select pg_notify('update_scheduler.reminders', '')")

    async def settled(self) -> None:
        """Both outboxes are empty."""

        async def empty() -> bool:
            rows = await self.sql(
                "select (select count(*) from mail_outbox where sent_at is null and failed_at is null)"
                " + (select count(*) from event_outbox where published_at is null) as n"
            )
            return rows[0]["n"] == 0

        await until(empty)

    async def events(self) -> list[Any]:
        """All records of the topic, as they stand now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            parts = [TopicPartition(self.topic, p) for p in range(3)]
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            found: list[Any] = []
            while any([await consumer.position(p) < ends[p] for p in parts]):
                batch = await consumer.getmany(timeout_ms=200)
                found += [r for records in batch.values() for r in records]
            return sorted(found, key=lambda r: (r.partition, r.offset))
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def process(self, faults: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
        """The service as a process of its own on this world's parts; `http` speaks to it meanwhile."""
        port = _free_port()
        s = self.settings
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("BELLWIRE_FAULTS", "COVERAGE"))},
            "HTTP_PORT": str(port),
            "DATABASE_URL": s.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": s.kafka_bootstrap_servers,
            "UPDATE_EVENTS_TOPIC": s.update_events_topic,
            "OIDC_ISSUER": s.oidc_issuer,
            "SMTP_URL": s.smtp_url,
            "MAIL_FROM": s.mail_from,
        }
        if faults:
            env["BELLWIRE_FAULTS"] = faults
        child = await asyncio.create_subprocess_exec(sys.executable, "-m", "update_scheduler", "run", env=env)
        before = self.http.base
        self.http.base = f"http://127.0.0.1:{port}"

        async def answers() -> bool:
            try:
                async with self.http.session.get(self.http.base + "/readyz") as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        try:
            await until(answers)
            yield child
        finally:
            self.http.base = before
            if child.returncode is None:
                child.terminate()
                await child.wait()


@pytest.fixture(scope="session")
def migrated(database_url: str) -> str:
    migrate(database_url, SCHEMA, Settings.model_construct().migrations)
    return database_url


@pytest.fixture(scope="session")
def admin(kafka_bootstrap: str) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    yield client
    client.close()


@pytest.fixture
def topic(admin: KafkaAdminClient) -> Iterator[str]:
    name = f"updates-{uuid4().hex[:12]}"
    admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])
    yield name
    admin.delete_topics([name])


@pytest.fixture
async def surroundings(
    migrated: str, kafka_bootstrap: str, topic: str, tmp_path: Path
) -> AsyncIterator[World]:
    """Issuer, mail server, an empty database with the seed; the service itself is not running."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(migrated, server_settings={"search_path": SCHEMA})
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = $1 and tablename not like '%yoyo%'", SCHEMA
        )
        await connection.execute("truncate " + ", ".join(f'"{t["tablename"]}"' for t in tables) + " cascade")
        await connection.close()
        issuer_port = _free_port()
        issuer_url = f"http://127.0.0.1:{issuer_port}"
        signer = Signer(issuer_url, kept_key(tmp_path / "key.json"))
        issuer_app, close = issuer_application(signer, "")
        stack.push_async_callback(close)
        runner = web.AppRunner(issuer_app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", issuer_port).start()
        letters = Letters(tmp_path / "mail.jsonl")
        mailbox = Mailbox(letters, _free_port(), Desk(letters))
        await mailbox.up()
        stack.push_async_callback(mailbox.down)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        settings = Settings(
            database_url=migrated,
            kafka_bootstrap_servers=kafka_bootstrap,
            update_events_topic=topic,
            oidc_issuer=issuer_url,
            smtp_url=f"smtp://127.0.0.1:{mailbox.port}",
            mail_from="Hosting updates <updates@bellwire.example>",
        )
        await plant(settings, seed_of_tests())
        yield World(
            settings, ManualClock(NOW), Http("", session, signer), mailbox, topic, kafka_bootstrap, issuer_url
        )


def seed_of_tests() -> Seed:
    """The package's own seed: five districts, four releases, two windows, two groups."""
    return read_seed(None)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    """The service in this process on the test's clock, from its beginning to its end."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(service(world.settings, world.clock))
        runner = web.AppRunner(made.app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        port = _free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        world.http.base = f"http://127.0.0.1:{port}"
        world.made = made
        tasks = [asyncio.create_task(part.run()) for part in made.background]
        yield world
        for part in made.background:
            part.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 20)


@pytest.fixture
async def world(surroundings: World) -> AsyncIterator[World]:
    """The surroundings with the service running."""
    async with running(surroundings) as made:
        yield made


@pytest.fixture
def restarted(surroundings: World) -> Callable[[], AbstractAsyncContextManager[World]]:
    """Start the service anew after a process of it died: what that left undone is found."""
    return lambda: running(surroundings)
