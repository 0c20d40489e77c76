"""The roster events: districts, schools, students, enrolments and portal access (product.md section 2)."""

from typing import Any

from pydantic import Field

from bellwire_schemas.fields import (
    Contract,
    DistrictScoped,
    Identifier,
    Locale,
    Name,
    State,
    TimeOfDay,
    Timezone,
    WrittenDate,
)
from bellwire_schemas.names import PortalRole, Weekday


class DistrictChanged(DistrictScoped):
    """`bellwire.district.changed.v1`: `settings` is the district document of product.md section 4."""

    name: Name
    state: State
    timezone: Timezone
    settings: dict[str, Any] = Field(default_factory=dict)


class Bell(Contract):
    """When a school is in session, local to its zone."""

    starts: TimeOfDay
    ends: TimeOfDay
    days: tuple[Weekday, ...] = Field(max_length=7)


class SchoolChanged(DistrictScoped):
    """`bellwire.school.changed.v1`; without a timezone the district's holds."""

    school_id: Identifier
    name: Name
    timezone: Timezone | None = None
    bell: Bell | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class StudentChanged(DistrictScoped):
    """`bellwire.student.changed.v1`."""

    student_id: Identifier
    school_id: Identifier
    display_name: Name = ""
    grade_level: Name = ""


class EnrollmentChanged(DistrictScoped):
    """`bellwire.enrollment.changed.v1`: one enrolment of a student at a school, by calendar."""

    student_id: Identifier
    school_id: Identifier
    calendar_id: Identifier | None = None
    starts_on: WrittenDate | None = None
    ends_on: WrittenDate | None = None
    active: bool = True


class PortalAccessChanged(DistrictScoped):
    """`bellwire.portal_access.changed.v1`: whether a user may see a student now."""

    user_id: Identifier
    student_id: Identifier
    role: PortalRole
    relationship: Name = ""
    portal: bool
    locale: Locale | None = None
    timezone: Timezone | None = None
