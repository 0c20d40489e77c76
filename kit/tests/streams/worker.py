"""A worker process of the fault tests: `worker.py SETTINGS SUBSCRIPTION LOG`, the first two in JSON.

Each record that its handler has seen through is a line `partition offset number` of LOG; `-` says it is ready.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence

from bellwire_kit.streams.open import open_consumer
from bellwire_kit.streams.protocol import DONE, Outcome, Record, Subscription
from bellwire_kit.streams.settings import StreamSettings


async def main(settings: StreamSettings, subscription: Subscription, path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
        lines = [f"{record.partition} {record.offset} {int(record.headers[0][1])}\n" for record in records]
        await asyncio.sleep(0)
        os.write(log, "".join(lines).encode())
        return [DONE] * len(records)

    async def report() -> None:
        while not consumer.ready:
            await asyncio.sleep(0.05)
        os.write(log, b"-\n")

    consumer = open_consumer(settings, subscription)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.stop)
    async with asyncio.TaskGroup() as together:
        reporting = together.create_task(report())
        await consumer.run(handler)
        reporting.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    wanted = json.loads(sys.argv[2])
    asyncio.run(
        main(
            StreamSettings.model_validate_json(sys.argv[1]),
            Subscription(tuple(wanted.pop("topics")), **wanted),
            sys.argv[3],
        )
    )
