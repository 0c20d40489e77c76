"""The state of an update request with what each status needs: an illegal one does not construct."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from update_scheduler.domain.slots import NO_SLOT, NoSlot, Slot
from update_scheduler.domain.statuses import BEGUN, CLOSED, Status


@dataclass(frozen=True, slots=True)
class ToBeScheduled:
    """Submitted; no slot is taken."""

    status = Status.TO_BE_SCHEDULED


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Confirmed for a date: holds its slot."""

    slot: Slot
    status = Status.SCHEDULED


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Pulled from the queue, about to begin: still holds its slot."""

    slot: Slot
    status = Status.NOT_STARTED


@dataclass(frozen=True, slots=True)
class InProgress:
    """Being updated since `since` (aware): the site is offline."""

    slot: Slot
    since: datetime
    status = Status.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class PendingInput:
    """The district must answer; `back` is the state it came from.

    `answered` only where an answer does not return the request by itself: from Not Started and In Progress.
    """

    back: ToBeScheduled | Scheduled | NotStarted | InProgress
    answered: bool = False
    status = Status.PENDING_INPUT

    def __post_init__(self) -> None:
        if self.answered and self.back.status not in BEGUN:
            raise ValueError("an answer returns a request that has not begun: it does not stay, answered")


@dataclass(frozen=True, slots=True)
class Deferred:
    """On hold until further notice; no slot is taken."""

    status = Status.DEFERRED


@dataclass(frozen=True, slots=True)
class Completed:
    """Done at `at` (aware)."""

    at: datetime
    status = Status.COMPLETED


@dataclass(frozen=True, slots=True)
class NewVersionRequested:
    """Request `newer` replaced it and finishes both."""

    newer: UUID
    status = Status.NEW_VERSION_REQUESTED


@dataclass(frozen=True, slots=True)
class UnableToComplete:
    """Could not be done; `reason` is what the mail says."""

    reason: str
    status = Status.UNABLE_TO_COMPLETE

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a request that could not be done says why")


Live = (
    ToBeScheduled
    | Scheduled
    | NotStarted
    | InProgress
    | PendingInput
    | Deferred
    | Completed
    | NewVersionRequested
    | UnableToComplete
)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Taken back by a contact from `last`; the slot is free again."""

    last: ToBeScheduled | Scheduled

    @property
    def status(self) -> Status:
        """The status it had when it was taken back (cancelled is no status of its own)."""
        return self.last.status


@dataclass(frozen=True, slots=True)
class Deleted:
    """Hidden from its district; operators can still list it."""

    last: Completed | NewVersionRequested | UnableToComplete

    @property
    def status(self) -> Status:
        """The status it had when it was deleted."""
        return self.last.status


State = Live | Cancelled | Deleted


def is_open(state: State) -> bool:
    """Can anything still happen to it?"""
    return not isinstance(state, Cancelled | Deleted) and state.status not in CLOSED


def has_begun(state: State) -> bool:
    """Is it, or was it before its question, pulled from the queue (Not Started, In Progress)?"""
    match state:
        case NotStarted() | InProgress():
            return True
        case PendingInput(back=back):
            return back.status in BEGUN
        case _:
            return False


def held_slot(state: State) -> Slot | NoSlot:
    """The slot whose place the request takes. One in question keeps its own (product.md section 7)."""
    match state:
        case Scheduled(slot=slot) | NotStarted(slot=slot) | InProgress(slot=slot):
            return slot
        case PendingInput(back=back):
            return held_slot(back)
        case _:
            return NO_SLOT


def supersedable(state: State) -> bool:
    """May a newer request replace it: open, and work has not begun (product.md section 7)."""
    return is_open(state) and not has_begun(state)


def overdue(state: State, now: datetime) -> bool:
    """Has its occurrence passed before it was started? Nothing starts by itself: it is flagged."""
    match state:
        case Scheduled(slot=slot) | NotStarted(slot=slot):
            return slot.over(now)
        case _:
            return False
