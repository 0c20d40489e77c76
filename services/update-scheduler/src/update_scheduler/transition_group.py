"""An operator moves a group request: all members, or none (product.md section 7, Groups)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bellwire_kit import faults
from bellwire_kit.clock import Clock

from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.requests import Request, Step
from update_scheduler.domain.slots import NoSlot, Slot
from update_scheduler.domain.transitions import Order
from update_scheduler.errors import Clash, NotForYou, QueueError
from update_scheduler.grouped import all_or_none, check_together, locked_group
from update_scheduler.ports import GroupRequest, Queues
from update_scheduler.recording import Scribe
from update_scheduler.transition import Demand, check_turn, chosen_slots, decided


@dataclass(frozen=True, slots=True)
class TransitionGroup:
    """The use case of moving a group request."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, group_request: UUID, demand: Demand) -> GroupRequest:
        """Move all members in one transaction. Raises as `Transition` does, `Clash` naming members."""
        if not person.may(Act.MOVE):
            raise NotForYou("Operators make transitions; contacts create, answer, cancel and delete.")
        now = self.clock.now()
        async with self.queues.begin() as queue:
            whole, members, sites = await locked_group(queue, person, group_request, demand.revision)
            check_together(members)
            slots = await chosen_slots(queue, members, sites, demand, now)
            steps = _decided(members, slots, demand, now)
            await check_turn(queue, members, sites, demand.to)
            await queue.touch_group(whole.id)
            await self.scribe.record(queue, steps, person, now)
            faults.point("update_scheduler.group.before_commit")
        return whole


def _decided(
    members: Sequence[Request], slots: Mapping[UUID, Slot | NoSlot], demand: Demand, now: datetime
) -> list[Step]:
    steps: list[Step] = []
    faulty: dict[str, str] = {}
    wrong: list[QueueError] = []
    for request in members:
        try:
            steps.append(decided(request, Order(demand.to, slots[request.id], demand.note), now))
        except Clash as clash:
            faulty[request.district_id] = clash.detail
        except QueueError as error:
            wrong.append(error)
    all_or_none(faulty, "/to")
    if wrong:
        raise wrong[0]
    return steps
