"""The loop that evaluates what waited for a roster, once the roster has come (product.md section 3)."""

import asyncio

from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE

from threshold_evaluator.evaluate import Evaluate

_log = logger(__name__)


class Unpark:
    """Looks every `seconds` of real time, and goes on at once while there is more."""

    def __init__(self, evaluate: Evaluate, seconds: float = 0.5) -> None:
        self._evaluate, self._seconds = evaluate, seconds
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    async def run(self) -> None:
        """Evaluate until stopped; while the database is away, wait for it."""
        while not self._stopping.is_set():
            try:
                count = await self._evaluate.unpark()
            except UNAVAILABLE as error:
                _log.warning("the database cannot be reached; events wait on", error=type(error).__name__)
                count = 0
            if not count:
                try:
                    await asyncio.wait_for(self._stopping.wait(), timeout=self._seconds)
                except TimeoutError:
                    continue
