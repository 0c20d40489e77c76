"""What all use cases of group requests share: who is in, and whether members still move as one."""

from collections.abc import Sequence
from uuid import UUID

from update_scheduler.domain.actors import AllDistricts, Person
from update_scheduler.domain.groups import moves_together
from update_scheduler.domain.requests import Member, Request
from update_scheduler.domain.sites import Site
from update_scheduler.errors import ADDRESSED, Clash, NotThere, Stale
from update_scheduler.ports import GroupRequest, Queue


def still_in(members: Sequence[Request]) -> list[Request]:
    """The members whose districts have not left the group since."""
    return [r for r in members if isinstance(r.group, Member) and not r.group.left]


async def check_single(queue: Queue, request: Request) -> None:
    """A member moves singly only from Not Started on. Raises `Clash` naming its group request."""
    if not isinstance(request.group, Member) or request.group.left:
        return
    members = still_in(await queue.members(request.group.group_request))
    if moves_together([r.state for r in members]):
        whole = await queue.find_group(request.group.group_request)
        name = whole.group_name if isinstance(whole, GroupRequest) else "its group"
        raise Clash(
            "moves-with-group",
            f"This request moves with {name} until work begins: use group request "
            f"{request.group.group_request}.",
            ADDRESSED,
        )


async def locked_group(
    queue: Queue, person: Person, group_request: UUID, revision: int
) -> tuple[GroupRequest, list[Request], Sequence[Site]]:
    """The group request, its members still in, and their sites, locked. Raises `NotThere`, `Stale`."""
    members = still_in(await queue.members(group_request))
    sites = await queue.lock_sites({r.district_id for r in members})
    whole = await queue.lock_group(group_request)
    if not isinstance(person.scope, AllDistricts) and whole.group_id not in person.groups:
        raise NotThere("request")
    if whole.revision != revision:
        raise Stale(whole.revision)
    return whole, still_in(await queue.lock([r.id for r in members])), sites


def check_together(members: Sequence[Request]) -> None:
    """Members move as one only until work has begun. Raises `Clash` naming those that have gone on."""
    if moves_together([r.state for r in members]):
        return
    names = ", ".join(sorted(r.district_id for r in members))
    detail = f"From Not Started on members move singly: move each of {names}."
    raise Clash("members-move-singly", detail, ADDRESSED)


def all_or_none(faults: dict[str, str], pointer: str) -> None:
    """Raises `Clash` naming every member that cannot, with why; `pointer` is the field that asked for it."""
    if faults:
        listed = "; ".join(f"{district}: {why}" for district, why in sorted(faults.items()))
        raise Clash("members-cannot", f"All members move or none. {listed}", pointer)
