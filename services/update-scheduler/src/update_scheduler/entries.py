"""What is kept and shown of districts, releases, contacts, windows and requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from bellwire_schemas.names import Environment, RequestKind, Weekday

from update_scheduler.domain.booking import Taken
from update_scheduler.domain.requests import Request
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Blackout, Window


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
class PersonLine:
    """One audit line of a person: `n` numbers lines of all requests."""

    n: int
    request_id: UUID
    district_id: str
    environment: Environment
    line: AuditLine


@dataclass(frozen=True, slots=True)
class Load:
    """Windows for a hosting type and kind, the blackouts, and the places taken."""

    windows: Sequence[Window] = ()
    blackouts: Sequence[Blackout] = ()
    taken: Taken = field(default_factory=dict)
