"""What the use cases hand to the outside and get from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from bellwire_schemas.names import Environment

from update_scheduler.domain.groups import GroupKind
from update_scheduler.domain.requests import NoDate, Request


class Missing(Enum):
    """It is not there."""

    MISSING = "missing"


MISSING = Missing.MISSING


@dataclass(frozen=True, slots=True)
class District:
    """What mail says of a district; `timezone` is an IANA name."""

    id: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Group:
    """Districts that belong together."""

    id: str
    name: str
    kind: GroupKind
    districts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRequest:
    """One version update asked for all members of a group; `revision` is what If-Match names."""

    id: UUID
    group_id: str
    group_name: str
    version: str
    target: Environment
    revision: int
    requested_by: str
    note: str
    preferred: datetime | NoDate
    skipped: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is mailed: a district's or a group's (the other is ""); `user_id` is "" when nobody signs in so.

    `reach` are the districts of a group contact's group.
    """

    name: str
    email: str
    district_id: str
    group_id: str
    user_id: str
    reach: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter in the outbox; `message_id` is deterministic, so that a repeat carries the same."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str
    request: Request


@dataclass(frozen=True, slots=True)
class Event:
    """One lifecycle event for one site, in the outbox."""

    id: UUID
    site_id: str
    district_id: str
    environment: Environment
    type: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a request's thread."""

    id: UUID
    at: datetime
    by_role: str
    by_user: str
    body: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What one recipient reads."""

    subject: str
    text: str
    html: str
