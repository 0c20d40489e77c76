"""Measure the API at a fixed rate beside a running stream: the service as it is run, one process.

`python services/threshold-evaluator/bench/api.py`, with KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL (a server on which a
database may be made). Prints one JSON line without a stream, one beside a paced stream, and one beside a backlog,
which keeps the service busy all the time. A request's time counts from when it was due, not from when it could be sent.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

import aiohttp
import uvloop
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_kit.streams.settings import StreamSettings

sys.path.insert(0, str(Path(__file__).parent))
from measure import SCHEMA, _database, _drop
from serving import issuing, pace, running, start_at_the_end
from traffic import changes, fill

USERS = 500
AIM_MS = 50
PAST = 20_000
_PATHS = (
    "/v1/me/students",
    "/v1/me/inbox",
    "/v1/me/settings",
    "/v1/me/changes?student_id=student-{user}",
    "/v1/me/students/student-{user}/assignments",
    "/v1/me/students/student-{user}/grades",
)


@dataclass(frozen=True)
class ApiFigures:
    """What one run measured: times in milliseconds; `stream` is none, paced or backlog."""

    stream: str
    requests_per_second: int
    requests: int
    failed: int
    events_per_second: int
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    aim_p99_ms: int = AIM_MS


class Asking:
    """Asks at fixed moments, whether or not what was asked before is answered."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        self._url, self._tokens = url, tokens
        self._chance = random.Random(1)  # noqa: S311  # reproducible traffic, no secret
        self.seconds: list[float] = []
        self.failed = 0

    async def ask(self, per_second: int, seconds: float) -> None:
        """Ask `per_second` for `seconds`; return when all is answered."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as asked:
            started = time.perf_counter()
            for number in range(int(per_second * seconds)):
                due = started + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                asked.create_task(self._one(session, number, due))

    async def _one(self, session: aiohttp.ClientSession, number: int, due: float) -> None:
        user = self._chance.randrange(len(self._tokens))
        url = self._url + _PATHS[number % len(_PATHS)].format(user=user)
        async with session.get(url, headers={"Authorization": f"Bearer {self._tokens[user]}"}) as answer:
            await answer.read()
            self.failed += answer.status != 200
        self.seconds.append(time.perf_counter() - due)


async def measure_api(
    bootstrap: str, database: str, *, students: int, per_second: int, seconds: float, events_per_second: int
) -> list[ApiFigures]:
    """Run the service on a database of its own and ask it beside a paced stream, then beside a backlog."""
    name = f"api{uuid.uuid4().hex[:8]}"
    url = await _database(database, name)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "DATABASE_URL": url,
        "HTTP_PORT": str(port),
        "CONSUMER_GROUP": name,
        # A school's whole day in seconds is a surge: here it is the load.
        "SURGE_FACTS": "0",
    }
    command = [sys.executable, "-m", "bellwire_schemas", "topics", "apply"]
    await asyncio.to_thread(
        subprocess.run, command, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL
    )
    await asyncio.to_thread(migrate, url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    await start_at_the_end(bootstrap, name)
    service = f"http://127.0.0.1:{port}"
    stream = changes(100_000_000, students, datetime.now(UTC))
    try:
        async with (
            open_pool(url, SCHEMA, maximum=2) as pool,
            open_producer(StreamSettings(bootstrap_servers=bootstrap)) as producer,
            issuing() as issuer,
        ):
            await fill(pool, students)
            tokens = [issuer.token(f"parent-{user}") for user in range(USERS)]
            async with running({**environment, "OIDC_ISSUER": issuer.url}, service):
                await _past(pool, producer, stream)
                # Every token is checked and every query prepared before time counts.
                await Asking(service, tokens).ask(per_second, 3)
                alone = await _figures("none", pool, Asking(service, tokens), per_second, seconds)
                pacing = asyncio.ensure_future(pace(producer, stream, events_per_second))
                await asyncio.sleep(3)
                paced = await _figures("paced", pool, Asking(service, tokens), per_second, seconds)
                pacing.cancel()
                for _ in range(int(seconds * 10_000 / 5_000)):
                    await producer.send(list(islice(stream, 5_000)))
                backlog = await _figures("backlog", pool, Asking(service, tokens), per_second, seconds)
            return [alone, paced, backlog]
    finally:
        await _drop(database, name)


async def _past(pool: Pool, producer: Producer, stream: Iterator[Message]) -> None:
    """Let a service have a past before it is measured: plans made for empty tables are no plans for full ones."""
    for _ in range(PAST // 5_000):
        await producer.send(list(islice(stream, 5_000)))
    async with asyncio.timeout(120):
        while await pool.fetchval("select count(*) from changes") < PAST:
            await asyncio.sleep(0.1)
    await pool.execute("analyze")


async def _figures(stream: str, pool: Pool, asking: Asking, per_second: int, seconds: float) -> ApiFigures:
    before, started = await pool.fetchval("select count(*) from changes"), time.perf_counter()
    await asking.ask(per_second, seconds)
    passed = time.perf_counter() - started
    events = await pool.fetchval("select count(*) from changes") - before
    times = sorted(1_000 * each for each in asking.seconds)
    return ApiFigures(
        stream,
        per_second,
        len(times),
        asking.failed,
        round(events / passed),
        round(times[len(times) // 2], 1),
        round(times[len(times) * 99 // 100], 1),
        round(times[-1], 1),
    )


def main() -> None:
    """Measure and print one JSON line a stream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=50_000)
    parser.add_argument("--per-second", type=int, default=200, help="requests")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--events-per-second", type=int, default=1_000, help="of the paced stream")
    options = parser.parse_args()
    for figures in uvloop.run(
        measure_api(
            os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            os.environ["DATABASE_URL"],
            students=options.students,
            per_second=options.per_second,
            seconds=options.seconds,
            events_per_second=options.events_per_second,
        )
    ):
        print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
