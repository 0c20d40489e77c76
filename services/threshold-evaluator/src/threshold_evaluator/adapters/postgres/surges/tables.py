"""Facts of schools and their brakes, inside one transaction of the caller."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection, load_queries
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source

from threshold_evaluator.domain.surge import UNKNOWN, USUAL_DAYS, Brake, Resolution, SurgeLimits, Usual
from threshold_evaluator.surges import NO_BRAKES, NOBODY_BRAKED, Braked, FactCounts

_BUCKET = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

School = tuple[Source, str]


@cache
def surge_queries() -> Any:
    """Return the named queries of this folder."""
    return load_queries(Path(__file__).with_name("queries.sql"))


class PostgresSurges:
    """`surges.SurgeTables` on the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._queries = connection, surge_queries()

    async def look(self, facts: FactCounts, limits: SurgeLimits, now: datetime) -> Braked:
        """See `SurgeTables.look`: one query, and three more only when a school is over the least."""
        new = {(source, school): count for source, each in facts.items() for school, count in each.items()}
        counts = dict(new)
        for row in await self._rows("recent", new, now=now):
            counts[_school(row)] += row["facts"]
        many = {school: count for school, count in counts.items() if count > limits.least}
        if not many:
            return NOBODY_BRAKED
        usual = {
            _school(row): Usual(row["facts"], row["windows"])
            for row in await self._rows("usual", many, now=now, days=USUAL_DAYS)
        }
        surging = [
            school for school, count in many.items() if limits.exceeded(count, usual.get(school, UNKNOWN))
        ]
        return await self._pulled(surging, many, usual, now) if surging else NOBODY_BRAKED

    async def _pulled(
        self,
        surging: Sequence[School],
        facts: Mapping[School, int],
        usual: Mapping[School, Usual],
        now: datetime,
    ) -> Braked:
        names = sorted(f"{source}/{school}" for source, school in surging)
        await self._queries.lock_schools(self._connection, schools=names)
        each_usual = [usual.get(school, UNKNOWN) for school in surging]
        await self._queries.pull(
            self._connection,
            now=now,
            **_columns(surging),
            facts=[facts[school] for school in surging],
            usual=[each.facts / each.windows if each.windows else 0.0 for each in each_usual],
        )
        braked: dict[Source, dict[str, Resolution]] = {}
        for row in await self._rows("active", surging, now=now):
            source, school = _school(row)
            braked.setdefault(source, {})[school] = Resolution(row["resolution"])
        return braked

    async def count(self, facts: FactCounts, braked: Braked, now: datetime) -> None:
        """See `SurgeTables.count`."""
        bucket = now - (now - _EPOCH) % _BUCKET
        schools = [(source, school) for source, each in facts.items() for school in each]
        surging = [school in braked.get(source, {}) for source, school in schools]
        await self._queries.count(
            self._connection,
            bucket=bucket,
            minute=(now - bucket) // timedelta(minutes=1),
            **_columns(schools),
            facts=[facts[source][school] for source, school in schools],
            surging=surging,
        )
        going_on = sorted(
            (school for school, on in zip(schools, surging, strict=True) if on),
            key=lambda each: (each[0].district_id, each[0].environment, each[1]),
        )
        if going_on:
            await self._queries.extend(self._connection, now=now, **_columns(going_on))

    async def brakes(
        self, schools: Mapping[Source, Collection[str]]
    ) -> Mapping[Source, Mapping[str, Sequence[Brake]]]:
        """See `SurgeTables.brakes`."""
        named = [(source, school) for source, each in schools.items() for school in each]
        rows = await self._rows("brakes", named)
        if not rows:
            return NO_BRAKES
        found: dict[Source, dict[str, list[Brake]]] = {}
        for row in rows:
            source, school = _school(row)
            found.setdefault(source, {}).setdefault(school, []).append(
                Brake(
                    UUID(int=row["brake_id"].int),
                    school,
                    row["pulled_at"],
                    row["last_at"],
                    Resolution(row["resolution"]),
                )
            )
        return found

    async def _rows(self, name: str, schools: Iterable[School], **others: Any) -> Sequence[Any]:
        query = getattr(self._queries, name)
        return [row async for row in query(self._connection, **_columns(schools), **others)]


def _school(row: Any) -> School:
    return Source(row["district_id"], Environment(row["environment"])), row["school_id"]


def _columns(schools: Iterable[School]) -> dict[str, list[str]]:
    listed = list(schools)
    return {
        "district_ids": [source.district_id for source, _ in listed],
        "environments": [source.environment.value for source, _ in listed],
        "school_ids": [school for _, school in listed],
    }
