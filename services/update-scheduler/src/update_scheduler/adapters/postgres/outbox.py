"""Empties an outbox in one process at a time, woken at commit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE, Connection, Pool, load_queries

OUTBOX = load_queries(Path(__file__).with_name("outbox.sql"))

_log = logger(__name__)
_LOOK_AGAIN = 5.0
_RETRY = 1.0

Drain = Callable[[Connection, Callable[[], bool]], Awaitable[float]]
"""Empties what is due on a connection until nothing is, or until it is told to stop; seconds to wait then."""


class OutboxWorker:
    """A background part: leads by an advisory lock of its session, listens, drains."""

    def __init__(self, pool: Pool, table: str, drain: Drain) -> None:
        self._pool, self._channel, self._drain = pool, f"update_scheduler.{table}", drain
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def stop(self) -> None:
        """Finish what is in flight and return from `run`."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`: lead, or wait to; a lost database is waited for."""
        while not self._stopping.is_set():
            try:
                async with self._pool.acquire() as connection:
                    await self._lead(connection)
            except UNAVAILABLE as error:
                _log.warning("database away", outbox=self._channel, error=type(error).__name__)
            await self._wait(_RETRY)

    async def _lead(self, connection: Connection) -> None:
        if not await OUTBOX.try_to_lead(connection, name=self._channel):
            return
        await connection.add_listener(self._channel, self._wake)
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                seconds = await self._drain(connection, self._stopping.is_set)
                await self._wait(min(seconds, _LOOK_AGAIN))
                if connection.is_closed():
                    return
        finally:
            if not connection.is_closed():
                await connection.remove_listener(self._channel, self._wake)
                await OUTBOX.stop_leading(connection, name=self._channel)

    def _wake(self, *_notification: Any) -> None:
        self._woken.set()

    async def _wait(self, seconds: float) -> None:
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), max(seconds, 0.05))
