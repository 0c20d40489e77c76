"""Chores of the evaluator in a process of its own, so that a fault point can kill it: `chore.py NAME...`."""

import asyncio
import base64
import os
import sys
from datetime import datetime
from pathlib import Path

import orjson
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import open_pool
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Producer, Record
from bellwire_kit.streams.settings import StreamSettings
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.decide.retention import PostgresRetention
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.deliveries import RecordDeliveries
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release
from threshold_evaluator.remind import Remind
from threshold_evaluator.upkeep import Upkeep

sys.path.insert(0, str(Path(__file__).parent))
from worker import OwnTopics


def records() -> list[Record]:
    """The records that the test put into the environment."""
    return [
        Record(
            "t", 0, 0, 0, b"k", base64.b64decode(value), tuple((n, base64.b64decode(v)) for n, v in headers)
        )
        for value, headers in orjson.loads(os.environ.get("TEST_RECORDS", "[]"))
    ]


async def do(name: str, store: PostgresStore, pool: object, producer: Producer, clock: ManualClock) -> None:
    match name:
        case "evaluate":
            await Evaluate(store, producer, clock, SurgeLimits(3))(records())
        case "unpark":
            await Evaluate(store, producer, clock).unpark()
        case "remind":
            await Remind(store, producer, clock).once()
        case "deliveries":
            await RecordDeliveries(PostgresOutcomes(pool), clock)(records())  # type: ignore[arg-type]
        case "release" | "held":
            release = Release(store, producer, clock, Pace())
            while await release.once():
                pass
        case "upkeep":
            retention = PostgresRetention(pool)  # type: ignore[arg-type]
            await Upkeep(store, retention, producer, clock, decisions_days=30, inbox_days=90).once()


async def main() -> None:
    streams = StreamSettings(bootstrap_servers=os.environ["TEST_KAFKA"])
    clock = ManualClock(datetime.fromisoformat(os.environ["TEST_NOW"]))
    async with (
        open_pool(os.environ["TEST_DATABASE"], "threshold_evaluator", maximum=4) as pool,
        open_producer(streams) as raw,
    ):
        store = PostgresStore(pool, settle_seconds=0)
        for name in sys.argv[1:]:
            await do(name, store, pool, OwnTopics(raw, os.environ["TEST_PREFIX"]), clock)


if __name__ == "__main__":
    asyncio.run(main())
