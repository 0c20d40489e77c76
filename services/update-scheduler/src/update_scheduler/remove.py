"""A contact cancels an early request or deletes a closed one: DELETE, by status (product.md section 7)."""

from dataclasses import dataclass
from uuid import UUID

from bellwire_kit import faults
from bellwire_kit.clock import Clock

from update_scheduler.domain.actors import Act, Person
from update_scheduler.domain.refusals import Gone, Refusal
from update_scheduler.domain.requests import Member, Request, Step
from update_scheduler.domain.states import Cancelled, is_open
from update_scheduler.domain.transitions import remove
from update_scheduler.errors import ADDRESSED, NotForYou, NotThere, refused
from update_scheduler.grouped import all_or_none, check_single, locked_group
from update_scheduler.ports import Queues
from update_scheduler.recording import Scribe
from update_scheduler.transition import locked


def _check(person: Person) -> None:
    if not (person.may(Act.CANCEL) and person.may(Act.DELETE)):
        raise NotForYou("Contacts cancel and delete their requests; operators move them.")


@dataclass(frozen=True, slots=True)
class Remove:
    """The use case of taking one request back, or hiding it."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, request_id: UUID, revision: int) -> Request:
        """Return the request, cancelled or deleted.

        Raises `NotThere`, `NotForYou`, `Stale`, `Clash` naming the status, or the group that it moves with.
        """
        _check(person)
        now = self.clock.now()
        async with self.queues.begin() as queue:
            found = await queue.find(request_id)
            if not isinstance(found, Request) or not person.sees(found.district_id):
                raise NotThere("request")
            request, _ = await locked(queue, request_id, revision)
            after = remove(request.state)
            if isinstance(after, Refusal):
                raise NotThere("request") if isinstance(after, Gone) else refused(after)
            if isinstance(after, Cancelled):
                await check_single(queue, request)
            if isinstance(request.group, Member):
                await queue.touch_group(request.group.group_request)
            await self.scribe.record(queue, [Step(request.state, request.becomes(after, now))], person, now)
            faults.point("update_scheduler.remove.before_commit")
        return request


@dataclass(frozen=True, slots=True)
class RemoveGroup:
    """The use case of taking a group request back, or hiding it: all members or none."""

    queues: Queues
    clock: Clock
    scribe: Scribe

    async def __call__(self, person: Person, group_request: UUID, revision: int) -> None:
        """Cancel or delete all members. Raises as `Remove` does, `Clash` naming members."""
        _check(person)
        now = self.clock.now()
        async with self.queues.begin() as queue:
            whole, members, _ = await locked_group(queue, person, group_request, revision)
            any_open = any(is_open(r.state) for r in members)
            steps: list[Step] = []
            faulty: dict[str, str] = {}
            for request in members:
                after = remove(request.state)
                if isinstance(after, Refusal):
                    faulty[request.district_id] = after.detail
                elif any_open and not isinstance(after, Cancelled):
                    faulty[request.district_id] = "it is closed already, while others are open"
                else:
                    steps.append(Step(request.state, request.becomes(after, now)))
            all_or_none(faulty, ADDRESSED)
            if not steps:
                raise NotThere("request")
            await queue.touch_group(whole.id)
            await self.scribe.record(queue, steps, person, now)
            faults.point("update_scheduler.remove_group.before_commit")
