"""Single posts that come at the same time go to the broker together: one send for all of them.

A send costs the same whether it carries one event or a hundred: a batch, a compression and a request a
partition. One that comes alone goes at once; while many come, a send starts every `PACE_SECONDS` at most and
carries what came meanwhile.
"""

import asyncio
from collections.abc import Sequence

from bellwire_kit.streams.protocol import Message, Producer

PACE_SECONDS = 0.005
"""As Kafka's own producers linger since version 4."""
AT_ONCE = 4
"""Sends under way; while they are, the next one gathers."""
ENOUGH = 200
"""A call with so many messages goes by itself: it is a batch already."""

Answered = asyncio.Future[Exception | None]


class Gathering:
    """Sends over a producer. Messages of one caller stay in the order in which it sent them."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._messages: list[Message] = []
        self._waiting: list[Answered] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._planned = False
        self._earliest = 0.0

    def put(self, message: Message) -> Answered:
        """Append one, together with what others send meanwhile; its answer is None, or why it was not."""
        loop = asyncio.get_running_loop()
        answered: Answered = loop.create_future()
        self._messages.append(message)
        self._waiting.append(answered)
        if not self._planned and len(self._under_way) < AT_ONCE:
            self._plan(loop)
        return answered

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append all; one answer a message, in order."""
        if len(messages) >= ENOUGH:
            return await self._producer.send(messages)
        return await asyncio.gather(*map(self.put, messages))

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        self._planned = True
        now = loop.time()
        if now >= self._earliest:
            # Requests that are read in the same turn of the loop join.
            loop.call_soon(self._start)
        else:
            loop.call_at(self._earliest, self._start)

    def _start(self) -> None:
        self._planned = False
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._earliest = loop.time() + PACE_SECONDS
        messages, waiting = self._messages, self._waiting
        self._messages, self._waiting = [], []
        task = loop.create_task(self._send_all(messages, waiting))
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._waiting and not self._planned:
            self._plan(asyncio.get_running_loop())

    async def _send_all(self, messages: list[Message], waiting: list[Answered]) -> None:
        try:
            answers = await self._producer.send(messages)
        except Exception as failure:
            for answered in waiting:
                if not answered.done():
                    answered.set_exception(failure)
            return
        for answered, answer in zip(waiting, answers, strict=True):
            if not answered.done():
                answered.set_result(answer)
