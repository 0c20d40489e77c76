"""The service as it is run: command line, real broker, real database, SIGTERM."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message
from bellwire_kit.streams.settings import StreamSettings
from bellwire_schemas import topics
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.keys import roster_key, student_key
from bellwire_schemas.source import parse_source

NOW = datetime.now(UTC)
SOURCE = parse_source(f"/districts/e2e-{uuid.uuid4().hex[:8]}/production")


def message(topic: str, key: bytes, kind: str, subject: str, /, **data: Any) -> Message:
    body = {"district_id": SOURCE.district_id, "modified_at": NOW.isoformat(), **data}
    event = CloudEvent(
        uuid.uuid4().hex, str(SOURCE), f"bellwire.{kind}.v1", subject, NOW, json.dumps(body).encode()
    )
    return Message(topic, key, *to_kafka(event))


def traffic() -> list[Message]:
    settings = {"defaults": {"quiet_hours": "off"}}

    def of_student(kind: str, /, **data: Any) -> Message:
        data = {"student_id": "s1", "school_id": "north", **data}
        return message(topics.CHANGE_EVENTS, student_key(SOURCE, "s1"), kind, "students/s1", **data)

    return [
        message(
            topics.ROSTER_EVENTS,
            roster_key(SOURCE, "district", SOURCE.district_id),
            "district.changed",
            f"districts/{SOURCE.district_id}",
            name="E2E",
            state="TX",
            timezone="America/Chicago",
            settings=settings,
        ),
        of_student("student.changed", display_name="Mia"),
        of_student("enrollment.changed"),
        of_student("portal_access.changed", user_id="mum", role="guardian", portal=True),
        of_student("attendance.changed", attendance_id="m1", date=str(NOW.date()), status="absent"),
    ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.timeout(150)
async def test_a_change_becomes_an_alert(kafka_bootstrap: str, database_url: str) -> None:
    name = f"e2e_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    port = free_port()
    head, _, query = database_url.partition("?")
    environment = {
        **os.environ,
        "DATABASE_URL": head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else ""),
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "HTTP_PORT": str(port),
        "CONSUMER_GROUP": name,
    }
    service = await asyncio.to_thread(start, environment)
    try:
        await asyncio.wait_for(ready(port), 60)
        async with open_producer(StreamSettings(bootstrap_servers=kafka_bootstrap)) as producer:
            assert set(await producer.send(traffic())) == {None}
        alert = await asyncio.wait_for(first_alert(kafka_bootstrap), 60)
    finally:
        service.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(service.wait, 40)
    assert (alert["user_id"], alert["kinds"], alert["urgency"]) == ("mum", ["attendance.marked"], "urgent")
    assert code == 0


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    python = [sys.executable, "-m"]
    subprocess.run([*python, "bellwire_schemas", "topics", "apply"], env=environment, check=True)
    subprocess.run([*python, "threshold_evaluator", "migrate"], env=environment, check=True)
    return subprocess.Popen([*python, "threshold_evaluator", "run"], env=environment)


async def ready(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.2)


async def first_alert(bootstrap: str) -> dict[str, Any]:
    reader = AIOKafkaConsumer(topics.ALERTS, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    try:
        async for record in reader:
            data: dict[str, Any] = json.loads(record.value)
            if data["district_id"] == SOURCE.district_id:
                return data
    finally:
        await reader.stop()
    raise AssertionError("the topic ended")
