"""The outcome for one (event, user), with its trace: what `why` reads back (product.md section 4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bellwire_schemas.names import DecisionOutcome, Group, Kind

from threshold_evaluator.domain.effective import Effective


class Gate(StrEnum):
    """The gates in their order (product.md section 4); the value is the stored name."""

    DISTRICT_PUSH = "district_push"
    SCHOOL_PUSH = "school_push"
    AREA = "area"
    PORTAL = "portal"
    ENROLMENT = "enrolment"
    KIND_ALLOWED = "kind_allowed"
    ENVIRONMENT = "environment"


GATES: tuple[Gate, ...] = tuple(Gate)


class Detection(StrEnum):
    """What detection made of an event, kept once per event."""

    FACTS = "facts"
    SILENT = "silent"
    DUPLICATE = "duplicate"
    STALE_VERSION = "stale_version"
    BACKFILL = "backfill"
    DELETED = "deleted"
    INACTIVE_CALENDAR = "inactive_calendar"
    UNKNOWN_STUDENT = "unknown_student"


class Reason(StrEnum):
    """Why an outcome is what it is: one stable word each, the last that decided."""

    TOLD = "told"
    GATE_CLOSED = "gate_closed"
    DISABLED = "disabled"
    NOT_BELOW_THRESHOLD = "not_below_threshold"
    NOT_CROSSING = "not_crossing"
    ALREADY_TOLD = "already_told"
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
    RESOLVED = "resolved"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that detection found. `crossing`: the value before was not below, or there was none."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class FactVerdict:
    """Whether one fact passed the user's settings, and the reason when it did not."""

    kind: Kind
    passed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Trace:
    """The way to a decision: which gates stood open, which settings held, what each fact met."""

    open_gates: frozenset[Gate]
    settings: Effective
    verdicts: tuple[FactVerdict, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one user is to be told of one event. `alert_id` is that of (event, user), told or not."""

    alert_id: UUID
    user_id: str
    student_id: str
    group: Group
    thing_id: str
    kinds: tuple[Kind, ...]
    outcome: DecisionOutcome
    reason: Reason
    due_at: datetime
    trace: Trace
