"""Wakes open pages: listens to what the database says at commit (migrations/0010_pages.sql)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE, Pool

from update_scheduler.pages.news import News, Tell

CHANNEL = "update_scheduler.page_news"
_LOOK_AGAIN = 10.0
_RETRY = 1.0

_log = logger(__name__)


class PostgresNews:
    """Holds one connection that listens; after it was lost every page is told to look again."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def telling(self, tell: Tell) -> AsyncIterator[None]:
        """Tell of every change until the block ends."""
        task = asyncio.create_task(self._listen(tell))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, tell: Tell) -> None:
        def heard(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
            said = orjson.loads(payload)
            tell(News(said["district"], said["request"]))

        while True:
            try:
                async with self._pool.acquire() as connection:
                    await connection.add_listener(CHANNEL, heard)
                    try:
                        tell(News())
                        while True:
                            await asyncio.sleep(_LOOK_AGAIN)
                            await connection.fetchval("select 1")
                    finally:
                        with suppress(*UNAVAILABLE):
                            await connection.remove_listener(CHANNEL, heard)
            except UNAVAILABLE as error:
                _log.warning("page news away", error=type(error).__name__)
                await asyncio.sleep(_RETRY)
