"""An alert that waits to be due (architecture.md section 4)."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from bellwire_schemas.names import Group, Kind, Urgency
from msgspec import Struct

from threshold_evaluator.domain.effective import Delivery
from threshold_evaluator.domain.things import Content, ThingKey

NEVER = datetime.min.replace(tzinfo=UTC)
"""The moment of what has not happened."""


class Hold(StrEnum):
    """What a due alert waits for, the last that applied."""

    NONE = "none"
    GRACE = "grace"
    DIGEST = "digest"
    COALESCE = "coalesce"
    CAP = "cap"
    BELL = "bell"
    QUIET = "quiet"
    PAUSE = "pause"
    SURGE = "surge"


class DueAlert(Struct, frozen=True, gc=False):
    """One unsent alert of one user about one thing.

    `before` stood before its first unsent change, at `first_at`; a newer change replaces the content, and its
    grace counts from there too. `due_at` is when it may go, `wake_at` when it is looked at next: at the end of
    grace (its inbox item enters then), afterwards when due. `capped_at` is when the cap put it into the
    next digest, or `NEVER`. `in_inbox` once its grace is over: it enters once, however often it is sent. Its
    decision is filed under the day of `decided_at`. `attempt` is how often it was timed again after all its
    devices missed it. `traceparent` is the trace that its event is part of, or "".
    """

    alert_id: UUID
    user_id: str
    key: ThingKey
    school_id: str
    calendar_id: str
    kinds: tuple[Kind, ...]
    event_source: str
    event_id: str
    before: Content
    modified_at: datetime
    accepted_at: datetime
    first_at: datetime
    grace_until: datetime
    due_at: datetime
    delivery: Delivery
    hold: Hold = Hold.NONE
    capped_at: datetime = NEVER
    in_inbox: bool = False
    mandatory: bool = False
    decided_at: datetime = NEVER
    attempt: int = 0
    traceparent: str = ""

    @property
    def group(self) -> Group:
        """The settings group."""
        return self.key.group

    @property
    def sent_as(self) -> UUID:
        """The id under which it goes out: its own, and another each time that it is sent again."""
        return uuid5(self.alert_id, f"again/{self.attempt}") if self.attempt else self.alert_id

    @property
    def urgency(self) -> Urgency:
        """Attendance goes before everything else (product.md section 6)."""
        return urgency_of(self.key.group)

    @property
    def wake_at(self) -> datetime:
        """When the release loop looks at it next."""
        return self.due_at if self.in_inbox else min(self.grace_until, self.due_at)


def urgency_of(group: Group) -> Urgency:
    """Return the queue that alerts of a group wait in."""
    return Urgency.URGENT if group is Group.ATTENDANCE else Urgency.BULK
