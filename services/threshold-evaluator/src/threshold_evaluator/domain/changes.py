"""The changes as they are read for deciding: the fields and bounds of `bellwire_schemas.changes`, read quickly.

msgspec reads them in a tenth of the time of the contract's models. What it refuses is put before the contract,
which has the last word: these may be narrower than the contract, never wider. tests/test_decode.py keeps both
readings the same.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, TypeAlias

from bellwire_schemas.changes import (
    AssignmentChanged,
    AttendanceChanged,
    GradeChanged,
    LunchBalanceChanged,
)
from bellwire_schemas.fields import DISTRICT_PATTERN
from bellwire_schemas.names import AttendanceStatus, Excuse
from msgspec import Meta, Struct

_District = Annotated[str, Meta(pattern=DISTRICT_PATTERN.removesuffix("$") + r"\Z")]
_Id = Annotated[str, Meta(min_length=1, max_length=255)]
_Name = Annotated[str, Meta(max_length=1_000)]
_Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
_Moment = Annotated[dt.datetime, Meta(tz=True)]

_ordinary = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?").fullmatch
"""Numbers that lie within the bounds of the contract, and are the same whether read as decimal or as float."""


class _OfStudent(Struct, frozen=True, gc=False):
    district_id: _District
    student_id: _Id
    school_id: _Id
    modified_at: _Moment

    def numbers(self) -> tuple[Decimal | None, ...]:
        """Return its numbers, if any."""
        return ()

    def is_ordinary(self) -> bool:
        """Whether its numbers need no look by the contract."""
        return all(number is None or _ordinary(str(number)) for number in self.numbers())


class Assignment(_OfStudent, frozen=True, gc=False):
    """`bellwire_schemas.changes.AssignmentChanged`."""

    assignment_id: _Id
    title: _Name = ""
    section_id: _Id | None = None
    course_name: _Name = ""
    calendar_id: _Id | None = None
    assigned_on: dt.date | None = None
    due_on: dt.date | None = None
    points_possible: Decimal | None = None
    score_points: Decimal | None = None
    score_percent: Decimal | None = None
    text_score: _Name | None = None
    missing: bool = False
    late: bool = False
    incomplete: bool = False
    cheated: bool = False
    exempt: bool = False
    dropped: bool = False
    deleted: bool = False

    def numbers(self) -> tuple[Decimal | None, ...]:
        """Return points possible, points, percent."""
        return (self.points_possible, self.score_points, self.score_percent)


class Grade(_OfStudent, frozen=True, gc=False):
    """`bellwire_schemas.changes.GradeChanged`."""

    grade_id: _Id
    posted: bool
    section_id: _Id | None = None
    course_name: _Name = ""
    calendar_id: _Id | None = None
    term: _Name = ""
    task: _Name = ""
    percent: Decimal | None = None
    letter: _Name | None = None
    deleted: bool = False

    def numbers(self) -> tuple[Decimal | None, ...]:
        """Return the percent."""
        return (self.percent,)


class Attendance(_OfStudent, frozen=True, gc=False):
    """`bellwire_schemas.changes.AttendanceChanged`."""

    attendance_id: _Id
    date: dt.date
    status: AttendanceStatus
    period: _Name | None = None
    course_name: _Name = ""
    excuse: Excuse = Excuse.UNKNOWN
    code: _Name = ""
    calendar_id: _Id | None = None
    deleted: bool = False


class LunchBalance(_OfStudent, frozen=True, gc=False):
    """`bellwire_schemas.changes.LunchBalanceChanged`."""

    account_id: _Id
    balance: Decimal
    currency: _Currency = "USD"

    def numbers(self) -> tuple[Decimal | None, ...]:
        """Return the balance."""
        return (self.balance,)


AnyAssignment: TypeAlias = Assignment | AssignmentChanged
AnyGrade: TypeAlias = Grade | GradeChanged
AnyAttendance: TypeAlias = Attendance | AttendanceChanged
AnyLunchBalance: TypeAlias = LunchBalance | LunchBalanceChanged
Change: TypeAlias = AnyAssignment | AnyGrade | AnyAttendance | AnyLunchBalance
"""A decoded change, however it was read; a schedule is no thing: nobody is told of it."""
