"""A student's audience is at any time what the roster and the settings say, whoever wrote them and in what order."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import orjson
from bellwire_kit.postgres import Connection, open_pool

from .conftest import SCHEMA

STUDENTS = ("s1", "s2", "s3")
USERS = ("u1", "u2", "u3")
SCOPE = "district_id, environment"

PLAIN = """
select s.student_id, s.school_id, s.display_name, p.user_id, p.role, p.portal,
       (select n.locale from portal_access n where (n.district_id, n.environment, n.user_id)
            = (p.district_id, p.environment, p.user_id) and n.locale <> '' order by n.modified_at desc limit 1),
       (select u.document from user_settings u where (u.district_id, u.environment, u.user_id, u.student_id)
            = (p.district_id, p.environment, p.user_id, '')),
       (select u.document from user_settings u where (u.district_id, u.environment, u.user_id, u.student_id)
            = (p.district_id, p.environment, p.user_id, p.student_id)),
       (select count(*) from enrollments e where (e.district_id, e.environment, e.student_id)
            = (s.district_id, s.environment, s.student_id) and e.active)
from students s left join portal_access p using (district_id, environment, student_id)
where s.district_id = $1
order by s.student_id, p.user_id
"""


async def plain(connection: Connection, district: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.fetch(PLAIN, district)]


async def denormalized(connection: Connection, district: str) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "select student_id, document from audiences where district_id = $1 and document <> '' order by 1",
        district,
    )
    found: list[tuple[Any, ...]] = []
    for student, text in rows:
        school, name, enrolments, watchers = orjson.loads(text)
        active = sum(1 for enrolment in enrolments if enrolment[4])
        people = [
            (user, role, portal, locale, own and orjson.loads(own), child and orjson.loads(child))
            for user, role, portal, locale, _, own, child in watchers
        ]
        found += [(student, school, name, *person, active) for person in people or [(None,) * 6]]
    return found


async def change(connection: Connection, district: str, chance: random.Random) -> None:
    student, user = chance.choice(STUDENTS), chance.choice(USERS)
    place = (district, "production", student)
    stamp = f"timestamptz '2026-09-01Z' + interval '{chance.randint(0, 10**6)} seconds'"
    match chance.randint(0, 8):
        case 0 | 1:
            await connection.execute(
                f"insert into students ({SCOPE}, student_id, school_id, display_name, modified_at) "
                f"values ($1, $2, $3, $4, $4, {stamp}) on conflict ({SCOPE}, student_id) "
                "do update set school_id = excluded.school_id, display_name = excluded.display_name",
                *place,
                chance.choice("abc"),
            )
        case 2:
            await connection.execute(
                f"insert into enrollments ({SCOPE}, student_id, school_id, active, modified_at) "
                f"values ($1, $2, $3, $4, $5, {stamp}) on conflict ({SCOPE}, student_id, school_id, calendar_id) "
                "do update set active = excluded.active",
                *place,
                chance.choice("abc"),
                chance.random() < 0.5,
            )
        case 3 | 4:
            await connection.execute(
                f"insert into portal_access ({SCOPE}, student_id, user_id, role, portal, locale, modified_at) "
                f"values ($1, $2, $3, $4, 'guardian', $5, $6, {stamp}) on conflict ({SCOPE}, student_id, user_id) "
                "do update set portal = excluded.portal, locale = excluded.locale, "
                "modified_at = excluded.modified_at",
                *place,
                user,
                chance.random() < 0.5,
                chance.choice(["", "en", "es"]),
            )
        case 5 | 6:
            await connection.execute(
                f"insert into user_settings ({SCOPE}, user_id, student_id, document) "
                f"values ($1, $2, $3, $4, $5) on conflict ({SCOPE}, user_id, student_id) "
                "do update set document = excluded.document",
                district,
                "production",
                user,
                chance.choice(["", *STUDENTS]),
                {"daily_cap": chance.randint(1, 9)},
            )
        case 7:
            await connection.execute(
                "delete from user_settings where district_id = $1 and user_id = $2", district, user
            )
        case _:
            await connection.execute(
                "delete from portal_access where district_id = $1 and user_id = $2", district, user
            )


async def test_an_audience_follows_every_change(connection: Connection) -> None:
    chance = random.Random(3)
    for _ in range(150):
        await change(connection, "lincoln", chance)
        assert await denormalized(connection, "lincoln") == await plain(connection, "lincoln")


async def test_writers_at_the_same_time_lose_nothing_of_each_other(migrated: str) -> None:
    district = f"d-{uuid4().hex[:8]}"

    async def write(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(40):
            async with pool.acquire() as connection, connection.transaction():
                await change(connection, district, chance)
                await asyncio.sleep(0)

    async with open_pool(migrated, SCHEMA, maximum=6) as pool:
        await asyncio.gather(*(write(seed) for seed in range(5)))
        async with pool.acquire() as connection:
            assert await denormalized(connection, district) == await plain(connection, district)
            for table in ("students", "enrollments", "portal_access", "user_settings"):
                await connection.execute(f"delete from {table} where district_id = $1", district)
            assert await denormalized(connection, district) == []
            assert not await connection.fetchval(
                "select count(*) from audience_users where district_id = $1", district
            )
            await connection.execute("delete from audiences where district_id = $1", district)
