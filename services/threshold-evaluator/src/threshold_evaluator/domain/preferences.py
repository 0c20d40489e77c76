"""Effective settings: precedence per key with the layer each value came from (product.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import Enum, StrEnum
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Kind, PortalRole, Privacy, Weekday

from threshold_evaluator.domain.roster import District, School, Watcher


class Layer(StrEnum):
    """Where an effective value came from, closest to the user first."""

    USER_STUDENT_KIND = "user_student_kind"
    USER_STUDENT_GROUP = "user_student_group"
    USER_KIND = "user_kind"
    USER_GROUP = "user_group"
    USER = "user"
    PORTAL_ACCESS = "portal_access"
    SCHOOL_KIND = "school_kind"
    SCHOOL_GROUP = "school_group"
    DISTRICT_KIND = "district_kind"
    DISTRICT_GROUP = "district_group"
    DISTRICT = "district"
    PRODUCT = "product"
    CAP = "cap"
    MANDATORY = "mandatory"


class Unbounded(Enum):
    """A bound that is not a number."""

    ALWAYS = "always"
    OFF = "off"


class Compare(StrEnum):
    """Which values below a threshold are told of."""

    BELOW = "below"
    CROSSING = "crossing"


class Delivery(StrEnum):
    """By which way a fact reaches a user, soonest first."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    INBOX = "inbox"


@dataclass(frozen=True, slots=True)
class KindSettings:
    """What holds for one kind of fact. `remind_days` 0 is off; `threshold` is percent, for lunch dollars."""

    enabled: bool
    threshold: Decimal | Unbounded
    above: Decimal | Unbounded
    compare: Compare
    delivery: Delivery
    grace_minutes: int
    remind_days: int
    mandatory: bool


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` in the user's zone, past midnight when `end` is before `start`; equal: off."""

    start: time = time(0, 0)
    end: time = time(0, 0)

    @property
    def off(self) -> bool:
        """Whether nothing is quiet."""
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When digests go, in the user's zone: daily at `at`, weekly on `weekday` at `at`."""

    at: time
    weekday: Weekday


@dataclass(frozen=True, eq=False)
class Effective:
    """All that holds for one user about one student. Compared by identity: resolving is cached.

    `layers` maps JSON pointers of a user document (`/kinds/assignment.late/enabled`, `/quiet_hours`) to where
    the value came from; `/kinds/...` is there for every kind and key of its group. `locked` has the pointers
    that the user cannot change now.
    """

    kinds: Mapping[Kind, KindSettings]
    quiet_hours: QuietHours
    digest: DigestTime
    coalesce_minutes: int
    daily_cap: int
    privacy: Privacy
    privacy_cap: Privacy
    locale: str
    timezone: ZoneInfo
    layers: Mapping[str, Layer]
    locked: frozenset[str]


GROUP_OF: Mapping[Kind, Group] = {
    kind: {
        "assignment": Group.ASSIGNMENTS,
        "grade": Group.GRADES,
        "attendance": Group.ATTENDANCE,
        "lunch": Group.LUNCH,
    }[kind.value.split(".")[0]]
    for kind in Kind
}


def resolve(district: District, school: School, watcher: Watcher) -> Effective:
    """Return what holds for this watcher about the student at this school.

    Cached per (district, school, role, documents, stated locale and zone), all compared by identity or value.
    """
    raise NotImplementedError


__all__ = [
    "GROUP_OF",
    "Compare",
    "Delivery",
    "DigestTime",
    "Effective",
    "KindSettings",
    "Layer",
    "PortalRole",
    "QuietHours",
    "Unbounded",
    "resolve",
]
