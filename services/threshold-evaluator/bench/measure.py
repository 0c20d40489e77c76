"""Measure Kafka -> decisions in Postgres on one core, and beside it the ceiling: decode and write, no deciding.

`python services/threshold-evaluator/bench/measure.py --events 60000 --students 50000`, with
KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL (a server on which a database may be made). `--profile FILE` writes a
pyinstrument page. Other programs call `measure(...)`.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uvloop
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from bellwire_kit.clock import ManualClock
from bellwire_kit.memory import calm_collector
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import (
    DONE,
    DeadLetter,
    Handler,
    Message,
    Outcome,
    Producer,
    Record,
    Subscription,
)
from bellwire_kit.streams.settings import StreamSettings
from pyinstrument import Profiler
from pyinstrument.renderers import ConsoleRenderer
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.decode import decode
from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.evaluate import Evaluate

sys.path.insert(0, str(Path(__file__).parent))
from traffic import changes, fill

SCHEMA = "threshold_evaluator"
NOW = datetime(2026, 10, 14, 17, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Figures:
    """What one run measured; CPU is of this process."""

    what: str
    runtime: str
    events: int
    students: int
    seconds: float
    cpu_seconds: float
    decisions: int
    alerts: int
    memory_mb: int

    @property
    def per_second(self) -> float:
        """Events a second of wall time."""
        return self.events / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Events a second of this process's own CPU time: what one core does when nothing else runs on it."""
        return self.events / self.cpu_seconds


class Ceiling:
    """The same loop that only decodes and writes: one row an event, no state, no audience, no decision."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Decode and write a batch."""
        decoded = [decode(record, NOW) for record in records]
        rows = [
            (each.event_id, each.key.student_id, each.key.group.value, each.key.thing_id, each.data)
            for each in decoded
            if isinstance(each, Incoming)
        ]
        await self._pool.execute(
            "insert into ceiling select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])",
            *map(list, zip(*rows, strict=True)),
        )
        return [each if isinstance(each, DeadLetter) else DONE for each in decoded]


class Counted:
    """A handler that says when it has handled enough."""

    def __init__(self, handler: Handler, enough: int) -> None:
        self._handler, self._left = handler, enough
        self.started = 0.0
        self.cpu_started = 0.0
        self.done = asyncio.Event()

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Handle a batch; time begins with the first."""
        if not self.started:
            self.started, self.cpu_started = time.perf_counter(), time.process_time()
        outcomes = await self._handler(records)
        self._left -= len(records)
        if self._left <= 0:
            self.done.set()
        return outcomes


class OwnTopics:
    """A producer that prefixes topics, so that measurements share a broker."""

    def __init__(self, producer: Producer, prefix: str) -> None:
        self._producer, self._prefix = producer, prefix

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append under prefixed names."""
        return await self._producer.send(
            [replace(each, topic=self._prefix + each.topic) for each in messages]
        )


async def measure(
    bootstrap: str,
    database: str,
    *,
    events: int,
    students: int,
    what: Literal["evaluator", "ceiling"],
    runtime: Literal["aiokafka", "faust"] = "aiokafka",
    batch: int = 2_000,
    profile: str = "",
) -> Figures:
    """Publish `events`, then time how long one worker takes for all of them."""
    prefix = f"bench{uuid.uuid4().hex[:8]}."
    topic = f"{prefix}bellwire.change-events.v1"
    streams = StreamSettings(bootstrap_servers=bootstrap, runtime=runtime)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = [topic, f"{topic}.dlq", f"{prefix}bellwire.alerts.v1"]
    await admin.create_topics([NewTopic(name, 6, 1) for name in names])
    url = await _database(database, prefix[:-1])
    await asyncio.to_thread(migrate, url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    try:
        async with open_pool(url, SCHEMA, maximum=4) as pool, open_producer(streams) as raw:
            await fill(pool, students)
            await pool.execute("create table ceiling (e text primary key, s text, g text, t text, d text)")
            await _publish(raw, topic, events, students)
            handler: Handler = Ceiling(pool)
            if what == "evaluator":
                handler = Evaluate(PostgresStore(pool), OwnTopics(raw, prefix), ManualClock(NOW))
            counted = Counted(handler, events)
            consumer = open_consumer(streams, Subscription((topic,), f"{prefix}group", batch, batch))
            running = asyncio.ensure_future(consumer.run(counted))
            await _until(counted.done, running, profile)
            seconds, cpu = time.perf_counter() - counted.started, time.process_time() - counted.cpu_started
            consumer.stop()
            await running
            return Figures(
                what,
                runtime,
                events,
                students,
                seconds,
                cpu,
                await pool.fetchval("select count(*) from decisions"),
                await pool.fetchval("select count(*) from due_alerts where phase = 'published'"),
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
    finally:
        await admin.delete_topics(names)
        await admin.close()
        await _drop(database, prefix[:-1])


async def _until(done: asyncio.Event, running: "asyncio.Future[None]", profile: str) -> None:
    profiler = Profiler(interval=0.001, async_mode="disabled")
    if profile:
        profiler.start()
    waiting = asyncio.ensure_future(done.wait())
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    if profile:
        profiler.stop()
        await asyncio.to_thread(
            Path(profile).write_text, profiler.output(ConsoleRenderer(show_all=True, flat=True))
        )
    if running.done():
        running.result()


async def _publish(producer: Producer, topic: str, events: int, students: int) -> None:
    chunk: list[Message] = []
    for message in changes(events, students, NOW):
        chunk.append(replace(message, topic=topic))
        if len(chunk) == 5_000:
            await producer.send(chunk)
            chunk = []
    if chunk:
        await producer.send(chunk)


def _named(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


async def _database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(f'create database "{name}"')
    await connection.close()
    return _named(url, name)


async def _drop(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


def main() -> None:
    """Measure and print one JSON line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--students", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=2_000)
    parser.add_argument("--runtime", choices=["aiokafka", "faust"], default="aiokafka")
    parser.add_argument("--what", choices=["evaluator", "ceiling", "both"], default="both")
    parser.add_argument("--profile", default="")
    options = parser.parse_args()
    calm_collector()  # as `python -m threshold_evaluator run` does
    for what in ("ceiling", "evaluator") if options.what == "both" else (options.what,):
        figures = uvloop.run(
            measure(
                os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                os.environ["DATABASE_URL"],
                events=options.events,
                students=options.students,
                what=what,
                runtime=options.runtime,
                batch=options.batch,
                profile=options.profile if what == "evaluator" else "",
            )
        )
        rates = {"per_second": round(figures.per_second), "per_cpu_second": round(figures.per_cpu_second)}
        print(json.dumps({**figures.__dict__, **rates}))


if __name__ == "__main__":
    main()
