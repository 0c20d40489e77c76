"""One partition's way to the broker: messages of many calls in one batch, one batch under way at a time.

aiokafka's own `send` costs 20 microseconds a message (a coroutine, a future, the key's hash); a whole batch
costs little more than one message. While a batch is under way the next one gathers: nothing needs to linger.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from bellwire_kit.streams.protocol import Message, MessageTooLarge, StreamUnavailable


class Call:
    """One `send`: an answer for each of its messages, and `finished` when all are known."""

    def __init__(self, count: int) -> None:
        self.answers: list[Exception | None] = [None] * count
        self.known = [False] * count
        self.unknown = count
        self.expired = False
        self.finished = asyncio.get_running_loop().create_future()

    def answer(self, index: int, answer: Exception | None) -> None:
        """Settle one message; the first answer stands."""
        if self.known[index]:
            return
        self.known[index] = True
        self.answers[index] = answer
        self.unknown -= 1
        if self.unknown == 0 and not self.finished.done():
            self.finished.set_result(None)

    def expire(self, answer: Exception) -> None:
        """Settle what is not known, and let no lane send it any more."""
        self.expired = True
        for index in range(len(self.known)):
            self.answer(index, answer)


Entry = tuple[Call, int, Message]


class Lane:
    """One partition's queue. `connected` gives the producer to use, `broken` is told of one that failed."""

    def __init__(
        self,
        topic: str,
        partition: int,
        linger_seconds: float,
        connected: Callable[[], Awaitable[AIOKafkaProducer]],
        broken: Callable[[AIOKafkaProducer], None],
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._linger_seconds = linger_seconds
        self._connected = connected
        self._broken = broken
        self._waiting: deque[Entry] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, entry: Entry) -> None:
        """Queue one message; `start` sends the queue."""
        self._waiting.append(entry)

    def start(self) -> None:
        """Send what is queued, unless that is being done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def idle(self) -> None:
        """Wait until nothing is queued or under way."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        if self._linger_seconds:
            await asyncio.sleep(self._linger_seconds)
        while self._waiting:
            try:
                producer = await self._connected()
            except StreamUnavailable as unavailable:
                self._refuse(unavailable, {call for call, _, _ in self._waiting})
                return
            await self._send_one_batch(producer)

    async def _send_one_batch(self, producer: AIOKafkaProducer) -> None:
        batch = producer.create_batch()
        taken: list[Entry] = []
        while self._waiting:
            entry = self._waiting[0]
            call, index, message = entry
            if not call.expired:
                try:
                    appended = batch.append(
                        timestamp=None,
                        key=message.key or None,
                        value=message.value,
                        headers=[*message.headers],
                    )
                except (TypeError, ValueError, AttributeError) as wrong:
                    # a value that is not bytes is that message's fault alone
                    call.answer(index, wrong)
                else:
                    if appended is None:
                        break
                    taken.append(entry)
            self._waiting.popleft()
        if not taken:
            return
        batch.close()
        failure: Exception | None = None
        try:
            await (await producer.send_batch(batch, self._topic, partition=self._partition))
        except MessageSizeTooLargeError as refusal:
            failure = MessageTooLarge(f"{self._topic} takes no batch so large: {refusal!r}")
            self._broken(producer)
        except (KafkaError, OSError) as refusal:
            failure = refusal
            self._broken(producer)
        for call, index, _ in taken:
            call.answer(index, failure)
        if failure is not None:
            self._refuse(failure, {call for call, _, _ in taken})

    def _refuse(self, failure: Exception, calls: Collection[Call]) -> None:
        """Refuse what waits of these calls: a message must not overtake an earlier one of its key that failed."""
        waiting, self._waiting = self._waiting, deque()
        for entry in waiting:
            call, index, _ = entry
            if call in calls:
                call.answer(index, failure)
            else:
                self._waiting.append(entry)
