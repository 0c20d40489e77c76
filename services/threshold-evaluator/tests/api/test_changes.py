"""Changes and why: what is shown, to whom, and how an event is named."""

from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
async def home(town: Any) -> Any:
    """A town with two students whom u1 may see, one decided change of s1 and a silent one of s2."""
    for student in ("s1", "s2"):
        await town.student(student)
        await town.access("u1", student)
    await town.change("e1", "s1")
    await town.decision("e1", "u1", "s1")
    await town.change("e2", "s2", town.served.clock.now() - timedelta(days=3), "silent")
    return town


async def test_changes_come_newest_first_each_with_its_why(home: Any) -> None:
    api = home.api("u1")
    page = await api.ok("/v1/me/changes")
    assert [(item["event_id"], item["detection"]) for item in page["items"]] == [
        ("e1", "facts"),
        ("e2", "silent"),
    ]
    why = page["items"][0]["why"]
    assert (why["outcome"], why["reason"], why["became"]) == ("send", "told", "sent")
    assert why["gates"][0] == {"gate": "district_push", "open": False}
    assert all(gate["open"] for gate in why["gates"][1:])
    assert why["settings"]["/privacy"]["layer"] == "product"
    assert [(each["installation_id"], each["outcome"]) for each in why["devices"]] == [("phone", "accepted")]
    silent = page["items"][1]["why"]
    assert (silent["outcome"], silent["reason"], silent["devices"]) == ("none", "silent", [])


async def test_changes_of_one_student_since_a_time_in_pages(home: Any) -> None:
    api = home.api("u1")
    assert [e["event_id"] for e in (await api.ok("/v1/me/changes", student_id="s2"))["items"]] == ["e2"]
    since = (home.served.clock.now() - timedelta(days=1)).isoformat()
    assert [e["event_id"] for e in (await api.ok("/v1/me/changes", since=since))["items"]] == ["e1"]
    first = await api.ok("/v1/me/changes", limit=1)
    second = await api.ok("/v1/me/changes", limit=1, cursor=first["next_cursor"])
    assert [e["event_id"] for e in second["items"]] == ["e2"]
    assert second["next_cursor"] is None


async def test_why_of_one_event(home: Any) -> None:
    found = await home.api("u1").ok("/v1/me/why", event_id="e1", source=str(home.source))
    assert found["why"]["outcome"] == "send"
    assert (await home.api("u1").get("/v1/me/why", event_id="nope")).status == 404


async def test_an_event_that_several_sources_have_must_be_named_with_its_source(home: Any) -> None:
    await home.pool.execute(
        "insert into changes select day, district_id, environment, 'other', event_id, student_id, school_id,"
        " calendar_id, thing, thing_id, modified_at, accepted_at, decided_at, detection, kinds from changes"
        " where district_id = $1 and event_id = 'e1'",
        home.id,
    )
    answered = await home.api("u1").get("/v1/me/why", event_id="e1")
    assert (answered.status, answered.body["pointer"]) == (400, "/query/source")
    assert (await home.api("u1").get("/v1/me/why", event_id="e1", source="other")).status == 200


async def test_only_students_whom_one_may_see_now(home: Any) -> None:
    assert (await home.api("u2").ok("/v1/me/changes"))["items"] == []
    assert (await home.api("u2").get("/v1/me/why", event_id="e1")).status == 404
    await home.access("u1", "s1", portal=False)
    assert [e["event_id"] for e in (await home.api("u1").ok("/v1/me/changes"))["items"]] == ["e2"]
    assert (await home.api("u1").get("/v1/me/why", event_id="e1")).status == 404
