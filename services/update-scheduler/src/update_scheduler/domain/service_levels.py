"""How long a request may stay as it is before somebody should have moved it: the operators' timers.

product.md section 7 names no figures but two: an occurrence that passes flags the request overdue, and twelve
hours In Progress is a warning. The others are what a district would expect.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from update_scheduler.domain.states import (
    Deferred,
    InProgress,
    NotStarted,
    PendingInput,
    Scheduled,
    State,
    ToBeScheduled,
)

TO_A_DATE = timedelta(days=2)
"""From To Be Scheduled to a date."""
OPERATOR_READS = timedelta(days=1)
"""From a district's answer to the operator's next move."""
DISTRICT_ANSWERS = timedelta(days=7)
"""From a question to the district's answer."""
WORK = timedelta(hours=12)
"""In Progress: polling of the site resumes then, with a warning."""
REVIEW = timedelta(days=30)
"""Deferred is looked at again."""


class Whose(StrEnum):
    """Who should move it next."""

    OPERATOR = "operator"
    DISTRICT = "district"


class Pace(StrEnum):
    """How a timer stands: soon in its last quarter."""

    IN_TIME = "in_time"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Timer:
    """Runs from `since` to `due` (both aware)."""

    whose: Whose
    since: datetime
    due: datetime

    def pace(self, now: datetime) -> Pace:
        """How it stands at `now`; at `due` it is late."""
        if now >= self.due:
            return Pace.LATE
        return Pace.SOON if self.due - now <= (self.due - self.since) / 4 else Pace.IN_TIME


@dataclass(frozen=True, slots=True)
class NoTimer:
    """Nobody has to move it: it is closed, cancelled or deleted."""


NO_TIMER = NoTimer()


def timer(state: State, moved_at: datetime) -> Timer | NoTimer:  # noqa: PLR0911 - one line a status
    """The timer of a state that the request came into at `moved_at` (aware)."""
    match state:
        case ToBeScheduled():
            return Timer(Whose.OPERATOR, moved_at, moved_at + TO_A_DATE)
        case Scheduled(slot=slot) | NotStarted(slot=slot):
            return Timer(Whose.OPERATOR, min(moved_at, slot.ends_at), slot.ends_at)
        case InProgress(since=since):
            return Timer(Whose.OPERATOR, since, since + WORK)
        case PendingInput(answered=True):
            return Timer(Whose.OPERATOR, moved_at, moved_at + OPERATOR_READS)
        case PendingInput():
            return Timer(Whose.DISTRICT, moved_at, moved_at + DISTRICT_ANSWERS)
        case Deferred():
            return Timer(Whose.OPERATOR, moved_at, moved_at + REVIEW)
        case _:
            return NO_TIMER
