"""The audit log by person, the export, and lists page by page."""

import csv

OPERATOR = ("operator", "op-1")


async def test_what_a_person_did_page_by_page(world):
    request = await world.update("springfield")
    for to in ("deferred", "to_be_scheduled", "pending_input"):
        await world.move(request, to, note="-")
    query = {"user_id": "op-1", "limit": 2}
    first = await world.ok(OPERATOR, "GET", "/v1/audit", **query)
    assert [a["to_status"] for a in first["items"]] == ["pending_input", "to_be_scheduled"]
    second = await world.ok(OPERATOR, "GET", "/v1/audit", **query, cursor=first["next_cursor"])
    assert [a["to_status"] for a in second["items"]] == ["deferred"]
    assert second["next_cursor"] is None
    asked = await world.ok(OPERATOR, "GET", "/v1/audit", user_id="contact-of-springfield")
    assert [a["to_status"] for a in asked["items"]] == ["to_be_scheduled"]
    assert (await world.http(world.contact("springfield"), "GET", "/v1/audit", user_id="op-1"))[0] == 403


async def test_the_export_holds_what_the_caller_may_see(world):
    await world.update("springfield", note="=HYPERLINK(1)")
    await world.update("maple-county", "2611.1")

    async def export(who):
        headers = {"Authorization": f"Bearer {world.http.token(*who)}"}
        url = world.http.base + "/v1/requests.csv"
        async with world.http.session.get(url, headers=headers) as response:
            assert response.status == 200
            assert response.content_type == "text/csv"
            return list(csv.DictReader((await response.text()).splitlines()))

    assert sorted(r["district_id"] for r in await export(OPERATOR)) == ["maple-county", "springfield"]
    (own,) = await export(world.contact("springfield"))
    assert own["note"] == "'=HYPERLINK(1)"
    assert own["status"] == "to_be_scheduled"


async def test_lists_page_by_page_with_the_callers_own_cursors(world):
    for district in ("springfield", "maple-county", "north-haverbrook"):
        await world.update(district, "2611.1")
    found, cursor = [], ""
    while True:
        page = await world.ok(OPERATOR, "GET", "/v1/requests", limit=1, cursor=cursor)
        found += [r["district_id"] for r in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert sorted(found) == ["maple-county", "north-haverbrook", "springfield"]
    other = ("operator", "op-2")
    assert (await world.http(other, "GET", "/v1/requests", limit=1, cursor=cursor))[0] == 400
    only = await world.ok(OPERATOR, "GET", "/v1/requests", status="scheduled")
    assert only["items"] == []
    sites = await world.ok(OPERATOR, "GET", "/v1/requests", site_id="springfield.sandbox")
    assert [r["district_id"] for r in sites["items"]] == ["springfield"]
