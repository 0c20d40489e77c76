"""What the queue is about: districts and sites, releases, contacts, windows, groups; and how one looks at it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.actors import Only, Person
from update_scheduler.domain.sites import Hosting
from update_scheduler.entries import (
    AuditLine,
    BlackoutEntry,
    ContactEntry,
    Filter,
    Load,
    NewSite,
    PersonLine,
    Planned,
    Release,
    Shown,
    ShownSite,
    VersionLine,
    WindowEntry,
)
from update_scheduler.ports import Group, GroupRequest, Message, Missing

__all__ = [
    "AuditLine",
    "BlackoutEntry",
    "ContactEntry",
    "Filter",
    "Load",
    "NewSite",
    "PersonLine",
    "Planned",
    "Registry",
    "Release",
    "Shown",
    "ShownSite",
    "VersionLine",
    "WindowEntry",
    "reach",
]


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

    async def load(self, hosting: Hosting, kind: RequestKind, now: datetime) -> Load:
        """What slots that are free after `now` are worked out from."""

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

    async def audit_of_person(
        self, user_id: str, after: tuple[datetime, int] | None, limit: int
    ) -> Sequence[PersonLine]:
        """What a person did to any request, newest first; `after` is the last line of the page before."""

    async def messages(self, request_id: UUID) -> Sequence[Message]:
        """The thread of a request, oldest first."""


def reach(person: Person) -> Sequence[str] | None:
    """The districts that a person sees, None for all."""
    return sorted(person.scope.districts) if isinstance(person.scope, Only) else None
