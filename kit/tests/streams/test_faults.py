"""The fault table of architecture.md section 9, for both real runtimes side by side in each test."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bellwire_kit.streams.aiokafka_producer import NotAcknowledged
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import DONE, Message, Outcome, Record, Subscription

pytestmark = pytest.mark.slow

WORKER = Path(__file__).with_name("worker.py")
ROUND = 300
MAX_BATCH = 50
PLAIN = b'{"n": 0}'
END = 41
"""Of a partition with 20 records and 20 markers of transactions, then a plain record."""


class Worker:
    """One process of a group, and what its handler has seen through."""

    def __init__(self, stage: Any, topic: str, log: Path) -> None:
        subscription = {"topics": [topic], "group": f"{topic}-group", "max_batch": MAX_BATCH}
        arguments = [stage.settings.model_dump_json(), json.dumps(subscription), str(log)]
        self._log = log
        self.errors = log.with_suffix(".err")
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen([sys.executable, str(WORKER), *arguments], stderr=errors)

    def lines(self) -> list[str]:
        # the last line may be half written
        return self._log.read_text().split("\n")[:-1] if self._log.exists() else []

    @property
    def ready(self) -> bool:
        assert self.process.poll() is None, self.errors.read_text()[-2_000:]
        return "-" in self.lines()

    def numbers(self) -> list[int]:
        return [int(line.split()[2]) for line in self.lines() if line != "-"]

    async def terminated(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait), 30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@asynccontextmanager
async def workers(
    stage: Any, topic: str, folder: Path, count: int, until: Any
) -> AsyncIterator[list[Worker]]:
    """So many workers of one group, all reading; none is left."""
    found = [Worker(stage, topic, folder / f"{stage.name}-{topic}-{number}.log") for number in range(count)]
    try:
        await until(lambda: all(worker.ready for worker in found), f"{count} {stage.name} workers ready")
        yield found
    except AssertionError as missing:
        for worker in found:
            missing.add_note(f"{worker.lines()[-3:]} {worker.errors.read_text()[-3_000:]}")
        raise
    finally:
        for worker in found:
            worker.kill()


def handled(found: Sequence[Worker]) -> Counter[int]:
    return Counter(number for worker in found for number in worker.numbers())


class Sent:
    """Numbered messages, a round at a time."""

    def __init__(self, stage: Any, topic: str, tools: Any) -> None:
        self._stage, self._topic, self._tools = stage, topic, tools
        self.count = 0

    async def more(self) -> None:
        numbered = self._tools.messages(self._topic, self.count + ROUND)[self.count :]
        await self._stage.send(numbered)
        self.count += ROUND


async def both_working(found: Sequence[Worker], sent: Sent, until: Any) -> None:
    """Send until every worker of these has its share."""
    while not all(worker.numbers() for worker in found):
        await sent.more()
        await until(lambda: len(handled(found)) == sent.count, "a round by all workers")


async def killed(stage: Any, tools: Any, folder: Path) -> None:
    """A worker is killed with -9: its sibling takes over, and drains on SIGTERM."""
    topic = await stage.topic(6)
    async with workers(stage, topic, folder, 2, tools.until) as found:
        sent = Sent(stage, topic, tools)
        await both_working(found, sent, tools.until)
        sending = asyncio.create_task(sent.more())
        found[0].kill()
        await sending
        await tools.until(lambda: len(handled(found)) == sent.count, f"the sibling took over: {stage.name}")
        assert await found[1].terminated() == 0, "SIGTERM drains and ends well"
        counts = handled(found)
        repeated = sum(counts.values()) - len(counts)
        assert repeated <= MAX_BATCH, f"{stage.name}: {repeated} repeated, more than the batch in hand"
        assert await stage.committed(f"{topic}-group", topic) == sent.count


async def frozen(stage: Any, tools: Any, folder: Path) -> None:
    """A worker is stopped past its session: the sibling takes over; the frozen one comes back and goes on."""
    topic = await stage.topic(6)
    async with workers(stage, topic, folder, 2, tools.until) as found:
        worker, sibling = found
        sent = Sent(stage, topic, tools)
        await both_working(found, sent, tools.until)
        worker.process.send_signal(signal.SIGSTOP)
        await sent.more()
        # the frozen one's partitions can only be read when its session is over
        await tools.until(lambda: len(handled(found)) == sent.count, f"the sibling took over: {stage.name}")
        worker.process.send_signal(signal.SIGCONT)
        assert await sibling.terminated() == 0
        await sent.more()
        await tools.until(lambda: len(handled(found)) == sent.count, f"the frozen one is back: {stage.name}")
        assert await worker.terminated() == 0
        assert await stage.committed(f"{topic}-group", topic) == sent.count


async def test_workers_killed_and_frozen_lose_nothing(real: list[Any], tools: Any, tmp_path: Path) -> None:
    """Both faults, both runtimes, at once: each waits for a session to end."""
    async with asyncio.TaskGroup() as together:
        for stage in real:
            for number, scenario in enumerate((killed, frozen)):
                folder = tmp_path / str(number)
                folder.mkdir(exist_ok=True)
                together.create_task(scenario(stage, tools, folder))


async def test_the_broker_is_killed_and_restarted_and_nothing_is_lost(own_kafka: Any, tools: Any) -> None:
    stages = [tools.KafkaStage(name, own_kafka.bootstrap_servers) for name in ("aiokafka", "faust")]
    killed, restarted = asyncio.Event(), asyncio.Event()
    working = asyncio.Semaphore(0)

    async def scenario(stage: Any) -> None:
        topic = await stage.topic()
        sent = Sent(stage, topic, tools)
        seen: set[int] = set()

        async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
            seen.update(int(record.headers[0][1]) for record in records)
            return [DONE] * len(records)

        subscription = Subscription((topic,), f"{topic}-group", max_batch=MAX_BATCH)
        async with tools.Running(stage.consumer(subscription), handler) as running:
            await sent.more()
            await tools.until(lambda: len(seen) == sent.count, f"the first round: {stage.name}")
            working.release()
            await killed.wait()
            if stage.name == "aiokafka":
                await tools.until(lambda: not running.consumer.ready, "not ready without a broker")
            working.release()
            await restarted.wait()
            await sent.more()
            await tools.until(lambda: len(seen) == sent.count, f"the round after the restart: {stage.name}")
            await tools.until(lambda: running.consumer.ready, f"ready again: {stage.name}")
            await running.stopped()
        assert await stage.committed(subscription.group, topic) == sent.count

    async def appending() -> None:
        """While the broker is away nothing counts as appended; afterwards the same producer goes on."""
        topic = await stages[0].topic()
        settings = stages[0].settings.model_copy(update={"send_timeout_seconds": 2.0})
        async with open_producer(settings) as producer:
            assert await producer.send(tools.messages(topic, 10)) == [None] * 10
            working.release()
            await killed.wait()
            answers = await producer.send([Message(topic, b"key", b"unknown")])
            assert isinstance(answers[0], NotAcknowledged)
            working.release()
            await restarted.wait()

            async def appended() -> bool:
                return await producer.send([Message(topic, b"key", b"back")]) == [None]

            await tools.until(appended, "an acknowledgement after the restart")
        values = {record.value for record in await stages[0].records(topic)}
        assert len(values - {b"unknown", b"back"}) == 10
        assert b"back" in values

    async def broker() -> None:
        for _ in [*stages, appending]:
            await working.acquire()
        await asyncio.to_thread(own_kafka.kill)
        killed.set()
        for _ in [*stages, appending]:
            await working.acquire()
        await asyncio.to_thread(own_kafka.start)
        await asyncio.to_thread(own_kafka.wait_ready)
        restarted.set()

    async with asyncio.TaskGroup() as together:
        for stage in stages:
            together.create_task(scenario(stage))
        together.create_task(appending())
        together.create_task(broker())


async def test_records_of_aborted_transactions(real: list[Any], tools: Any) -> None:
    """aiokafka never hands them over. Faust does, stops committing, and repeats them (docs/streams.md)."""

    async def scenario(stage: Any) -> tuple[list[bytes], int, list[bytes]]:
        topic = await stage.topic(1)
        async with stage.transactional() as producer:
            for number in range(20):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, b"%d" % number, b"key", headers=[("ce_id", b"0")])
                await (producer.abort_transaction() if number % 2 else producer.commit_transaction())
        await stage.send(tools.messages(topic, 1))
        subscription = Subscription((topic,), f"{topic}-group")
        first = await read_to_last(stage, subscription, 1)
        committed = await stage.committed(subscription.group, topic)
        await stage.send(tools.messages(topic, 1))
        return first, committed, await read_to_last(stage, subscription, 1 if committed == END else 2)

    async def read_to_last(stage: Any, subscription: Subscription, plain: int) -> list[bytes]:
        seen: list[bytes] = []

        async def handler(records: Sequence[Record]) -> Sequence[Outcome]:
            seen.extend(record.value for record in records)
            return [DONE] * len(records)

        async with tools.Running(stage.consumer(subscription), handler) as running:
            await tools.until(lambda: seen.count(PLAIN) == plain, f"the plain records: {stage.name}")
            await running.stopped()
        return seen

    aiokafka, faust = await asyncio.gather(*(scenario(stage) for stage in real))
    assert aiokafka == ([b"%d" % number for number in range(0, 20, 2)] + [PLAIN], END, [PLAIN])
    delivered, committed, again = faust
    assert delivered == [b"%d" % number for number in range(20)] + [PLAIN], "aborted records are delivered"
    assert committed < END, "what is committed stays behind the markers"
    assert again[-2:] == [PLAIN, PLAIN], "what was not committed is delivered again"
    assert len(again) > 2
