"""A group contact asks for a version update for all linked districts (product.md section 7, Groups)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.create import Wish, new_request, remembered, replaced
from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.groups import fan_out
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.requests import Came, Member, NoDate, Request, Step
from update_scheduler.domain.sites import Site, affected
from update_scheduler.domain.versions import Catalogue
from update_scheduler.errors import Clash, NotForYou, NotThere, QueueError, Wrong
from update_scheduler.ports import Group, GroupRequest, Queue, Queues
from update_scheduler.preferring import check_preferred
from update_scheduler.recording import Scribe


@dataclass(frozen=True, slots=True)
class GroupWish:
    """What a group contact asks for, for every linked district."""

    group_id: str
    target: Environment
    version: str
    preferred: datetime | NoDate
    note: str


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """The use case of one request for a whole group."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, wish: GroupWish, key: str = "") -> GroupRequest:
        """Return the group request; members at or above the version are skipped and named.

        Raises `NotThere` for another's group, `Wrong` for the version or target, `Clash` naming the members
        that have this version or a later one open, or when no member needs it.
        """
        if not person.may(Act.CREATE):
            raise NotForYou("Contacts create requests; operators move them.")
        if wish.group_id not in person.groups:
            raise NotThere("group", "/group_id")
        now = self.clock.now()
        async with self.queues.begin() as queue:
            group = await _linked(queue, wish.group_id)
            sites = await queue.lock_sites(group.districts)
            # who left while this waited for its turn is not asked for; who joined meanwhile comes next time
            still = (await _linked(queue, wish.group_id)).districts
            group = replace(group, districts=tuple(d for d in group.districts if d in still))
            identity = await remembered(queue, person, key, repr(wish), now, groups=True)
            if isinstance(identity, Request | GroupRequest):
                assert isinstance(identity, GroupRequest)
                return identity
            whole, steps = await _fan_out(queue, person, wish, group, sites, identity, now)
            await queue.add_group(whole)
            await self.scribe.record(queue, steps, person, now)
            faults.point("update_scheduler.create_group.before_commit")
        return whole


async def _linked(queue: Queue, group_id: str) -> Group:
    group = await queue.group(group_id)
    if not isinstance(group, Group):
        raise NotThere("group", "/group_id")
    if not group.kind.links:
        raise Wrong("/group_id", f"{group.name} links no districts: choose a district and request for it.")
    return group


async def _fan_out(
    queue: Queue,
    person: Person,
    wish: GroupWish,
    group: Group,
    sites: Sequence[Site],
    identity: UUID,
    now: datetime,
) -> tuple[GroupRequest, list[Step]]:
    catalogue = await queue.catalogue()
    if wish.version not in catalogue:
        raise Wrong("/version", f"The catalogue has no version {wish.version}; see /v1/releases.")
    touched = _touched(group, wish.target, sites)
    split = fan_out(catalogue, wish.version, {d: t[0].version for d, t in touched.items()})
    if not split.members:
        detail = f"Every district of {group.name} runs {wish.version} or later already."
        raise Clash("nobody-needs-it", detail, "/version")
    targets = [touched[district][0] for district in split.members]
    await check_preferred(queue, wish.preferred, RequestKind.VERSION_UPDATE, targets, now)
    older = await queue.lock_open(split.members)
    steps: list[Step] = []
    faulty: dict[str, str] = {}
    for district in split.members:
        own = Wish(district, wish.target, RequestKind.VERSION_UPDATE, wish.version, wish.preferred, wish.note)
        fresh = new_request(uuid5(identity, district), person, own, touched[district], now, Member(identity))
        try:
            steps += _member(catalogue, fresh, older, wish.note, now)
        except QueueError as error:
            faulty[district] = error.detail
    if faulty:
        listed = "; ".join(f"{district}: {why}" for district, why in sorted(faulty.items()))
        raise Clash("members-cannot", f"Nothing was requested. {listed}", "/version")
    whole = GroupRequest(
        id=identity,
        group_id=group.id,
        group_name=group.name,
        version=wish.version,
        target=wish.target,
        revision=1,
        requested_by=person.user_id,
        note=wish.note,
        preferred=wish.preferred,
        skipped=split.skipped,
        created_at=now,
    )
    return whole, sorted(steps, key=lambda s: not isinstance(s.before, Came))


def _member(
    catalogue: Catalogue, fresh: Request, older: Sequence[Request], note: str, now: datetime
) -> list[Step]:
    mine = [r for r in older if r.district_id == fresh.district_id and r.target is fresh.target]
    first = Step(Came.INTO_BEING, fresh, note)
    return [first, *(replace(s, note="") for s in replaced(catalogue, fresh, mine, now))]


def _touched(group: Group, target: Environment, sites: Sequence[Site]) -> Mapping[str, tuple[Site, ...]]:
    touched: dict[str, tuple[Site, ...]] = {}
    faulty: list[str] = []
    for district in group.districts:
        own = [s for s in sites if s.district_id == district]
        found = affected(RequestKind.VERSION_UPDATE, target, own)
        if isinstance(found, FieldWrong):
            faulty.append(f"{district}: {found.detail}")
        else:
            touched[district] = found
    if faulty:
        raise Wrong("/target", "Nothing was requested. " + "; ".join(faulty))
    if not touched:
        raise Wrong("/group_id", f"{group.name} has no districts.")
    return touched
