"""Which requests a person may look at on a page: as `/v1/requests/{id}` answers."""

from collections.abc import Sequence
from uuid import UUID

from update_scheduler.domain.states import Cancelled, Deleted
from update_scheduler.errors import NotThere
from update_scheduler.pages.visits import Visit
from update_scheduler.ports import GroupRequest
from update_scheduler.registry import Filter, Shown, reach

ALL_MEMBERS = 10_000


async def seen(visit: Visit) -> Shown | GroupRequest:
    """The request of the address. Raises `NotThere`; removed ones only operators see."""
    try:
        identity = UUID(visit.path("request_id"))
    except ValueError:
        raise NotThere("request") from None
    found = await visit.parts.registry.request(identity)
    match found:
        case Shown(request=request):
            gone = isinstance(request.state, Cancelled | Deleted)
            if visit.person.sees(request.district_id) and (visit.operator or not gone):
                return found
        case GroupRequest() if visit.operator or found.group_id in visit.person.groups:
            if visit.operator or await members(visit, found):
                return found
    raise NotThere("request")


async def members(visit: Visit, whole: GroupRequest) -> Sequence[Shown]:
    """The requests of a group request that the person may see."""
    reached = reach(visit.person)
    wanted = Filter(districts=reached, group_request=whole.id, removed=visit.operator, limit=ALL_MEMBERS)
    return list(await visit.parts.registry.requests(wanted))
