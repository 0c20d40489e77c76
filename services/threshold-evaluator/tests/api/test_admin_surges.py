"""What a surge holds, as its administrator sees and answers it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest


@pytest.fixture
async def surge(town: Any) -> str:
    """A surge of the school "north" that holds three alerts of two users."""
    now = town.served.clock.now()
    row = await town.pool.fetchval(
        "insert into brakes (district_id, environment, school_id, pulled_at, last_at, facts, usual)"
        " values ($1, 'production', 'north', $2, $2, 612, 14.5) returning brake_id",
        town.id,
        now,
    )
    for number, user in enumerate(("u1", "u1", "u2")):
        await wait(town, f"g{number}", user, "surge", now)
    return str(row)


async def wait(town: Any, grade: str, user: str, hold: str, since: datetime) -> None:
    """Let an alert of a grade at the school "north" wait."""
    await town.pool.execute(
        "insert into due_alerts (alert_id, district_id, environment, user_id, student_id, thing, thing_id,"
        " school_id, kinds, event_source, event_id, day, memory_before, modified_at, accepted_at, first_at,"
        " grace_until, due_at, wake_at, hold, delivery, urgency, phase) values (gen_random_uuid(), $1,"
        " 'production', $2, 's1', 'grades', $3, 'north', '{grade.posted}', 's', $3, $4, '', $5, $5, $5, $5,"
        " $5, $6, $7, 'immediate', 1, 'held')",
        town.id,
        user,
        grade,
        since.date(),
        since,
        since + timedelta(hours=1),
        hold,
    )


def admin(town: Any) -> Any:
    return town.api("admin", "district_admin")


async def test_an_administrator_sees_what_is_held_and_why(town: Any, surge: str) -> None:
    [item] = (await admin(town).ok("/v1/admin/surges"))["items"]
    assert (item["surge_id"], item["school_id"], item["school_name"]) == (surge, "north", "North")
    assert (item["facts"], item["usual"], item["resolution"]) == (612, 14.5, "held")
    assert (item["alerts"], item["users"]) == (3, 2)
    assert item["groups"] == [{"group": "grades", "alerts": 3}]


async def test_what_came_before_the_surge_was_found_and_still_waits_is_counted_too(
    town: Any, surge: str
) -> None:
    now = town.served.clock.now()
    await wait(town, "in-grace", "u3", "grace", now - timedelta(minutes=9))
    await wait(town, "of-last-hour", "u4", "quiet_hours", now - timedelta(minutes=11))
    await wait(town, "after-it", "u5", "grace", now + timedelta(minutes=1))
    [item] = (await admin(town).ok("/v1/admin/surges"))["items"]
    assert (item["alerts"], item["users"]) == (4, 3)
    assert item["groups"] == [{"group": "grades", "alerts": 4}]


async def test_the_word_is_noted_once_with_an_audit_line(town: Any, surge: str) -> None:
    api, url = admin(town), f"/v1/admin/surges/{surge}"
    assert (await api.post(url, {"resolution": "perhaps"})).status == 400
    assert (await api.post(url, {"resolution": "release"})).status == 200
    assert (await api.post(url, {"resolution": "release"})).status == 200
    refused = await api.post(url, {"resolution": "inbox_only"})
    assert (refused.status, refused.body["pointer"]) == (409, "/resolution")
    lines = await town.pool.fetch(
        "select action, subject_kind, subject_id from audit where district_id = $1", town.id
    )
    assert [tuple(line) for line in lines] == [("surge.release", "school", "north")]
    asked = await town.pool.fetch(
        "select scope, scope_id from recalculations where district_id = $1", town.id
    )
    assert ("school", "north") in [tuple(row) for row in asked]
    [item] = (await api.ok("/v1/admin/surges"))["items"]
    assert (item["resolution"], item["alerts"]) == ("release", 0)
    assert item["resolved_at"]


async def test_pages_and_strangers(town: Any, surge: str) -> None:
    await town.pool.execute(
        "insert into brakes (district_id, environment, school_id, pulled_at, last_at) values"
        " ($1, 'production', 'south', $2, $2)",
        town.id,
        town.served.clock.now(),
    )
    first = await admin(town).ok("/v1/admin/surges", limit=1)
    second = await admin(town).ok("/v1/admin/surges", limit=1, cursor=first["next_cursor"])
    assert [page["items"][0]["school_id"] for page in (first, second)] == ["south", "north"]
    assert second["next_cursor"] is None
    assert first["items"][0]["usual"] is None
    token = town.served.token("admin", town.id, "district_admin", "sandbox")
    sandbox = replace(admin(town), token=token)
    assert (await sandbox.ok("/v1/admin/surges"))["items"] == []
    unknown = f"/v1/admin/surges/{UUID(int=7)}"
    assert (await admin(town).post(unknown, {"resolution": "release"})).status == 404
    assert (await town.api("u1").get("/v1/admin/surges")).status == 403
