"""What every step leaves behind, in the transaction that makes it: state, audit, events, mail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from bellwire_kit import faults
from bellwire_schemas.catalogue import update_type
from bellwire_schemas.names import Environment
from bellwire_schemas.updates import UpdateRequestMoved

from update_scheduler.domain.actors import Person
from update_scheduler.domain.reminding import Lead
from update_scheduler.domain.requests import Came, Member, Request, Step
from update_scheduler.domain.slots import NO_SLOT
from update_scheduler.domain.states import Cancelled, Completed
from update_scheduler.domain.statuses import Status
from update_scheduler.ports import Contact, District, Event, Letter, Letters, Mail, Queue

_NAMESPACE = UUID("5b0a3d5e-2f0e-5c3c-8f5b-0f6a3a1f6b52")


Write = Callable[[Sequence[Step], Mapping[str, District], Contact], Letter]


@dataclass(frozen=True, slots=True)
class Scribe:
    """Records steps. `mail_domain` is the right side of each Message-ID."""

    letters: Letters
    mail_domain: str

    async def record(self, queue: Queue, steps: Sequence[Step], by: Person, at: datetime) -> None:
        """Write the steps: requests, audit lines, versions, one event a site, one mail a reader."""
        fresh = [s.after for s in steps if isinstance(s.before, Came)]
        if fresh:
            await queue.add(fresh)
        if moved := [s.after for s in steps if not isinstance(s.before, Came)]:
            await queue.save(moved)
        await queue.add_audit(steps, by, at)
        faults.point("update_scheduler.recorded")
        completed = [s.after for s in steps if isinstance(s.after.state, Completed) and not s.flagged]
        if completed:
            await queue.set_versions(completed, at)
        told = [s for s in steps if s.told]
        if told:
            await queue.add_events([event for step in told for event in _events(step, at)])
            await queue.add_mails(await self._mails(queue, told, self.letters.transition), at)

    async def reminders(self, queue: Queue, steps: Sequence[Step], lead: Lead) -> list[Mail]:
        """One letter a reader that reminds of scheduled requests (a group request's members in one)."""

        def write(seen: Sequence[Step], districts: Mapping[str, District], contact: Contact) -> Letter:
            return self.letters.reminder(lead, seen, districts, contact)

        return await self._mails(queue, steps, write, lead.value)

    async def _mails(
        self, queue: Queue, told: Sequence[Step], write: Write, occasion: str = ""
    ) -> list[Mail]:
        requests = [s.after for s in told]
        districts = await queue.districts({r.district_id for r in requests})
        groups = await queue.groups_of(
            {r.group.group_request for r in requests if isinstance(r.group, Member)}
        )
        contacts = await queue.recipients(
            set(districts), set(groups.values()), {r.requested_by for r in requests}
        )
        mails: list[Mail] = []
        for bundle in _bundles(told):
            mails.extend(self._bundle(bundle, districts, groups, contacts, write, occasion))
        return mails

    def _bundle(
        self,
        steps: Sequence[Step],
        districts: Mapping[str, District],
        groups: Mapping[UUID, str],
        contacts: Sequence[Contact],
        write: Write,
        occasion: str,
    ) -> list[Mail]:
        mails: list[Mail] = []
        names = [f"{s.after.id}:{s.after.revision}" for s in steps]
        about = uuid5(_NAMESPACE, "/".join([occasion, *sorted(names)]))
        for address, same in _by_address(contacts).items():
            seen = [s for s in steps if any(_concerns(contact, s.after, groups) for contact in same)]
            if seen:
                letter = write(seen, districts, same[0])
                message_id = f"<{uuid5(about, address)}@{self.mail_domain}>"
                mails.append(
                    Mail(message_id, same[0].email, letter.subject, letter.text, letter.html, seen[0].after)
                )
        return mails


def _bundles(told: Sequence[Step]) -> list[list[Step]]:
    """Steps that one mail a recipient tells of: the members of one group request that became the same."""
    bundles: dict[tuple[UUID, str], list[Step]] = {}
    for step in told:
        request = step.after
        whole = request.group.group_request if isinstance(request.group, Member) else request.id
        bundles.setdefault((whole, step.word), []).append(step)
    return list(bundles.values())


def _by_address(contacts: Sequence[Contact]) -> Mapping[str, Sequence[Contact]]:
    """Who reads one mailbox is told once, of all that any of these contacts is told of."""
    found: dict[str, list[Contact]] = {}
    for contact in contacts:
        found.setdefault(contact.email.lower(), []).append(contact)
    return found


def _concerns(contact: Contact, request: Request, groups: Mapping[UUID, str]) -> bool:
    if contact.district_id:
        return contact.district_id == request.district_id
    group = request.group
    # what becomes of a district that left is no longer the group's business
    if isinstance(group, Member) and not group.left and groups.get(group.group_request) == contact.group_id:
        return True
    # User ids are unique within a district only: a technical contact elsewhere may have this one's.
    return contact.user_id == request.requested_by and request.district_id in contact.reach


def _events(step: Step, at: datetime) -> list[Event]:
    request = step.after
    word: Literal["cancelled"] | Status = (
        "cancelled" if isinstance(request.state, Cancelled) else request.state.status
    )
    kind = update_type(word)
    when = step.scheduled_for
    events = []
    for site in request.sites:
        environment = Environment(site.rpartition(".")[2])
        data = UpdateRequestMoved(
            request_id=request.id,
            site_id=site,
            district_id=request.district_id,
            environment=environment,
            kind=request.kind,
            status=word,
            version=request.version or None,
            at=at,
            scheduled_for=None if when is NO_SLOT else when,
        )
        identity = uuid5(_NAMESPACE, f"event/{request.id}/{request.revision}/{site}")
        events.append(
            Event(identity, site, request.district_id, environment, kind, at, data.model_dump(mode="json"))
        )
    return events
