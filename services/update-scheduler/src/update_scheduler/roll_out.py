"""An operator rolls a release to all cloud sites: plans, releases wave after wave, pauses and resumes."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4, uuid5

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.create import Wish, new_request, replaced
from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.booking import free_slots
from update_scheduler.domain.groups import Link
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.requests import ALONE, NO_DATE, Alone, Came, Member, Request, Step
from update_scheduler.domain.rollouts import Plan, Released, RolloutState, Unit, Wave, plan, waits_for
from update_scheduler.domain.sites import Hosting, Site, affected
from update_scheduler.domain.slots import Slot
from update_scheduler.domain.states import Deferred, Scheduled, ToBeScheduled
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.transitions import Order
from update_scheduler.domain.versions import Catalogue, check_version
from update_scheduler.errors import Clash, NotForYou, NotThere, QueueError, Stale, Wrong
from update_scheduler.ports import GroupRequest, Missing, Queue
from update_scheduler.recording import Scribe
from update_scheduler.transition import decided

KIND = RequestKind.VERSION_UPDATE
WINDOWS_AHEAD = 60
"""So many free windows a plan looks at: more than a year of weekly ones."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A release on its way; `per_window` requests in one occurrence at most; aware times."""

    id: UUID
    version: str
    per_window: int
    starts_after: datetime
    state: RolloutState
    revision: int
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RolloutSite:
    """A district of a rollout; `request` None until its wave is released, `status` then its request's."""

    district_id: str
    group_id: str
    canary: bool
    wave: int | None = None
    request: UUID | None = None
    status: Status | None = None
    at: datetime | None = None


class RolloutBook(Protocol):
    """Rollouts within one transaction."""

    async def lock(self, rollout_id: UUID) -> Rollout | Missing:
        """A rollout, locked until the end."""

    async def sites(self, rollout_id: UUID) -> Sequence[RolloutSite]:
        """Its districts: canaries first, then by id."""

    async def cloud_districts(self) -> Sequence[str]:
        """All districts with a cloud production site, by id."""

    async def add(self, rollout: Rollout, sites: Sequence[RolloutSite]) -> None:
        """A new rollout."""

    async def released(
        self, rollout_id: UUID, wave: int, requests: Sequence[Request], wholes: Mapping[str, UUID]
    ) -> None:
        """These requests are a wave of it; `wholes` is the group request of each linked district."""

    async def drop(self, rollout_id: UUID, districts: Sequence[str]) -> None:
        """These districts need nothing: they leave the rollout."""

    async def save(self, rollout_id: UUID, state: RolloutState) -> None:
        """Its state now, one revision on."""


class Rollouts(Protocol):
    """Opens transactions on the queue and the book of rollouts."""

    def begin(self) -> AbstractAsyncContextManager[tuple[Queue, RolloutBook]]:
        """One transaction on both."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan would be: the units and their waves, and the districts that need nothing."""

    plan: Plan
    needless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operator wants to roll out."""

    version: str
    canaries: frozenset[str]
    per_window: int
    starts_after: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """What a wave became: `made` requests, districts whose own request it takes, and who needs nothing."""

    made: int
    asked: tuple[str, ...]
    needless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollOut:
    """The use cases of a rollout."""

    rollouts: Rollouts
    clock: Clock
    scribe: Scribe

    async def draft(self, person: Person, intent: Intent) -> Draft:
        """The waves as they would be now; nothing is written. Raises `NotForYou`, `Wrong`."""
        _check(person)
        async with self.rollouts.begin() as (queue, book):
            units, needless = await _units(queue, book, intent)
            return Draft(await _plan(queue, units, intent, self.clock.now()), needless)

    async def start(self, person: Person, intent: Intent) -> Rollout:
        """Keep it, active, with no wave released yet. Raises `NotForYou`, `Wrong`, `Clash`."""
        _check(person)
        now = self.clock.now()
        made = Rollout(
            uuid4(),
            intent.version,
            intent.per_window,
            intent.starts_after,
            RolloutState.ACTIVE,
            1,
            person.user_id,
            now,
        )
        async with self.rollouts.begin() as (queue, book):
            units, _ = await _units(queue, book, intent)
            if not units:
                detail = f"Every cloud district runs {intent.version} or later already."
                raise Clash("nobody-needs-it", detail, "/version")
            sites = [
                RolloutSite(d, u.key if len(u.districts) > 1 or u.key != d else "", u.canary)
                for u in units
                for d in u.districts
            ]
            await book.add(made, sites)
        return made

    async def release(self, person: Person, rollout_id: UUID, revision: int) -> Release:
        """Request the next wave for all of its districts and schedule it into the next free window.

        Districts that asked for this version or a later one themselves join the wave with their own request;
        those that run it already leave the rollout. Raises `NotThere`, `Stale`, `Clash` while it is paused,
        while canaries are not done, or with no window.
        """
        _check(person)
        now = self.clock.now()
        async with self.rollouts.begin() as (queue, book):
            rollout = await _locked(book, rollout_id, revision)
            _check_active(rollout)
            sites = await book.sites(rollout_id)
            waiting = _next_stage(sites)
            districts = [s.district_id for s in waiting]
            places = await queue.lock_sites(districts)
            older = await queue.lock_open(districts)
            catalogue = await queue.catalogue()
            number = 1 + max((s.wave or 0 for s in sites), default=0)
            needless = _running(catalogue, rollout.version, places)
            own = [r for r in older if _same_or_later(catalogue, rollout.version, r, needless)]
            asked = {r.district_id for r in own}
            left = [s for s in waiting if s.district_id not in needless | asked]
            await book.drop(rollout_id, sorted(needless))
            await book.released(rollout_id, number, own, {})
            made = _Making(queue, person, rollout, catalogue, places, older, now)
            count = await self._wave(queue, book, made, left, number) if left else 0
            await book.save(rollout_id, RolloutState.ACTIVE)
            faults.point("update_scheduler.release.before_commit")
        return Release(count, tuple(sorted(asked)), tuple(sorted(needless)))

    async def _wave(
        self, queue: Queue, book: RolloutBook, made: "_Making", left: Sequence[RolloutSite], number: int
    ) -> int:
        """Make and schedule the first wave of what is left; how many requests it is."""
        rollout, now = made.rollout, made.now
        intent = Intent(rollout.version, frozenset(), rollout.per_window, rollout.starts_after)
        found = await _plan(queue, _grouped(left), intent, now)
        if not found.waves:
            raise Clash("no-window", "No window is free for the next wave.", "/act")
        wave = found.waves[0]
        steps, requests, wholes = await made.wave(wave)
        await self.scribe.record(queue, steps, made.person, now)
        dated = [decided(r, Order(Status.SCHEDULED, _slot(wave)), now) for r in requests]
        await self.scribe.record(queue, dated, made.person, now)
        await book.released(rollout.id, number, requests, wholes)
        return len(requests)

    async def pause(self, person: Person, rollout_id: UUID, revision: int) -> int:
        """Hold it back: what has not begun becomes Deferred. How many. Raises as `release` does."""
        _check(person)
        now = self.clock.now()
        async with self.rollouts.begin() as (queue, book):
            rollout = await _locked(book, rollout_id, revision)
            _check_active(rollout)
            requests = await _requests(queue, await book.sites(rollout_id))
            note = f"The rollout of {rollout.version} is paused."
            steps = [
                decided(r, Order(Status.DEFERRED, note=note), now)
                for r in requests
                if isinstance(r.state, Scheduled | ToBeScheduled)
            ]
            await self._record(queue, steps, person, now)
            await book.save(rollout_id, RolloutState.PAUSED)
        return len(steps)

    async def resume(self, person: Person, rollout_id: UUID, revision: int) -> int:
        """Go on: what is Deferred is scheduled into the next free windows. How many. Raises as `release` does."""
        _check(person)
        now = self.clock.now()
        async with self.rollouts.begin() as (queue, book):
            rollout = await _locked(book, rollout_id, revision)
            if rollout.state is not RolloutState.PAUSED:
                raise Clash("not-paused", "It is not paused.", "/act")
            sites = await book.sites(rollout_id)
            requests = await _requests(queue, sites)
            held = {r.district_id: r for r in requests if isinstance(r.state, Deferred)}
            units = _held(list(held.values()), {s.district_id for s in sites if s.canary})
            # a group that asked itself may be larger than the waves of this rollout
            most = max([rollout.per_window, *(len(u.districts) for u in units)])
            intent = Intent(rollout.version, frozenset(), most, now)
            found = await _plan(queue, units, intent, now)
            if none := sorted(d for unit in found.beyond for d in unit.districts):
                raise Clash("no-window", f"No window is free for {', '.join(none)}.", "/act")
            steps = [
                decided(held[district], Order(Status.SCHEDULED, _slot(wave)), now)
                for wave in found.waves
                for unit in wave.units
                for district in unit.districts
            ]
            await self._record(queue, steps, person, now)
            await book.save(rollout_id, RolloutState.ACTIVE)
        return len(steps)

    async def end(self, person: Person, rollout_id: UUID, revision: int) -> None:
        """Release no further wave; what is requested already goes its ordinary way."""
        _check(person)
        async with self.rollouts.begin() as (_, book):
            rollout = await _locked(book, rollout_id, revision)
            if rollout.state is RolloutState.ENDED:
                raise Clash("ended", "It has ended already.", "/act")
            await book.save(rollout_id, RolloutState.ENDED)

    async def _record(self, queue: Queue, steps: Sequence[Step], person: Person, now: datetime) -> None:
        wholes = {s.after.group.group_request for s in steps if isinstance(s.after.group, Member)}
        for whole in sorted(wholes):
            await queue.touch_group(whole)
        if steps:
            await self.scribe.record(queue, steps, person, now)


def _slot(wave: Wave) -> Slot:
    starts, ends = wave.occurrence.starts_at, wave.occurrence.ends_at
    return Slot(starts, starts, ends, wave.occurrence.window)


def _held(requests: Sequence[Request], canaries: Collection[str]) -> list[Unit]:
    """What was held back: the members of one group request stay together, as they move together."""
    whole: dict[UUID, list[str]] = {}
    for r in requests:
        key = r.group.group_request if isinstance(r.group, Member) and not r.group.left else r.id
        whole.setdefault(key, []).append(r.district_id)
    return [Unit(str(k), tuple(of), any(d in canaries for d in of)) for k, of in whole.items()]


def _check(person: Person) -> None:
    if not person.may(Act.MOVE):
        raise NotForYou("Operators roll releases out.")


def _check_active(rollout: Rollout) -> None:
    if rollout.state is not RolloutState.ACTIVE:
        raise Clash("not-active", f"The rollout is {rollout.state.value}.", "/act")


def _next_stage(sites: Sequence[RolloutSite]) -> list[RolloutSite]:
    """Whose turn it is: the canaries that are left, or all others once every canary is done."""
    waiting = [s for s in sites if s.request is None]
    if not waiting:
        raise Clash("all-released", "Every wave was released already.", "/act")
    if canaries := [s for s in waiting if s.canary]:
        return canaries
    released = [
        Released(s.district_id, s.canary, s.wave or 0, s.status) for s in sites if s.request and s.status
    ]
    if undone := waits_for(released):
        raise Clash("canaries-first", f"The canaries are not done: {', '.join(undone)}.", "/act")
    return waiting


def _running(catalogue: Catalogue, version: str, places: Sequence[Site]) -> set[str]:
    """The districts whose production runs the version or a later one."""
    return {
        s.district_id
        for s in places
        if s.environment is Environment.PRODUCTION and not catalogue.newer(version, s.version)
    }


def _same_or_later(catalogue: Catalogue, version: str, request: Request, needless: set[str]) -> bool:
    """Is it a district's own open request that makes one of the rollout needless?"""
    mine = request.target is Environment.PRODUCTION and request.district_id not in needless
    return mine and not catalogue.newer(version, request.version)


async def _locked(book: RolloutBook, rollout_id: UUID, revision: int) -> Rollout:
    rollout = await book.lock(rollout_id)
    if not isinstance(rollout, Rollout):
        raise NotThere("rollout")
    if rollout.revision != revision:
        raise Stale(rollout.revision)
    return rollout


async def _requests(queue: Queue, sites: Sequence[RolloutSite]) -> Sequence[Request]:
    """The open requests of a rollout, locked in the queue's order."""
    await queue.lock_sites([s.district_id for s in sites])
    return await queue.lock([s.request for s in sites if s.request is not None])


async def _units(queue: Queue, book: RolloutBook, intent: Intent) -> tuple[Sequence[Unit], tuple[str, ...]]:
    """What is rolled out to, canaries first, and the districts that run the version already."""
    catalogue = await queue.catalogue()
    if intent.version not in catalogue:
        raise Wrong("/version", "Choose a version of the catalogue.")
    if not 1 <= intent.per_window <= 100_000:
        raise Wrong("/per_window", "At least one request a window.")
    districts = await book.cloud_districts()
    if strange := sorted(intent.canaries - set(districts)):
        raise Wrong("/canaries", f"Not a cloud district: {', '.join(strange)}.")
    runs = {
        s.district_id: s.version
        for s in await queue.lock_sites(districts)
        if s.environment is Environment.PRODUCTION
    }
    older = [d for d in districts if catalogue.newer(intent.version, runs[d])]
    links = await queue.links(older)
    canary_keys = {_key(d, links) for d in intent.canaries}
    sites = [
        RolloutSite(d, links[d].group_id if d in links else "", _key(d, links) in canary_keys) for d in older
    ]
    return _grouped(sites), tuple(d for d in districts if d not in older)


def _key(district: str, links: Mapping[str, Link]) -> str:
    return links[district].group_id if district in links else district


def _grouped(sites: Sequence[RolloutSite]) -> list[Unit]:
    members: dict[str, list[RolloutSite]] = {}
    for site in sites:
        members.setdefault(site.group_id or site.district_id, []).append(site)
    units = [
        Unit(key, tuple(s.district_id for s in of), any(s.canary for s in of)) for key, of in members.items()
    ]
    return sorted(units, key=lambda u: (not u.canary, u.key))


async def _plan(queue: Queue, units: Sequence[Unit], intent: Intent, now: datetime) -> Plan:
    windows, blackouts = await queue.lock_windows(Hosting.CLOUD, KIND)
    taken = await queue.taken([w.id for w in windows], [], now)
    after = max(now, intent.starts_after)
    free = free_slots(windows, blackouts, taken, after, WINDOWS_AHEAD, 1)
    return plan(units, free, intent.per_window)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the ordinary requests of a wave."""

    queue: Queue
    person: Person
    rollout: Rollout
    catalogue: Catalogue
    places: Sequence[Site]
    older: Sequence[Request]
    now: datetime

    async def wave(self, wave: Wave) -> tuple[list[Step], list[Request], dict[str, UUID]]:
        """The steps into being and those of what they replace; the new requests; linked districts' wholes."""
        steps: list[Step] = []
        requests: list[Request] = []
        wholes: dict[str, UUID] = {}
        faulty: dict[str, str] = {}
        for unit in wave.units:
            link = (await self.queue.links(unit.districts[:1])).get(unit.districts[0])
            whole = uuid5(self.rollout.id, unit.key) if link else None
            if link and whole:
                await self.queue.add_group(self._whole(whole, link))
            for district in unit.districts:
                try:
                    made = self._district(district, Member(whole) if whole else ALONE)
                except QueueError as error:
                    faulty[district] = error.detail
                    continue
                steps += made
                requests.append(made[0].after)
                if whole:
                    wholes[district] = whole
        if faulty:
            listed = "; ".join(f"{district}: {why}" for district, why in sorted(faulty.items()))
            raise Clash("members-cannot", f"Nothing was released. {listed}", "/act")
        return sorted(steps, key=lambda s: not isinstance(s.before, Came)), requests, wholes

    def _district(self, district: str, group: Alone | Member) -> list[Step]:
        own = [s for s in self.places if s.district_id == district]
        touched = affected(KIND, Environment.PRODUCTION, own)
        if isinstance(touched, FieldWrong):
            raise Wrong(touched.pointer, touched.detail)
        fault = check_version(self.catalogue, self.rollout.version, touched[0].version)
        if isinstance(fault, FieldWrong):
            raise Wrong(fault.pointer, fault.detail)
        note = f"Rollout of {self.rollout.version}"
        wish = Wish(district, Environment.PRODUCTION, KIND, self.rollout.version, NO_DATE, note)
        identity = uuid5(self.rollout.id, district)
        fresh = new_request(identity, self.person, wish, touched, self.now, group)
        mine = [r for r in self.older if r.district_id == district and r.target is Environment.PRODUCTION]
        first = Step(Came.INTO_BEING, fresh, note)
        return [first, *replaced(self.catalogue, fresh, mine, self.now)]

    def _whole(self, identity: UUID, link: Link) -> GroupRequest:
        return GroupRequest(
            id=identity,
            group_id=link.group_id,
            group_name=link.name,
            version=self.rollout.version,
            target=Environment.PRODUCTION,
            revision=1,
            requested_by=self.person.user_id,
            note=f"Rollout of {self.rollout.version}",
            preferred=NO_DATE,
            skipped=(),
            created_at=self.now,
        )
