"""What an area shows of each thing: items made from the last version that the SIS sent."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from bellwire_schemas.fields import Moment
from bellwire_schemas.names import AttendanceStatus, Excuse, Weekday
from pydantic import BeforeValidator, Field

from threshold_evaluator.api.fields import Model


def _number(value: Any) -> Any:
    return float(Decimal(value)) if isinstance(value, str) else value


def _decimal_text(value: Any) -> str:
    return format(Decimal(str(value)), "f")


Number = Annotated[float, BeforeValidator(_number)]
"""A number that may have been written as a text: read as the contract of the events reads it."""


class _OfThing(Model):
    school_id: str
    calendar_id: str | None = None
    modified_at: Moment


class AssignmentItem(_OfThing):
    """An assignment with its scores, each null until there is one, and its flags."""

    thing: Literal["assignment"] = "assignment"
    id: str
    title: str = ""
    section_id: str | None = None
    course_name: str = ""
    assigned_on: date | None = None
    due_on: date | None = None
    points_possible: Number | None = None
    score_points: Number | None = None
    score_percent: Number | None = None
    text_score: str | None = None
    missing: bool = False
    late: bool = False
    incomplete: bool = False
    cheated: bool = False
    exempt: bool = False
    dropped: bool = False


class GradeItem(_OfThing):
    """A posted grade of a term and task."""

    thing: Literal["grade"] = "grade"
    id: str
    section_id: str | None = None
    course_name: str = ""
    term: str = ""
    task: str = ""
    percent: Number | None = None
    letter: str | None = None


class AttendanceItem(_OfThing):
    """An attendance mark; `period` null is the whole day."""

    thing: Literal["attendance"] = "attendance"
    id: str
    date: date
    period: str | None = None
    course_name: str = ""
    status: AttendanceStatus
    excuse: Excuse = Excuse.UNKNOWN
    code: str = ""


class LunchItem(_OfThing):
    """A lunch account; `balance` is a decimal string."""

    thing: Literal["lunch"] = "lunch"
    id: str
    balance: Annotated[str, BeforeValidator(_decimal_text)]
    currency: str = "USD"


class MeetingItem(Model):
    """A meeting of a section; times are local to the school."""

    section_id: str
    course_name: str = ""
    period: str = ""
    days: tuple[Weekday, ...] = ()
    starts: str | None = None
    ends: str | None = None
    room: str = ""
    teacher: str = ""


class ScheduleItem(_OfThing):
    """A student's meetings at a school, in a calendar and term; in the planner those of today."""

    thing: Literal["schedule"] = "schedule"
    id: str
    term: str = ""
    meetings: tuple[MeetingItem, ...] = ()


Item: TypeAlias = Annotated[
    AssignmentItem | GradeItem | AttendanceItem | LunchItem | ScheduleItem, Field(discriminator="thing")
]
"""One thing of an area; `thing` says which."""

STORED_FIELDS = frozenset(
    name for item in (AssignmentItem, GradeItem, AttendanceItem, LunchItem) for name in item.model_fields
) - {"thing", "id"}
"""What items are made of: fields of the events."""


class AttendanceCount(Model):
    """How many marks have this status and excuse."""

    status: AttendanceStatus
    excuse: Excuse
    count: int
