"""Districts, the caller, and the students whom the caller may see now."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool
from bellwire_schemas.names import Area, Environment

from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.api.districts import FoundDistrict
from threshold_evaluator.api.people import AreaState, Me, OwnDistrict, SchoolName, SeenStudent


def closed(areas: Mapping[str, Any] | None, area: Area) -> bool:
    """Whether an `areas` object turns an area off; what is not stated, or no boolean, is on."""
    return isinstance(areas, Mapping) and areas.get(area.value) is False


class PostgresDistricts:
    """See `threshold_evaluator.api.districts.Districts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self, name: str, state: str, environment: Environment, after: tuple[str, str], limit: int
    ) -> Sequence[tuple[str, FoundDistrict]]:
        """See `Districts.find`."""
        rows = reading_queries().find_districts(
            self._pool,
            name=name,
            state=state,
            environment=environment.value,
            after_key=after[0],
            after_id=after[1],
            limit=limit,
        )
        return [(row["key"], FoundDistrict.model_validate(dict(row))) async for row in rows]


class PostgresPeople:
    """See `threshold_evaluator.api.people.People`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def me(self, caller: Caller) -> Me:
        """See `People.me`."""
        row = await reading_queries().me(self._pool, **of(caller))
        district = OwnDistrict(
            district_id=caller.source.district_id,
            name=row["name"] or "",
            state=row["state"] or "",
            timezone=row["timezone"] or "UTC",
        )
        return Me(
            user_id=caller.user_id,
            role=caller.role,
            environment=caller.environment,
            district=district,
            students=row["students"],
            unseen=row["unseen"] or 0,
            seq=row["seq"] or 0,
        )

    async def students(self, caller: Caller, after: tuple[str, str], limit: int) -> Sequence[SeenStudent]:
        """See `People.students`."""
        rows = reading_queries().students(
            self._pool, **of(caller), after_name=after[0], after_id=after[1], limit=limit
        )
        return [_student(row) async for row in rows]


def _student(row: Mapping[str, Any]) -> SeenStudent:
    areas = tuple(
        AreaState(
            area=area,
            active=not closed(row["district_areas"], area)
            and not all(closed(school, area) for school in row["school_areas"]),
        )
        for area in Area
    )
    return SeenStudent(
        student_id=row["student_id"],
        display_name=row["display_name"],
        grade_level=row["grade_level"],
        role=row["role"],
        relationship=row["relationship"],
        school=SchoolName(school_id=row["school_id"], name=row["school_name"]),
        areas=areas,
    )
