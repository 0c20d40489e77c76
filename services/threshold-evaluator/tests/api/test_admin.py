"""The administrator's addresses: settings of places, why with an audit line, erasure."""

import json
from typing import Any

import pytest


@pytest.fixture
async def home(town: Any) -> Any:
    """A town with the student s1, whom u1 may see, and a decided change."""
    await town.student("s1")
    await town.access("u1", "s1")
    await town.change("e1", "s1")
    await town.decision("e1", "u1", "s1")
    return town


def admin(town: Any) -> Any:
    return town.api("admin", "district_admin")


async def lines(town: Any) -> list[tuple[str, ...]]:
    rows = await town.pool.fetch(
        "select action, actor_id, subject_kind, subject_id, event_id, pointers from audit"
        " where district_id = $1 order by audit_id",
        town.id,
    )
    return [tuple(row) for row in rows]


async def test_what_is_set_here_holds_over_the_sis_until_null_gives_it_back(home: Any) -> None:
    await home.district(settings={"paused": True, "caps": {"privacy": "standard"}})
    api = admin(home)
    set_here = await api.patch("/v1/admin/district", {"paused": False, "caps": {"privacy": "private"}})
    assert set_here.status == 200, set_here.body
    assert set_here.body["settings"] == {"paused": False, "caps": {"privacy": "private"}}
    await home.district(settings={"paused": True, "per": "period"})
    found = await api.ok("/v1/admin/district")
    assert found["settings"] == {"paused": False, "caps": {"privacy": "private"}, "per": "period"}
    back = await api.patch("/v1/admin/district", {"paused": None, "caps": None})
    assert back.body["own"] == {}
    assert back.body["settings"] == {"paused": True, "per": "period"}
    assert (await lines(home))[0] == (
        "district.settings_changed",
        "admin",
        "district",
        home.id,
        "",
        ["/paused", "/caps/privacy"],
    )


async def test_what_the_sis_sent_wrong_is_shown_as_what_does_not_count(home: Any) -> None:
    wrong = {"push_enabled": "no", "areas": {"grades": False, "lunch": False, "planner": None}}
    await home.district(settings={**wrong, "locks": ["privacy", "/privacy"], "since": 10**400})
    await home.school(settings={"paused": True, "defaults": {"privacy": "full"}})
    district = await admin(home).ok("/v1/admin/district")
    assert district["settings"] == {"areas": {"grades": False}, "locks": ["/privacy"]}
    assert set(district["ignored"]) == {"/push_enabled", "/areas/lunch", "/locks/0", "/since"}
    assert (district["published"]["push_enabled"], district["published"]["since"]) == ("no", 10**400)
    [school] = (await admin(home).ok("/v1/admin/schools"))["items"]
    assert (school["settings"], school["ignored"]) == ({"paused": True}, ["/defaults/privacy"])


async def test_an_audit_line_names_what_changed_not_what_was_written(home: Any) -> None:
    api = admin(home)
    url = "/v1/admin/district"
    await api.patch(url, {"per": "day", "caps": {"privacy": "private"}, "areas": {"grades": False}})
    odd = b'{"Ana Ruiz": null, "\\ud800": null, "per": "day", "caps": null, "areas": {"lunch": null, "planner": true}}'
    assert (await api.call("PATCH", url, data=odd)).status == 200
    assert (await api.patch(url, {"per": "day", "Ana Ruiz": None})).status == 200
    assert [set(line[-1]) for line in await lines(home)] == [
        {"/per", "/caps/privacy", "/areas/grades"},
        {"/caps/privacy", "/areas/planner"},
    ]


async def test_a_schools_settings_reach_its_families_at_once(home: Any) -> None:
    api = admin(home)
    url = "/v1/admin/schools/north"
    patched = await api.patch(
        url, {"areas": {"grades": False}, "defaults": {"groups": {"lunch": {"threshold": 5}}}}
    )
    assert patched.status == 200, patched.body
    [student] = (await home.api("u1").ok("/v1/me/students"))["items"]
    assert {area["area"] for area in student["areas"] if not area["active"]} == {"grades"}
    settings = await home.api("u1").ok("/v1/me/settings", student_id="s1")
    assert settings["effective"]["groups"]["lunch"]["threshold"]["layer"] == "school_group"
    asked = await home.pool.fetch(
        "select scope, scope_id from recalculations where district_id = $1", home.id
    )
    assert ("school", "north") in [tuple(row) for row in asked]
    assert [each["school_id"] for each in (await api.ok("/v1/admin/schools"))["items"]] == ["north"]


@pytest.mark.parametrize(
    ("url", "patch", "pointer"),
    [
        ("/v1/admin/district", {"per": "week"}, "/per"),
        ("/v1/admin/district", {"locks": ["privacy"]}, "/locks/0"),
        ("/v1/admin/district", {"locks": ["/privacy", "/quiet_hours/from"]}, "/locks/1"),
        ("/v1/admin/district", {"locks": ["/groups/attendance/threshold"]}, "/locks/0"),
        ("/v1/admin/schools/north", {"locks": ["/daily_cap"]}, "/locks/0"),
        ("/v1/admin/district", {"mandatory_kinds": ["grade.lost"]}, "/mandatory_kinds/0"),
        ("/v1/admin/district", {"defaults": {"daily_cap": 0}}, "/defaults/daily_cap"),
        ("/v1/admin/schools/north", {"defaults": {"privacy": "full"}}, "/defaults/privacy"),
        ("/v1/admin/schools/north", {"late_hours": -1}, "/late_hours"),
    ],
)
async def test_what_is_not_valid_is_refused_by_its_pointer(
    home: Any, url: str, patch: Any, pointer: str
) -> None:
    answered = await admin(home).patch(url, patch)
    assert (answered.status, answered.body["pointer"]) == (400, pointer), answered.body
    assert (await admin(home).ok(url))["own"] == {}
    assert await lines(home) == []


async def test_an_empty_object_does_not_turn_push_on_again(home: Any) -> None:
    api = admin(home)
    await api.patch("/v1/admin/district", {"push_enabled": False})
    for patch, status in (({"push_enabled": {}}, 400), ({"areas": {}, "caps": {}}, 200)):
        assert (await api.patch("/v1/admin/district", patch)).status == status
    assert (await api.ok("/v1/admin/district"))["own"] == {"push_enabled": False}


async def test_an_unknown_school_is_not_there(home: Any) -> None:
    assert (await admin(home).get("/v1/admin/schools/nowhere")).status == 404
    assert (await admin(home).patch("/v1/admin/schools/nowhere", {"paused": True})).status == 404


async def test_why_about_a_user_leaves_an_audit_line_of_ids(home: Any) -> None:
    found = await admin(home).ok("/v1/admin/why", event_id="e1", user_id="u1")
    assert (found["why"]["user_id"], found["why"]["outcome"]) == ("u1", "send")
    assert await lines(home) == [("why.read", "admin", "user", "u1", "e1", [])]
    assert (await admin(home).get("/v1/admin/why", event_id="e1", user_id="nobody")).status == 404


async def test_an_erased_user_is_gone_everywhere_and_the_dispatcher_is_told(home: Any) -> None:
    await home.item("u1", "s1")
    await home.api("u1").patch("/v1/me/settings", {"daily_cap": 5})
    await home.access("u2", "s1")
    assert (await admin(home).call("DELETE", "/v1/admin/users/u1")).status == 204
    for table in ("user_settings", "inbox", "decisions", "portal_access", "device_outcomes", "user_counters"):
        left = await home.pool.fetchval(
            f"select count(*) from {table} where district_id = $1 and user_id = 'u1'", home.id
        )
        assert left == 0, table
    [notice] = await home.pool.fetch("select type, payload from outbox where district_id = $1", home.id)
    assert notice["type"] == "bellwire.user.erased.v1"
    assert json.loads(notice["payload"])["user_id"] == "u1"
    assert (await lines(home))[-1][:4] == ("user.erased", "admin", "user", "u1")
    assert (await home.api("u1").ok("/v1/me/students"))["items"] == []
    assert len((await home.api("u2").ok("/v1/me/students"))["items"]) == 1
    assert (await admin(home).call("DELETE", "/v1/admin/users/u1")).status == 404


async def test_an_export_has_all_that_is_kept_and_only_of_students_seen_now(home: Any) -> None:
    await home.student("s2", "Other")
    await home.access("u1", "s2")
    await home.change("e2", "s2")
    for student in ("s1", "s2"):
        await home.item("u1", student)
        await home.api("u1").patch(
            f"/v1/me/settings?student_id={student}", {"groups": {"grades": {"enabled": False}}}
        )
    await home.access("u1", "s2", portal=False)
    export = await home.api("u1").ok("/v1/me/export")
    assert [each["student_id"] for each in export["students"]] == ["s1"]
    assert [each["student_id"] for each in export["inbox"]] == ["s1"]
    assert [each["event_id"] for each in export["changes"]] == ["e1"]
    assert export["settings"] == {"s1": {"groups": {"grades": {"enabled": False}}}}
