"""An alert that waits: hold queue and outbox at once (architecture.md section 4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bellwire_schemas.names import Group, Kind, Urgency

from threshold_evaluator.domain.things import Content, ThingKey


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


@dataclass(frozen=True, slots=True)
class DueAlert:
    """One unsent alert of one user. `before` is what stood before its first unsent change; `grace_until` does
    not move when a newer change replaces the content; `capped` once the cap has put it into the next digest.
    """

    alert_id: UUID
    user_id: str
    key: ThingKey
    group: Group
    school_id: str
    kinds: tuple[Kind, ...]
    event_source: str
    event_id: str
    before: Content
    modified_at: datetime
    accepted_at: datetime
    grace_until: datetime
    due_at: datetime
    hold: Hold
    capped: bool
    urgency: Urgency
