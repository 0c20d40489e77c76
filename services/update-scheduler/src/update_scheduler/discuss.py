"""The thread of a request; a contact's line on a Pending Input one answers it (product.md section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from bellwire_kit.clock import Clock

from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.groups import moves_together
from update_scheduler.domain.requests import Member, Request, Step
from update_scheduler.domain.states import Cancelled, Deleted, PendingInput
from update_scheduler.domain.transitions import Answer, answer
from update_scheduler.errors import NotThere, refused
from update_scheduler.grouped import locked_group, still_in
from update_scheduler.ports import GroupRequest, Message, Queue, Queues
from update_scheduler.recording import Scribe


@dataclass(frozen=True, slots=True)
class Discuss:
    """The use case of writing a line under one request."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, request_id: UUID, body: str) -> Message:
        """Keep the line; from a contact on a Pending Input request it is the answer and returns the request.

        A member of a group that still moves as one is answered by its group request. Raises `NotThere`.
        """
        now = self.clock.now()
        async with self.queues.begin() as queue:
            found = await queue.find(request_id)
            if not isinstance(found, Request) or not person.sees(found.district_id):
                raise NotThere("request")
            await queue.lock_sites([found.district_id])
            (request,) = await queue.lock([request_id])
            if isinstance(request.state, Deleted | Cancelled) and person.may(Act.ANSWER):
                raise NotThere("request")
            message = _message(person, body, now)
            await queue.add_message(request, message)
            if person.may(Act.ANSWER) and not await _waits_for_group(queue, request):
                await self.scribe.record(queue, _answers([request], body, now), person, now)
        return message


@dataclass(frozen=True, slots=True)
class DiscussGroup:
    """The use case of writing a line under a group request: it stands in the thread of every member."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, group_request: UUID, body: str) -> Message:
        """Keep the line under each member; from a group contact it answers all that are Pending Input."""
        now = self.clock.now()
        async with self.queues.begin() as queue:
            found = await queue.find_group(group_request)
            if not isinstance(found, GroupRequest):
                raise NotThere("request")
            whole, members, _ = await locked_group(queue, person, group_request, found.revision)
            message = _message(person, body, now)
            for request in members:
                await queue.add_message(request, _message(person, body, now))
            steps = _answers(members, body, now) if person.may(Act.ANSWER) else []
            if steps:
                await queue.touch_group(whole.id)
                await self.scribe.record(queue, steps, person, now)
        return message


async def _waits_for_group(queue: Queue, request: Request) -> bool:
    if not isinstance(request.group, Member) or request.group.left:
        return False
    return moves_together([r.state for r in still_in(await queue.members(request.group.group_request))])


def _message(person: Person, body: str, now: datetime) -> Message:
    return Message(uuid4(), now, person.role.value, person.user_id, body)


def _answers(requests: Sequence[Request], body: str, now: datetime) -> list[Step]:
    steps: list[Step] = []
    for request in requests:
        if not isinstance(request.state, PendingInput):
            continue
        after = answer(request.state, now)
        if not isinstance(after, tuple):
            raise refused(after)
        state, what = after
        if state != request.state:
            moved = request.becomes(state, now)
            steps.append(Step(request.state, moved, body, flagged=what is Answer.FLAGGED))
    return steps
