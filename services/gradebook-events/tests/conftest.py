"""The service in this process, on a real broker, a real database and the local issuer."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiokafka import AIOKafkaConsumer, TopicPartition
from bellwire_kit.auth import OidcSettings, TokenVerifier
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.protocol import Producer
from bellwire_local.issuer.identity import Identity
from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer
from bellwire_schemas.envelope import CloudEvent, from_kafka
from bellwire_schemas.names import Environment, Role
from bellwire_schemas.source import Source
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS
from gradebook_events.adapters.broker import BrokerCheck
from gradebook_events.app import SCHEMA, Opened, service_on
from gradebook_events.settings import Settings
from joserfc.jwk import ECKey
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
FOLDER = Settings.model_construct().migrations


@pytest.fixture(scope="session")
def broker(kafka_bootstrap: str) -> str:
    """The broker with the topics that this service writes."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    for topic in (CHANGE_EVENTS, ROSTER_EVENTS):
        try:
            admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])
        except TopicAlreadyExistsError:
            continue
    admin.close()
    return kafka_bootstrap


@pytest.fixture(scope="session")
def database(database_url: str) -> str:
    """The database with this service's tables."""
    migrate(database_url, SCHEMA, FOLDER)
    return database_url


@dataclass
class Running:
    """The service as a test sees it, with a district of its own."""

    client: TestClient[Any, Any]
    clock: ManualClock
    pool: Pool
    signer: Signer
    settings: Settings
    district: str

    @property
    def source(self) -> Source:
        return Source(self.district, Environment.PRODUCTION)

    def token(self, role: Role = Role.DISTRICT_ADMIN, district: str = "", user: str = "admin-1") -> str:
        return self.signer.access_token(Identity(role=role, user=user, district=district or self.district))

    async def publisher(self, district: str = "", **body: Any) -> tuple[str, str]:
        """Make a publisher; return its id and key."""
        answer = await self.client.post(
            "/v1/publishers", json={"name": "sis", **body}, headers=bearer(self.token(district=district))
        )
        assert answer.status == 201, await answer.text()
        made = await answer.json()
        return made["id"], made["key"]

    async def events(self, topic: str = CHANGE_EVENTS, district: str = "") -> list[tuple[bytes, CloudEvent]]:
        """Every record of a district on a topic: key and event."""
        return await read_topic(self.settings.kafka_bootstrap_servers, topic, district or self.district)

    async def finished(self, place: str, key: str, unlike: Sequence[str] = ("queued", "running")) -> Any:
        """Wait until an import has one of the other statuses."""
        while True:
            answer = await self.client.get(place, headers=bearer(key))
            assert answer.status == 200, await answer.text()
            found = await answer.json()
            if found["status"] not in unlike:
                return found
            await asyncio.sleep(0.02)

    async def upload(self, key: str, package: bytes, **query: str) -> Any:
        """Send a package and wait for its end."""
        answer = await self.client.post(
            "/v1/imports/oneroster", data=package, params=query, headers=bearer(key)
        )
        assert answer.status == 202, await answer.text()
        return await self.finished(answer.headers["Location"], key)


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def read_topic(bootstrap: str, topic: str, district: str) -> list[tuple[bytes, CloudEvent]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.add_topic(topic)
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        assert places
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, first in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, first)
        found = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                batch = await consumer.getmany(place, timeout_ms=1_000)
                found += [
                    (record.key, from_kafka(record.value, record.headers))
                    for record in batch.get(place, ())
                    if record.key.startswith(f"{district}/".encode())
                ]
        return found
    finally:
        await consumer.stop()


Starter = Callable[..., Any]


@pytest.fixture
def start(broker: str, database: str) -> Starter:
    """`async with start(**settings) as running`: the service, its worker running, a fresh district."""

    @asynccontextmanager
    async def started(
        producer: Producer | None = None, worker: bool = True, **over: Any
    ) -> AsyncIterator[Running]:
        async with AsyncExitStack() as stack:
            signer = Signer("", ECKey.generate_key("P-256", auto_kid=True))
            app, close = issuer_application(signer, "")
            issuer = await stack.enter_async_context(TestServer(app))
            stack.push_async_callback(close)
            signer.issuer = str(issuer.make_url("")).rstrip("/")
            values: dict[str, Any] = {
                "database_url": database,
                "kafka_bootstrap_servers": broker,
                "oidc_issuer": signer.issuer,
                **over,
            }
            settings = Settings(**values)
            pool = await stack.enter_async_context(open_pool(settings.database_url, SCHEMA))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            if producer is None:
                producer = AiokafkaProducer(settings.streams)
                stack.push_async_callback(producer.close)
            verifier = TokenVerifier(OidcSettings(oidc_issuer=signer.issuer), session)
            clock = ManualClock(NOW)
            check = BrokerCheck(settings.streams)
            stack.push_async_callback(check.close)
            made = service_on(settings, clock, Opened(pool, pool, producer, verifier, check))
            client = await stack.enter_async_context(TestClient(TestServer(made.app)))
            tasks = [asyncio.create_task(part.run()) for part in made.background if worker]
            try:
                yield Running(client, clock, pool, signer, settings, f"d{secrets.token_hex(5)}")
            finally:
                for part in made.background:
                    part.stop()
                await asyncio.gather(*tasks)

    return started


@pytest.fixture
async def running(start: Starter) -> AsyncIterator[Running]:
    async with start() as found:
        yield found


def assignment(running: Running, student: str = "s-1", **over: Any) -> dict[str, Any]:
    """Data of an ordinary `assignment.changed`."""
    return {
        "district_id": running.district,
        "modified_at": "2026-03-04T14:59:00Z",
        "student_id": student,
        "school_id": "north",
        "assignment_id": "a-1",
        "title": "Unit quiz",
        "score_percent": 87.5,
        **over,
    }


def attributes(running: Running, **over: Any) -> dict[str, Any]:
    """Context attributes of an ordinary event, as the SDK takes them."""
    return {
        "id": f"e-{secrets.token_hex(6)}",
        "source": str(running.source),
        "type": "bellwire.assignment.changed.v1",
        "specversion": "1.0",
        "subject": "students/s-1",
        "time": datetime(2026, 3, 4, 14, 59, tzinfo=UTC),
        "datacontenttype": "application/json",
        **over,
    }


def data_of(event: CloudEvent) -> Mapping[str, Any]:
    return orjson.loads(event.data)
