"""What a change of a district's settings would have done last week, counted again from what is stored."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bellwire_schemas.names import Group
from threshold_evaluator.adapters.postgres.decide.codec import write_content
from threshold_evaluator.domain.things import Content, Score, ValueForm

URL = "/v1/admin/district/preview"


@pytest.fixture
async def week(town: Any) -> Any:
    """Two schools; s1 (two guardians) scored 95, 60 and 40, s2 at "south" 50; an older 30 is out of the week."""
    await town.school("south")
    await town.student("s1")
    await town.student("s2", "Ben", "south")
    for user, student in (("u1", "s1"), ("u2", "s1"), ("u3", "s2")):
        await town.access(user, student)
    await town.access("u4", "s1", portal=False)
    scores = (("s1", 95, 0), ("s1", 60, 1), ("s1", 40, 2), ("s2", 50, 3), ("s1", 30, 9))
    for number, (student, percent, days) in enumerate(scores):
        await town.change(f"e{number}", student, town.served.clock.now() - timedelta(days=days))
        content = write_content(
            Group.ASSIGNMENTS, Content(score=Score(ValueForm.PERCENT, Decimal(percent), ""))
        )
        await town.pool.execute(
            "update changes set memory_after = $3, thing_id = $2, school_id = $4"
            " where district_id = $1 and event_id = $2",
            town.id,
            f"e{number}",
            content,
            "south" if student == "s2" else "north",
        )
    return town


def admin(town: Any) -> Any:
    return town.api("admin", "district_admin")


async def test_alerts_by_group_and_school_before_and_after(week: Any) -> None:
    proposal = {"settings": {"defaults": {"groups": {"assignments": {"threshold": 55}}}}}
    answered = await admin(week).post(URL, proposal)
    assert answered.status == 200, answered.body
    found = answered.body
    assert (found["days"], found["users"]) == (7, 3)
    assert (found["alerts"], found["alerts_now"]) == (3, 7)
    by_school = {each["school_id"]: (each["alerts"], each["alerts_now"]) for each in found["schools"]}
    assert by_school == {"north": (2, 6), "south": (1, 1)}
    groups = {each["group"]: (each["alerts"], each["alerts_now"]) for each in found["groups"]}
    assert groups["assignments"] == (3, 7)
    assert groups["lunch"] == (0, 0)
    assert (await admin(week).ok("/v1/admin/district"))["own"] == {}


async def test_of_one_school_and_over_what_users_set(week: Any) -> None:
    await week.api("u1").patch("/v1/me/settings", {"groups": {"assignments": {"threshold": 50}}})
    closed = {"settings": {"push_enabled": False}}
    found = (await admin(week).post("/v1/admin/schools/north/preview", closed)).body
    assert (found["alerts"], found["alerts_now"]) == (1, 1 + 3 + 1)
    locked = {
        "settings": {
            "defaults": {"groups": {"assignments": {"threshold": 96}}},
            "locks": ["/groups/assignments/threshold"],
        }
    }
    assert (await admin(week).post(URL, locked)).body["alerts"] == 7


async def test_what_a_change_would_refuse_is_refused(week: Any) -> None:
    answered = await admin(week).post(URL, {"settings": {"per": "week"}})
    assert (answered.status, answered.body["pointer"]) == (400, "/per")
    assert (await admin(week).post("/v1/admin/schools/nowhere/preview", {"settings": {}})).status == 404
    assert (await week.api("u1").post(URL, {"settings": {}})).status == 403
