"""A contact asks for a version update or a database refresh (product.md section 7)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.domain.actors import Act, Only, Person, Role
from update_scheduler.domain.groups import MovesWithGroup, Unlinked, check_individual
from update_scheduler.domain.queueing import NotAboveOpen, Open, supersession
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.requests import ALONE, Alone, Came, Member, NoDate, Request, Step
from update_scheduler.domain.sites import Site, affected, site_id
from update_scheduler.domain.states import NewVersionRequested, ToBeScheduled
from update_scheduler.domain.transitions import supersede
from update_scheduler.domain.versions import Catalogue, check_version
from update_scheduler.errors import Clash, NotForYou, NotThere, Wrong, refused
from update_scheduler.ports import GroupRequest, Missing, Queue, Queues
from update_scheduler.preferring import check_preferred
from update_scheduler.recording import Scribe


@dataclass(frozen=True, slots=True)
class Wish:
    """What a contact asks for. `version` is "" for a refresh; `site_name` is typed to confirm a refresh."""

    district_id: str
    target: Environment
    kind: RequestKind
    version: str
    preferred: datetime | NoDate
    note: str
    site_name: str = ""


@dataclass(frozen=True, slots=True)
class Create:
    """The use case of one district's own request."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, wish: Wish, key: str = "") -> Request:
        """Return the request, To Be Scheduled. `key` ("" = none) makes a repeat answer the same request.

        Raises `NotThere` for a district out of reach, `Wrong` naming the field, `Clash` when the district
        moves with a group or a version at or above this one is open.
        """
        check_may_create(person, wish.district_id)
        now = self.clock.now()
        async with self.queues.begin() as queue:
            sites = await queue.lock_sites([wish.district_id])
            if not sites:
                raise NotThere("site", "/site_id")
            identity = await remembered(queue, person, key, repr(wish), now)
            if isinstance(identity, Request | GroupRequest):
                assert isinstance(identity, Request)
                return identity
            touched = affected(wish.kind, wish.target, sites)
            if isinstance(touched, FieldWrong):
                raise Wrong("/site_id", touched.detail)
            steps = await self._steps(queue, person, wish, touched, identity, now)
            await self.scribe.record(queue, steps, person, now)
            faults.point("update_scheduler.create.before_commit")
        return steps[0].after

    async def _steps(
        self, queue: Queue, person: Person, wish: Wish, touched: Sequence[Site], identity: UUID, now: datetime
    ) -> list[Step]:
        if wish.kind is RequestKind.DATABASE_REFRESH:
            _check_refresh(wish, touched[0])
            await check_preferred(queue, wish.preferred, wish.kind, touched[:1], now)
            return [Step(Came.INTO_BEING, new_request(identity, person, wish, touched, now), wish.note)]
        link = (await queue.links([wish.district_id])).get(wish.district_id, Unlinked())
        if isinstance(refusal := check_individual(wish.kind, link), MovesWithGroup):
            raise Clash("moves-with-group", refusal.detail, "/site_id")
        catalogue = await queue.catalogue()
        if isinstance(fault := check_version(catalogue, wish.version, touched[0].version), FieldWrong):
            raise refused(fault)
        await check_preferred(queue, wish.preferred, wish.kind, touched[:1], now)
        fresh = new_request(identity, person, wish, touched, now)
        older = [r for r in await queue.lock_open([wish.district_id]) if r.target is wish.target]
        return [Step(Came.INTO_BEING, fresh, wish.note), *replaced(catalogue, fresh, older, now)]


def check_may_create(person: Person, district_id: str) -> None:
    """Contacts create, for a district within reach. Raises `NotForYou`, `NotThere`."""
    if not person.may(Act.CREATE):
        raise NotForYou("Contacts create requests; operators move them.")
    if not person.sees(district_id):
        raise NotThere("site", "/site_id")


async def remembered(
    queue: Queue, person: Person, key: str, body: str, now: datetime, *, groups: bool = False
) -> UUID | Request | GroupRequest:
    """A new request's id, or the (group) request that this idempotency key made already.

    Raises `Clash` when the key was used for something else.
    """
    identity = uuid4()
    if not key:
        return identity
    digest = hashlib.sha256(body.encode()).digest()
    holder, held = await queue.remember_key(_owner(person), key, digest, identity, now)
    if holder == identity:
        return identity
    made = await (queue.find_group(holder) if groups else queue.find(holder))
    if held != digest or isinstance(made, Missing):
        detail = "This Idempotency-Key was used for another request body."
        raise Clash("idempotency-key-reused", detail, "/headers/Idempotency-Key")
    return made


def _owner(person: Person) -> str:
    """Whose idempotency keys these are: user ids are unique within a district only."""
    if person.role is Role.TECHNICAL_CONTACT and isinstance(person.scope, Only):
        return "/".join((person.role.value, *sorted(person.scope.districts), person.user_id))
    return f"{person.role.value}/{person.user_id}"


def replaced(catalogue: Catalogue, fresh: Request, older: Sequence[Request], now: datetime) -> list[Step]:
    """The steps of the older open requests of the same site that `fresh` replaces. Raises `Clash`."""
    decision = supersession(catalogue, fresh.version, [Open(r.id, r.version, r.state) for r in older])
    if isinstance(decision, NotAboveOpen):
        raise Clash("not-above-open", decision.detail, "/version")
    steps = []
    for request in older:
        if request.id in decision.older:
            state = supersede(request.state, fresh.id)
            assert isinstance(state, NewVersionRequested)
            steps.append(Step(request.state, request.becomes(state, now)))
    return steps


def _check_refresh(wish: Wish, target: Site) -> None:
    if wish.version:
        raise Wrong("/version", "A database refresh has no version: leave it out.")
    if wish.site_name.strip() != target.name:
        raise Wrong("/site_name", "Type the site's name as it is shown: the refresh overwrites its data.")


def new_request(
    identity: UUID,
    person: Person,
    wish: Wish,
    touched: Sequence[Site],
    now: datetime,
    group: Alone | Member = ALONE,
) -> Request:
    """The request of a wish, To Be Scheduled, on the sites that it touches."""
    return Request(
        id=identity,
        district_id=wish.district_id,
        target=wish.target,
        kind=wish.kind,
        version=wish.version,
        sites=tuple(site_id(wish.district_id, site.environment) for site in touched),
        state=ToBeScheduled(),
        revision=1,
        requested_by=person.user_id,
        note=wish.note,
        preferred=wish.preferred,
        group=group,
        created_at=now,
        moved_at=now,
    )
