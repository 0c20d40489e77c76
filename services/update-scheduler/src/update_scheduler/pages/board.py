"""`/board`: the operators' queue by status, with filters, search, ages and timers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web
from bellwire_schemas.names import Environment, RequestKind
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.pages.ports import BoardCounts, BoardFilter, BoardRow
from update_scheduler.pages.recall import RECALL, Found
from update_scheduler.pages.slots import Offers, offers
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import CLOSED_ORDER, DATED, WAITING, card

OPERATORS = (TokenRole.OPERATOR,)
FEW, MANY = 25, 100
"""Rows of each status on the whole board, and on the page of one status."""

FLAGS = {"overdue": "Overdue", "answered": "Answered", "blackout": "In a blackout"}
_KEPT = ("q", "kind", "hosting", "target", "flag", "window", "starts")


def wanted_of(query: Mapping[str, str]) -> BoardFilter:
    """The filter that an address names; what it does not know is no filter."""
    return BoardFilter(
        search=query.get("q", "").strip().replace("\x00", "")[:100],
        kind=next((k for k in RequestKind if k == query.get("kind")), None),
        hosting=next((h for h in Hosting if h == query.get("hosting")), None),
        target=next((e for e in Environment if e == query.get("target")), None),
        flag=query.get("flag", "") if query.get("flag") in FLAGS else "",
        occurrence=_occurrence(query),
    )


def _occurrence(query: Mapping[str, str]) -> tuple[UUID, datetime] | None:
    try:
        starts = datetime.fromisoformat(query.get("starts", ""))
        return (UUID(query.get("window", "")), starts) if starts.tzinfo else None
    except ValueError:
        return None


def address(query: Mapping[str, str], **changes: str) -> str:
    """The board's address with some of its filters changed."""
    kept = {name: query[name] for name in (*_KEPT, "status") if query.get(name)}
    return "/board?" + urlencode({k: v for k, v in (kept | changes).items() if v})


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of each section; `alone` is the one status that is shown ("" all open); `following` pages on."""

    sections: Mapping[str, Sequence[BoardRow]]
    alone: str
    following: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Asks the store, once for each state of the queue."""

    visit: Visit
    query: Mapping[str, str]
    wanted: BoardFilter

    async def recall(
        self,
        what: Hashable,
        of: Hashable,
        ask: Callable[[], Awaitable[Found]],
        *,
        lasting: bool = False,
    ) -> Found:
        """The answer, remembered."""
        recall = self.visit.request.app[RECALL]
        return await recall.get((what, of), self.visit.now, ask, lasting=lasting)

    async def sheet(self) -> Sheet:
        """The rows that the address asks for."""
        store, now, wanted = self.visit.store, self.visit.now, self.wanted
        chosen = self.query.get("status", "")
        status = next((s for s in Status if s == chosen), None)
        paged = replace(wanted, after=_position(self.visit, self.query.get("after", "")))
        if chosen == "removed":
            return self._one(
                chosen, await self.recall(chosen, paged, lambda: store.removed(paged, now, MANY + 1))
            )
        if status in CLOSED_ORDER:
            ended = status
            found = await self.recall(ended, paged, lambda: store.closed(ended, paged, now, MANY + 1))
            return self._one(chosen, found)
        if status is not None:
            only = (status,)
            some = await self.recall(only, paged, lambda: store.board(only, paged, now, MANY + 1))
            return self._one(chosen, some[status])
        every = (*WAITING, *DATED)
        some = await self.recall(every, wanted, lambda: store.board(every, wanted, now, FEW))
        return Sheet({s.value: rows for s, rows in some.items()}, "", "")

    def _one(self, name: str, found: Sequence[BoardRow]) -> Sheet:
        return Sheet({name: found[:MANY]}, name, _following(self.visit, self.query, found))

    async def counts(self) -> BoardCounts:
        """How many the filter leaves."""
        store, now = self.visit.store, self.visit.now
        return await self.recall("counts", self.wanted, lambda: store.counts(self.wanted, now))

    async def offers(self) -> Offers:
        """The next free windows, which rescheduling proposes."""
        hosting = self.wanted.hosting or Hosting.CLOUD
        registry, now = self.visit.parts.registry, self.visit.now
        kinds = (RequestKind.VERSION_UPDATE,)
        return await self.recall(
            "offers", hosting, lambda: offers(registry, hosting, kinds, now), lasting=True
        )


async def board(visit: Visit) -> web.StreamResponse:
    """All open requests by status, or (`status`) those of one, or (`status=removed`) what was removed."""
    query = dict(visit.request.query)
    wanted = wanted_of(query)
    desk = Desk(visit, query, wanted)
    sheet, counts, free = await asyncio.gather(desk.sheet(), desk.counts(), desk.offers())
    return await visit.render(
        "board.html.j2",
        sections={
            name: [(row, card(row.request, visit.now)) for row in rows]
            for name, rows in sheet.sections.items()
        },
        counts=counts,
        waiting=[s for s in WAITING if s.value in sheet.sections],
        dated=[s for s in DATED if s.value in sheet.sections],
        alone=sheet.alone,
        closed=CLOSED_ORDER,
        everything=(*WAITING, *DATED),
        wanted=wanted,
        query=query,
        address=address,
        flags=FLAGS,
        few=FEW,
        following=sheet.following,
        offers=free,
        filtered=wanted != BoardFilter(),
        nav="board",
    )


def _position(visit: Visit, cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    at, identity = visit.parts.cursors.open("page/board", cursor)
    return datetime.fromisoformat(at), UUID(identity)


def _following(visit: Visit, query: Mapping[str, str], found: Sequence[BoardRow]) -> str:
    if len(found) <= MANY:
        return ""
    last = found[MANY - 1]
    cursor = visit.parts.cursors.seal("page/board", [last.sort_at.isoformat(), str(last.request.id)])
    return address(query, after=cursor)


def add_routes(app: web.Application) -> None:
    """Serve the board."""
    page(app, "GET", "/board", board, OPERATORS)
