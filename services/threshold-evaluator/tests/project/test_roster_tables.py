"""The projection on a real database: every type, versions, ends, wakes, and the settings that count."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from bellwire_kit.postgres import Connection
from bellwire_schemas.changes import Meeting, ScheduleChanged
from bellwire_schemas.names import Environment, PortalRole, Weekday
from bellwire_schemas.roster import (
    Bell,
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import Source
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRoster
from threshold_evaluator.project import Recalculation, RosterData, Scope, Sourced, StudentRef, project

PRODUCTION = Source("lincoln", Environment.PRODUCTION)
SANDBOX = Source("lincoln", Environment.SANDBOX)
T0 = datetime(2026, 9, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def district(at: datetime = T0, **fields: object) -> DistrictChanged:
    base = {"name": "Lincoln", "state": "NE", "timezone": "America/Chicago"}
    return DistrictChanged.model_validate({"district_id": "lincoln", "modified_at": at, **base, **fields})


def school(at: datetime = T0, **fields: object) -> SchoolChanged:
    base = {"school_id": "north", "name": "North"}
    return SchoolChanged.model_validate({"district_id": "lincoln", "modified_at": at, **base, **fields})


def student(at: datetime = T0, student_id: str = "s1", school_id: str = "north") -> StudentChanged:
    return StudentChanged(
        district_id="lincoln", modified_at=at, student_id=student_id, school_id=school_id, display_name="Ana"
    )


def enrollment(at: datetime = T0, **fields: object) -> EnrollmentChanged:
    base = {"student_id": "s1", "school_id": "north", "calendar_id": "c1"}
    return EnrollmentChanged.model_validate({"district_id": "lincoln", "modified_at": at, **base, **fields})


def access(at: datetime = T0, portal: bool = True, **fields: object) -> PortalAccessChanged:
    base = {"user_id": "u1", "student_id": "s1", "role": PortalRole.GUARDIAN, "portal": portal}
    return PortalAccessChanged.model_validate({"district_id": "lincoln", "modified_at": at, **base, **fields})


def of(*data: RosterData, source: Source = PRODUCTION) -> list[Sourced]:
    return [Sourced(source, each) for each in data]


async def test_every_type_is_stored_in_one_batch(connection: Connection) -> None:
    schedule = ScheduleChanged(
        district_id="lincoln",
        modified_at=T0,
        student_id="s1",
        school_id="north",
        term="T1",
        meetings=(Meeting(section_id="x", days=(Weekday.MONDAY,), starts="08:00"),),
    )
    bell = Bell(starts="08:00", ends="15:00", days=(Weekday.MONDAY,))
    batch = of(
        district(settings={"paused": True}), school(bell=bell), student(), enrollment(), access(), schedule
    )
    projected = await project(batch, PostgresRoster(connection))
    assert projected.known == {StudentRef("lincoln", "production", "s1")}
    assert (await connection.fetchval("select settings from districts where district_id = 'lincoln'")) == {
        "paused": True
    }
    assert (await connection.fetchval("select bell from schools where district_id = 'lincoln'"))[
        "ends"
    ] == "15:00"
    assert (await connection.fetchval("select meetings from schedules where district_id = 'lincoln'"))[0][
        "days"
    ] == ["monday"]
    row = await connection.fetchrow(
        "select starts_on, ends_on, active from enrollments where district_id = 'lincoln'"
    )
    assert tuple(row) == (date.min, date.max, True)
    again = await project(batch, PostgresRoster(connection))
    assert (again.known, again.recalculations) == (frozenset(), ())


async def test_an_older_version_never_overwrites_and_an_equal_one_does(connection: Connection) -> None:
    tables = PostgresRoster(connection)
    await project(of(access(T0 + HOUR, portal=False)), tables)
    await project(of(access(T0, portal=True)), tables)
    assert (
        await connection.fetchval("select portal from portal_access where district_id = 'lincoln'") is False
    )
    await project(of(access(T0 + HOUR, portal=True)), tables)
    assert await connection.fetchval("select portal from portal_access where district_id = 'lincoln'") is True


async def test_what_changes_asks_for_recalculation_once_and_what_does_not_asks_nothing(
    connection: Connection,
) -> None:
    tables = PostgresRoster(connection)
    await project(of(school(), student(), enrollment(), access()), tables)
    same = await project(of(school(T0 + HOUR), student(T0 + HOUR), access(T0 + HOUR)), tables)
    assert same.recalculations == ()
    later = T0 + 2 * HOUR
    bell = Bell(starts="09:00", ends="15:00", days=(Weekday.MONDAY,))
    touched = await project(
        of(school(later, bell=bell), enrollment(later, active=False), access(later, portal=False)), tables
    )
    assert set(touched.recalculations) == {
        Recalculation("lincoln", "production", Scope.SCHOOL, "north"),
        Recalculation("lincoln", "production", Scope.STUDENT, "s1"),
        Recalculation("lincoln", "production", Scope.USER, "u1"),
    }
    asked = await connection.fetch(
        "select scope, scope_id from recalculations where district_id = 'lincoln' order by scope"
    )
    assert [tuple(row) for row in asked] == [("school", "north"), ("student", "s1"), ("user", "u1")]


async def test_environments_never_mix(connection: Connection) -> None:
    tables = PostgresRoster(connection)
    await project(of(student(T0 + HOUR, school_id="south")), tables)
    await project(of(student(T0, school_id="north"), source=SANDBOX), tables)
    rows = await connection.fetch(
        "select environment, school_id from students where district_id = 'lincoln' order by environment"
    )
    assert [tuple(row) for row in rows] == [("production", "south"), ("sandbox", "north")]


@pytest.mark.parametrize(
    ("published", "own", "effective"),
    [
        ({"paused": True}, {}, {"paused": True}),
        (
            {"paused": True, "areas": {"grades": False}},
            {"areas": {"planner": False}},
            {"paused": True, "areas": {"grades": False, "planner": False}},
        ),
        ({"locks": ["/a", "/b"]}, {"locks": []}, {"locks": []}),
        ({"caps": {"privacy": "full"}}, {"caps": {"privacy": "private"}}, {"caps": {"privacy": "private"}}),
    ],
)
async def test_an_administrators_key_holds_against_the_roster(
    connection: Connection, published: dict[str, object], own: dict[str, object], effective: dict[str, object]
) -> None:
    tables = PostgresRoster(connection)
    await project(of(district()), tables)
    await connection.execute("update districts set own = $1 where district_id = 'lincoln'", own)
    await project(of(district(T0 + HOUR, settings=published)), tables)
    assert (
        await connection.fetchval("select settings from districts where district_id = 'lincoln'") == effective
    )


async def test_a_thousand_students_are_a_handful_of_queries(connection: Connection) -> None:
    await project(of(student()), PostgresRoster(connection))  # the driver looks types up once
    asked: list[str] = []
    connection.add_query_logger(lambda query: asked.append(query.query))
    batch = of(*(student(student_id=f"t{n}") for n in range(1000)))
    projected = await project(batch, PostgresRoster(connection))
    assert len(projected.known) == 1000
    await asyncio.sleep(0)  # query loggers are called in the next turn of the loop
    assert len(asked) == 1
