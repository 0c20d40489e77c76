"""What pages that many have open ask again and again is read once for each state of the queue."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web

Found = TypeVar("Found")
_SECONDS = 10
"""Even without news nothing is remembered longer: what is overdue changes by itself."""


class Recall:
    """Remembers answers until something changes; the same question asked twice at once is asked once.

    An answer that was under way when something changed is not kept for those who ask afterwards.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, asyncio.Future[Any]] = {}
        self._lasting: dict[Hashable, asyncio.Future[Any]] = {}
        self._moment = 0

    def forget(self) -> None:
        """Something changed."""
        self._known.clear()

    async def get(
        self,
        question: Hashable,
        now: datetime,
        ask: Callable[[], Awaitable[Found]],
        *,
        lasting: bool = False,
    ) -> Found:
        """The answer to a question at `now` (aware), as `ask` gives it. Raises what `ask` raises.

        A `lasting` one is only a proposal that is checked again when it is taken up: changes leave it.
        """
        moment = int(now.timestamp()) // _SECONDS
        if moment != self._moment:
            self._moment = moment
            self._lasting.clear()
            self.forget()
        kept = self._lasting if lasting else self._known
        known = kept.get(question)
        if known is None:
            known = kept[question] = asyncio.ensure_future(ask())
            known.add_done_callback(lambda done: _drop_failed(kept, question, done))
        answer: Found = await asyncio.shield(known)
        return answer


def _drop_failed(
    kept: dict[Hashable, "asyncio.Future[Any]"], question: Hashable, done: "asyncio.Future[Any]"
) -> None:
    if (done.cancelled() or done.exception() is not None) and kept.get(question) is done:
        del kept[question]


RECALL: web.AppKey[Recall] = web.AppKey("page_recall", Recall)
