"""Who may do what to a request, and what it becomes (product.md section 7). Decisions only."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from update_scheduler.domain.refusals import FieldWrong, Gone, NotAllowed, Refusal, StatusForbids
from update_scheduler.domain.slots import NO_SLOT, NoSlot, Slot
from update_scheduler.domain.states import (
    Cancelled,
    Completed,
    Deferred,
    Deleted,
    InProgress,
    Live,
    NewVersionRequested,
    NotStarted,
    PendingInput,
    Scheduled,
    State,
    ToBeScheduled,
    UnableToComplete,
    held_slot,
    supersedable,
)
from update_scheduler.domain.statuses import CANCELLABLE, CLOSED, OPERATOR_MOVES, Status, label


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks for: the next status, the slot if one is given, a note for the district."""

    to: Status
    slot: Slot | NoSlot = NO_SLOT
    note: str = ""


class Answer(Enum):
    """What an answer does."""

    RETURNED = "returned"
    FLAGGED = "flagged"


def allowed(state: State) -> frozenset[Status]:
    """The statuses that an operator may move it to now."""
    match state:
        case Cancelled() | Deleted():
            return frozenset()
        case PendingInput(back=back):
            return OPERATOR_MOVES[Status.PENDING_INPUT] | {back.status}
        case _:
            return OPERATOR_MOVES[state.status]


def move(state: State, order: Order, now: datetime) -> Live | Refusal:  # noqa: PLR0911 - one line a status
    """The state after an operator's order at `now` (aware), or why not."""
    if isinstance(state, Cancelled | Deleted):
        return _gone(state)
    if order.to not in allowed(state):
        return NotAllowed(state.status, order.to, allowed(state))
    if order.slot is not NO_SLOT and order.to is not Status.SCHEDULED:
        return FieldWrong("/at", f"A date is given only to schedule; leave it out for {label(order.to)}.")
    match order.to:
        case Status.SCHEDULED:
            return _schedule(state, order, now)
        case Status.PENDING_INPUT:
            return _ask(state)
        case Status.UNABLE_TO_COMPLETE:
            if not order.note.strip():
                return FieldWrong("/note", "Say why it could not be done: the mail to the district says it.")
            return UnableToComplete(order.note.strip())
        case Status.TO_BE_SCHEDULED:
            return ToBeScheduled()
        case Status.DEFERRED:
            return Deferred()
        case Status.COMPLETED:
            return Completed(now)
        case _:
            return _begin(state, order.to, now)


def cancel(state: State) -> Cancelled | Refusal:
    """A contact takes the request back: only To Be Scheduled or Scheduled."""
    match state:
        case Cancelled() | Deleted():
            return _gone(state)
        case ToBeScheduled() | Scheduled():
            return Cancelled(state)
        case _:
            return StatusForbids("cancelled", state.status, CANCELLABLE)


def delete(state: State) -> Deleted | Refusal:
    """A contact hides a closed request: Completed, Unable to Complete, New Version Requested."""
    match state:
        case Cancelled() | Deleted():
            return _gone(state)
        case Completed() | NewVersionRequested() | UnableToComplete():
            return Deleted(state)
        case _:
            return StatusForbids("deleted", state.status, CLOSED)


def remove(state: State) -> Cancelled | Deleted | Refusal:
    """What DELETE does, by status: cancel an early request, delete a closed one, else refuse."""
    match state:
        case Cancelled() | Deleted():
            return _gone(state)
        case ToBeScheduled() | Scheduled():
            return cancel(state)
        case Completed() | NewVersionRequested() | UnableToComplete():
            return delete(state)
        case _:
            return StatusForbids("cancelled", state.status, CANCELLABLE)


def answer(state: State, now: datetime) -> tuple[Live, Answer] | Refusal:
    """A contact answered the question: back to where it came from, or flagged where work had begun.

    From Scheduled with its slot over, to To Be Scheduled.
    """
    match state:
        case PendingInput(back=ToBeScheduled() as back):
            return back, Answer.RETURNED
        case PendingInput(back=Scheduled(slot=slot) as back):
            return (ToBeScheduled() if slot.over(now) else back), Answer.RETURNED
        case PendingInput(back=back):
            return PendingInput(back, answered=True), Answer.FLAGGED
        case Cancelled() | Deleted():
            return _gone(state)
        case _:
            return StatusForbids("answered", state.status, frozenset({Status.PENDING_INPUT}))


def supersede(state: State, newer: UUID) -> NewVersionRequested | Refusal:
    """The older request once `newer` is asked for; refused once work has begun on it."""
    if isinstance(state, Cancelled | Deleted):
        return _gone(state)
    if not supersedable(state):
        return NotAllowed(state.status, Status.NEW_VERSION_REQUESTED, allowed(state))
    return NewVersionRequested(newer)


def _schedule(state: Live, order: Order, now: datetime) -> Scheduled | Refusal:  # noqa: PLR0911 - one line a fault
    held = held_slot(state)
    if isinstance(order.slot, Slot):
        if isinstance(state, Scheduled) and state.slot == order.slot:
            return FieldWrong("/at", "It is scheduled for that date already: give a new one.")
        if order.slot.at <= now and order.slot != held:
            return FieldWrong("/at", "The date has passed: give one that lies ahead.")
        return Scheduled(order.slot)
    if isinstance(state, Scheduled):
        return FieldWrong("/at", "Give the new date.")
    if held is NO_SLOT:
        return FieldWrong("/at", "Give the date that it is scheduled for.")
    if held.over(now):
        return FieldWrong("/at", "The slot that it held has passed: give a new date.")
    return Scheduled(held)


def _ask(state: Live) -> PendingInput | Refusal:
    match state:
        case ToBeScheduled() | Scheduled() | NotStarted() | InProgress():
            return PendingInput(state)
        case _:
            return NotAllowed(state.status, Status.PENDING_INPUT, allowed(state))


def _begin(state: Live, to: Status, now: datetime) -> Live | Refusal:
    match state, to:
        case (Scheduled(slot=slot), Status.NOT_STARTED):
            return NotStarted(slot)
        case (NotStarted(slot=slot), Status.IN_PROGRESS):
            return InProgress(slot, now)
        case (PendingInput(back=NotStarted() | InProgress() as back), _) if back.status is to:
            return back
        case _:
            return NotAllowed(state.status, to, allowed(state))


def _gone(state: Cancelled | Deleted) -> Gone:
    return Gone("cancelled" if isinstance(state, Cancelled) else "deleted")
