"""Groups: refusal with the name, fan-out, all or none, rollup, joining and leaving, partners."""

import asyncio

import asyncpg
from update_scheduler.app import SCHEMA

OPERATOR = ("operator", "op-1")
GALE = ("group_contact", "gale")
ELI = ("group_contact", "eli")
PRAIRIE = {"kind": "version_update", "group_id": "prairie-consortium", "version": "2611"}


async def test_an_individual_update_of_a_linked_district_is_refused_with_the_groups_name(world):
    body = {"kind": "version_update", "site_id": "shelbyville.production", "version": "2611"}
    for who in (world.contact("shelbyville"), GALE):
        status, problem, _ = await world.http(who, "POST", "/v1/requests", body)
        assert (status, problem["pointer"]) == (409, "/site_id")
        assert "Prairie Data Consortium" in problem["detail"]
    assert await world.sql("select 1 from requests") == []
    refresh = {
        "kind": "database_refresh",
        "site_id": "shelbyville.staging",
        "site_name": "Shelbyville Schools staging",
    }
    await world.ok(GALE, "POST", "/v1/requests", refresh)


async def test_a_group_moves_as_one_until_work_begins(world):
    whole = await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    assert (whole["type"], whole["status"]) == ("group_request", "to_be_scheduled")
    assert {m["district_id"] for m in whole["members"]} == {"ogdenville", "shelbyville"}
    member = whole["members"][0]
    problem = await world.move(member, "scheduled", expect=409, at="2026-11-26T06:30:00Z")
    assert whole["id"] in problem["detail"]
    contact = world.contact(member["district_id"])
    status, problem, _ = await world.http(contact, "DELETE", f"/v1/requests/{member['id']}", etag=1)
    assert status == 409
    scheduled = await world.move(whole, "scheduled", at="2026-11-26T06:30:00Z")
    assert scheduled["status"] == "scheduled"
    assert (await world.free())[0]["left"] == 38
    begun = await world.move(whole, "not_started")
    assert {m["status"] for m in begun["members"]} == {"not_started"}
    await world.move(whole, "in_progress", expect=409)
    await world.move(member, "in_progress")
    assert (await world.refresh(whole))["status"] == "not_started"
    await world.settled()
    by_recipient = {}
    for mail in world.mailbox.all():
        by_recipient.setdefault(mail["to"], []).append(mail["subject"].split(":")[0])
    assert by_recipient["updates@prairie.example"] == [
        "To Be Scheduled",
        "Scheduled",
        "Not Started",
        "In Progress",
    ]
    other = {"ogdenville", "shelbyville"} - {member["district_id"]}
    assert by_recipient[f"it@{other.pop()}.example"] == ["To Be Scheduled", "Scheduled", "Not Started"]


async def test_members_at_the_version_are_skipped_and_named(world):
    whole = await world.ok(GALE, "POST", "/v1/requests", {**PRAIRIE, "version": "2607.1"})
    assert whole["skipped"] == ["shelbyville"]
    assert [m["district_id"] for m in whole["members"]] == ["ogdenville"]
    assert (await world.http(GALE, "POST", "/v1/requests", {**PRAIRIE, "version": "2603"}))[0] == 409


async def test_a_second_group_request_of_the_version_is_refused_naming_members(world):
    await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    status, problem, _ = await world.http(GALE, "POST", "/v1/requests", PRAIRIE)
    assert status == 409
    assert "ogdenville" in problem["detail"]
    assert "shelbyville" in problem["detail"]
    assert len(await world.sql("select 1 from group_requests")) == 1
    newer = await world.ok(GALE, "POST", "/v1/requests", {**PRAIRIE, "version": "2611.1"})
    assert all(len(m["replaces"]) == 1 for m in newer["members"])


async def test_too_few_places_for_all_books_none(world):
    for window in (await world.ok(OPERATOR, "GET", "/v1/windows"))["items"]:
        if window["effective_until"] is None:
            path = f"/v1/windows/{window['id']}"
            await world.ok(OPERATOR, "PATCH", path, {"effective_until": "2025-08-01"})
    tight = {
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
    await world.ok(OPERATOR, "POST", "/v1/windows", tight)
    whole = await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    problem = await world.move(whole, "scheduled", expect=409, at="2026-11-26T06:30:00Z")
    assert "ogdenville, shelbyville" in problem["detail"]
    assert await world.sql("select 1 from requests where slot_at is not null") == []
    assert await world.free(places=2) == []


async def test_cancel_takes_all_and_the_group_contact_answers_for_all(world):
    whole = await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    asked = await world.move(whole, "pending_input", note="When?")
    member = asked["members"][0]
    own = world.contact(member["district_id"])
    await world.ok(own, "POST", f"/v1/requests/{member['id']}/messages", {"body": "We can any day."})
    assert (await world.refresh(member))["status"] == "pending_input"
    await world.ok(GALE, "POST", f"/v1/requests/{whole['id']}/messages", {"body": "Any day."})
    back = await world.refresh(whole)
    assert {m["status"] for m in back["members"]} == {"to_be_scheduled"}
    path = f"/v1/requests/{whole['id']}"
    assert (await world.http(GALE, "DELETE", path, etag=back["revision"]))[0] == 204
    rows = await world.sql("select 1 from requests where cancelled_at is not null")
    assert len(rows) == 2
    assert (await world.http(GALE, "GET", path))[0] == 404
    await world.settled()
    cancelled = [m for m in world.mailbox.all() if m["subject"].startswith("Cancelled")]
    assert sorted(m["to"] for m in cancelled) == [
        "it@ogdenville.example",
        "it@shelbyville.example",
        "updates@prairie.example",
    ]


async def test_a_leaver_keeps_its_own_and_a_joiner_is_not_added(world):
    whole = await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    mine = next(m for m in whole["members"] if m["district_id"] == "shelbyville")
    base = "/v1/groups/prairie-consortium/districts"
    assert (await world.http(OPERATOR, "DELETE", f"{base}/shelbyville"))[0] == 204
    moved = await world.move(mine, "scheduled", at="2026-11-26T06:30:00Z")
    assert moved["status"] == "scheduled"
    assert (await world.http(OPERATOR, "PUT", f"{base}/maple-county"))[0] == 204
    scheduled = await world.move(whole, "scheduled", at="2026-11-26T06:30:00Z")
    by_district = {m["district_id"]: m["status"] for m in scheduled["members"]}
    assert by_district == {"ogdenville": "scheduled", "shelbyville": "scheduled"}
    other = {"id": "elsewhere", "name": "Elsewhere", "kind": "state"}
    await world.ok(OPERATOR, "POST", "/v1/groups", other)
    status, problem, _ = await world.http(OPERATOR, "PUT", "/v1/groups/elsewhere/districts/ogdenville")
    assert status == 409
    assert "Prairie Data Consortium" in problem["detail"]


async def test_who_leaves_while_the_group_asks_is_not_asked_for(world):
    sites = "select 1 from sites where district_id = 'shelbyville' for update"
    waiting = (
        "select count(*) n from pg_stat_activity where wait_event_type = 'Lock' and query like '%for no key%'"
    )
    gone = "/v1/groups/prairie-consortium/districts/shelbyville"

    async def queued(number):
        async def there():
            return (await world.sql(waiting))[0]["n"] == number

        await world.until(there)

    connection = await asyncpg.connect(world.settings.database_url, server_settings={"search_path": SCHEMA})
    try:
        async with connection.transaction():
            await connection.execute(sites)
            leaving = asyncio.create_task(world.http(OPERATOR, "DELETE", gone))
            await queued(1)
            asking = asyncio.create_task(world.ok(GALE, "POST", "/v1/requests", PRAIRIE))
            await queued(2)
    finally:
        await connection.close()
    assert (await leaving)[0] == 204
    assert [m["district_id"] for m in (await asking)["members"]] == ["ogdenville"]
    assert len(await world.sql("select 1 from requests")) == 1


async def test_what_becomes_of_a_leaver_is_no_longer_its_groups_business(world):
    whole = await world.ok(GALE, "POST", "/v1/requests", PRAIRIE)
    mine = next(m for m in whole["members"] if m["district_id"] == "shelbyville")
    gone = "/v1/groups/prairie-consortium/districts/shelbyville"
    assert (await world.http(OPERATOR, "DELETE", gone))[0] == 204
    await world.move(mine, "unable_to_complete", note="Shelbyville's own trouble.")
    await world.settled()
    told = [m["to"] for m in world.mailbox.all() if m["subject"].startswith("Unable")]
    assert told == ["it@shelbyville.example"]
    assert (await world.http(GALE, "GET", f"/v1/requests/{mine['id']}"))[0] == 404
    seen = await world.refresh(whole, GALE)
    assert [m["district_id"] for m in seen["members"]] == ["ogdenville"]
    # the operator still sees where it came from, but what the group stands at is that of those in it
    for who in (GALE, OPERATOR):
        assert (await world.refresh(whole, who))["status"] == "to_be_scheduled"
    assert len((await world.refresh(whole))["members"]) == 2


async def test_an_agency_requests_for_a_connected_district_only(world):
    body = {"kind": "version_update", "site_id": "springfield.production", "version": "2611"}
    request = await world.ok(ELI, "POST", "/v1/requests", body)
    await world.settled()
    assert sorted(m["to"] for m in world.mailbox.all()) == ["it@springfield.example", "updates@esa9.example"]
    assert (await world.http(GALE, "GET", f"/v1/requests/{request['id']}"))[0] == 404
    body["site_id"] = "maple-county.production"
    assert (await world.http(ELI, "POST", "/v1/requests", body))[0] == 404
    nobody = ("group_contact", "nobody")
    assert (await world.ok(nobody, "GET", "/v1/sites"))["items"] == []
    esa = {"kind": "version_update", "group_id": "esa-nine", "version": "2611"}
    assert (await world.http(ELI, "POST", "/v1/requests", esa))[0] == 400


async def test_one_name_in_two_districts_is_two_people(world):
    eli = ("technical_contact", "eli", "maple-county")
    key = {"Idempotency-Key": "same"}
    body = {"kind": "version_update", "site_id": "maple-county.production", "version": "2611.1"}
    first = await world.ok(eli, "POST", "/v1/requests", body, headers=key)
    other = ("technical_contact", "eli", "springfield")
    body["site_id"] = "springfield.production"
    second = await world.ok(other, "POST", "/v1/requests", body, headers=key)
    assert first["id"] != second["id"]
    await world.settled()
    told = {m["to"] for m in world.mailbox.all() if "Maple County" in m["subject"]}
    assert told == {"it@maple-county.example"}


async def test_one_mailbox_of_two_members_is_told_once_and_of_both(world):
    both = "update contacts set email = 'it@both.example' where district_id in ('shelbyville', 'ogdenville')"
    await world.sql(both)
    body = {"kind": "version_update", "group_id": "prairie-consortium", "target": "production"}
    await world.ok(GALE, "POST", "/v1/requests", {**body, "version": "2611"})
    await world.settled()
    (told,) = [m for m in world.mailbox.all() if m["to"] == "it@both.example"]
    assert "Shelbyville Schools" in told["text"]
    assert "Ogdenville Unified" in told["text"]
