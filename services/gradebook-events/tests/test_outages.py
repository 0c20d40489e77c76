"""Parts that go away and come back, and processes that die: nothing is claimed that is not kept."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
from bellwire_local.kafka import EmbeddedKafka
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS, defined_topics

from .conftest import Running, Starter, assignment, attributes, bearer, read_topic
from .packages import package, roster

pytestmark = pytest.mark.slow

BATCH = "application/cloudevents-batch+json"


def body(running: Running, *ids: str) -> bytes:
    events = [
        {**attributes(running, id=one, time="2026-03-04T14:59:00Z"), "data": assignment(running)}
        for one in ids
    ]
    return json.dumps(events).encode()


async def post(running: Running, key: str, *ids: str) -> aiohttp.ClientResponse:
    found: aiohttp.ClientResponse = await running.client.post(
        "/v1/events", data=body(running, *ids), headers={"Content-Type": BATCH, **bearer(key)}
    )
    return found


async def test_without_a_broker_nothing_is_accepted_and_with_it_again_everything(
    start: Starter, own_kafka: EmbeddedKafka
) -> None:
    from bellwire_schemas.tools.broker import apply

    apply(own_kafka.bootstrap_servers, defined_topics())
    async with start(kafka_bootstrap_servers=own_kafka.bootstrap_servers, send_timeout_seconds=3) as running:
        _, key = await running.publisher()
        assert (await post(running, key, "before")).status == 202
        assert (await running.client.get("/readyz")).status == 200
        await asyncio.to_thread(own_kafka.kill)
        answers = await asyncio.gather(*(post(running, key, f"away-{n}", f"away-{n}-b") for n in range(3)))
        for answer in answers:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "2"
            assert {line["status"] for line in (await answer.json())["items"]} == {503}
        single = {**attributes(running, time="2026-03-04T14:59:00Z"), "data": assignment(running)}
        answer = await running.client.post(
            "/v1/events", json=single, headers={"Content-Type": "application/cloudevents+json", **bearer(key)}
        )
        assert (answer.status, answer.content_type) == (503, "application/problem+json")
        ready = await running.client.get("/readyz")
        assert (ready.status, (await ready.json())["missing"]) == (503, ["broker"])
        await asyncio.to_thread(own_kafka.start)
        await asyncio.to_thread(own_kafka.wait_ready)
        async with asyncio.timeout(60):
            while (await post(running, key, "after")).status != 202:
                await asyncio.sleep(0.05)
        async with asyncio.timeout(30):
            while (await running.client.get("/readyz")).status != 200:
                await asyncio.sleep(0.05)
        found = {event.id for _, event in await running.events()}
        # What was answered 503 may be there or not; what was answered 202 is.
        assert {"before", "after"} <= found


async def test_a_known_key_serves_on_without_the_database(start: Starter) -> None:
    async with start() as running:
        _, key = await running.publisher()
        assert (await post(running, key, "one")).status == 202
        await running.pool.close()
        assert (await post(running, key, "two")).status == 202
        unknown = await post(running, "bw_" + "a" * 16 + "_" + "a" * 43, "three")
        assert unknown.status == 503


async def test_too_many_pending_events_are_refused_at_once(start: Starter) -> None:
    async with start(most_pending_events=1) as running:
        _, key = await running.publisher()
        assert (await post(running, key, "one", "two")).status == 503
        assert (await post(running, key, "one")).status == 202


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """The service as its command line starts it."""

    def __init__(self, running: Running, faults: str = "") -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        settings = running.settings
        self._environment = {
            **os.environ,
            "HTTP_PORT": str(port),
            "DATABASE_URL": settings.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "OIDC_ISSUER": settings.oidc_issuer,
            "BELLWIRE_FAULTS": faults,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradebook_events", "run"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )

    async def ready(self, session: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(60):
            while self.process.poll() is None:
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the service ended")

    async def died(self) -> int:
        return await asyncio.to_thread(self.process.wait, 60)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


POINTS = [
    "import_staged_batch:6",
    "import_prepared:1",
    "import_published_batch:3",
    "import_published:1",
]


@pytest.mark.parametrize("point", POINTS)
async def test_an_import_survives_kill_9(start: Starter, point: str) -> None:
    """The process dies at the point; another one takes the import up and ends it with the same events."""
    async with start(worker=False) as running:
        publisher_id, key = await running.publisher()
        headers = bearer(key)
        async with aiohttp.ClientSession() as session:
            doomed = Process(running, point)
            await doomed.ready(session)
            async with session.post(
                f"{doomed.url}/v1/imports/oneroster", data=package(roster()), headers=headers
            ) as answer:
                assert answer.status == 202
                place = answer.headers["Location"]
            assert await doomed.died() == -9
            # The lease of the dead runs out: in real time a minute, which the test does not wait for.
            await running.pool.execute(
                "update imports set leased_until = '-infinity' where publisher_id = $1", publisher_id
            )
            heir = Process(running)
            await heir.ready(session)
            done: dict[str, Any] = {"status": "queued"}
            async with asyncio.timeout(60):
                while done["status"] in ("queued", "running"):
                    await asyncio.sleep(0.05)
                    async with session.get(f"{heir.url}{place}", headers=headers) as answer:
                        done = await answer.json()
            assert heir.end() == 0
        assert done["status"] == "completed"
        assert done["files"]["results"] == {"rows": 2, "good": 2, "bad": 0, "faults": 0}
        kafka = running.settings.kafka_bootstrap_servers
        events = [
            event
            for topic in (CHANGE_EVENTS, ROSTER_EVENTS)
            for _, event in await read_topic(kafka, topic, running.district)
        ]
        by_id = {event.id: event.data for event in events}
        assert len(by_id) == 11
        assert all(by_id[event.id] == event.data for event in events)
        chunks = await running.pool.fetchval(
            "select count(*) from import_chunks where district_id = $1", running.district
        )
        assert chunks == 0
