"""Settings documents of users, schools and districts: their shape, their ranges (product.md section 4)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from bellwire_schemas.fields import Locale, TimeOfDay, Timezone
from bellwire_schemas.names import Area, Group, Kind, Privacy, Weekday
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

Always = Literal["always"]
Off = Literal["off"]
Score = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2, allow_inf_nan=False)]
Dollars = Annotated[Decimal, Field(ge=0, le=1_000, decimal_places=2, allow_inf_nan=False)]
Compare = Literal["below", "crossing"]
DeliveryChoice = Literal["immediate", "daily", "weekly", "inbox"]


class _Document(BaseModel):
    """A key that is absent is not set in this layer; null never stands in a stored document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key, value in data.items():
                if value is None:
                    raise ValueError(f"{key} is null; leave the key out instead")
        return data


class _Rule(_Document):
    enabled: StrictBool | None = None
    delivery: DeliveryChoice | None = None
    grace_minutes: Annotated[StrictInt, Field(ge=0, le=1_440)] | None = None


class ScoreRule(_Rule):
    """What can be set for assignments and grades, and for each of their kinds."""

    threshold: Always | Score | None = None
    above: Off | Score | None = None
    compare: Compare | None = None


class AttendanceRule(_Rule):
    """What can be set for attendance and its kinds: marks carry no score."""


class LunchRule(_Rule):
    """What can be set for lunch: dollars, and how often to say it again while it stays low."""

    threshold: Dollars | None = None
    remind_days: Off | Annotated[StrictInt, Field(ge=1, le=30)] | None = None


class GroupRules(_Document):
    """`groups` of a document."""

    assignments: ScoreRule | None = None
    grades: ScoreRule | None = None
    attendance: AttendanceRule | None = None
    lunch: LunchRule | None = None


class KindRules(_Document):
    """`kinds` of a document; each kind takes what its group takes."""

    assignment_scored: ScoreRule | None = Field(None, alias="assignment.scored")
    assignment_missing: ScoreRule | None = Field(None, alias="assignment.missing")
    assignment_late: ScoreRule | None = Field(None, alias="assignment.late")
    assignment_incomplete: ScoreRule | None = Field(None, alias="assignment.incomplete")
    assignment_cheated: ScoreRule | None = Field(None, alias="assignment.cheated")
    assignment_exempt: ScoreRule | None = Field(None, alias="assignment.exempt")
    grade_posted: ScoreRule | None = Field(None, alias="grade.posted")
    grade_modified: ScoreRule | None = Field(None, alias="grade.modified")
    attendance_marked: AttendanceRule | None = Field(None, alias="attendance.marked")
    attendance_modified: AttendanceRule | None = Field(None, alias="attendance.modified")
    lunch_low: LunchRule | None = Field(None, alias="lunch.low")


class QuietHours(_Document):
    """From-to in the user's zone; past midnight when `to` is not after `from`."""

    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")

    @model_validator(mode="after")
    def _leaves_time(self) -> Self:
        if self.start == self.end:
            raise ValueError('quiet hours would cover the whole day; use "off" or leave some time')
        return self


class Digest(_Document):
    """When digests go, in the user's zone: daily `at`, weekly on `weekday` at the same time."""

    at: TimeOfDay | None = None
    weekday: Weekday | None = None


class StudentDocument(_Document):
    """What a user sets for one student, and what a school sets as defaults: only `groups` and `kinds`."""

    groups: GroupRules | None = None
    kinds: KindRules | None = None


class UserDocument(StudentDocument):
    """What a user sets for all students, and what a district sets as defaults."""

    quiet_hours: Off | QuietHours | None = None
    digest: Digest | None = None
    coalesce_minutes: Annotated[StrictInt, Field(ge=0, le=120)] | None = None
    daily_cap: Annotated[StrictInt, Field(ge=1, le=200)] | None = None
    privacy: Privacy | None = None
    locale: Locale | None = None
    timezone: Timezone | None = None


class Caps(_Document):
    """The most that a lock screen may name."""

    privacy: Privacy | None = None


class AreaSwitches(_Document):
    """`areas`: which areas a school shows; one that is absent is shown."""

    planner: StrictBool | None = None
    assignments: StrictBool | None = None
    attendance: StrictBool | None = None
    grades: StrictBool | None = None
    schedule: StrictBool | None = None
    food_service: StrictBool | None = None


Pointer = Annotated[str, Field(pattern=r"^(/[^/]+)+$", max_length=200)]


class _PlaceDocument(_Document):
    push_enabled: StrictBool | None = None
    paused: StrictBool | None = None
    areas: AreaSwitches | None = None
    allowed_kinds: tuple[Kind, ...] | None = None
    mandatory_kinds: tuple[Kind, ...] | None = None
    locks: tuple[Pointer, ...] | None = None
    caps: Caps | None = None
    bell_hold: Literal["off", "students", "all"] | None = None
    attendance_days: Annotated[StrictInt, Field(ge=0, le=365)] | None = None
    late_hours: Annotated[StrictInt, Field(ge=1, le=8_760)] | None = None
    per: Literal["period", "day"] | None = None


class DistrictDocument(_PlaceDocument):
    """Settings of a district."""

    defaults: UserDocument | None = None
    student_defaults: UserDocument | None = None


class SchoolDocument(_PlaceDocument):
    """Settings of a school: its defaults have only `groups` and `kinds`."""

    defaults: StudentDocument | None = None
    student_defaults: StudentDocument | None = None


JSON = Mapping[str, Any]
"""A JSON object as decoded: strings, numbers, booleans, lists and objects; no null in a stored document."""

EMPTY: JSON = {}


class PlaceSettings:
    """A district's or school's stored settings document, read leniently, with product defaults filled in.

    Compared by identity. A key that does not validate counts as not set: its pointer is in `ignored`.
    """

    __slots__ = (
        "allowed_kinds",
        "attendance_days",
        "bell_hold",
        "closed_areas",
        "defaults",
        "ignored",
        "late_hours",
        "locks",
        "mandatory_kinds",
        "paused",
        "per",
        "privacy_cap",
        "push_enabled",
        "student_defaults",
    )

    def __init__(self, document: JSON = EMPTY, ignored: tuple[str, ...] = ()) -> None:
        """`document` is valid: `readable` has dropped what is not."""
        self.ignored = ignored
        self.push_enabled: bool = document.get("push_enabled", True)
        self.paused: bool = document.get("paused", False)
        self.closed_areas = frozenset(Area(a) for a, on in document.get("areas", EMPTY).items() if not on)
        self.allowed_kinds = frozenset(map(Kind, document.get("allowed_kinds", tuple(Kind))))
        self.mandatory_kinds = frozenset(map(Kind, document.get("mandatory_kinds", ())))
        self.locks: tuple[str, ...] = tuple(document.get("locks", ()))
        self.privacy_cap = Privacy(document.get("caps", EMPTY).get("privacy", Privacy.FULL))
        self.bell_hold: Literal["unset", "off", "students", "all"] = document.get("bell_hold", "unset")
        self.attendance_days: int = document.get("attendance_days", -1)
        self.late_hours: int = document.get("late_hours", -1)
        self.per: Literal["unset", "period", "day"] = document.get("per", "unset")
        self.defaults: JSON = document.get("defaults", EMPTY)
        self.student_defaults: JSON = document.get("student_defaults", EMPTY)


class UserDocuments:
    """A user's own document and the one for the student in question. Compared by identity, to key a cache."""

    __slots__ = ("of_student", "own")

    def __init__(self, own: JSON = EMPTY, of_student: JSON = EMPTY) -> None:
        """Both valid; empty when the user set nothing."""
        self.own = own
        self.of_student = of_student


NOTHING_SET = UserDocuments()
GROUPS: tuple[Group, ...] = tuple(Group)
