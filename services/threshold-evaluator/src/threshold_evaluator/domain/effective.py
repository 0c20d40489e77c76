"""What holds for one user about one student, once all layers are weighed (product.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Kind, Privacy, Weekday


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
    """What holds for one kind of fact. `remind_days` 0 is off; `threshold` is percent, for lunch dollars.

    What its group does not have (a threshold of attendance) is at the value that changes nothing.
    """

    enabled: bool
    threshold: Decimal | Unbounded
    above: Decimal | Unbounded
    compare: Compare
    delivery: Delivery
    grace_minutes: int
    remind_days: int
    mandatory: bool = False


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

    at: time = time(18, 0)
    weekday: Weekday = Weekday.SUNDAY


@dataclass(frozen=True, eq=False)
class Effective:
    """All that holds for one user about one student. Compared by identity: resolving is cached.

    `groups` has the values of a group before its kinds are weighed, `kinds` what a fact meets. `layers` maps
    JSON pointers of a user document (`/kinds/assignment.late/enabled`, `/groups/lunch/threshold`,
    `/quiet_hours`, `/digest/at`) to where the value came from. `locked` has the pointers that the user cannot
    change now.
    """

    groups: Mapping[Group, KindSettings]
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

    def values(self) -> dict[str, Any]:
        """Return each pointer of `layers` with its value as a settings document would write it."""
        rules: dict[str, KindSettings] = {
            f"/groups/{group.value}": rule for group, rule in self.groups.items()
        }
        rules.update({f"/kinds/{kind.value}": rule for kind, rule in self.kinds.items()})
        return {pointer: self._value(pointer, rules) for pointer in self.layers}

    def _value(self, pointer: str, rules: Mapping[str, KindSettings]) -> Any:
        owner, _, key = pointer.rpartition("/")
        if owner in rules:
            value = getattr(rules[owner], key)
            return "off" if key == "remind_days" and not value else _plain(value)
        match pointer:
            case "/quiet_hours":
                quiet = self.quiet_hours
                return "off" if quiet.off else {"from": f"{quiet.start:%H:%M}", "to": f"{quiet.end:%H:%M}"}
            case "/digest/at":
                return f"{self.digest.at:%H:%M}"
            case "/digest/weekday":
                return self.digest.weekday.value
            case "/timezone":
                return self.timezone.key
            case _:
                return _plain(getattr(self, key))


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format(value, "f")
        case Enum():
            return value.value
        case _:
            return value


GROUP_OF: Mapping[Kind, Group] = {kind: kind.group for kind in Kind}

KINDS_OF: Mapping[Group, tuple[Kind, ...]] = {
    group: tuple(kind for kind in Kind if GROUP_OF[kind] is group) for group in Group
}

_SCORE_KEYS = ("enabled", "threshold", "above", "compare", "delivery", "grace_minutes")
KEYS: Mapping[Group, tuple[str, ...]] = {
    Group.ASSIGNMENTS: _SCORE_KEYS,
    Group.GRADES: _SCORE_KEYS,
    Group.ATTENDANCE: ("enabled", "delivery", "grace_minutes"),
    Group.LUNCH: ("enabled", "threshold", "delivery", "grace_minutes", "remind_days"),
}
"""What can be set for each group and its kinds."""
