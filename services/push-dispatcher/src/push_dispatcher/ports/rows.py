"""Delivery rows as the handlers see them.

Values that are made once a row are plain slotted classes: a frozen one costs three times as much to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Content
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.job import DeviceKey

ProviderName = Literal["apns", "fcm", "none"]


@dataclass(slots=True)
class Row:
    """A delivery row as ruling needs it; `leased_by` is the owner of an unexpired lease, or the nil UUID."""

    delivery_id: UUID
    user: UserKey
    installation_id: str
    state: State
    things: Mapping[str, datetime]
    written_at: datetime
    send_before: datetime
    requested_at: datetime
    seq: int
    unseen: int
    silent: bool
    withdrawn: bool
    leased_by: UUID
    alert_id: UUID
    provider: ProviderName
    traceparent: str

    @property
    def device(self) -> DeviceKey:
        """Return the place of the row's device."""
        return (self.user.district_id, self.user.environment, self.installation_id)


@dataclass(slots=True)
class NewRow:
    """A delivery row to be written; `lease_seconds` 0 leaves it to whoever comes first."""

    delivery_id: UUID
    user: UserKey
    installation_id: str
    provider: ProviderName
    lane: str
    alert_id: UUID
    content: Content
    state: State
    urgent: bool
    slot: UUID
    things: Mapping[str, datetime]
    unseen: int
    seq: int
    requested_at: datetime
    send_before: datetime
    wait_seconds: float = 0.0
    lease_seconds: float = 0.0
    as_summary: bool = False
    traceparent: str = ""


@dataclass(slots=True)
class LeasedRow:
    """A row that this process may send now."""

    row: Row
    lane: str
    content: Content
    urgent: bool
    slot: UUID
    attempts: int
    first_attempt: datetime
    as_summary: bool

    @property
    def delivery_id(self) -> UUID:
        """Return the row's id."""
        return self.row.delivery_id

    @property
    def send_before(self) -> datetime:
        """Return until when somebody may be shown it (product time)."""
        return self.row.send_before

    @property
    def requested_at(self) -> datetime:
        """Return when it was asked for (product time)."""
        return self.row.requested_at

    @property
    def traceparent(self) -> str:
        """Return the trace that it is part of, or ""."""
        return self.row.traceparent


@dataclass(slots=True)
class Told:
    """One event of the outbox: whose, its CloudEvents id, type, time, JSON data and trace, and its place there."""

    user: UserKey
    event_id: UUID
    type: str
    at: datetime
    data: bytes
    place: int = 0
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """A waiting row that ends without a request."""

    delivery_id: UUID
    state: State
    reason: str = ""
