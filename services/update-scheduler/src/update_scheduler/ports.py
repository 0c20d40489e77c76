"""What the use cases need of the outside: one transaction on the queue, and the writer of letters."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.actors import Person
from update_scheduler.domain.booking import Taken
from update_scheduler.domain.groups import Link
from update_scheduler.domain.reminding import Lead
from update_scheduler.domain.requests import Request, Step
from update_scheduler.domain.sites import Hosting, Site
from update_scheduler.domain.versions import Catalogue
from update_scheduler.domain.windows import Blackout, Window
from update_scheduler.records import (
    MISSING,
    Contact,
    District,
    Event,
    Group,
    GroupRequest,
    Letter,
    Mail,
    Message,
    Missing,
)

__all__ = [
    "MISSING",
    "Contact",
    "District",
    "Event",
    "Group",
    "GroupRequest",
    "Letter",
    "Letters",
    "Mail",
    "Message",
    "Missing",
    "Queue",
    "Queues",
]


class Queue(Protocol):
    """One transaction. Locks are taken in one order: sites, then group request, requests, windows."""

    async def find(self, request_id: UUID) -> Request | Missing:
        """Read a request, unlocked."""

    async def find_group(self, request_id: UUID) -> GroupRequest | Missing:
        """Read a group request, unlocked."""

    async def members(self, group_request: UUID) -> Sequence[Request]:
        """Read the members of a group request, unlocked."""

    async def lock_sites(self, districts: Collection[str]) -> Sequence[Site]:
        """All sites of the districts, locked until the end."""

    async def lock_group(self, group_request: UUID) -> GroupRequest:
        """A group request, locked until the end."""

    async def lock(self, ids: Collection[UUID]) -> Sequence[Request]:
        """Requests, locked until the end, by id."""

    async def lock_open(self, districts: Collection[str]) -> Sequence[Request]:
        """The open version requests of the districts, locked until the end."""

    async def catalogue(self) -> Catalogue:
        """All releases and Rx packs."""

    async def districts(self, ids: Collection[str]) -> Mapping[str, District]:
        """Districts by id."""

    async def links(self, districts: Collection[str]) -> Mapping[str, Link]:
        """The linked group of each district that has one."""

    async def group(self, group_id: str) -> Group | Missing:
        """A group with its districts."""

    async def groups_of(self, group_requests: Collection[UUID]) -> Mapping[UUID, str]:
        """The group of each group request."""

    async def lock_windows(
        self, hosting: Hosting, kind: RequestKind
    ) -> tuple[Sequence[Window], Sequence[Blackout]]:
        """The windows that serve them, locked until the end, and the blackouts of the hosting type."""

    async def taken(self, windows: Collection[UUID], besides: Collection[UUID], now: datetime) -> Taken:
        """Places held in occurrences that are not over at `now`, those of the requests `besides` not counted."""

    async def recipients(
        self, districts: Collection[str], groups: Collection[str], requesters: Collection[str]
    ) -> Sequence[Contact]:
        """The contacts of districts and groups, and group contacts who asked."""

    async def add_group(self, group_request: GroupRequest) -> None:
        """Insert a group request."""

    async def touch_group(self, group_request: UUID) -> None:
        """One revision on."""

    async def add(self, requests: Sequence[Request]) -> None:
        """Insert new requests."""

    async def save(self, requests: Sequence[Request]) -> None:
        """Write what became of them."""

    async def add_audit(self, steps: Sequence[Step], by: Person, at: datetime) -> None:
        """One audit line a step."""

    async def add_message(self, request: Request, message: Message) -> None:
        """One line in a thread."""

    async def set_versions(self, completed: Sequence[Request], at: datetime) -> None:
        """The sites' version, or copy date and scrub, of requests that were completed."""

    async def add_events(self, events: Sequence[Event]) -> None:
        """Lifecycle events, to be published after commit, in this order."""

    async def add_mails(self, mails: Sequence[Mail], at: datetime) -> None:
        """Mail, to be sent after commit."""

    async def lock_soon(self, now: datetime, until: datetime) -> Sequence[Request]:
        """Scheduled requests whose date lies after `now` and not after `until`, locked."""

    async def remember_reminders(
        self, requests: Sequence[Request], lead: Lead, at: datetime
    ) -> Collection[UUID]:
        """Keep that they are reminded now; the ids of those that had not been."""

    async def remember_key(
        self, user_id: str, key: str, digest: bytes, request_id: UUID, at: datetime
    ) -> tuple[UUID, bytes]:
        """Keep an idempotency key; answers the request and digest that hold it now."""


class Queues(Protocol):
    """Opens transactions."""

    def begin(self) -> AbstractAsyncContextManager[Queue]:
        """One transaction: committed when the block ends, undone when it raises."""


class Letters(Protocol):
    """Writes letters from templates."""

    def transition(
        self,
        steps: Sequence[Step],
        districts: Mapping[str, District],
        recipient: Contact,
    ) -> Letter:
        """The letter about steps of one transition (several for a group) to one recipient."""

    def reminder(
        self,
        lead: Lead,
        steps: Sequence[Step],
        districts: Mapping[str, District],
        recipient: Contact,
    ) -> Letter:
        """The letter that reminds one recipient of what is scheduled."""
