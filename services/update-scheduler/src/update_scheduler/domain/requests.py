"""One update request, and one step of its life."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.domain.slots import NO_SLOT, NoSlot, Slot
from update_scheduler.domain.states import Cancelled, Deleted, State, held_slot


class NoDate(Enum):
    """No preferred date was given."""

    NO_DATE = "no_date"


NO_DATE = NoDate.NO_DATE


@dataclass(frozen=True, slots=True)
class Alone:
    """The request moves by itself."""


@dataclass(frozen=True, slots=True)
class Member:
    """The request is one of a group request; `left` when its district left the group since."""

    group_request: UUID
    left: bool = False


ALONE = Alone()


@dataclass(frozen=True, slots=True)
class Request:
    """An update request. `sites` are site ids, the target first; `revision` is what If-Match names.

    `version` is empty for a refresh. All times aware.
    """

    id: UUID
    district_id: str
    target: Environment
    kind: RequestKind
    version: str
    sites: tuple[str, ...]
    state: State
    revision: int
    requested_by: str
    note: str
    preferred: datetime | NoDate
    group: Alone | Member
    created_at: datetime
    moved_at: datetime

    def __post_init__(self) -> None:
        if (self.kind is RequestKind.VERSION_UPDATE) != bool(self.version):
            raise ValueError("a version update names its version, a refresh has none")
        if not self.sites or self.revision < 1:
            raise ValueError("a request touches a site and has a revision")

    @property
    def slot(self) -> Slot | NoSlot:
        """The slot that it takes."""
        return held_slot(self.state)

    def becomes(self, state: State, at: datetime) -> "Request":
        """The request one revision on, in its new state since `at`."""
        return replace(self, state=state, revision=self.revision + 1, moved_at=at)


class Came(Enum):
    """There was no request before this step."""

    INTO_BEING = "into_being"


@dataclass(frozen=True, slots=True)
class Step:
    """One audit line: from `before` to `after`, and why. `word` names it: a status or what happened."""

    before: State | Came
    after: Request
    note: str = ""
    flagged: bool = False

    @property
    def word(self) -> str:
        """The status, or `cancelled`, `deleted`, `answered` where it is none."""
        if self.flagged:
            return "answered"
        match self.after.state:
            case Cancelled():
                return "cancelled"
            case Deleted():
                return "deleted"
            case state:
                return state.status.value

    @property
    def told(self) -> bool:
        """Does it send mail and a lifecycle event? An answer that only flags and a deletion do not."""
        return not self.flagged and not isinstance(self.after.state, Deleted)

    @property
    def scheduled_for(self) -> datetime | NoSlot:
        """The instant that it is scheduled for after this step."""
        slot = self.after.slot
        return slot.at if isinstance(slot, Slot) else NO_SLOT
