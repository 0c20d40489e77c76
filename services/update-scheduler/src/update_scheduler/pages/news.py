"""Who has a page open, and what of it changed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from update_scheduler.domain.actors import Person


@dataclass(frozen=True, slots=True)
class News:
    """Something changed about a request of a district; "" when it concerns everybody."""

    district_id: str = ""
    request_id: str = ""


Tell = Callable[[News], None]
MOST_WAITING = 1000


class NewsSource(Protocol):
    """Where news comes from."""

    def telling(self, tell: Tell) -> AbstractAsyncContextManager[None]:
        """Tell of every change until the block ends."""


@dataclass(eq=False, slots=True)
class Reader:
    """One open page: `district_id` bounds what it shows. Several changes at once are one."""

    person: Person
    district_id: str = ""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: set[News] = field(default_factory=set)
    ended: bool = False

    def concerned(self, news: News) -> bool:
        """Does the page show it, and may its reader see it?"""
        if not news.district_id:
            return True
        if self.district_id and news.district_id != self.district_id:
            return False
        return self.person.sees(news.district_id)

    def hear(self, news: News) -> None:
        """Keep it until it is taken; of too many only that everything may have changed is kept."""
        self.waiting.add(news)
        if len(self.waiting) > MOST_WAITING:
            self.waiting = {News()}
        self.woken.set()

    def take(self) -> list[News]:
        """What was heard since the last time."""
        taken, self.waiting = self.waiting, set()
        return sorted(taken, key=lambda n: (n.district_id, n.request_id))

    async def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long. Was there any?"""
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        except TimeoutError:
            return False
        self.woken.clear()
        return not self.ended


class Readers:
    """All open pages of this process."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()

    def __len__(self) -> int:
        return len(self._readers)

    @contextmanager
    def reading(self, person: Person, district_id: str = "") -> Iterator[Reader]:
        """A page that is open while the block runs."""
        reader = Reader(person, district_id)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def tell(self, news: News) -> None:
        """Wake whom it concerns."""
        for reader in self._readers:
            if reader.concerned(news):
                reader.hear(news)

    def end(self) -> None:
        """The service stops: let every page go."""
        for reader in self._readers:
            reader.ended = True
            reader.woken.set()
