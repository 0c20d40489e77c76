"""`/requests/{request_id}`: one request with its history and its thread, and what can be done next."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web
from bellwire_schemas.names import RequestKind
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.shapes import standing
from update_scheduler.domain.groups import moves_together
from update_scheduler.domain.requests import NO_DATE, Member
from update_scheduler.domain.states import PendingInput
from update_scheduler.domain.statuses import Status, label
from update_scheduler.domain.transitions import allowed
from update_scheduler.errors import QueueError
from update_scheduler.grouped import still_in
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.sight import members, seen
from update_scheduler.pages.slots import Offers, offers
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import card, places
from update_scheduler.ports import District, GroupRequest
from update_scheduler.registry import AuditLine, Shown
from update_scheduler.transition import Demand

FIELDS = {"to": "Next status", "at": "Date", "note": "Note", "body": "Message"}
NO_OFFERS = Offers((), any_time=False)


async def show(visit: Visit) -> web.StreamResponse:
    """The page."""
    return await render(visit, await seen(visit), {}, Faults())


async def render(
    visit: Visit, found: Shown | GroupRequest, typed: Mapping[str, str], faults: Faults
) -> web.Response:
    """A request or a group request, with what was typed when a form was refused."""
    if isinstance(found, GroupRequest):
        return await _render_group(visit, found, typed, faults)
    request = found.request
    registry = visit.parts.registry
    place = await visit.store.district(request.district_id)
    assert isinstance(place, District)
    whole = request.group.group_request if isinstance(request.group, Member) else None
    names = await visit.store.group_names([whole] if whole else [])
    together = await moves_as_one(visit, whole) if whole and isinstance(request.group, Member) else False
    shown = card(request, visit.now)
    sites = await registry.sites([request.district_id], "", 10)
    target = next((s for s in sites if s.id == request.sites[0]), None)
    movable = visit.operator and bool(shown.moves) and not together
    history = await registry.audit(request.id)
    return await visit.render(
        "request.html.j2",
        422 if faults else 200,
        shown=found,
        card=shown,
        place=place,
        zone=ZoneInfo(place.timezone),
        runs=target.version if target else "",
        hosting=target.hosting if target else None,
        whole=whole,
        group_name=names.get(whole, "") if whole else "",
        together=together,
        history=history,
        question=_question(history) if isinstance(request.state, PendingInput) else "",
        thread=await registry.messages(request.id),
        asked=isinstance(request.state, PendingInput),
        moves=_moves(shown.moves) if movable else [],
        offers=await offers(registry, target.hosting, (request.kind,), visit.now)
        if movable and target and Status.SCHEDULED in shown.moves
        else NO_OFFERS,
        typed=typed,
        faults=faults,
        labels=FIELDS,
        nav="board" if visit.operator else "district",
    )


async def moves_as_one(visit: Visit, whole: UUID) -> bool:
    """Does the request still move with its group (domain.groups.moves_together)?"""
    async with visit.parts.transition.queues.begin() as queue:
        found = still_in(await queue.members(whole))
    return moves_together([r.state for r in found])


def _question(history: Sequence[AuditLine]) -> str:
    """What the district was asked last: the note of the step to Pending Input."""
    return next((line.note for line in reversed(history) if line.to_status == Status.PENDING_INPUT), "")


def _moves(found: Sequence[Status]) -> list[Status]:
    """The next statuses in the order of a request's life."""
    life = (
        Status.SCHEDULED,
        Status.NOT_STARTED,
        Status.IN_PROGRESS,
        Status.COMPLETED,
        Status.PENDING_INPUT,
        Status.TO_BE_SCHEDULED,
        Status.DEFERRED,
        Status.UNABLE_TO_COMPLETE,
    )
    return [s for s in life if s in found]


async def _render_group(
    visit: Visit, whole: GroupRequest, typed: Mapping[str, str], faults: Faults
) -> web.Response:
    found = await members(visit, whole)
    states = [
        m.request.state for m in found if isinstance(m.request.group, Member) and not m.request.group.left
    ]
    together = moves_together(states)
    common = frozenset.intersection(*map(allowed, states)) if together and states else frozenset()
    registry = visit.parts.registry
    sites = await registry.sites([m.request.district_id for m in found], "", 4000)
    hosting = {s.id: s.hosting for s in sites}
    status = standing(found)
    scheduling = visit.operator and Status.SCHEDULED in common
    return await visit.render(
        "group_request.html.j2",
        422 if faults else 200,
        whole=whole,
        status=status,
        word=label(status),
        places=places([whole.target]),
        names=await visit.store.names({m.request.district_id for m in found} | set(whole.skipped)),
        cards=[(card(m.request, visit.now), m.in_blackout) for m in found],
        asked=any(isinstance(s, PendingInput) for s in states),
        together=together,
        removable=not visit.operator and bool(states),
        moves=_moves(list(common)) if visit.operator else [],
        offers=await offers(
            registry,
            hosting[found[0].request.sites[0]],
            (RequestKind.VERSION_UPDATE,),
            visit.now,
            len(states),
        )
        if scheduling
        else NO_OFFERS,
        typed=typed,
        faults=faults,
        labels=FIELDS,
        nav="board" if visit.operator else "district",
    )


async def move(visit: Visit) -> web.StreamResponse:
    """An operator moves it on."""
    found, form, faults = await seen(visit), visit.form, Faults()
    status = _next(form, faults)
    at = NO_DATE
    if status is Status.SCHEDULED:
        at = forms.moment(form, faults, "at", "at_typed", visit.zone)  # type: ignore[assignment]
    note = forms.note(form, faults)
    if faults:
        return await render(visit, found, form, faults)
    demand = Demand(status, at, note, revision(form))
    try:
        if isinstance(found, GroupRequest):
            await visit.parts.transition_group(visit.person, found.id, demand)
        else:
            await visit.parts.transition(visit.person, found.request.id, demand)
    except QueueError as error:
        faults.refused(error, FIELDS)
        return await render(visit, await seen(visit), form, faults)
    return await visit.go(visit.request.path.removesuffix("/move"), f"It is {label(status)} now.")


def _next(form: Mapping[str, str], faults: Faults) -> Status:
    try:
        return Status(form.get("to", ""))
    except ValueError:
        faults.add("to", "Choose the next status.")
        return Status.DEFERRED


def revision(form: Mapping[str, str]) -> int:
    """The revision that the form was made of; 0, which is none, for anything else."""
    text = form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def write(visit: Visit) -> web.StreamResponse:
    """A line under it; from a contact on a Pending Input request it is the answer."""
    found, form, faults = await seen(visit), visit.form, Faults()
    line = forms.body(form, faults)
    if faults:
        return await render(visit, found, form, faults)
    try:
        if isinstance(found, GroupRequest):
            await visit.parts.discuss_group(visit.person, found.id, line)
        else:
            await visit.parts.discuss(visit.person, found.request.id, line)
    except QueueError as error:
        faults.refused(error, FIELDS)
        return await render(visit, await seen(visit), form, faults)
    return await visit.go(visit.request.path.removesuffix("/messages") + "#thread", "Your message was added.")


def add_routes(app: web.Application) -> None:
    """Serve it."""
    page(app, "GET", "/requests/{request_id}", show)
    page(app, "POST", "/requests/{request_id}/move", move, (TokenRole.OPERATOR,))
    page(app, "POST", "/requests/{request_id}/messages", write)
