"""What the pages look at besides the registry, and the little that they keep."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.domain.groups import Link
from update_scheduler.domain.requests import Request
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Blackout, Window
from update_scheduler.ports import District, GroupRequest, Missing


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A request as the board shows it, with what is known only by looking around it.

    `lines` counts its thread; `group_name` is "" when it moves by itself; `runs` is the target's version.
    """

    request: Request
    district_name: str
    state: str
    hosting: Hosting
    runs: str
    group_name: str
    in_blackout: bool
    lines: int
    sort_at: datetime


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Which requests the board shows; empty means any. `occurrence` is (window, its start)."""

    search: str = ""
    kind: RequestKind | None = None
    hosting: Hosting | None = None
    target: Environment | None = None
    flag: str = ""
    occurrence: tuple[UUID, datetime] | None = None
    after: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """How many open requests of each status, and how many that call for somebody."""

    statuses: Mapping[Status, int]
    overdue: int
    answered: int
    blackout: int


@dataclass(frozen=True, slots=True)
class DistrictLine:
    """A district in a list: its sites' versions and how many open requests it has."""

    id: str
    name: str
    state: str
    hosting: Hosting
    versions: Mapping[Environment, str]
    open: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A window with the name that people call it by."""

    name: str
    window: Window


@dataclass(frozen=True, slots=True)
class Booked:
    """A request in the calendar; `alike` is how many its occurrence has, those that were not asked for too."""

    request: Request
    district_name: str
    alike: int


@dataclass(frozen=True, slots=True)
class NamedBlackout:
    """A blackout with its reason."""

    id: UUID
    span: Blackout
    hosting: Hosting | None
    reason: str


@dataclass(frozen=True, slots=True)
class Times:
    """Everything that a span of the calendar shows; `held` counts places of (window, start)."""

    rules: Sequence[Rule]
    blackouts: Sequence[NamedBlackout]
    held: Mapping[tuple[UUID, datetime], int]
    booked: Sequence[Booked]


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar feed that a person made; its secret address is not kept."""

    id: UUID
    name: str
    role: str
    user_id: str
    district_id: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group request with the statuses of its members."""

    whole: GroupRequest
    statuses: Sequence[Status]


class Looking(Protocol):
    """Reads what pages show."""

    async def board(
        self, statuses: Sequence[Status], wanted: BoardFilter, now: datetime, per: int
    ) -> Mapping[Status, Sequence[BoardRow]]:
        """Open requests of each status, at most `per` each: longest waiting first, or soonest date first."""

    async def closed(
        self, status: Status, wanted: BoardFilter, now: datetime, limit: int
    ) -> Sequence[BoardRow]:
        """Closed requests of a status, latest first."""

    async def removed(self, wanted: BoardFilter, now: datetime, limit: int) -> Sequence[BoardRow]:
        """Cancelled and deleted requests, latest first."""

    async def counts(self, wanted: BoardFilter, now: datetime) -> BoardCounts:
        """How many open requests the filter leaves."""

    async def rows(self, ids: Collection[UUID]) -> Sequence[BoardRow]:
        """Board rows of these requests, in the order of the board."""

    async def district(self, district_id: str) -> District | Missing:
        """One district."""

    async def districts(
        self, ids: Collection[str] | None, search: str, after: str, limit: int
    ) -> Sequence[DistrictLine]:
        """Districts by name, of these (None = all)."""

    async def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """The names of districts."""

    async def links(self, districts: Collection[str]) -> Mapping[str, Link]:
        """The linked group of each district that has one."""

    async def group_names(self, group_requests: Collection[UUID]) -> Mapping[UUID, str]:
        """The group's name of each group request."""

    async def group_requests(self, groups: Collection[str], limit: int) -> Sequence[GroupLine]:
        """Group requests of groups, newest first."""

    async def times(
        self, first: datetime, until: datetime, districts: Collection[str] | None, each: int, limit: int
    ) -> Times:
        """Windows, blackouts and loads in [`first`, `until`); bookings of these districts (None = all).

        At most `each` of one occurrence, and `limit` in all.
        """


class Keeping(Protocol):
    """Keeps preferences and feeds."""

    async def hides_complete(self, role: str, user_id: str, district_id: str) -> bool:
        """Has the person chosen to hide completed requests?"""

    async def hide_complete(self, role: str, user_id: str, district_id: str, *, hide: bool) -> None:
        """Remember the choice."""

    async def add_feed(self, feed: Feed, digest: bytes) -> None:
        """Keep a feed under the digest of its secret."""

    async def feeds(self, role: str, user_id: str, district_id: str) -> Sequence[Feed]:
        """A person's feeds that are not revoked, newest first."""

    async def feed(self, digest: bytes) -> Feed | Missing:
        """The feed of a secret, unless it was revoked."""

    async def revoke_feed(
        self, feed_id: UUID, role: str, user_id: str, district_id: str, at: datetime
    ) -> bool:
        """Revoke a person's own feed. Was there one?"""


class Store(Looking, Keeping, Protocol):
    """Both."""
