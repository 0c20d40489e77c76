"""Stored state by area."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool
from bellwire_schemas.names import Area

from threshold_evaluator.adapters.postgres.portal.reading.people import closed
from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.api.area_cursors import Standing
from threshold_evaluator.api.area_items import STORED_FIELDS, AttendanceCount
from threshold_evaluator.api.area_tables import OWN_AREA, THINGS_OF, AreaView, Enrolled, Row, Wanted


class PostgresAreas:
    """See `threshold_evaluator.api.area_tables.Areas`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def view(self, caller: Caller, student_id: str, area: Area) -> Sequence[AreaView]:
        """See `Areas.view`."""
        row = await reading_queries().area_view(self._pool, **of(caller), student_id=student_id)
        if row is None:
            return ()
        shut = {school for school, _, areas in row["schools"] if closed(areas, area)}
        enrolled = tuple(
            Enrolled(school, calendar, date.fromisoformat(starts), date.fromisoformat(ends))
            for school, calendar, starts, ends in row["enrolled"] or ()
        )
        view = AreaView(
            timezone=ZoneInfo(row["timezone"]),
            open_schools=frozenset(
                school for school, attended, _ in row["schools"] if attended and school not in shut
            ),
            closed_schools=frozenset(shut),
            hidden=frozenset(
                f"{thing}/{school}"
                for thing in THINGS_OF[area]
                for school, _, areas in row["schools"]
                if school in shut
                or closed(row["district_areas"], OWN_AREA[thing])
                or closed(areas, OWN_AREA[thing])
            ),
            district_closed=closed(row["district_areas"], area),
            enrolled=enrolled,
            oldest_open=int(row["oldest_open"]),
            cluster=row["cluster"],
        )
        return (view,)

    async def rows(
        self, caller: Caller, student_id: str, wanted: Wanted, at: Standing, limit: int
    ) -> Sequence[Row]:
        """See `Areas.rows`."""
        due_from, due_to = wanted.due or (None, None)
        rows = reading_queries().area_rows(
            self._pool,
            **of(caller),
            student_id=student_id,
            things=list(wanted.things),
            hidden=sorted(wanted.hidden),
            fields=sorted(STORED_FIELDS),
            due_from=due_from,
            due_to=due_to,
            since=str(at.since),
            after_in=str(at.after[0]),
            after_place=at.after[1],
            limit=limit,
        )
        return [
            Row(
                (int(row["changed_in"]), row["place"]),
                row["thing"],
                row["thing_id"],
                row["gone"],
                row["data"],
            )
            async for row in rows
        ]

    async def attendance(
        self, caller: Caller, student_id: str, closed: frozenset[str]
    ) -> Sequence[AttendanceCount]:
        """See `Areas.attendance`."""
        rows = reading_queries().attendance_counts(
            self._pool, **of(caller), student_id=student_id, closed=sorted(closed)
        )
        return [AttendanceCount.model_validate(dict(row)) async for row in rows]
