"""`/board`: the operators' queue by status, with filters, search, ages and timers."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web
from bellwire_schemas.names import Environment, RequestKind
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.pages.ports import BoardFilter, BoardRow
from update_scheduler.pages.recall import RECALL, Found
from update_scheduler.pages.slots import offers
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


async def board(visit: Visit) -> web.StreamResponse:
    """All open requests by status, or (`status`) those of one, or (`status=removed`) what was removed."""
    query, store, now = dict(visit.request.query), visit.store, visit.now
    wanted = wanted_of(query)

    async def recall(what: Hashable, of: Hashable, ask: Callable[[], Awaitable[Found]]) -> Found:
        return await visit.request.app[RECALL].get((what, of), now, ask)

    chosen = query.get("status", "")
    status = next((s for s in Status if s == chosen), None)
    after = _position(visit, query.get("after", ""))
    paged = BoardFilter(
        wanted.search, wanted.kind, wanted.hosting, wanted.target, wanted.flag, wanted.occurrence, after
    )
    following = ""
    sections: Mapping[str, Sequence[BoardRow]]
    if chosen == "removed":
        found = await recall("removed", paged, lambda: store.removed(paged, now, MANY + 1))
        following = _following(visit, query, found)
        sections = {"removed": found[:MANY]}
    elif status in CLOSED_ORDER:
        ended = status
        found = await recall(ended, paged, lambda: store.closed(ended, paged, now, MANY + 1))
        following = _following(visit, query, found)
        sections = {status.value: found[:MANY]}
    elif status is not None:
        found = (await recall((status,), paged, lambda: store.board((status,), paged, now, MANY + 1)))[status]
        following = _following(visit, query, found)
        sections = {status.value: found[:MANY]}
    else:
        chosen = ""
        some = await recall("all", wanted, lambda: store.board((*WAITING, *DATED), wanted, now, FEW))
        sections = {s.value: rows for s, rows in some.items()}
    hosting = wanted.hosting or Hosting.CLOUD
    free = await recall(
        "free", hosting, lambda: offers(visit.parts.registry, hosting, (RequestKind.VERSION_UPDATE,), now)
    )
    return await visit.render(
        "board.html.j2",
        sections={
            name: [(row, card(row.request, visit.now)) for row in rows] for name, rows in sections.items()
        },
        counts=await recall("counts", wanted, lambda: store.counts(wanted, now)),
        waiting=[s for s in WAITING if s.value in sections],
        dated=[s for s in DATED if s.value in sections],
        alone=chosen,
        closed=CLOSED_ORDER,
        everything=(*WAITING, *DATED),
        wanted=wanted,
        query=query,
        address=address,
        flags=FLAGS,
        few=FEW,
        following=following,
        offers=free,
        filtered=bool(
            wanted.search
            or wanted.kind
            or wanted.hosting
            or wanted.target
            or wanted.flag
            or wanted.occurrence
        ),
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
