"""Whether the broker answers: asked over a connection of its own, since events may be waiting on the others."""

import asyncio
import time
from collections.abc import Callable

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from bellwire_kit.streams.settings import StreamSettings

ASK_SECONDS = 2.0
KNOWN_SECONDS = 1.0
"""An answer holds so long: whoever asks for readiness often does not make the broker busy."""


class BrokerCheck:
    """Asks the broker for its topics; connects when it is first asked. `monotonic` is real time."""

    def __init__(self, settings: StreamSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._asking = asyncio.Lock()
        self._client: AIOKafkaClient | None = None
        self._answered = False
        self._until = 0.0

    async def ready(self) -> bool:
        """Say whether the broker answered within `ASK_SECONDS`."""
        async with self._asking:
            if self._monotonic() >= self._until:
                self._answered = await self._ask()
                self._until = self._monotonic() + KNOWN_SECONDS
            return self._answered

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if self._client is None:
                    self._client = AIOKafkaClient(**self._settings.connection())
                    await self._client.bootstrap()
                # Unlike an update of what is known, this fails when no broker answers.
                await self._client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError):
            await self.close()
            return False
        return True
