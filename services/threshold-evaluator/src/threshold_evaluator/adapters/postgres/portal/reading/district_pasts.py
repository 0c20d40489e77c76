"""The last days of all users of a district, some users at a time: six queries for each lot."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool

from threshold_evaluator.adapters.postgres.portal.reading.pasts import (
    ToldBefore,
    past_of_row,
    roster_of,
    student_of_row,
    told_before,
)
from threshold_evaluator.adapters.postgres.portal.reading.queries import reading_queries
from threshold_evaluator.api.admin_preview import Proposed, UserPast
from threshold_evaluator.domain.roster import Roster, Student

_USERS = 200


@dataclass(frozen=True, slots=True)
class _Lot:
    """Rows of some users: changes in their order, each user's students, what they had been told before."""

    changes: Sequence[Mapping[str, Any]]
    students: Mapping[str, Mapping[str, Student]]
    roster: Roster
    told: ToldBefore

    def users(self, proposed: Proposed) -> Sequence[UserPast]:
        """Return each user's past as the district stands, and as it is proposed."""
        after = replace(
            self.roster,
            district=proposed.district(self.roster.district),
            schools={name: proposed.school(school) for name, school in self.roster.schools.items()},
        )
        rows_of: dict[str, list[int]] = {}
        for place, row in enumerate(self.changes):
            rows_of.setdefault(row["student_id"], []).append(place)
        found = []
        for students in self.students.values():
            places = sorted(place for student in students for place in rows_of.get(student, ()))
            if places:
                now, then = replace(self.roster, students=students), replace(after, students=students)
                found.append(
                    UserPast(
                        [past_of_row(self.changes[place], now, self.told) for place in places],
                        [past_of_row(self.changes[place], then, self.told) for place in places],
                    )
                )
        return found


class PostgresDistrictPasts:
    """See `threshold_evaluator.api.admin_preview.DistrictPasts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lots(
        self, caller: Caller, since: datetime, proposed: Proposed
    ) -> AsyncIterator[Sequence[UserPast]]:
        """See `DistrictPasts.lots`."""
        after = ""
        while True:
            lot, after = await self._lot(caller, since, after)
            if not after:
                return
            yield lot.users(proposed)

    async def _lot(self, caller: Caller, since: datetime, after: str) -> tuple[_Lot, str]:
        queries, source = reading_queries(), caller.source
        place = {"district_id": source.district_id, "environment": source.environment.value}
        async with self._pool.acquire() as connection:
            asked = queries.report_users(connection, **place, after=after, limit=_USERS)
            users = [row["user_id"] async for row in asked]
            students: dict[str, dict[str, Student]] = {}
            async for row in queries.report_students(connection, **place, user_ids=users):
                seen = students.setdefault(row["user_id"], {})
                seen[row["student_id"]] = student_of_row(row["user_id"], row)
            changes = [
                row
                async for row in queries.report_changes(
                    connection,
                    **place,
                    student_ids=sorted({name for each in students.values() for name in each}),
                    first_day=since.astimezone(UTC).date() - timedelta(days=1),
                    since=since,
                )
            ]
            told = await told_before(connection, caller, users, since)
            roster = await roster_of(connection, caller, {row["school_id"] for row in changes}, {})
        return _Lot(changes, students, roster, told), users[-1] if users else ""
