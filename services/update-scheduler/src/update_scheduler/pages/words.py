"""Requests in words and shapes: what a row shows, worked out once for every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bellwire_schemas.names import Environment, RequestKind, Weekday

from update_scheduler.domain.recurrence import Monthly
from update_scheduler.domain.requests import NoDate, Request
from update_scheduler.domain.service_levels import NoTimer, Pace, Timer, Whose, timer
from update_scheduler.domain.slots import Slot
from update_scheduler.domain.states import (
    Cancelled,
    Deleted,
    NewVersionRequested,
    PendingInput,
    State,
    UnableToComplete,
    held_slot,
    is_open,
    overdue,
)
from update_scheduler.domain.statuses import CANCELLABLE, CLOSED, Status, label
from update_scheduler.domain.transitions import allowed
from update_scheduler.domain.windows import Window

CLOSED_ORDER = (Status.COMPLETED, Status.UNABLE_TO_COMPLETE, Status.NEW_VERSION_REQUESTED)
WAITING = (Status.PENDING_INPUT, Status.TO_BE_SCHEDULED, Status.DEFERRED)
DATED = (Status.IN_PROGRESS, Status.NOT_STARTED, Status.SCHEDULED)
MEANINGS = {
    Status.TO_BE_SCHEDULED: "Submitted. A mail confirms the date once it is scheduled.",
    Status.SCHEDULED: "Confirmed for a date.",
    Status.NOT_STARTED: "Pulled from the queue, about to begin.",
    Status.IN_PROGRESS: "Being updated. The site is offline.",
    Status.COMPLETED: "Done.",
    Status.PENDING_INPUT: "We asked the district and wait for its answer.",
    Status.DEFERRED: "On hold until further notice.",
    Status.NEW_VERSION_REQUESTED: "A newer request replaced it. Both finish under the newer.",
    Status.UNABLE_TO_COMPLETE: "Could not be done. The reason was mailed.",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One request as pages show it at one moment; None where there is nothing to show."""

    request: Request
    word: str
    shape: str
    title: str
    places: str
    scheduled_at: datetime | None
    ends_at: datetime | None
    preferred_at: datetime | None
    overdue: bool
    answered: bool
    reason: str
    newer: str
    removable: str
    closed: bool
    moves: Sequence[Status]
    due: datetime | None
    pace: str
    whose: str

    @property
    def status(self) -> Status:
        """Its status, or the last one before it was removed."""
        return self.request.state.status

    @property
    def refresh(self) -> bool:
        """Is it a database refresh?"""
        return self.request.kind is RequestKind.DATABASE_REFRESH


def card(request: Request, now: datetime) -> Card:
    """What a request looks like at `now`."""
    state = request.state
    live = state.last if isinstance(state, Cancelled | Deleted) else state
    slot = held_slot(live)
    running = timer(state, request.moved_at)
    return Card(
        request=request,
        word=word(state),
        shape=shape(state),
        title=title(request),
        places=places([Environment(s.rpartition(".")[2]) for s in request.sites]),
        scheduled_at=slot.at if isinstance(slot, Slot) else None,
        ends_at=slot.ends_at if isinstance(slot, Slot) else None,
        preferred_at=None if isinstance(request.preferred, NoDate) else request.preferred,
        overdue=overdue(state, now),
        answered=isinstance(live, PendingInput) and live.answered,
        reason=live.reason if isinstance(live, UnableToComplete) else "",
        newer=str(live.newer) if isinstance(live, NewVersionRequested) else "",
        removable=removable(state),
        closed=state.status in CLOSED,
        moves=[s for s in Status if s in allowed(state)],
        due=None if isinstance(running, NoTimer) else running.due,
        pace=_pace(running, now),
        whose=running.whose.value if isinstance(running, Timer) else "",
    )


def _pace(running: Timer | NoTimer, now: datetime) -> str:
    if isinstance(running, NoTimer):
        return ""
    # a district that takes its time is not the operators' delay
    pace = running.pace(now)
    return Pace.SOON.value if pace is Pace.LATE and running.whose is Whose.DISTRICT else pace.value


def title(request: Request) -> str:
    """What is asked for: "Version 2611", "Database refresh"."""
    if request.kind is RequestKind.DATABASE_REFRESH:
        return "Database refresh"
    return f"Version {request.version}"


def places(environments: Sequence[Environment]) -> str:
    """Where: "production and sandbox"."""
    return " and ".join(e.value for e in environments)


def word(state: State) -> str:
    """The status as a word."""
    match state:
        case Cancelled():
            return "Cancelled"
        case Deleted(last=last):
            return f"{label(last.status)}, deleted"
        case _:
            return label(state.status)


def shape(state: State) -> str:
    """The name of the status's shape."""
    match state:
        case Cancelled():
            return "cancelled"
        case Deleted():
            return "deleted"
        case _:
            return state.status.value


def removable(state: State) -> str:
    """What the trash can does: "cancel", "delete", or "" where there is none."""
    if isinstance(state, Cancelled | Deleted):
        return ""
    if is_open(state):
        return "cancel" if state.status in CANCELLABLE else ""
    return "delete" if state.status in CLOSED else ""


def step_word(step: str) -> str:
    """An audit line's word, which is a status, or what happened instead of one."""
    return label(Status(step)) if step in set(Status) else step.capitalize()


def rule_words(window: Window) -> str:
    """When a window happens: "Thursdays", "every 2nd week, Mondays", "2nd Saturday of the month"."""
    recurrence = window.recurrence
    if isinstance(recurrence, Monthly):
        nth = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 5: "last"}[recurrence.nth]
        return f"{nth} {recurrence.weekday.value.capitalize()} of the month"
    days = ", ".join(f"{d.value.capitalize()}s" for d in Weekday if d in recurrence.weekdays)
    return days if recurrence.every == 1 else f"every {recurrence.every} weeks, {days}"
