"""An operator moves a request to its next status (product.md section 7)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_schemas.names import RequestKind

from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.booking import HORIZON, Full, in_force, needs_window, slot_at
from update_scheduler.domain.refusals import FieldWrong, Refusal
from update_scheduler.domain.requests import NO_DATE, Member, NoDate, Request, Step
from update_scheduler.domain.sites import Hosting, Site
from update_scheduler.domain.slots import NO_SLOT, NoSlot, Slot
from update_scheduler.domain.states import has_begun, is_open
from update_scheduler.domain.statuses import BEGUN, Status
from update_scheduler.domain.transitions import Order, allowed, move
from update_scheduler.errors import Clash, NotForYou, NotThere, Stale, Wrong, refused
from update_scheduler.grouped import check_single
from update_scheduler.ports import Queue, Queues
from update_scheduler.recording import Scribe


@dataclass(frozen=True, slots=True)
class Demand:
    """What an operator asks for; `at` only to schedule. `revision` is the one that was read."""

    to: Status
    at: datetime | NoDate = NO_DATE
    note: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """The use case of moving one request."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, request_id: UUID, demand: Demand) -> Request:
        """Return the request in its new status.

        Raises `NotForYou` (not an operator), `NotThere`, `Stale`, `Clash` (transition table, full window,
        moves with its group, an older request of the site is worked on), `Wrong` naming the field.
        """
        if not person.may(Act.MOVE):
            raise NotForYou("Operators make transitions; contacts create, answer, cancel and delete.")
        now = self.clock.now()
        async with self.queues.begin() as queue:
            request, sites = await locked(queue, request_id, demand.revision)
            await check_single(queue, request)
            slots = await chosen_slots(queue, [request], sites, demand, now)
            step = decided(request, Order(demand.to, slots[request.id], demand.note), now)
            await check_turn(queue, [request], sites, demand.to)
            if isinstance(request.group, Member):
                await queue.touch_group(request.group.group_request)
            await self.scribe.record(queue, [step], person, now)
            faults.point("update_scheduler.transition.before_commit")
        faults.point("update_scheduler.transition.committed")
        return step.after


async def locked(queue: Queue, request_id: UUID, revision: int) -> tuple[Request, Sequence[Site]]:
    """The request and its district's sites, locked. Raises `NotThere`, `Stale`."""
    found = await queue.find(request_id)
    if not isinstance(found, Request):
        raise NotThere("request")
    sites = await queue.lock_sites([found.district_id])
    (request,) = await queue.lock([request_id])
    if request.revision != revision:
        raise Stale(request.revision)
    return request, sites


def decided(request: Request, order: Order, now: datetime, who: str = "") -> Step:
    """The step of an order. Raises `Clash` or `Wrong`."""
    after = move(request.state, order, now)
    if isinstance(after, Refusal):
        raise refused(after, who)
    return Step(request.state, request.becomes(after, now), order.note)


async def chosen_slots(
    queue: Queue, requests: Sequence[Request], sites: Sequence[Site], demand: Demand, now: datetime
) -> Mapping[UUID, Slot | NoSlot]:
    """The slot of each request that the demand's date lies in, a place for each; windows stay locked.

    Raises `Wrong` for a date that is past, too far, outside windows or in a blackout, `Clash` when full.
    """
    none: dict[UUID, Slot | NoSlot] = {r.id: NO_SLOT for r in requests}
    if isinstance(demand.at, NoDate):
        return none
    if demand.to is not Status.SCHEDULED:
        raise Wrong("/at", f"A date is given only to schedule; leave it out for {demand.to.value}.")
    if any(demand.to not in allowed(r.state) for r in requests):
        return none
    if not now < demand.at <= now + HORIZON:
        raise Wrong("/at", f"Give a date that lies ahead, within {HORIZON.days} days.")
    hostings = _hostings(requests, sites)
    for hosting in sorted(set(hostings.values())):
        alike = [r for r in requests if hostings[r.id] is hosting]
        slot = await _slot(queue, alike, hosting, demand.at, now)
        none.update(dict.fromkeys((r.id for r in alike), slot))
    return none


async def _slot(
    queue: Queue, requests: Sequence[Request], hosting: Hosting, at: datetime, now: datetime
) -> Slot:
    kind: RequestKind = requests[0].kind
    windows, blackouts = await queue.lock_windows(hosting, kind)
    taken = await queue.taken([w.id for w in windows], [r.id for r in requests], now)
    needed = needs_window(in_force(windows, at), hosting, kind)
    slot = slot_at(at, windows, blackouts, taken, window_needed=needed, places=len(requests))
    match slot:
        case FieldWrong():
            raise refused(slot)
        case Full():
            raise Clash("window-full", slot.detail + _whom(requests), "/at")
        case _:
            return slot


def _whom(requests: Sequence[Request]) -> str:
    """The members that a window has not a place for each of; one request alone needs no name."""
    names = ", ".join(sorted(r.district_id for r in requests))
    return f" There is no place for all of {names}." if len(requests) > 1 else ""


def _hostings(requests: Sequence[Request], sites: Sequence[Site]) -> dict[UUID, Hosting]:
    by_id = {site.id: site.hosting for site in sites}
    return {r.id: by_id[r.sites[0]] for r in requests}


async def check_turn(queue: Queue, requests: Collection[Request], sites: Sequence[Site], to: Status) -> None:
    """Once work has begun on an older request of a site the newer one waits. Raises `Clash` naming it.

    Nor does work begin on one that was put back while a newer one was finished: a site's version only rises.
    """
    if to not in BEGUN:
        return
    catalogue = await queue.catalogue()
    runs = {site.id: site.version for site in sites}
    for request in requests:
        version = runs[request.sites[0]]
        if request.kind is RequestKind.VERSION_UPDATE and not catalogue.newer(request.version, version):
            detail = f"The site runs {version} already, which is not before {request.version}."
            raise Clash("runs-it-already", f"{request.district_id}: {detail}", "/to")
    waiting = {(r.district_id, r.target): r for r in requests if r.kind is RequestKind.VERSION_UPDATE}
    for other in await queue.lock_open({district for district, _ in waiting}):
        mine = waiting.get((other.district_id, other.target))
        if mine is None or other.id == mine.id or not is_open(other.state):
            continue
        if has_begun(other.state) and catalogue.newer(mine.version, other.version):
            raise Clash(
                "waits-for-older",
                f"Work has begun on an older request of this site (request {other.id}): finish it first.",
                "/to",
            )
