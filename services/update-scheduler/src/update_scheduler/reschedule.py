"""An operator moves many requests to new dates at once, after a dry run that shows what would happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_schemas.names import RequestKind

from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.booking import HORIZON
from update_scheduler.domain.requests import Request, Step
from update_scheduler.domain.rescheduling import At, Goal, NoPlace, Seeker, Times, assign
from update_scheduler.domain.sites import Hosting, Site
from update_scheduler.domain.slots import Slot
from update_scheduler.domain.statuses import Status, label
from update_scheduler.domain.transitions import Order, allowed
from update_scheduler.errors import NotForYou, QueueError, Wrong
from update_scheduler.grouped import check_single
from update_scheduler.ports import Queue, Queues
from update_scheduler.recording import Scribe
from update_scheduler.transition import decided

MOST = 200
"""So many requests at once, at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request of a district as it was read."""

    id: UUID
    revision: int
    district_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one: its new date, or why it stays (`refused`; then `to` is where it stands)."""

    request: Request
    to: datetime | None
    refused: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became, or would become, of all; `done` when it was written."""

    outcomes: Sequence[Outcome]
    done: bool

    @property
    def moving(self) -> Mapping[UUID, datetime]:
        """Those that move, with their dates: what a dry run promises."""
        return {o.request.id: o.to for o in self.outcomes if o.to is not None and not o.refused}


@dataclass(frozen=True, slots=True)
class Reschedule:
    """The use case of moving many to new dates."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(
        self,
        person: Person,
        chosen: Sequence[Chosen],
        goal: Goal,
        promised: Mapping[UUID, datetime] | None = None,
    ) -> Result:
        """Without `promised` a dry run: nothing is written. With it, the promise is kept to the letter.

        Where what would happen now differs from `promised`, nothing is written and the new outcomes are
        answered. Raises `NotForYou`, `Wrong` for too many or a date that is past or too far.
        """
        if not person.may(Act.MOVE):
            raise NotForYou("Operators make transitions; contacts create, answer, cancel and delete.")
        if not 0 < len(chosen) <= MOST:
            raise Wrong("/id", f"Choose between one and {MOST} requests.")
        now = self.clock.now()
        if isinstance(goal, At) and not now < goal.at <= now + HORIZON:
            raise Wrong("/at", f"Give a date that lies ahead, within {HORIZON.days} days.")
        async with self.queues.begin() as queue:
            requests, sites = await _locked(queue, chosen)
            steps, outcomes = await _planned(queue, requests, sites, chosen, goal, now)
            result = Result(outcomes, done=False)
            if promised is None or result.moving != promised or not steps:
                return result
            await self.scribe.record(queue, steps, person, now)
            faults.point("update_scheduler.reschedule.before_commit")
        return Result(outcomes, done=True)


async def _locked(queue: Queue, chosen: Sequence[Chosen]) -> tuple[Sequence[Request], Sequence[Site]]:
    """The requests in the order chosen and the sites of their districts, locked."""
    districts = {c.district_id for c in chosen}
    sites = await queue.lock_sites(districts)
    locked = {r.id: r for r in await queue.lock([c.id for c in chosen]) if r.district_id in districts}
    return [locked[c.id] for c in chosen if c.id in locked], sites


async def _planned(
    queue: Queue,
    requests: Sequence[Request],
    sites: Sequence[Site],
    chosen: Sequence[Chosen],
    goal: Goal,
    now: datetime,
) -> tuple[list[Step], list[Outcome]]:
    revisions = {c.id: c.revision for c in chosen}
    refused = {r.id: why for r in requests if (why := await _refused(queue, r, revisions[r.id]))}
    able = [r for r in requests if r.id not in refused]
    places = await _places(queue, able, sites, goal, now)
    steps: list[Step] = []
    outcomes: list[Outcome] = []
    for request in requests:
        place = places.get(request.id, NoPlace(refused.get(request.id, "")))
        if isinstance(place, NoPlace):
            outcomes.append(_stays(request, place.detail))
            continue
        try:
            steps.append(decided(request, Order(Status.SCHEDULED, place), now))
            outcomes.append(Outcome(request, place.at, ""))
        except QueueError as error:
            outcomes.append(_stays(request, error.detail))
    return steps, outcomes


def _stays(request: Request, why: str) -> Outcome:
    return Outcome(request, request.slot.at if isinstance(request.slot, Slot) else None, why)


async def _refused(queue: Queue, request: Request, revision: int) -> str:
    """Why it cannot be moved whatever the date, "" when it can."""
    if request.revision != revision:
        return "Somebody else changed it since you chose it."
    if Status.SCHEDULED not in allowed(request.state):
        return f"A request that is {label(request.state.status)} cannot be scheduled."
    try:
        await check_single(queue, request)
    except QueueError as error:
        return error.detail
    return ""


async def _places(
    queue: Queue, requests: Sequence[Request], sites: Sequence[Site], goal: Goal, now: datetime
) -> Mapping[UUID, Slot | NoPlace]:
    hosting = {site.id: site.hosting for site in sites}
    found: dict[UUID, Slot | NoPlace] = {}
    for of, kind in sorted({(hosting[r.sites[0]], r.kind) for r in requests}):
        alike = [r for r in requests if (hosting[r.sites[0]], r.kind) == (of, kind)]
        found |= assign([Seeker(r.id, r.slot) for r in alike], goal, await _times(queue, of, kind, now))
    return found


async def _times(queue: Queue, hosting: Hosting, kind: RequestKind, now: datetime) -> Times:
    windows, blackouts = await queue.lock_windows(hosting, kind)
    taken = await queue.taken([w.id for w in windows], [], now)
    return Times(hosting, kind, windows, blackouts, taken)
