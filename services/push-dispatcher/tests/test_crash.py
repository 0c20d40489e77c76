"""kill -9 in mid-stream, and the database away: nothing is lost, only what was in flight repeats."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from bellwire_kit.postgres import migrate, open_pool
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message
from bellwire_kit.streams.settings import StreamSettings
from bellwire_schemas.ids import delivery_id
from bellwire_schemas.topics import ALERTS, DELIVERIES
from kafka.admin import KafkaAdminClient, NewTopic
from push_dispatcher.app import MIGRATIONS, SCHEMA
from push_dispatcher.results import MOST

NUMBER = 500
IN_FLIGHT = 100


@pytest.fixture(scope="module")
def broker(module_kafka):
    admin = KafkaAdminClient(bootstrap_servers=module_kafka.bootstrap_servers)
    admin.create_topics([NewTopic(topic, 4, 1) for topic in (ALERTS, f"{ALERTS}.dlq", DELIVERIES)])
    admin.close()
    return module_kafka.bootstrap_servers


@pytest.fixture
def dispatcher(broker, migrated_url, providers):
    """Start the service as a process; every one started is ended."""
    started = []
    described = providers.described

    def start(**more):
        env = {
            **os.environ,
            "HTTP_PORT": "0",
            "DATABASE_URL": migrated_url,
            "KAFKA_BOOTSTRAP_SERVERS": broker,
            "OIDC_ISSUER": "http://127.0.0.1:9",
            "APNS_URL": described["apns"],
            "APNS_KEY_FILE": described["apns_key_file"],
            "APNS_KEY_ID": described["apns_key_id"],
            "APNS_TEAM_ID": described["apns_team_id"],
            "APNS_TOPIC": described["apns_topic"],
            "FCM_URL": described["fcm"],
            "FCM_TOKEN_URL": described["fcm_token_url"],
            "FCM_PROJECT_ID": described["fcm_project_id"],
            "FCM_SERVICE_ACCOUNT_FILE": described["fcm_service_account_file"],
            "PROVIDER_CA_FILE": described["ca_file"],
            "LEASE_SECONDS": "5",
            "KAFKA_SESSION_TIMEOUT_MS": "2000",
            "REQUEST_SECONDS": "2",
            "PROVIDER_STREAMS": str(IN_FLIGHT),
            **more,
        }
        process = subprocess.Popen([sys.executable, "-m", "push_dispatcher", "run"], env=env)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(10)


async def published(town, broker, messages, number):
    """Register a phone per user and publish an alert for each; return the alerts."""
    alerts = []
    for index in range(number):
        await town.phone(f"u{index}")
        sends_before = datetime.now(UTC) + timedelta(hours=1)
        alerts.append(town.alert(f"u{index}", send_before=sends_before, requested_at=datetime.now(UTC)))
    async with open_producer(StreamSettings(bootstrap_servers=broker)) as producer:
        sent = await producer.send([Message(ALERTS, *messages(alert)) for alert in alerts])
    assert not any(sent)
    return alerts


@pytest.fixture
async def quiet_town(migrated_url, providers, start_town):
    """Devices and rows to look at; it sends nothing itself.

    What a process dies with in its hands is its own for two seconds here, not for ten.
    """
    with psycopg.connect(migrated_url, autocommit=True, options=f"-c search_path={SCHEMA}") as connection:
        connection.execute(
            "alter table outbox alter column claimed_until set default now() + interval '2 seconds'"
        )
    async with start_town(migrated_url, providers.described) as town:
        town.parts.sending.stop()
        yield town


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "push.recorded:2",
        "push.written:1",
        pytest.param("push.answered:400", marks=pytest.mark.slow),
        pytest.param("push.told:2", marks=pytest.mark.slow),
        pytest.param("push.relayed:1", marks=pytest.mark.slow),
    ],
)
async def test_kill_9_in_mid_stream(quiet_town, broker, dispatcher, providers, messages, fault):
    alerts = await published(quiet_town, broker, messages, NUMBER)
    first = dispatcher(BELLWIRE_FAULTS=fault) if fault else dispatcher()
    deadline = time.monotonic() + 60
    while first.poll() is None and time.monotonic() < deadline:
        if not fault and len(providers.ledger()) > NUMBER // 3:
            first.send_signal(signal.SIGKILL)
            first.wait()
        await asyncio.sleep(0.05)
    assert first.returncode == -signal.SIGKILL
    second = dispatcher()
    await quiet_town.settled(*["accepted"] * NUMBER, seconds=90)
    # What the first had not told yet is its own for two seconds more; then the second tells it.
    await told_of(broker, {str(alert.alert_id) for alert in alerts})
    second.terminate()
    assert second.wait(40) == 0
    entries = providers.ledger()
    counts = Counter(entry["id"] for entry in entries)
    assert counts.keys() == {str(delivery_id(a.alert_id, f"{a.user_id}-ios")) for a in alerts}
    # What may repeat: requests in flight, and answers that were not written yet.
    print(f"repeated after {fault or 'SIGKILL'}: {sum(counts.values()) - NUMBER} of {NUMBER}")
    assert sum(counts.values()) - NUMBER <= IN_FLIGHT + MOST
    slots = {(entry["id"], entry["collapse_id"]) for entry in entries}
    assert len(slots) == NUMBER


async def told_of(broker, wanted):
    """Read the deliveries topic until it tells of every wanted alert."""
    found = set()
    consumer = AIOKafkaConsumer(DELIVERIES, bootstrap_servers=broker, auto_offset_reset="earliest")
    async with asyncio.timeout(120), consumer:
        while not wanted <= found:
            batches = await consumer.getmany(timeout_ms=500)
            found |= {
                orjson.loads(record.value)["alert_id"] for batch in batches.values() for record in batch
            }


async def test_the_database_goes_away_and_comes_back(own_postgres, providers, start_town):
    url = own_postgres.url("postgres")
    migrate(url, SCHEMA, MIGRATIONS)
    async with start_town(url, providers.described) as town:
        users = [f"u{number}" for number in range(300)]
        for user in users:
            await town.phone(user)
        providers.rule("apns", delay_seconds=0.5)
        await town.take(*(town.alert(user) for user in users))
        own_postgres.kill()
        own_postgres.start()
        own_postgres.wait_ready()
        await town.until(lambda: counted(url, town.district, 300), seconds=60)
        counts = Counter(entry["id"] for entry in providers.ledger())
        assert len(counts) == 300
        assert sum(counts.values()) == 300


async def counted(url, district, wanted):
    async with open_pool(url, SCHEMA) as pool:
        sql = "select count(*) from deliveries where state = 'accepted' and district_id = $1"
        return await pool.fetchval(sql, district) == wanted
