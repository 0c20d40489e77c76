"""Waves and bulk rescheduling by API."""

from datetime import timedelta

OPERATOR = ("operator", "op-1")


async def test_a_rollout_by_api_from_plan_to_end(world):
    plan = {"version": "2611", "canaries": ["springfield"], "per_window": 5}
    draft = await world.ok(OPERATOR, "POST", "/v1/waves/plans", plan)
    assert [(w["canaries"], w["districts"]) for w in draft["waves"]] == [
        (True, ["springfield"]),
        (False, ["ogdenville", "shelbyville"]),
    ]
    assert draft["waves"][0]["starts_at"] == "2026-11-26T06:30:00Z"
    assert (draft["needless"], draft["beyond"]) == (["maple-county"], [])
    assert await world.ok(OPERATOR, "GET", "/v1/waves") == {"items": [], "next_cursor": None}
    made = await world.ok(OPERATOR, "POST", "/v1/waves", plan)
    assert (made["state"], made["revision"]) == ("active", 1)
    assert made["unreleased"] == made["total"] > 1
    path = f"/v1/waves/{made['id']}"
    assert (await world.http(OPERATOR, "POST", path, {"act": "release"}))[0] == 428
    released = await world.ok(OPERATOR, "POST", path, {"act": "release"}, 1)
    assert released["open"] == 1
    first = await world.ok(OPERATOR, "GET", f"{path}/sites", limit=1)
    assert [(s["district_id"], s["wave"], s["status"]) for s in first["items"]] == [
        ("springfield", 1, "scheduled")
    ]
    rest = await world.ok(OPERATOR, "GET", f"{path}/sites", cursor=first["next_cursor"])
    assert [(s["district_id"], s["group_id"], s["wave"]) for s in rest["items"]] == [
        ("ogdenville", "prairie-consortium", None),
        ("shelbyville", "prairie-consortium", None),
    ]
    assert rest["next_cursor"] is None
    assert (await world.http(OPERATOR, "POST", path, {"act": "pause"}, 1))[0] == 412
    paused = await world.ok(OPERATOR, "POST", path, {"act": "pause"}, released["revision"])
    assert paused["state"] == "paused"
    resumed = await world.ok(OPERATOR, "POST", path, {"act": "resume"}, paused["revision"])
    early, problem, _ = await world.http(OPERATOR, "POST", path, {"act": "release"}, resumed["revision"])
    assert early == 409
    assert "springfield" in problem["detail"]
    ended = await world.ok(OPERATOR, "POST", path, {"act": "end"}, resumed["revision"])
    listed = await world.ok(OPERATOR, "GET", "/v1/waves")
    assert listed == {"items": [ended], "next_cursor": None}
    world.clock.move(timedelta(minutes=1))
    newer = await world.ok(OPERATOR, "POST", "/v1/waves", {**plan, "version": "2615"})
    page = await world.ok(OPERATOR, "GET", "/v1/waves", limit=1)
    assert [r["id"] for r in page["items"]] == [newer["id"]]
    page = await world.ok(OPERATOR, "GET", "/v1/waves", limit=1, cursor=page["next_cursor"])
    assert [r["id"] for r in page["items"]] == [made["id"]]
    for wrong, pointer in (({"version": "9999"}, "/version"), ({"canaries": ["nowhere"]}, "/canaries")):
        for where in ("/v1/waves", "/v1/waves/plans"):
            status, problem, _ = await world.http(OPERATOR, "POST", where, {**plan, **wrong})
            assert (status, problem["pointer"]) == (400, pointer)


async def test_a_group_that_was_held_back_with_a_rollout_goes_on_as_one(world):
    await world.sql("update windows set capacity = 2 where name = 'Cloud, Thursday night'")
    made = await world.ok(OPERATOR, "POST", "/v1/waves", {"version": "2611.1", "per_window": 2})
    path = f"/v1/waves/{made['id']}"
    now = await world.ok(OPERATOR, "POST", path, {"act": "release"}, made["revision"])
    now = await world.ok(OPERATOR, "POST", path, {"act": "release"}, now["revision"])
    now = await world.ok(OPERATOR, "POST", path, {"act": "pause"}, now["revision"])
    await world.ok(OPERATOR, "POST", path, {"act": "resume"}, now["revision"])
    rows = await world.sql("select district_id, slot_starts_at, status from requests order by district_id")
    dates = {r["district_id"]: r["slot_starts_at"] for r in rows}
    assert {r["status"] for r in rows} == {"scheduled"}
    assert dates["ogdenville"] == dates["shelbyville"]
    held = await world.sql("select count(*) n from requests group by window_id, slot_starts_at")
    assert max(r["n"] for r in held) == 2


async def test_many_are_tried_first_and_moved_exactly_so(world):
    made = [await world.update(d, "2611.1") for d in ("springfield", "maple-county")]
    asked = [{"id": r["id"], "revision": r["revision"]} for r in made]
    tried = await world.ok(OPERATOR, "POST", "/v1/reschedules", {"requests": asked})
    assert tried["done"] is False
    assert {i["at"] for i in tried["items"]} == {"2026-11-26T06:30:00Z"}
    assert (await world.refresh(made[0]))["status"] == "to_be_scheduled"
    dates = {i["id"]: i["at"] for i in tried["items"]}
    order = {"requests": [{**a, "promised": dates[a["id"]]} for a in asked], "dry_run": False}
    late = {**order, "at": "2026-12-03T06:30:00Z"}
    assert (await world.ok(OPERATOR, "POST", "/v1/reschedules", late))["done"] is False
    assert (await world.ok(OPERATOR, "POST", "/v1/reschedules", order))["done"] is True
    for request in made:
        assert (await world.refresh(request))["scheduled_for"] == "2026-11-26T06:30:00Z"
    again = await world.ok(OPERATOR, "POST", "/v1/reschedules", order)
    assert again["done"] is False
    assert all("Somebody else" in i["refused"] for i in again["items"])
