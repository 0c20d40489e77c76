"""What the queue is about: districts and sites, releases, contacts, windows, groups; and how one looks at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Protocol
from uuid import UUID

from bellwire_schemas.names import Environment, RequestKind, Weekday

from update_scheduler.domain.actors import Only, Person
from update_scheduler.domain.booking import Taken
from update_scheduler.domain.requests import Request
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Blackout, Window
from update_scheduler.ports import Group, GroupRequest, Message, Missing


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site to register, with the district that it belongs to (made when it is not known yet)."""

    district_id: str
    district_name: str
    state: str
    timezone: str
    environment: Environment
    hosting: Hosting
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What is scheduled for a site."""

    request_id: UUID
    kind: RequestKind
    version: str
    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownSite:
    """A site as a district page shows it: `version` is the latest that was installed through the queue."""

    id: str
    district_id: str
    district_name: str
    timezone: str
    environment: Environment
    hosting: Hosting
    name: str
    version: str
    updated_at: datetime | None
    refreshed_at: datetime | None
    scrubbed_at: datetime | None
    planned: Sequence[Planned]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One line of a site's version history."""

    version: str
    since: datetime
    request_id: UUID | None


@dataclass(frozen=True, slots=True)
class Release:
    """A release or (with `rx_of`) an Rx pack of the catalogue."""

    version: str
    rx_of: str
    released_on: date
    notes: str


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """A contact of a district (`district_id`) or a group (`group_id`); the other is ""."""

    id: UUID
    name: str
    email: str
    district_id: str
    group_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class WindowEntry:
    """A window as it is kept: its rule and its name."""

    id: UUID
    name: str
    hosting: Hosting
    kinds: Sequence[RequestKind]
    timezone: str
    frequency: str
    weekdays: Sequence[Weekday]
    every: int
    opens: time
    closes: time
    capacity: int
    effective_from: date
    effective_until: date | None


@dataclass(frozen=True, slots=True)
class BlackoutEntry:
    """A blackout with its reason; `hosting` None for both types."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    hosting: Hosting | None
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A request with what is known only by looking around it."""

    request: Request
    replaces: Sequence[UUID] = ()
    in_blackout: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests to list; empty means any. `after` is the last one of the page before."""

    districts: Sequence[str] | None = None
    statuses: Sequence[Status] = ()
    kind: RequestKind | None = None
    site_id: str = ""
    group_request: UUID | None = None
    removed: bool = False
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit line of a request."""

    seq: int
    from_status: str | None
    to_status: str
    at: datetime
    by_role: str
    by_user: str
    note: str
    scheduled_for: datetime | None


@dataclass(frozen=True, slots=True)
class Load:
    """Windows for a hosting type and kind, the blackouts, and the places taken."""

    windows: Sequence[Window] = ()
    blackouts: Sequence[Blackout] = ()
    taken: Taken = field(default_factory=dict)


class Registry(Protocol):
    """Keeps and shows what the queue is about."""

    async def person(self, user_id: str) -> Mapping[str, Sequence[str]]:
        """The groups of a group contact, each with its districts."""

    async def add_site(self, site: NewSite) -> ShownSite | Missing:
        """Register a site; Missing when the district has one of this kind already."""

    async def sites(self, districts: Sequence[str] | None, after: str, limit: int) -> Sequence[ShownSite]:
        """Sites by id, of these districts (None = all)."""

    async def site(self, site_id: str) -> ShownSite | Missing:
        """One site."""

    async def version_history(self, site_id: str) -> Sequence[VersionLine]:
        """What ran there since when, newest first."""

    async def add_release(self, release: Release) -> Release | Missing:
        """Append to the catalogue; Missing when the version is there or the release of a pack is not."""

    async def releases(self) -> Sequence[Release]:
        """The catalogue in its order, oldest first."""

    async def add_contact(self, contact: ContactEntry) -> ContactEntry | Missing:
        """Add a contact; Missing when the district or group is not there or has this address."""

    async def contacts(
        self, districts: Sequence[str] | None, groups: Sequence[str] | None, after: UUID | None, limit: int
    ) -> Sequence[ContactEntry]:
        """Contacts by id, of these districts and groups (None = all)."""

    async def contact(self, contact_id: UUID) -> ContactEntry | Missing:
        """One contact."""

    async def remove_contact(self, contact_id: UUID) -> None:
        """Forget a contact."""

    async def add_window(self, window: WindowEntry) -> None:
        """Add a window."""

    async def windows(self, after: UUID | None, limit: int) -> Sequence[WindowEntry]:
        """Windows by id."""

    async def end_window(self, window_id: UUID, until: date) -> WindowEntry | Missing:
        """The rule no longer holds from this local day on; bookings stay."""

    async def add_blackout(self, blackout: BlackoutEntry) -> int:
        """Add a blackout; how many scheduled requests it touches (they keep their slots, flagged)."""

    async def blackouts(self, after: UUID | None, limit: int) -> Sequence[BlackoutEntry]:
        """Blackouts by id."""

    async def remove_blackout(self, blackout_id: UUID) -> bool:
        """Was there one?"""

    async def load(self, hosting: Hosting, kind: RequestKind) -> Load:
        """What free slots are worked out from."""

    async def add_group(self, group: Group) -> Group | Missing:
        """Add a group with no districts yet; Missing when the id is taken."""

    async def groups(self, ids: Sequence[str] | None, after: str, limit: int) -> Sequence[Group]:
        """Groups by id (None = all)."""

    async def join(self, group_id: str, district_id: str, at: datetime) -> str | Missing:
        """Put a district in a group: "" or the name of the group that it is linked to already."""

    async def leave(self, group_id: str, district_id: str) -> bool:
        """Take a district out; its open requests stay its own. Was it in?"""

    async def request(self, request_id: UUID) -> Shown | GroupRequest | Missing:
        """One request or group request."""

    async def requests(self, wanted: Filter) -> Sequence[Shown]:
        """Requests, newest first."""

    async def audit(self, request_id: UUID) -> Sequence[AuditLine]:
        """The audit lines of a request, oldest first."""

    async def messages(self, request_id: UUID) -> Sequence[Message]:
        """The thread of a request, oldest first."""


def reach(person: Person) -> Sequence[str] | None:
    """The districts that a person sees, None for all."""
    return sorted(person.scope.districts) if isinstance(person.scope, Only) else None
