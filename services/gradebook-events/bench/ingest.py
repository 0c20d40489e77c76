"""Ingest, in one run: batch and single events through the whole service, beside a handler that only says 202.

`python services/gradebook-events/bench/ingest.py` takes a broker and a database from KAFKA_BOOTSTRAP_SERVERS and
DATABASE_URL. The service and the bare handler each run in a process of their own on uvloop; the clients are
processes too and speak plain HTTP/1.1 over kept connections, so that what is measured is the server. CPU seconds
are those of the server's process: events per CPU second is events a second a core.
"""

import asyncio
import json
import multiprocessing
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import uvloop
from aiohttp import web
from bellwire_kit.clock import SystemClock
from bellwire_kit.postgres import migrate, open_pool
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_schemas.tools.broker import apply
from bellwire_schemas.topics import defined_topics
from gradebook_events.adapters.postgres.publishers import PostgresPublishers
from gradebook_events.app import SCHEMA, service, tune_memory
from gradebook_events.domain.publishers import Publisher
from gradebook_events.manage_publishers import new_id, new_key
from gradebook_events.ports import AuditLine
from gradebook_events.settings import Settings

HOST = "127.0.0.1"
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: what was sent, how many events, seconds on the wall, CPU seconds of the server."""

    name: str
    events: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Events a second, as the clients see it."""
        return self.events / self.seconds

    @property
    def per_core(self) -> float:
        """Events a second that one core of the server would do."""
        return self.events / self.cpu_seconds


def _settings(database_url: str, kafka: str, port: int) -> Settings:
    return Settings(
        http_host=HOST,
        http_port=port,
        database_url=database_url,
        kafka_bootstrap_servers=kafka,
        oidc_issuer="http://127.0.0.1:9",
        capacity_events_per_second=10_000_000,
        publisher_share=1.0,
    )


def _serve(database_url: str, kafka: str, port: int) -> None:
    async def run() -> None:
        async with service(_settings(database_url, kafka, port), SystemClock()) as made:
            tune_memory()
            await _until_killed(made.app, port)

    uvloop.run(run())


def _serve_bare(port: int) -> None:
    async def accepted(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    app = web.Application(client_max_size=16 << 20)
    app.router.add_post("/v1/events", accepted)
    uvloop.run(_until_killed(app, port))


async def _until_killed(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    await asyncio.Event().wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _key(database_url: str, source: Source) -> str:
    publisher, key = Publisher(new_id(), source), new_key()
    line = AuditLine(source, datetime.now(UTC), "bench", "publisher.created", {})
    async with open_pool(database_url, SCHEMA, maximum=2) as pool:
        await PostgresPublishers(pool).create(publisher, "bench", False, key, line)
    return key.text


def _event(source: Source, number: int) -> dict[str, object]:
    student = f"s-{number % 5_000}"
    stamp = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": f"{secrets.token_hex(4)}-{number}",
        "source": str(source),
        "type": "bellwire.assignment.changed.v1",
        "subject": f"students/{student}",
        "time": stamp,
        "datacontenttype": "application/json",
        "data": {
            "district_id": source.district_id,
            "modified_at": stamp,
            "student_id": student,
            "school_id": f"school-{number % 3}",
            "assignment_id": f"a-{number}",
            "title": "Unit 4 quiz: linear equations",
            "section_id": "alg-1",
            "course_name": "Algebra I",
            "calendar_id": "2026",
            "assigned_on": "2026-02-01",
            "due_on": "2026-02-08",
            "points_possible": 20,
            "score_points": 17.5,
            "score_percent": 87.5,
            "missing": False,
            "late": False,
        },
    }


def _request(body: bytes, media: str, key: str) -> bytes:
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _batches(source: Source, key: str, size: int) -> list[bytes]:
    return [
        _request(
            json.dumps([_event(source, part * size + n) for n in range(size)]).encode(),
            "application/cloudevents-batch+json",
            key,
        )
        for part in range(20)
    ]


def _singles(source: Source, key: str) -> list[bytes]:
    return [
        _request(json.dumps(_event(source, n)).encode(), "application/cloudevents+json", key)
        for n in range(2_000)
    ]


async def _client(port: int, requests: list[bytes], until: float) -> int:
    """Send the requests round and round on one connection; return how many were answered 202."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 22)
    answered = 0
    while time.monotonic() < until:
        writer.write(requests[answered % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        answered += 1
    writer.close()
    return answered


def _drive(port: int, requests: list[bytes], connections: int, seconds: float) -> int:
    async def run() -> int:
        until = time.monotonic() + seconds
        parts = [requests[n::connections] or requests for n in range(connections)]
        return sum(await asyncio.gather(*(_client(port, part, until) for part in parts)))

    return uvloop.run(run())


def _measure(
    name: str,
    process: psutil.Process,
    port: int,
    requests: list[bytes],
    each: int,
    connections: int,
    seconds: float,
) -> Measured:
    _drive(port, requests, connections, min(1.0, seconds))
    before, started = process.cpu_times(), time.monotonic()
    answered = _drive(port, requests, connections, seconds)
    elapsed, after = time.monotonic() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Measured(name, answered * each, elapsed, cpu)


def _started(
    target: Callable[..., None], *arguments: object
) -> tuple[multiprocessing.process.BaseProcess, int]:
    port = _free_port()
    process = SPAWN.Process(target=target, args=(*arguments, port), daemon=True)
    process.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return process, port
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def measure(database_url: str, kafka: str, seconds: float = 5.0, batch_size: int = 500) -> list[Measured]:
    """Measure batch and single events, the bare handler beside them; returns the measurements in that order.

    Migrates the database and applies the topics first; its district has a name of its own.
    """
    migrate(database_url, SCHEMA, Settings.model_construct().migrations)
    apply(kafka, defined_topics())
    source = Source(f"bench-{secrets.token_hex(4)}", Environment.PRODUCTION)
    key = asyncio.run(_key(database_url, source))
    batches, singles = _batches(source, key, batch_size), _singles(source, key)
    full, full_port = _started(_serve, database_url, kafka)
    bare, bare_port = _started(_serve_bare)
    try:
        of_full, of_bare = psutil.Process(full.pid), psutil.Process(bare.pid)
        return [
            _measure("service, batch", of_full, full_port, batches, batch_size, 4, seconds),
            _measure("bare handler, batch", of_bare, bare_port, batches, batch_size, 4, seconds),
            _measure("service, single", of_full, full_port, singles, 1, 64, seconds),
            _measure("bare handler, single", of_bare, bare_port, singles, 1, 64, seconds),
        ]
    finally:
        for process in (full, bare):
            process.terminate()
            process.join()


def lines(measured: list[Measured]) -> list[str]:
    """Return the measurements as lines for people."""
    return [
        f"{m.name:<22} {m.per_second:>10,.0f} events/s   {m.per_core:>10,.0f} events/s a core"
        f"   {m.cpu_seconds / m.seconds:>5.0%} of a core"
        for m in measured
    ]


def main() -> None:
    """Print the measurements."""
    found = measure(os.environ["DATABASE_URL"], os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    print("\n".join(lines(found)))
    print(f"single beside bare: {found[2].per_core / found[3].per_core:.0%} of its events a core")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
