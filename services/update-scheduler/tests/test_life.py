"""A request from its creation to Completed, with its mails, its events and what became of the sites."""

import json

from bellwire_schemas.envelope import from_kafka

OPERATOR = ("operator", "op-1")


async def test_full_life_with_mails_and_events(world):
    request = await world.update("springfield", "2611")
    assert request["status"] == "to_be_scheduled"
    assert request["site_ids"] == ["springfield.production", "springfield.sandbox"]

    slot = (await world.free())[0]
    assert slot["starts_at"] == "2026-11-26T06:30:00Z"
    scheduled = await world.move(request, "scheduled", at=slot["starts_at"])
    assert scheduled["scheduled_for"] == slot["starts_at"]
    assert (await world.free())[0]["left"] == 39
    for step in ("not_started", "in_progress", "completed"):
        await world.move(request, step)
    await world.settled()

    steps = ["to_be_scheduled", "scheduled", "not_started", "in_progress", "completed"]
    mails = world.mailbox.all()
    assert [m["to"] for m in mails] == ["it@springfield.example"] * 5
    assert [m["subject"].split(":")[0] for m in mails] == [
        "To Be Scheduled",
        "Scheduled",
        "Not Started",
        "In Progress",
        "Completed",
    ]
    assert "Thursday, 26 November 2026, 00:30 CST" in mails[1]["text"]
    assert len({m["message_id"] for m in mails}) == 5

    records = await world.events()
    assert len(records) == 10
    for site in ("springfield.production", "springfield.sandbox"):
        mine = [r for r in records if r.key == site.encode()]
        events = [from_kafka(r.value, r.headers) for r in mine]
        assert [e.type for e in events] == [f"bellwire.update-request.{s}.v1" for s in steps]
        assert {e.subject for e in events} == {f"sites/{site}"}
        data = json.loads(events[1].data)
        assert data["environment"] == site.split(".")[1]
        assert data["kind"] == "version_update"
        assert data["request_id"] == request["id"]

    sites = (await world.ok(OPERATOR, "GET", "/v1/sites", district_id="springfield"))["items"]
    versions = {s["environment"]: s["version"] for s in sites}
    assert versions == {"production": "2611", "sandbox": "2611", "staging": "2607", "preview": "2607"}
    history = await world.ok(OPERATOR, "GET", "/v1/sites/springfield.production/versions")
    assert [h["version"] for h in history["items"]] == ["2611"]
    audit = await world.ok(OPERATOR, "GET", f"/v1/requests/{request['id']}/transitions")
    assert [(a["from_status"], a["to_status"]) for a in audit["items"]] == list(
        zip([None, *steps[:-1]], steps, strict=True)
    )


async def test_if_match_is_needed_and_current(world):
    request = await world.update("springfield")
    path = f"/v1/requests/{request['id']}"
    for method, where, body in (("POST", f"{path}/transitions", {"to": "deferred"}), ("DELETE", path, None)):
        who = OPERATOR if method == "POST" else world.contact("springfield")
        assert (await world.http(who, method, where, body))[0] == 428
        assert (await world.http(who, method, where, body, etag=7))[0] == 412
    _, _, headers = await world.http(OPERATOR, "GET", path)
    assert headers["ETag"] == '"1"'
    await world.move(request, "deferred")
    assert (await world.http(OPERATOR, "POST", f"{path}/transitions", {"to": "to_be_scheduled"}, etag=1))[
        0
    ] == 412


async def test_cancel_frees_the_slot_and_tells(world):
    contact = world.contact("springfield")
    request = await world.update("springfield")
    slot = (await world.free())[0]
    await world.move(request, "scheduled", at=slot["starts_at"])
    assert (await world.http(contact, "DELETE", f"/v1/requests/{request['id']}", etag=2))[0] == 204
    assert (await world.free())[0]["left"] == 40
    assert (await world.http(contact, "GET", f"/v1/requests/{request['id']}"))[0] == 404
    seen = await world.refresh(request)
    assert seen["cancelled_at"] is not None
    assert seen["status"] == "scheduled"
    assert seen["may_become"] == []
    assert (await world.http(contact, "DELETE", f"/v1/requests/{request['id']}", etag=3))[0] == 404
    await world.settled()
    assert world.mailbox.all()[-1]["subject"].startswith("Cancelled: version 2611 on production and sandbox")
    types = [dict(r.headers)["ce_type"] for r in await world.events()]
    assert types.count(b"bellwire.update-request.cancelled.v1") == 2


async def test_cancel_and_delete_by_status(world):
    contact = world.contact("springfield")
    request = await world.update("springfield")
    path = f"/v1/requests/{request['id']}"
    await world.move(request, "deferred")
    status, problem, _ = await world.http(contact, "DELETE", path, etag=2)
    assert status == 409
    assert "Deferred" in problem["detail"]
    await world.move(request, "unable_to_complete", expect=400)
    gone = await world.move(request, "unable_to_complete", note="The disk is full.")
    assert gone["reason"] == "The disk is full."
    assert (await world.http(contact, "DELETE", path, etag=3))[0] == 204
    assert (await world.http(contact, "GET", path))[0] == 404
    assert (await world.ok(contact, "GET", "/v1/requests"))["items"] == []
    assert (await world.ok(OPERATOR, "GET", "/v1/requests"))["items"] == []
    assert len((await world.ok(OPERATOR, "GET", "/v1/requests", removed="true"))["items"]) == 1
    await world.settled()
    assert "The disk is full." in world.mailbox.all()[-1]["text"]


async def test_only_operators_move_and_only_contacts_ask(world):
    request = await world.update("springfield")
    contact = world.contact("springfield")
    path = f"/v1/requests/{request['id']}"
    assert (await world.http(contact, "POST", f"{path}/transitions", {"to": "deferred"}, etag=1))[0] == 403
    assert (await world.http(OPERATOR, "DELETE", path, etag=1))[0] == 403
    body = {"kind": "version_update", "site_id": "springfield.staging", "version": "2611"}
    assert (await world.http(OPERATOR, "POST", "/v1/requests", body))[0] == 403
    for role in ("guardian", "student", "district_admin"):
        assert (await world.http((role, "x", "springfield"), "GET", "/v1/requests"))[0] == 403
    sandbox = ("technical_contact", "x", "springfield", "sandbox")
    assert (await world.http(sandbox, "GET", "/v1/requests"))[0] == 403


async def test_transitions_outside_the_table_are_refused(world):
    request = await world.update("springfield")
    problem = await world.move(request, "completed", expect=409)
    assert "To Be Scheduled cannot become Completed" in problem["detail"]
    await world.move(request, "scheduled", expect=400)
    await world.move(request, "new_version_requested", expect=409)
    assert (await world.refresh(request))["revision"] == 1


async def test_supersession_links_both_and_frees_the_slot(world):
    older = await world.update("springfield", "2607.1")
    slot = (await world.free())[0]["starts_at"]
    await world.move(older, "scheduled", at=slot)
    newer = await world.update("springfield", "2611.1")
    old = await world.refresh(older)
    assert old["status"] == "new_version_requested"
    assert old["newer_request_id"] == newer["id"]
    assert newer["replaces"] == [older["id"]]
    assert (await world.free())[0]["left"] == 40
    await world.settled()
    word = b"bellwire.update-request.new_version_requested.v1"
    assert [dict(r.headers)["ce_type"] for r in await world.events()].count(word) == 2


async def test_a_begun_request_is_not_superseded_and_the_newer_waits(world):
    older = await world.update("springfield", "2607.1")
    slot = (await world.free())[0]["starts_at"]
    await world.move(older, "scheduled", at=slot)
    await world.move(older, "not_started")
    newer = await world.update("springfield", "2611")
    assert newer["replaces"] == []
    await world.move(newer, "scheduled", at=slot)
    assert "finish it first" in (await world.move(newer, "not_started", expect=409))["detail"]
    await world.move(older, "in_progress")
    await world.move(older, "completed")
    await world.move(newer, "not_started")


async def test_what_was_put_back_does_not_undo_a_newer_version(world):
    slots = [slot["starts_at"] for slot in await world.free()]
    older = await world.update("springfield", "2611")
    await world.move(older, "scheduled", at=slots[0])
    await world.move(older, "not_started")
    newer = await world.update("springfield", "2611.1")
    await world.move(older, "deferred")
    await world.move(newer, "scheduled", at=slots[0])
    for step in ("not_started", "in_progress", "completed"):
        await world.move(newer, step)
    await world.move(older, "scheduled", at=slots[1])
    problem = await world.move(older, "not_started", 409)
    assert problem["pointer"] == "/to"
    assert "runs 2611.1" in problem["detail"]
    await world.move(older, "unable_to_complete", note="The site runs a newer version already.")
    site = await world.ok(OPERATOR, "GET", "/v1/sites/springfield.production")
    assert site["version"] == "2611.1"


async def test_bad_wishes_name_the_field_and_write_nothing(world):
    contact = world.contact("springfield")
    asp = world.contact("north-haverbrook")
    update = {"kind": "version_update", "site_id": "springfield.production"}
    refresh = {"kind": "database_refresh", "site_id": "springfield.staging"}
    cases = [
        (contact, {**update, "version": "9999"}, 400, "/version"),
        (contact, {**update, "version": "2603"}, 400, "/version"),
        (contact, {**update, "version": "2607"}, 400, "/version"),
        (contact, update, 400, "/version"),
        (contact, {**update, "site_id": "springfield.sandbox", "version": "2611"}, 400, "/site_id"),
        (asp, {**update, "site_id": "north-haverbrook.staging", "version": "2611"}, 400, "/site_id"),
        (contact, {**refresh, "site_name": "Wrong"}, 400, "/site_name"),
        (contact, {**refresh, "site_id": "springfield.production", "site_name": "x"}, 400, "/site_id"),
        (contact, {**update, "site_id": "shelbyville.production", "version": "2611"}, 404, "/site_id"),
        (contact, {**update, "site_id": "nonsense", "version": "2611"}, 404, "/site_id"),
        (contact, {**update, "version": "2611", "group_id": "prairie-consortium"}, 400, "/site_id"),
        (contact, {**update, "version": "2611", "surprise": 1}, 400, "/surprise"),
        (contact, {**update, "version": "2611", "note": "\x00"}, 400, None),
        (
            contact,
            {**update, "version": "2611", "preferred_at": "0001-01-01T00:00:00Z"},
            400,
            "/preferred_at",
        ),
    ]
    dark = {"starts_at": "2026-12-03T00:00:00Z", "ends_at": "2026-12-04T00:00:00Z"}
    await world.ok(OPERATOR, "POST", "/v1/windows/blackouts", dark)
    for at in (
        "2026-11-25T12:00:00Z",  # outside every window
        "2026-12-03T06:30:00Z",  # in a blackout
        "2026-11-19T06:30:00Z",  # past
        "2199-11-21T06:30:00Z",  # beyond what can be booked
    ):
        cases.append((contact, {**update, "version": "2611", "preferred_at": at}, 400, "/preferred_at"))
    member = {**update, "site_id": "shelbyville.production", "version": "2611"}
    cases.append((world.contact("shelbyville"), member, 409, "/site_id"))
    whole = {"kind": "version_update", "group_id": "prairie-consortium", "target": "production"}
    late = {**whole, "version": "2611", "preferred_at": "2026-11-25T12:00:00Z"}
    cases.append((("group_contact", "gale"), late, 400, "/preferred_at"))
    for who, body, expected, pointer in cases:
        status, problem, _ = await world.http(who, "POST", "/v1/requests", body)
        assert (status, problem.get("pointer")) == (expected, pointer), (body, problem)
    assert await world.sql("select 1 from requests") == []
    first = await world.update("springfield", "2611")
    for version in ("2611", "2607.2"):
        body = {**update, "version": version}
        status, problem, _ = await world.http(contact, "POST", "/v1/requests", body)
        assert (status, problem["pointer"]) == (409, "/version")
        assert first["id"] in problem["detail"]
    assert [r["revision"] for r in await world.sql("select revision from requests")] == [1]
    assert len(await world.sql("select 1 from transitions")) == 1


async def test_an_idempotency_key_makes_one_request(world):
    contact = world.contact("springfield")
    body = {"kind": "version_update", "site_id": "springfield.production", "version": "2611"}
    key = {"Idempotency-Key": "form-17"}
    first = await world.ok(contact, "POST", "/v1/requests", body, headers=key)
    again = await world.ok(contact, "POST", "/v1/requests", body, headers=key)
    assert again["id"] == first["id"]
    body["version"] = "2611.1"
    assert (await world.http(contact, "POST", "/v1/requests", body, headers=key))[0] == 409
    assert len(await world.sql("select 1 from requests")) == 1


async def test_refresh_records_copy_date_and_scrub(world):
    contact = world.contact("springfield")
    body = {
        "kind": "database_refresh",
        "site_id": "springfield.sandbox",
        "site_name": "Springfield Public Schools sandbox",
    }
    request = await world.ok(contact, "POST", "/v1/requests", body)
    await world.move(request, "scheduled", at="2026-11-26T07:00:00Z")
    await world.move(request, "not_started")
    await world.move(request, "in_progress")
    done = await world.move(request, "completed")
    assert done["scrubbed"] is True
    site = await world.ok(contact, "GET", "/v1/sites/springfield.sandbox")
    assert site["refreshed_at"] == site["scrubbed_at"] == "2026-11-22T15:00:00Z"
    assert site["version"] == "2607"
