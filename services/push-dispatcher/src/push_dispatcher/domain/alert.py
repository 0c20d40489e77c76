"""What the alerts topic says, as far as sending needs it: values without the cost of a rich model.

Field names and meanings are those of `bellwire_schemas.alerts`; decoding.py reads records into these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bellwire_schemas.names import Area, Environment, Group, Kind, Privacy, Urgency


class UserKey(NamedTuple):
    """A user in one district and environment; nothing of two environments ever mixes."""

    district_id: str
    environment: Environment
    user_id: str


@dataclass(frozen=True, slots=True)
class ScreenText:
    """What one lock screen shows at one privacy level."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Alert:
    """`alert.requested`: one user is to be told. All times are product time; `traceparent` may be ""."""

    district_id: str
    environment: Environment
    user_id: str
    alert_id: UUID
    student_id: str
    group: Group
    kinds: tuple[Kind, ...]
    area: Area
    thing_id: str
    things: Mapping[str, datetime]
    slot: UUID
    texts: Mapping[Privacy, ScreenText]
    summary_text: Mapping[Privacy, ScreenText]
    privacy: Privacy
    urgency: Urgency
    link: str
    send_before: datetime
    unseen: int
    seq: int
    requested_at: datetime
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """`alert.withdrawn`: a gate closed; what is unsent of the alert must not go."""

    district_id: str
    environment: Environment
    user_id: str
    alert_id: UUID


@dataclass(frozen=True, slots=True)
class InboxCount:
    """`inbox.changed`: the newest unseen count; a greater `seq` is newer."""

    district_id: str
    environment: Environment
    user_id: str
    unseen: int
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """`user.erased`: devices and deliveries of the user are removed everywhere."""

    district_id: str
    environment: Environment
    user_id: str


Event = Alert | Withdrawal | InboxCount | Erasure


def user_of(event: Event) -> UserKey:
    """Return whose event it is."""
    return UserKey(event.district_id, event.environment, event.user_id)
