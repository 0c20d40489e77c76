"""Bookings: one winner of the last slot, windows, blackouts, overdue."""

import asyncio
from datetime import datetime, timedelta

OPERATOR = ("operator", "op-1")


async def many_requests(world, count):
    """One refresh request of each of `count` new districts."""
    requests = []
    for n in range(count):
        site = {
            "district_id": f"d{n}",
            "environment": "staging",
            "hosting": "cloud",
            "name": f"Site {n}",
            "version": "2603",
        }
        await world.ok(OPERATOR, "POST", "/v1/sites", site)
        body = {"kind": "version_update", "site_id": f"d{n}.staging", "version": "2607"}
        requests.append(await world.ok(world.contact(f"d{n}"), "POST", "/v1/requests", body))
    return requests


async def test_of_fifty_bookings_of_the_last_slot_one_wins(world):
    for window in (await world.ok(OPERATOR, "GET", "/v1/windows"))["items"]:
        if window["effective_until"] is None:
            path = f"/v1/windows/{window['id']}"
            await world.ok(OPERATOR, "PATCH", path, {"effective_until": "2025-08-01"})
    one = {
        "name": "Tight",
        "hosting": "cloud",
        "kinds": ["version_update"],
        "timezone": "America/Chicago",
        "weekdays": ["thursday"],
        "opens": "00:30",
        "closes": "03:30",
        "capacity": 1,
        "effective_from": "2026-01-01",
    }
    await world.ok(OPERATOR, "POST", "/v1/windows", one)
    requests = await many_requests(world, 50)
    slot = (await world.free())[0]
    assert slot["left"] == 1

    async def book(request):
        path = f"/v1/requests/{request['id']}/transitions"
        return await world.http(OPERATOR, "POST", path, {"to": "scheduled", "at": slot["starts_at"]}, 1)

    answers = await asyncio.gather(*map(book, requests))
    statuses = [status for status, _, _ in answers]
    assert statuses.count(200) == 1
    assert statuses.count(409) == 49
    assert all("full" in problem["detail"] for status, problem, _ in answers if status == 409)
    assert (await world.free())[0]["starts_at"] > slot["starts_at"]
    taken = await world.sql("select count(*) as n from requests where slot_at is not null")
    assert taken[0]["n"] == 1


async def test_concurrent_edits_of_one_request_one_wins(world):
    request = await world.update("springfield")
    path = f"/v1/requests/{request['id']}/transitions"
    moves = [{"to": "deferred"}, {"to": "pending_input"}, {"to": "unable_to_complete", "note": "x"}] * 4
    answers = await asyncio.gather(*[world.http(OPERATOR, "POST", path, m, 1) for m in moves])
    assert sorted(status for status, _, _ in answers) == [200] + [412] * 11
    audit = await world.ok(OPERATOR, "GET", path)
    assert len(audit["items"]) == 2


async def test_dates_outside_windows_past_or_dark_are_refused(world):
    request = await world.update("springfield")
    dark = {"starts_at": "2026-11-26T00:00:00Z", "ends_at": "2026-11-27T00:00:00Z", "reason": "Holiday"}
    made = await world.ok(OPERATOR, "POST", "/v1/windows/blackouts", dark)
    assert made["touches"] == 0
    for at in (
        "2026-11-26T06:30:00Z",
        "2026-11-27T06:30:00Z",
        "2026-11-19T06:30:00Z",
        "2190-11-26T06:30:00Z",
    ):
        problem = await world.move(request, "scheduled", expect=400, at=at)
        assert problem["pointer"] == "/at"
    assert (await world.free())[0]["starts_at"] == "2026-12-03T06:30:00Z"
    assert (await world.http(OPERATOR, "DELETE", f"/v1/windows/blackouts/{made['id']}"))[0] == 204
    await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")


async def test_a_later_blackout_keeps_the_booking_and_flags_it(world):
    request = await world.update("springfield")
    scheduled = await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")
    assert scheduled["in_blackout"] is False
    dark = {"starts_at": "2026-11-26T08:00:00Z", "ends_at": "2026-11-26T09:00:00Z"}
    assert (await world.ok(OPERATOR, "POST", "/v1/windows/blackouts", dark))["touches"] == 1
    flagged = await world.refresh(request)
    assert flagged["in_blackout"] is True
    assert flagged["status"] == "scheduled"


async def test_an_occurrence_that_passes_flags_and_starts_nothing(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")
    world.clock.set(datetime.fromisoformat("2026-11-26T09:29:00+00:00"))
    assert (await world.refresh(request))["overdue"] is False
    world.clock.move(timedelta(minutes=1))
    late = await world.refresh(request)
    assert late["overdue"] is True
    assert late["status"] == "scheduled"


async def test_asp_updates_need_no_window_until_there_is_one(world):
    asp = world.contact("north-haverbrook")
    body = {"kind": "version_update", "site_id": "north-haverbrook.production", "version": "2611"}
    request = await world.ok(asp, "POST", "/v1/requests", body)
    found = await world.ok(asp, "GET", "/v1/windows/free", site_id="north-haverbrook.production")
    assert found == {"any_time": True, "items": []}
    scheduled = await world.move(request, "scheduled", at="2026-11-24T12:00:00Z")
    assert scheduled["slot"]["window_id"] is None


async def test_a_window_that_has_ended_binds_nobody_any_more(world):
    asp = world.contact("north-haverbrook")
    window = {
        "name": "ASP nights",
        "hosting": "asp",
        "kinds": ["version_update"],
        "timezone": "America/Denver",
        "weekdays": ["friday"],
        "opens": "22:00:00",
        "closes": "02:00:00",
        "capacity": 1,
        "effective_from": "2026-01-01",
    }
    made = await world.ok(OPERATOR, "POST", "/v1/windows", window)
    body = {"kind": "version_update", "site_id": "north-haverbrook.production", "version": "2611"}
    request = await world.ok(asp, "POST", "/v1/requests", body)
    noon = "2026-12-01T12:00:00Z"
    await world.move(request, "scheduled", 400, at=noon)
    # its last night is the 27th's, until two o'clock of the day that it has ended on
    path = f"/v1/windows/{made['id']}"
    await world.ok(OPERATOR, "PATCH", path, {"effective_until": "2026-11-28"})
    await world.move(request, "scheduled", 400, at="2026-11-25T12:00:00Z")
    last = await world.move(request, "scheduled", at="2026-11-28T08:30:00Z")
    assert last["slot"]["window_id"] == made["id"]
    free = await world.move(request, "scheduled", at=noon)
    assert free["slot"]["window_id"] is None
    wished = await world.ok(asp, "POST", "/v1/requests", {**body, "version": "2615", "preferred_at": noon})
    assert wished["status"] == "to_be_scheduled"
    tried = {"requests": [{"id": wished["id"], "revision": 1}], "at": noon}
    assert (await world.ok(OPERATOR, "POST", "/v1/reschedules", tried))["items"][0]["refused"] is None
    found = await world.ok(asp, "GET", "/v1/windows/free", site_id="north-haverbrook.production", after=noon)
    assert found["any_time"] is True


async def test_a_blackout_holds_where_no_window_binds_too(world):
    dark = {"starts_at": "2026-11-24T00:00:00Z", "ends_at": "2026-11-25T00:00:00Z", "reason": "Testing"}
    await world.ok(OPERATOR, "POST", "/v1/windows/blackouts", dark)
    asp = world.contact("north-haverbrook")
    body = {"kind": "version_update", "site_id": "north-haverbrook.production", "version": "2611"}
    for wished in ("2026-11-24T12:00:00Z", "2026-11-23T22:00:00Z"):
        status, problem, _ = await world.http(asp, "POST", "/v1/requests", {**body, "preferred_at": wished})
        assert (status, problem["pointer"]) == (400, "/preferred_at")
    request = await world.ok(asp, "POST", "/v1/requests", body)
    problem = await world.move(request, "scheduled", 400, at="2026-11-24T12:00:00Z")
    assert problem["pointer"] == "/at"
    assert "blackout" in problem["detail"]
    free = await world.move(request, "scheduled", at="2026-11-25T00:00:00Z")
    assert free["in_blackout"] is False


async def test_preferred_slots_take_nothing(world):
    await world.update("springfield", preferred_at="2026-11-26T06:30:00Z")
    assert (await world.free())[0]["left"] == 40
