"""The change events: the whole present state of one thing about one student (product.md section 2)."""

from pydantic import Field

from bellwire_schemas.fields import (
    Contract,
    Currency,
    DistrictScoped,
    Identifier,
    Money,
    Name,
    Number,
    TimeOfDay,
    WrittenDate,
)
from bellwire_schemas.names import AttendanceStatus, Excuse, Weekday


class _OfStudent(DistrictScoped):
    student_id: Identifier
    school_id: Identifier


class AssignmentChanged(_OfStudent):
    """`bellwire.assignment.changed.v1`: percent wins over points; each score may be null."""

    assignment_id: Identifier
    title: Name = ""
    section_id: Identifier | None = None
    course_name: Name = ""
    calendar_id: Identifier | None = None
    assigned_on: WrittenDate | None = None
    due_on: WrittenDate | None = None
    points_possible: Number | None = None
    score_points: Number | None = None
    score_percent: Number | None = None
    text_score: Name | None = None
    missing: bool = False
    late: bool = False
    incomplete: bool = False
    cheated: bool = False
    exempt: bool = False
    dropped: bool = False
    deleted: bool = False


class GradeChanged(_OfStudent):
    """`bellwire.grade.changed.v1`: a grade of a term and task; unposted changes are silent."""

    grade_id: Identifier
    section_id: Identifier | None = None
    course_name: Name = ""
    calendar_id: Identifier | None = None
    term: Name = ""
    task: Name = ""
    percent: Number | None = None
    letter: Name | None = None
    posted: bool
    deleted: bool = False


class AttendanceChanged(_OfStudent):
    """`bellwire.attendance.changed.v1`: one mark; `period` null is the whole day."""

    attendance_id: Identifier
    date: WrittenDate
    period: Name | None = None
    course_name: Name = ""
    status: AttendanceStatus
    excuse: Excuse = Excuse.UNKNOWN
    code: Name = ""
    calendar_id: Identifier | None = None
    deleted: bool = False


class LunchBalanceChanged(_OfStudent):
    """`bellwire.lunch_balance.changed.v1`: `balance` is a decimal string, such as "9.75"."""

    account_id: Identifier
    balance: Money
    currency: Currency = "USD"


class Meeting(Contract):
    """One meeting of a section in a student's schedule; times are local to the school."""

    section_id: Identifier
    course_name: Name = ""
    period: Name = ""
    days: tuple[Weekday, ...] = Field(default=(), max_length=7)
    starts: TimeOfDay | None = None
    ends: TimeOfDay | None = None
    room: Name = ""
    teacher: Name = ""


class ScheduleChanged(_OfStudent):
    """`bellwire.schedule.changed.v1`: no alert; feeds the schedule and planner areas."""

    calendar_id: Identifier | None = None
    term: Name = ""
    meetings: tuple[Meeting, ...] = Field(default=(), max_length=200)
