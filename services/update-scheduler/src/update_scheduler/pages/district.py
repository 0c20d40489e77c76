"""`/districts/{district_id}`: sites, what is scheduled, the maintenance notice and the requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web
from bellwire_kit.web.problems import Problem
from bellwire_schemas.names import Environment

from update_scheduler.domain.actors import Role
from update_scheduler.domain.requests import Member
from update_scheduler.domain.states import InProgress, NotStarted, Scheduled
from update_scheduler.domain.statuses import Status
from update_scheduler.errors import NotThere
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import Card, card
from update_scheduler.ports import District
from update_scheduler.registry import Filter, Shown, reach

PAGE = 50
NOTICE = timedelta(days=7)
"""So long before the date a district page announces it, as the first reminder does."""

_ORDER = {e: n for n, e in enumerate(Environment)}
_SHOWN = tuple(s for s in Status if s is not Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the district's requests; `group_name` "" when it moves by itself."""

    card: Card
    group_name: str
    in_blackout: bool


async def reached(visit: Visit, district_id: str) -> District:
    """The district, within reach. Raises `NotThere`."""
    found = await visit.store.district(district_id) if visit.person.sees(district_id) else None
    if not isinstance(found, District):
        raise NotThere("district")
    return found


def notices(found: Sequence[Shown], now: datetime) -> list[Card]:
    """The requests that a district should know of now: begun, or due within a week."""
    telling = []
    for shown in found:
        state = shown.request.state
        begun = isinstance(state, InProgress | NotStarted)
        if begun or (
            isinstance(state, Scheduled) and state.slot.at - now <= NOTICE and not state.slot.over(now)
        ):
            telling.append(card(shown.request, now))
    return sorted(telling, key=lambda c: (c.status is not Status.IN_PROGRESS, c.scheduled_at))


async def district(visit: Visit) -> web.StreamResponse:
    """The district page."""
    place = await reached(visit, visit.path("district_id"))
    who = visit.person
    hides = await visit.store.hides_complete(who.role.value, who.user_id, visit.district_id)
    after = _position(visit, place.id)
    registry = visit.parts.registry
    statuses = _SHOWN if hides else ()
    found = await registry.requests(
        Filter(districts=[place.id], statuses=statuses, after=after, limit=PAGE + 1)
    )
    coming = await registry.requests(
        Filter(
            districts=[place.id],
            statuses=(Status.IN_PROGRESS, Status.NOT_STARTED, Status.SCHEDULED),
            limit=PAGE,
        )
    )
    sites = sorted(
        await registry.sites([place.id], "", len(Environment)), key=lambda s: _ORDER[s.environment]
    )
    return await visit.render(
        "district.html.j2",
        place=place,
        zone=ZoneInfo(place.timezone),
        sites=sites,
        lines=await lines(visit, found[:PAGE]),
        notices=notices(coming, visit.now),
        hides=hides,
        links=await visit.store.links([place.id]),
        older=_older(visit, place.id, found),
        first=after is None,
        connected=await _connected(visit),
        group_lines=await visit.store.group_requests(who.groups, 10) if who.groups else [],
        nav="district",
    )


async def lines(visit: Visit, found: Sequence[Shown]) -> list[Line]:
    """Rows of requests with their groups' names."""
    wholes = {s.request.group.group_request for s in found if isinstance(s.request.group, Member)}
    names = await visit.store.group_names(wholes)
    return [
        Line(
            card(s.request, visit.now),
            names.get(s.request.group.group_request, "") if isinstance(s.request.group, Member) else "",
            s.in_blackout,
        )
        for s in found
    ]


async def _connected(visit: Visit) -> list[tuple[str, str]]:
    if visit.person.role is not Role.GROUP_CONTACT:
        return []
    names = await visit.store.names(reach(visit.person) or ())
    return sorted(names.items(), key=lambda pair: pair[1])


def _position(visit: Visit, district_id: str) -> tuple[datetime, UUID] | None:
    cursor = visit.request.query.get("after", "")
    if not cursor:
        return None
    at, identity = visit.parts.cursors.open(f"page/{district_id}", cursor)
    return datetime.fromisoformat(at), UUID(identity)


def _older(visit: Visit, district_id: str, found: Sequence[Shown]) -> str:
    if len(found) <= PAGE:
        return ""
    last = found[PAGE - 1].request
    cursor = visit.parts.cursors.seal(f"page/{district_id}", [last.created_at.isoformat(), str(last.id)])
    return "?" + urlencode({"after": cursor})


async def hide_complete(visit: Visit) -> web.StreamResponse:
    """Remember whether completed requests are hidden, for this person."""
    place = await reached(visit, visit.path("district_id"))
    hide = visit.form.get("hide", "")
    if hide not in ("yes", "no"):
        raise Problem(400, "invalid", "The form is not complete", "hide is yes or no.")
    who = visit.person
    await visit.store.hide_complete(who.role.value, who.user_id, visit.district_id, hide=hide == "yes")
    return await visit.go(f"/districts/{place.id}#requests")


async def choose(visit: Visit) -> web.StreamResponse:
    """The drop-down of connected districts, without JavaScript."""
    place = await reached(visit, visit.request.query.get("district", ""))
    return await visit.go(f"/districts/{place.id}")


def add_routes(app: web.Application) -> None:
    """Serve them."""
    page(app, "GET", "/districts/choose", choose)
    page(app, "GET", "/districts/{district_id}", district)
    page(app, "POST", "/districts/{district_id}/hide-complete", hide_complete)
