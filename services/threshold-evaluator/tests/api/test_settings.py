"""Settings: effective values with their layers, the merge patch, and each refusal by pointer."""

from typing import Any

import pytest


@pytest.fixture
async def home(town: Any) -> Any:
    """A town with the student s1, whom u1 may see."""
    await town.student("s1")
    await town.access("u1", "s1", locale="es", timezone="America/Denver")
    return town


URL = "/v1/me/settings"
OF_S1 = "/v1/me/settings?student_id=s1"


async def test_nothing_set_is_the_product_the_access_and_the_district(home: Any) -> None:
    settings = await home.api("u1").ok(URL)
    assert settings["document"] == {}
    effective = settings["effective"]
    assert effective["privacy"] == {"value": "standard", "layer": "product", "locked": False}
    assert effective["timezone"] == {"value": "America/Denver", "layer": "portal_access", "locked": False}
    assert effective["locale"]["value"] == "es"
    assert effective["groups"]["lunch"]["threshold"]["value"] == "10.00"
    assert effective["groups"]["lunch"]["remind_days"]["value"] == "off"
    assert effective["kinds"]["assignment.scored"]["threshold"]["value"] == "always"
    assert effective["quiet_hours"]["value"] == {"from": "22:00", "to": "06:00"}


async def test_each_layer_wins_over_the_one_behind_it_and_null_gives_back(home: Any) -> None:
    api = home.api("u1")

    async def grace() -> tuple[int, str]:
        settings = await api.ok(OF_S1)
        found = settings["effective"]["kinds"]["grade.posted"]["grace_minutes"]
        return found["value"], found["layer"]

    await home.district(settings={"defaults": {"groups": {"grades": {"grace_minutes": 1}}}})
    assert await grace() == (1, "district_group")
    await home.school(settings={"defaults": {"kinds": {"grade.posted": {"grace_minutes": 2}}}})
    assert await grace() == (2, "school_kind")
    await api.patch(URL, {"groups": {"grades": {"grace_minutes": 3}}})
    assert await grace() == (3, "user_group")
    await api.patch(OF_S1, {"groups": {"grades": {"grace_minutes": 4}}})
    assert await grace() == (4, "user_student_group")
    await api.patch(OF_S1, {"kinds": {"grade.posted": {"grace_minutes": 5}}})
    assert await grace() == (5, "user_student_kind")
    answered = await api.patch(OF_S1, {"kinds": {"grade.posted": None}, "groups": {"grades": None}})
    assert answered.body["document"] == {}
    assert await grace() == (3, "user_group")


async def test_a_change_is_stored_for_every_process_and_asks_for_recalculation(home: Any) -> None:
    api = home.api("u1")
    await api.patch(URL, {"coalesce_minutes": 0, "digest": {"at": "07:30"}})
    row = await home.pool.fetchrow(
        "select document, version from user_settings where district_id = $1 and user_id = 'u1'", home.id
    )
    assert row["document"] == {"coalesce_minutes": 0, "digest": {"at": "07:30"}}
    await api.patch(URL, {"coalesce_minutes": 0})
    asked = await home.pool.fetchrow(
        "select * from recalculations where district_id = $1 and scope = 'user'", home.id
    )
    assert (asked["scope"], asked["scope_id"], asked["requested"]) == ("user", "u1", 1)


@pytest.mark.parametrize(
    ("url", "patch", "pointer"),
    [
        (URL, {"groups": {"grades": {"threshold": 101}}}, "/groups/grades/threshold"),
        (URL, {"groups": {"grades": {"threshold": 70.125}}}, "/groups/grades/threshold"),
        (URL, {"groups": {"grades": {"threshold": "often"}}}, "/groups/grades/threshold"),
        (URL, {"groups": {"lunch": {"threshold": "-1"}}}, "/groups/lunch/threshold"),
        (URL, {"groups": {"attendance": {"threshold": 10}}}, "/groups/attendance/threshold"),
        (URL, {"groups": {"sports": {"enabled": True}}}, "/groups/sports"),
        (URL, {"kinds": {"grade.lost": {"enabled": True}}}, "/kinds/grade.lost"),
        (
            URL,
            {"kinds": {"assignment.late": {"grace_minutes": 1441}}},
            "/kinds/assignment.late/grace_minutes",
        ),
        (URL, {"timezone": "Mars/Olympus"}, "/timezone"),
        (URL, {"timezone": "localtime"}, "/timezone"),
        (URL, {"quiet_hours": {"from": "22:00", "to": "22:00"}}, "/quiet_hours"),
        (URL, {"quiet_hours": {"from": "25:00", "to": "06:00"}}, "/quiet_hours/from"),
        (URL, {"quiet_hours": {"from": "22:00", "to": "06:00", "on": "sunday"}}, "/quiet_hours/on"),
        (URL, {"daily_cap": 0}, "/daily_cap"),
        (URL, {"coalesce_minutes": 121}, "/coalesce_minutes"),
        (URL, {"privacy": "loud"}, "/privacy"),
        (URL, {"groups": {"grades": {"enabled": "yes"}}}, "/groups/grades/enabled"),
        (OF_S1, {"privacy": "full"}, "/privacy"),
        (URL, {"groups": {"grades": {"threshold": {}}}}, "/groups/grades/threshold"),
        (URL, {"groups": {"sports": {}}}, "/groups/sports"),
        (URL, {"quiet_hours": {}}, "/quiet_hours"),
        (URL, {"digest": {"at": {}}}, "/digest/at"),
    ],
)
async def test_what_is_out_of_range_is_refused_by_its_pointer(
    home: Any, url: str, patch: dict[str, Any], pointer: str
) -> None:
    answered = await home.api("u1").patch(url, patch)
    assert answered.status == 400, answered.body
    assert answered.body["pointer"] == pointer
    assert answered.body["detail"]
    assert (await home.api("u1").ok(url))["document"] == {}


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"quiet_hours": {"from": "22:00"}}, "to is missing"),
        ({"groups": {"attendance": {"threshold": 10}}}, "here can be: enabled, delivery, grace_minutes"),
        ({"groups": {"sports": {}}}, "here can be: assignments, grades, attendance, lunch"),
        ({"quiet_hours": {"from": "22:00", "to": "06:00", "on": 1}}, "here can be: from, to"),
        ({"kinds": {"grade.lost": {}}}, "grade.posted, grade.modified"),
        ({"student_id": "s1"}, "quiet_hours, digest, coalesce_minutes"),
    ],
)
async def test_a_refusal_says_what_would_be_right(home: Any, patch: dict[str, Any], words: str) -> None:
    answered = await home.api("u1").patch(URL, patch)
    assert (answered.status, words in answered.body["detail"]) == (400, True), answered.body


async def test_a_refusal_is_not_longer_than_anybody_reads(home: Any) -> None:
    answered = await home.api("u1").patch(URL, {f"field-{number}": 1 for number in range(20_000)})
    assert (answered.status, answered.body["pointer"], len(answered.body["errors"])) == (400, "/field-0", 100)


async def test_an_empty_object_takes_nothing_away_and_leaves_nothing(home: Any) -> None:
    api = home.api("u1")
    set_here = {"quiet_hours": "off", "groups": {"grades": {"threshold": 70}}}
    await api.patch(URL, set_here)
    for patch in ({"quiet_hours": {}}, {"groups": {"grades": {"threshold": {}}}}):
        assert (await api.patch(URL, patch)).status == 400
    for patch in (
        {"groups": {}},
        {"kinds": {"grade.posted": {}}, "digest": {}},
        {"quiet_hours": {"to": None}},
    ):
        answered = await api.patch(URL, patch)
        assert (answered.status, answered.body["document"]) == (200, set_here)


async def test_a_locked_setting_is_refused_and_its_own_value_kept_for_later(home: Any) -> None:
    api = home.api("u1")
    await api.patch(URL, {"groups": {"grades": {"threshold": 60}}, "privacy": "full"})
    locks = {"locks": ["/groups/grades/threshold", "/privacy"], "defaults": {"privacy": "private"}}
    await home.district(settings=locks)
    for patch, pointer in (
        ({"groups": {"grades": {"threshold": 65}}}, "/groups/grades/threshold"),
        ({"kinds": {"grade.posted": {"threshold": 65}}}, "/kinds/grade.posted/threshold"),
        ({"privacy": "standard"}, "/privacy"),
    ):
        answered = await api.patch(URL, patch)
        assert (answered.status, answered.body["pointer"]) == (409, pointer)
    assert (await api.ok(URL))["effective"]["privacy"] == {
        "value": "private",
        "layer": "district",
        "locked": True,
    }
    assert (await api.patch(URL, {"groups": {"grades": {"above": 95}}})).status == 200
    await home.district(settings={})
    settings = await api.ok(URL)
    assert settings["effective"]["privacy"]["value"] == "full"
    assert settings["effective"]["groups"]["grades"]["threshold"]["layer"] == "user_group"


async def test_a_mandatory_kind_cannot_be_turned_off(home: Any) -> None:
    await home.district(settings={"mandatory_kinds": ["attendance.marked"]})
    answered = await home.api("u1").patch(URL, {"kinds": {"attendance.marked": {"enabled": False}}})
    assert (answered.status, answered.body["pointer"]) == (409, "/kinds/attendance.marked/enabled")
    assert "attendance.marked" in answered.body["detail"]
    assert (await home.api("u1").patch(URL, {"groups": {"attendance": {"enabled": False}}})).status == 200


async def test_what_holds_anyway_can_be_set_though_it_is_locked_or_mandatory(home: Any) -> None:
    rules = {"grades": {"threshold": 70}, "lunch": {"threshold": "5.50"}}
    await home.district(
        settings={
            "mandatory_kinds": ["attendance.marked"],
            "locks": [*(f"/groups/{group}" for group in ("grades", "lunch")), "/quiet_hours"],
            "defaults": {"groups": rules, "quiet_hours": {"from": "21:00", "to": "07:00"}},
        }
    )
    api = home.api("u1")
    wanted = {
        "groups": {"grades": {"threshold": "70.0"}, "lunch": {"threshold": 5.5, "remind_days": "off"}},
        "kinds": {"attendance.marked": {"enabled": True, "delivery": "immediate"}},
        "quiet_hours": {"from": "21:00", "to": "07:00"},
    }
    assert (await api.patch(URL, wanted)).body["document"] == wanted
    for patch, pointer in (
        ({"groups": {"lunch": {"remind_days": 1}}}, "/groups/lunch/remind_days"),
        ({"groups": {"grades": {"threshold": "always"}}}, "/groups/grades/threshold"),
        ({"kinds": {"attendance.marked": {"delivery": "daily"}}}, "/kinds/attendance.marked/delivery"),
        ({"quiet_hours": "off"}, "/quiet_hours"),
        ({"quiet_hours": {"to": "06:00"}}, "/quiet_hours/to"),
    ):
        answered = await api.patch(URL, patch)
        assert (answered.status, answered.body["pointer"]) == (409, pointer)
        assert "The product" not in answered.body["detail"]


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", '{"a":' * 2000 + "1" + "}" * 2000, "\xff"])
async def test_a_body_that_is_no_patch_is_refused(home: Any, body: str) -> None:
    answered = await home.api("u1").call("PATCH", URL, data=body.encode("latin-1"))
    assert answered.status == 400, answered.body


async def test_a_student_whom_one_may_not_see_has_no_settings(home: Any) -> None:
    stranger = home.api("stranger")
    assert (await stranger.get(URL, student_id="s1")).status == 404
    assert (await stranger.patch(OF_S1, {"groups": {"grades": {"enabled": False}}})).status == 404
    count = await home.pool.fetchval(
        "select count(*) from user_settings where district_id = $1 and user_id = 'stranger'", home.id
    )
    assert count == 0


async def test_two_changes_at_once_both_stand(home: Any) -> None:
    import asyncio

    api = home.api("u1")
    patches = [{"groups": {"grades": {"grace_minutes": 7}}}, {"daily_cap": 9}, {"coalesce_minutes": 3}]
    await asyncio.gather(*(api.patch(URL, patch) for patch in patches))
    assert (await api.ok(URL))["document"] == {
        "groups": {"grades": {"grace_minutes": 7}},
        "daily_cap": 9,
        "coalesce_minutes": 3,
    }
