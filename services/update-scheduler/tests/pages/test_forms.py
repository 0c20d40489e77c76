"""Every form over plain HTTP: what is wrong names its field, keeps what was typed, and writes nothing."""

import asyncio
import re
from datetime import UTC, datetime

import pytest
from icalendar import Calendar

TERRY = ("technical_contact", "terry", "springfield")
TESS = ("technical_contact", "tess", "maple-county")
NIA = ("technical_contact", "nia", "north-haverbrook")
SAM = ("technical_contact", "sam", "shelbyville")
GALE = ("group_contact", "gale", "")
ELI = ("group_contact", "eli", "")
OPERATOR = ("operator", "op-1", "")
UPDATE = {
    "place": "district:springfield",
    "kind": "version_update",
    "target": "production",
    "version": "2611",
}


@pytest.mark.parametrize(
    ("who", "change", "field", "words"),
    [
        (TERRY, {"version": ""}, "version", "Choose a version"),
        (TERRY, {"version": "9999"}, "version", "has no version 9999"),
        (TERRY, {"version": "2607"}, "version", "runs 2607 already"),
        (TERRY, {"version": "2603"}, "version", "runs 2607 already"),
        (TERRY, {"target": "sandbox"}, "target", "not alone"),
        (TERRY, {"target": "moon"}, "target", "Choose a site"),
        (TERRY, {"kind": "party"}, "kind", "Choose what you ask for"),
        (TERRY, {"preferred_at": "tomorrow"}, "preferred_at", "This is no date"),
        (TERRY, {"preferred_typed": "2026-11-25T12:00"}, "preferred_at", "outside the windows"),
        (TERRY, {"preferred_typed": "2026-12-24T00:30"}, "preferred_at", "in a blackout"),
        (TERRY, {"preferred_typed": "2026-11-19T00:30"}, "preferred_at", "lies ahead"),
        (TERRY, {"preferred_typed": "0001-01-01T00:00"}, "preferred_at", "This is no date"),
        (TERRY, {"note": "x" * 4001}, "note", "At most 4,000"),
        (NIA, {"place": "district:north-haverbrook", "target": "staging"}, "target", "has no staging site"),
        (SAM, {"place": "district:shelbyville"}, "kind", "Prairie Data Consortium"),
        (
            TERRY,
            {"kind": "database_refresh", "target": "staging", "site_name": "Wrong name"},
            "site_name",
            "Type the site&#39;s name",
        ),
        (
            TERRY,
            {"kind": "database_refresh", "target": "production", "site_name": "x"},
            "target",
            "not made on",
        ),
    ],
)
async def test_a_wish_that_is_wrong(world, visitor, who, change, field, words):
    dark = {"starts_at": "2026-12-24T00:00:00Z", "ends_at": "2026-12-25T00:00:00Z"}
    await world.ok(("operator", "op-1"), "POST", "/v1/windows/blackouts", dark)
    person = await visitor(who)
    status, page, _ = await person.post("/requests/new", {**UPDATE, "note": "kept as typed", **change})
    assert status == 422
    assert f'id="{field}-fault"' in page
    assert f'href="#{field}"' in page
    assert words in page
    if "note" not in change:
        assert "kept as typed" in page
    assert await world.sql("select 1 from requests") == []


async def test_a_second_open_request_for_the_same_version(world, visitor):
    terry = await visitor(TERRY)
    status, page, url = await terry.post("/requests/new", {**UPDATE, "form_id": "a"})
    assert status == 200
    assert "To Be Scheduled" in page
    status, _, again = await terry.post("/requests/new", {**UPDATE, "form_id": "a"})
    assert (status, again) == (200, url)
    status, page, _ = await terry.post("/requests/new", {**UPDATE, "form_id": "b"})
    assert status == 422
    assert 'id="version-fault"' in page
    assert len(await world.sql("select 1 from requests")) == 1
    assert len(await world.sql("select 1 from requests")) == 1


async def test_moving_on(world, visitor, full):
    operator = await visitor(OPERATOR)
    path = f"/requests/{full['waiting']['id']}"
    for form, field, words in (
        ({}, "to", "Choose the next status"),
        ({"to": "scheduled"}, "at", "Give the date"),
        ({"to": "scheduled", "at_typed": "2026-11-25T12:00"}, "at", "outside the windows"),
        ({"to": "scheduled", "at_typed": "2020-01-02T00:30"}, "at", "lies ahead"),
        ({"to": "unable_to_complete"}, "note", "Say why"),
    ):
        status, page, _ = await operator.post(f"{path}/move", {"revision": "1", **form})
        assert status == 422, form
        assert f'id="{field}-fault"' in page
        assert words in page
    status, page, _ = await operator.post(f"{path}/move", {"revision": "9", "to": "deferred"})
    assert status == 422
    assert "Somebody else changed it" in page
    status, page, _ = await operator.post(
        f"{path}/move", {"revision": "1", "to": "scheduled", "at_typed": "2026-11-26T01:00"}
    )
    assert status == 200
    assert "It is Scheduled now." in page
    assert "Thu 26 Nov 2026, 01:00 CST" in page
    assert (await world.refresh(full["waiting"]))["scheduled_for"] == "2026-11-26T07:00:00Z"


async def test_a_question_and_its_answer(world, visitor, full):
    path = f"/requests/{full['asked']['id']}"
    nia = await visitor(NIA)
    status, page = await nia.get(path)
    assert "Your answer" in page
    status, page, _ = await nia.post(f"{path}/messages", {"body": "  "})
    assert status == 422
    assert 'id="body-fault"' in page
    status, page, _ = await nia.post(f"{path}/messages", {"body": "On Friday <b>"})
    assert status == 200
    assert "On Friday &lt;b&gt;" in page
    assert (await world.refresh(full["asked"]))["status"] == "to_be_scheduled"


async def test_the_question_stands_where_it_is_answered(world, visitor, full):
    nia = await visitor(NIA)
    _, page = await nia.get(f"/requests/{full['asked']['id']}")
    thread = page[page.index('id="thread"') : page.index('id="history"')]
    assert "Which day?" in thread


async def test_a_group_request_that_was_taken_back_is_listed_no_more(world, visitor, full):
    gale = await visitor(GALE)
    _, page = await gale.get("/districts/shelbyville")
    assert f"/requests/{full['group']['id']}" in page
    path = f"/v1/requests/{full['group']['id']}"
    assert (await world.http(("group_contact", "gale"), "DELETE", path, etag=1))[0] == 204
    _, page = await gale.get("/districts/shelbyville")
    assert f"/requests/{full['group']['id']}" not in page


async def test_hide_complete_is_remembered_for_the_person(world, visitor, full):
    terry = await visitor(TERRY)
    assert "Completed" in (await terry.get("/districts/springfield"))[1]
    _status, page, _ = await terry.post("/districts/springfield/hide-complete", {"hide": "yes"})
    assert 'aria-pressed="true"' in page
    again = await visitor(TERRY)
    page = (await again.get("/districts/springfield"))[1]
    assert "is-completed" not in page
    assert "Unable to Complete" in page
    other = await visitor(("technical_contact", "somebody-else", "springfield"))
    assert "is-completed" in (await other.get("/districts/springfield"))[1]
    assert (await terry.post("/districts/springfield/hide-complete", {"hide": "maybe"}))[0] == 400


async def test_the_question_before_a_deletion(world, visitor, full):
    terry = await visitor(TERRY)
    path = f"/requests/{full['done']['id']}/remove"
    status, page = await terry.get(path)
    assert "Are you sure that you would like to delete this request?" in page
    status, page, _ = await terry.post(path, {"revision": "1"})
    assert status == 409
    assert "Somebody else changed it" in page
    status, page, url = await terry.post(path, {"revision": re.findall(r'"revision" value="(\d+)"', page)[0]})
    assert status == 200
    assert url.endswith("/districts/springfield")
    assert "The request was deleted." in page
    assert (await terry.get(f"/requests/{full['done']['id']}"))[0] == 404
    tess = await visitor(TESS)
    status, page = await tess.get(f"/requests/{full['begun']['id']}/remove")
    assert "cannot be deleted now" in page


async def test_a_group_contact_chooses_a_district_and_asks_for_all(world, visitor):
    eli = await visitor(ELI)
    status, page = await eli.get("/")
    assert '<select id="switch"' in page
    assert 'value="springfield"' in page
    assert 'value="maple-county"' not in page
    status, page = await eli.get("/districts/choose?district=springfield")
    assert '<h1 dir="auto">Springfield Public Schools</h1>' in page
    gale = await visitor(GALE)
    form = {"place": "group:prairie-consortium", "target": "production", "version": "2607.2"}
    status, page, url = await gale.post("/requests/new", form)
    assert status == 200
    assert "Skipped" in page
    assert "Shelbyville Schools" in page
    operator = await visitor(OPERATOR)
    path = url.removeprefix(world.http.base)
    status, page, _ = await operator.post(
        f"{path}/move", {"revision": "1", "to": "deferred", "note": "Later."}
    )
    assert status == 200
    assert "Deferred" in page
    member = (await world.sql("select id from requests"))[0]["id"]
    page = (await operator.get(f"/requests/{member}"))[1]
    assert "moves with" in page
    assert "Move it on" not in page


async def test_bulk_reschedule_is_tried_first_and_done_exactly_so(world, visitor, full):
    operator = await visitor(OPERATOR)
    ids = [
        f"{full[n]['id']}:{(await world.refresh(full[n]))['revision']}"
        for n in ("waiting", "scheduled", "begun")
    ]
    form = [("id", i) for i in ids] + [("at", "spread"), ("back", "/board")]
    _, text = await operator.get("/board")
    token = re.findall(r'name="csrf" value="([^"]+)"', text)[0]

    async def send(*more):
        async with operator.session.post(
            operator.base + "/board/reschedule",
            data=[("csrf", token), *form, *more],
            headers={"Accept": "text/html"},
        ) as answer:
            return answer.status, await answer.text()

    status, page = await send()
    assert status == 200
    assert "Nothing is written yet" in page
    promises = [("promise", p) for p in re.findall(r'name="promise" value="([^"]+)"', page)]
    assert len(promises) == 2
    assert "scheduled for that date already" in page
    assert (await world.refresh(full["waiting"]))["status"] == "to_be_scheduled"
    status, page = await send(("go", "yes"), *promises[:1])
    assert "Something changed since you looked" in page
    assert (await world.refresh(full["waiting"]))["status"] == "to_be_scheduled"
    status, page = await send(("go", "yes"), *promises)
    assert "2 requests have new dates" in page
    assert (await world.refresh(full["waiting"]))["scheduled_for"] == "2026-11-26T06:30:00Z"
    assert (await world.refresh(full["begun"]))["status"] == "scheduled"
    status, page = await send(("go", "yes"), *promises)
    assert "Somebody else changed it since you chose it" in page


async def test_blackouts_flag_what_is_booked(world, visitor, full):
    operator = await visitor(OPERATOR)
    status, page, _ = await operator.post(
        "/calendar/blackouts", {"starts": "2026-11-26T02:00", "ends": "2026-11-26T01:00", "reason": "Tests"}
    )
    assert status == 422
    assert 'id="ends-fault"' in page
    status, page, _ = await operator.post("/calendar/blackouts", {"starts": "", "ends": "x", "reason": ""})
    assert status == 422
    assert 'id="starts-fault"' in page
    assert await world.sql("select 1 from blackouts") == []
    status, page, _ = await operator.post(
        "/calendar/blackouts",
        {"starts": "2026-11-26T01:00", "ends": "2026-11-26T02:00", "reason": "State tests"},
    )
    assert status == 200
    assert "2 booked requests keep their slots" in page
    assert "State tests" in page
    assert "In a blackout" in (await operator.get(f"/requests/{full['scheduled']['id']}"))[1]
    identity = (await world.sql("select id from blackouts"))[0]["id"]
    assert (await operator.post(f"/calendar/blackouts/{identity}/remove", {}))[0] == 200
    assert (await operator.post(f"/calendar/blackouts/{identity}/remove", {}))[0] == 404


async def test_a_feed_is_read_by_its_address_until_it_is_revoked(world, visitor, full):
    terry = await visitor(TERRY)
    assert (await terry.post("/feeds", {"name": ""}))[0] == 422
    _status, page, _ = await terry.post("/feeds", {"name": "Phone"})
    address = re.findall(r">(http[^<]+calendar\.ics\?token=[^<]+)<", page)[0]
    async with world.http.session.get(address) as answer:
        assert answer.content_type == "text/calendar"
        made = Calendar.from_ical(await answer.read())
    (event,) = made.walk("VEVENT")
    assert event["SUMMARY"] == "Springfield Public Schools: Version 2611 on production and sandbox"
    assert event.decoded("DTSTART") == datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
    assert str(event["UID"]).startswith(full["scheduled"]["id"])
    assert address not in (await terry.get("/feeds"))[1]
    stored = (await world.sql("select token_digest, id from calendar_feeds"))[0]
    assert address.encode() not in stored["token_digest"]
    other = await visitor(TESS)
    assert (await other.post(f"/feeds/{stored['id']}/revoke", {}))[0] == 404
    assert (await terry.post(f"/feeds/{stored['id']}/revoke", {}))[0] == 200
    async with world.http.session.get(address) as answer:
        assert answer.status == 404
    async with world.http.session.get(world.http.base + "/v1/calendar.ics") as answer:
        assert answer.status == 404


async def test_a_rollout_goes_in_waves_canaries_first(world, visitor):
    operator = await visitor(OPERATOR)
    plan = {"version": "2615", "per_window": "2", "canaries": "maple-county"}
    wrong = {"version": "9", "per_window": "0", "canaries": "north-haverbrook"}
    for field, value in wrong.items():
        status, page, _ = await operator.post("/waves", {**plan, field: value})
        assert status == 422
        assert f'id="{field}-fault"' in page
    status, page, _ = await operator.post("/waves", plan)
    assert status == 200
    assert "Nothing is written yet" in page
    assert await world.sql("select 1 from rollouts") == []
    status, page, url = await operator.post("/waves", {**plan, "go": "yes"})
    path = url.removeprefix(world.http.base)

    async def act(name, status=200):
        text = (await operator.get(path))[1]
        read = re.findall(r'"revision" value="(\d+)"', text)[0]
        answered, text, _ = await operator.post(path, {"act": name, "revision": read})
        assert answered == status, text
        return text

    assert "A wave of 1 was requested" in await act("release")
    assert "The canaries are not done: maple-county" in await act("release", 409)
    (canary,) = await world.sql("select id, district_id, status, requested_by from requests")
    assert (canary["district_id"], canary["status"], canary["requested_by"]) == (
        "maple-county",
        "scheduled",
        "op-1",
    )
    assert "Paused. 1 requests were deferred" in await act("pause")
    await act("release", 409)
    assert "Resumed. 1 requests have dates again" in await act("resume")
    request = {"id": str(canary["id"])}
    for step in ("not_started", "in_progress", "completed"):
        await world.move(request, step)
    assert "A wave of 2 was requested" in await act("release")
    # the consortium's two districts move as one, so the third unit waits for the next window
    rows = await world.sql(
        "select district_id, slot_at, group_request_id from requests where status = 'scheduled'"
    )
    assert {r["district_id"] for r in rows} == {"ogdenville", "shelbyville"}
    assert len({r["group_request_id"] for r in rows}) == 1
    text = await act("release")
    assert "Every wave was released" in text
    assert "1 of 4" in text
    status, text, _ = await operator.post(path, {"act": "end", "revision": "1"})
    assert status == 409
    assert "changed since" in text
    await act("end")
    asp = await world.sql("select 1 from requests where district_id = 'north-haverbrook'")
    assert asp == []


async def test_of_two_releases_at_once_one_goes(world, visitor):
    operator = await visitor(OPERATOR)
    _, _page, url = await operator.post("/waves", {"version": "2615", "per_window": "9", "go": "yes"})
    path = url.removeprefix(world.http.base)
    answers = await asyncio.gather(
        *(operator.post(path, {"act": "release", "revision": "1"}) for _ in range(2))
    )
    assert sorted(a[0] for a in answers) == [200, 409]
    assert len(await world.sql("select 1 from requests")) == 4


async def test_a_district_that_asked_itself_joins_a_rollout_with_its_own_request(world, visitor):
    operator = await visitor(OPERATOR)
    own = await world.update("springfield", "2615")
    older = await world.update("maple-county", "2611.1")
    _, _, url = await operator.post("/waves", {"version": "2615", "per_window": "9", "go": "yes"})
    path = url.removeprefix(world.http.base)
    status, page, _ = await operator.post(path, {"act": "release", "revision": "1"})
    assert status == 200
    assert "A wave of 3 was requested" in page
    assert "1 had asked themselves" in page
    assert (await world.refresh(own))["status"] == "to_be_scheduled"
    assert (await world.refresh(older))["status"] == "new_version_requested"
    assert len(await world.sql("select 1 from requests")) == 5


async def test_a_member_of_a_group_is_not_taken_back_alone(world, visitor):
    gale = await visitor(GALE)
    form = {"place": "group:prairie-consortium", "target": "production", "version": "2615"}
    _, _, url = await gale.post("/requests/new", form)
    member = (await world.sql("select id from requests where district_id = 'shelbyville'"))[0]["id"]
    _, page = await gale.get(f"/requests/{member}/remove")
    assert "moves with its group" in page
    assert f"{url.removeprefix(world.http.base)}/remove" in page
    sam = await visitor(SAM)
    _, page = await sam.get(f"/requests/{member}/remove")
    assert "Ask your group contact" in page
    assert (await sam.post(f"/requests/{member}/remove", {"revision": "1"}))[0] == 409
    status, _, _ = await gale.post(url.removeprefix(world.http.base) + "/remove", {"revision": "1"})
    assert status == 200
    assert len(await world.sql("select 1 from requests where cancelled_at is not null")) == 2


async def test_the_form_begins_with_what_can_be_asked_for(world, visitor):
    gale, sam = await visitor(GALE), await visitor(SAM)
    _, page = await gale.get("/requests/new")
    assert 'value="group:prairie-consortium" selected' in page
    _, page = await gale.get("/requests/new?for=district:shelbyville")
    assert 'href="/requests/new?for=group:prairie-consortium"' in page
    assert 'id="kind-refresh" checked' in page
    _, page = await sam.get("/requests/new")
    assert 'id="kind-refresh" checked' in page
    assert "its group contact requests them for all" in page
    assert re.search(r'name="target" value="sandbox" checked', page)
