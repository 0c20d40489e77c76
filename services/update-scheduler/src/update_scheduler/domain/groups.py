"""Linked districts move as a group for version updates (product.md section 7, Groups)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.states import State, has_begun, is_open
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.versions import Catalogue


class GroupKind(StrEnum):
    """How districts belong together. State and consortium are links; partner and ESA connect only."""

    STATE = "state"
    CONSORTIUM = "consortium"
    PARTNER = "partner"
    ESA = "esa"

    @property
    def links(self) -> bool:
        """Do its districts move as one? A district has at most one such link."""
        return self in (GroupKind.STATE, GroupKind.CONSORTIUM)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The district is in no linked group: it requests by itself."""


@dataclass(frozen=True, slots=True)
class Link:
    """The linked group that the district moves with."""

    group_id: str
    name: str


@dataclass(frozen=True, slots=True)
class MovesWithGroup:
    """An individual version update of a linked district is refused, naming its group."""

    name: str

    @property
    def detail(self) -> str:
        """The group's name and who can ask instead."""
        return f"This district moves with {self.name}: its group contact requests version updates for all."


def check_individual(kind: RequestKind, link: Link | Unlinked) -> MovesWithGroup | Unlinked:
    """May a single district ask for it? Refreshes stay individual."""
    if isinstance(link, Link) and kind is RequestKind.VERSION_UPDATE:
        return MovesWithGroup(link.name)
    return Unlinked()


@dataclass(frozen=True, slots=True)
class FanOut:
    """Which members a group request is made for, and which stand at or above the version already."""

    members: tuple[str, ...]
    skipped: tuple[str, ...]


def fan_out(catalogue: Catalogue, version: str, current: Mapping[str, str]) -> FanOut:
    """Split members (district id -> version of the target site) by whether `version` is news to them."""
    ahead = tuple(d for d, v in sorted(current.items()) if not catalogue.newer(version, v))
    return FanOut(tuple(d for d in sorted(current) if d not in ahead), ahead)


_ROLLUP = (
    Status.UNABLE_TO_COMPLETE,
    Status.PENDING_INPUT,
    Status.DEFERRED,
    Status.TO_BE_SCHEDULED,
    Status.SCHEDULED,
    Status.NOT_STARTED,
    Status.IN_PROGRESS,
    Status.COMPLETED,
)


def rollup(members: Sequence[Status]) -> Status:
    """The status of a group request: the first present of product.md's order; superseded when all are."""
    present = frozenset(members)
    return next((status for status in _ROLLUP if status in present), Status.NEW_VERSION_REQUESTED)


def moves_together(members: Sequence[State]) -> bool:
    """Do the members still move as one: no one has begun, and at least one is open?

    From Not Started on members move singly, for good: a member put back is moved by itself.
    """
    return any(map(is_open, members)) and not any(
        has_begun(state) or state.status is Status.COMPLETED for state in members
    )
