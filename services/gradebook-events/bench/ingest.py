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
from bellwire_kit.memory import calm_collector
from bellwire_kit.postgres import migrate, open_pool
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_schemas.tools.broker import apply
from bellwire_schemas.topics import defined_topics
from gradebook_events.adapters.postgres.publishers import PostgresPublishers
from gradebook_events.app import SCHEMA, service
from gradebook_events.domain.publishers import Publisher
from gradebook_events.manage_publishers import new_id, new_key
from gradebook_events.ports import AuditLine
from gradebook_events.settings import Settings
from load import HOST, drive, request

ROUNDS = 5
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


@dataclass(frozen=True, slots=True)
class Load:
    """How a server is driven for one round."""

    name: str
    connections: int
    seconds: float


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
            calm_collector()
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


def _batches(source: Source, key: str, size: int) -> list[bytes]:
    return [
        request(
            json.dumps([_event(source, part * size + n) for n in range(size)]).encode(),
            "application/cloudevents-batch+json",
            key,
        )
        for part in range(20)
    ]


def _singles(source: Source, key: str) -> list[bytes]:
    return [
        request(json.dumps(_event(source, n)).encode(), "application/cloudevents+json", key)
        for n in range(2_000)
    ]


def _round(process: psutil.Process, port: int, requests: list[bytes], each: int, load: Load) -> Measured:
    before, started = process.cpu_times(), time.monotonic()
    answered = drive(port, requests, load.connections, load.seconds)
    elapsed, after = time.monotonic() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Measured(load.name, answered * each, elapsed, cpu)


def _median(rounds: list[Measured]) -> Measured:
    return sorted(rounds, key=lambda one: one.per_core)[len(rounds) // 2]


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

    Service and bare handler take turns, `ROUNDS` each, and the round in the middle counts: on a machine that
    others use too, both meet the same weather. Migrates the database and applies the topics first.
    """
    migrate(database_url, SCHEMA, Settings.model_construct().migrations)
    apply(kafka, defined_topics())
    source = Source(f"bench-{secrets.token_hex(4)}", Environment.PRODUCTION)
    key = asyncio.run(_key(database_url, source))
    full, full_port = _started(_serve, database_url, kafka)
    bare, bare_port = _started(_serve_bare)
    servers = ((psutil.Process(full.pid), full_port), (psutil.Process(bare.pid), bare_port))
    each = seconds / ROUNDS
    found: list[Measured] = []
    try:
        for kind, size, requests, connections in (
            ("batch", batch_size, _batches(source, key, batch_size), 4),
            ("single", 1, _singles(source, key), 64),
        ):
            loads = [Load(f"{who}, {kind}", connections, each) for who in ("service", "bare handler")]
            for _, port in servers:
                drive(port, requests, connections, min(1.0, each))
            rounds = [
                [_round(*server, requests, size, load) for server, load in zip(servers, loads, strict=True)]
                for _ in range(ROUNDS)
            ]
            found += [_median([pair[who] for pair in rounds]) for who in range(2)]
        return found
    finally:
        for process in (full, bare):
            process.terminate()
            process.join()


def lines(measured: list[Measured]) -> list[str]:
    """Return the measurements as lines for people."""
    return [
        f"{m.name:<22} {m.per_second:>10,.0f} events/s   {m.per_core:>10,.0f} events/s a core"
        f"   {1e6 / m.per_core:>6.1f} us CPU an event   {m.cpu_seconds / m.seconds:>5.0%} of a core"
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
