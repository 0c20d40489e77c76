"""One worker of the evaluator for the crash tests: the real handlers, a clock that stands, topics of its own."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import open_pool
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import Message, Producer, Subscription
from bellwire_kit.streams.settings import StreamSettings
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.domain.surge import NEVER_A_SURGE, SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release
from threshold_evaluator.unpark import Unpark


class OwnTopics:
    """A producer that prefixes topics, so that tests share a broker."""

    def __init__(self, producer: Producer, prefix: str) -> None:
        self._producer, self._prefix = producer, prefix

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        return await self._producer.send(
            [replace(each, topic=self._prefix + each.topic) for each in messages]
        )


async def main() -> None:
    prefix = os.environ["TEST_PREFIX"]
    streams = StreamSettings(bootstrap_servers=os.environ["TEST_KAFKA"], session_timeout_ms=3_000)
    clock = ManualClock(datetime.fromisoformat(os.environ["TEST_NOW"]))
    batch = int(os.environ.get("TEST_BATCH", "50"))
    async with (
        open_pool(os.environ["TEST_DATABASE"], "threshold_evaluator", maximum=4) as pool,
        open_producer(streams) as raw,
    ):
        store, producer = PostgresStore(pool, settle_seconds=3_600), OwnTopics(raw, prefix)
        # A surge is cut where a batch ends, and these tests compare runs of other batches.
        evaluate = Evaluate(store, producer, clock, SurgeLimits(NEVER_A_SURGE))
        unpark = Unpark(evaluate)
        consumer = open_consumer(
            streams,
            Subscription((f"{prefix}bellwire.change-events.v1",), f"{prefix}group", batch, batch),
        )
        release = Release(store, producer, clock, Pace(idle_seconds=0.1))

        def stop() -> None:
            consumer.stop()
            release.stop()
            unpark.stop()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        await asyncio.gather(consumer.run(evaluate), release.run(), unpark.run())


if __name__ == "__main__":
    asyncio.run(main())
