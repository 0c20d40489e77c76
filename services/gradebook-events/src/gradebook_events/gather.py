"""Single posts that come at the same time go to the broker together: one send for all of them."""

import asyncio
from collections.abc import Sequence

from bellwire_kit.streams.protocol import Message, Producer

AT_ONCE = 1
"""Sends under way. While they are, the next one gathers: the busier it is, the more go together."""
ENOUGH = 200
"""A call with so many messages goes by itself: it is a batch already."""


class Gathering:
    """A producer over another one. Messages of one caller stay in the order in which it sent them."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._messages: list[Message] = []
        self._waiting: list[tuple[int, int, asyncio.Future[Sequence[Exception | None]]]] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append all, together with what others send meanwhile; one answer a message, in order."""
        if len(messages) >= ENOUGH:
            return await self._producer.send(messages)
        answered: asyncio.Future[Sequence[Exception | None]] = asyncio.get_running_loop().create_future()
        start = len(self._messages)
        self._messages.extend(messages)
        self._waiting.append((start, start + len(messages), answered))
        if len(self._under_way) < AT_ONCE:
            self._start()
        return await answered

    def _start(self) -> None:
        task = asyncio.create_task(self._send_all())
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._waiting:
            self._start()

    async def _send_all(self) -> None:
        # Requests that are read in the same turn of the loop join before the first send begins.
        await asyncio.sleep(0)
        messages, waiting = self._messages, self._waiting
        self._messages, self._waiting = [], []
        if not waiting:
            return
        try:
            answers = await self._producer.send(messages)
        except BaseException as failure:
            for _, _, answered in waiting:
                if not answered.done():
                    answered.set_exception(failure if isinstance(failure, Exception) else ConnectionError())
            raise
        for start, end, answered in waiting:
            if not answered.done():
                answered.set_result(answers[start:end])
