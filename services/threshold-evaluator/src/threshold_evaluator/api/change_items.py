"""A stored change as the API tells it, with why one user was told of it, or not."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from bellwire_schemas.fields import Moment
from bellwire_schemas.names import DeliveryOutcome, Group, Kind

from threshold_evaluator.api.fields import Model


class GateState(Model):
    """A gate, in the order of product.md section 4, and whether it stood open: at the event, or at a withdrawal."""

    gate: str
    open: bool


class FactMet(Model):
    """A fact, whether it passed the user's settings, and the reason (`told` when it passed)."""

    kind: Kind
    passed: bool
    reason: str


class DeviceOutcome(Model):
    """What became of the alert on one device; `alert_id` is what it went out as, a summary or again under another."""

    alert_id: UUID
    installation_id: str
    outcome: DeliveryOutcome
    reason: str
    at: Moment


class WhyOutcome(StrEnum):
    """A decision's outcome (product.md section 1), or `none` where nobody is decided about."""

    SEND = "send"
    HOLD = "hold"
    DIGEST = "digest"
    INBOX_ONLY = "inbox_only"
    SUPPRESS = "suppress"
    NONE = "none"


class Why(Model):
    """The decision about one user: gates, what each fact met, settings with their layers, what became of it.

    `outcome` is `none` for a change that is silent (to this user), stale or a duplicate: `reason` is then what
    detection found. `became` is empty while the alert waits: `waits_for` is then what for by now, until
    `due_at` (null while that is an administrator's to end). `sent_as` is the alert that carried it last, itself or
    a summary; `devices` has what became of it on each device, the oldest first, also of what carried it before.
    """

    user_id: str
    outcome: WhyOutcome
    reason: str
    waits_for: str
    kinds: tuple[Kind, ...]
    due_at: Moment | None
    gates: tuple[GateState, ...]
    facts: tuple[FactMet, ...]
    settings: dict[str, Any]
    became: str
    became_at: Moment | None
    sent_as: UUID | None
    devices: tuple[DeviceOutcome, ...]


class StoredChange(Model):
    """A change as it was received; `detection` is what was found in it, `kinds` the facts."""

    event_id: str
    source: str
    student_id: str
    school_id: str
    group: Group
    thing_id: str
    modified_at: Moment
    accepted_at: Moment
    decided_at: Moment
    detection: str
    kinds: tuple[Kind, ...]
    why: Why


class ChangePage(Model):
    """Changes, newest first; `next_cursor` is null on the last page."""

    items: tuple[StoredChange, ...]
    next_cursor: str | None
