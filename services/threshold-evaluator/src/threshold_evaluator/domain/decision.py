"""The outcome for one (event, user), with its trace: what `why` reads back (product.md section 4)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bellwire_schemas.names import DecisionOutcome, Kind
from msgspec import Struct

from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.things import ThingKey


class Detection(StrEnum):
    """What detection made of an event, kept once per event."""

    FACTS = "facts"
    SILENT = "silent"
    DUPLICATE = "duplicate"
    STALE_VERSION = "stale_version"
    BACKFILL = "backfill"
    DELETED = "deleted"
    INACTIVE_CALENDAR = "inactive_calendar"
    REMINDER = "reminder"
    """No event: the timer says a low balance again."""


class Reason(StrEnum):
    """Why an outcome is what it is: the one that decided."""

    TOLD = "told"
    GATE_CLOSED = "gate_closed"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    DISABLED = "disabled"
    NOT_BELOW_THRESHOLD = "not_below_threshold"
    NOT_CROSSING = "not_crossing"
    SAME_DAY = "same_day"
    ARRIVED_LATE = "arrived_late"
    OLD_ATTENDANCE = "old_attendance"
    DELIVERY_INBOX = "delivery_inbox"
    DELIVERY_DIGEST = "delivery_digest"
    GRACE = "grace"
    COALESCED = "coalesced"
    DAILY_CAP = "daily_cap"
    BELL = "bell"
    QUIET_HOURS = "quiet_hours"
    PAUSED = "paused"
    SURGE = "surge"


class Became(StrEnum):
    """What became of a decision that did not end at once."""

    OPEN = ""
    SENT = "sent"
    SUMMARIZED = "summarized"
    INBOX = "inbox"
    RESOLVED = "resolved"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    MISSED = "missed"


class FactVerdict(Struct, frozen=True, gc=False):
    """Whether one fact passed the user's settings (`TOLD`), and the reason when it did not."""

    kind: Kind
    reason: Reason

    @property
    def passed(self) -> bool:
        """Whether the user is told of it."""
        return self.reason is Reason.TOLD


class Decision(Struct, frozen=True, gc=False):
    """What one user is to be told of one event: `alert_id` is that of (event, user), told or not.

    `open_gates` are bits (`gates.gates_of`); `kinds` the facts that passed, in the order of telling; `due_at`
    when the alert may go, of a suppressed one when it was decided.
    """

    alert_id: UUID
    user_id: str
    key: ThingKey
    event_id: str
    kinds: tuple[Kind, ...]
    outcome: DecisionOutcome
    reason: Reason
    due_at: datetime
    open_gates: int
    verdicts: tuple[FactVerdict, ...]
    settings: Effective
