"""Long work on the event loop, a few items at a time: who asks the API meanwhile waits for milliseconds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

AT_ONCE = 100
"""Events taken between two turns of the others: about two milliseconds."""

T = TypeVar("T")


async def in_turns(items: Sequence[T], at_once: int = AT_ONCE) -> AsyncIterator[Sequence[T]]:
    """Yield all items in order, a few at a time; between them whatever else is ready runs."""
    for start in range(0, len(items), at_once):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + at_once]
