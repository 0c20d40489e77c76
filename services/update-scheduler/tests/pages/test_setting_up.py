"""What operators set up without a terminal: releases, windows, sites, groups and contacts."""

import pytest

TERRY = ("technical_contact", "terry", "springfield")
OPERATOR = ("operator", "op-1", "")
WINDOW = {
    "name": "ASP, second Saturday",
    "hosting": "asp",
    "capacity": "3",
    "kinds": ["version_update", "database_refresh"],
    "weekdays": "saturday",
    "frequency": "monthly",
    "every": "2",
    "opens": "22:00",
    "closes": "02:00",
    "timezone": "America/Denver",
    "effective_from": "2026-12-01",
}
SITE = {
    "district_id": "capital-city",
    "district_name": "Capital City Schools",
    "state": "IL",
    "timezone": "America/Chicago",
    "environment": "production",
    "hosting": "cloud",
    "name": "Capital City production",
    "version": "2607",
}


@pytest.mark.parametrize(
    ("path", "form", "change", "field"),
    [
        ("/releases", {"version": "2699"}, {"version": ""}, "version"),
        ("/releases", {"version": "2699"}, {"version": "no such name!"}, "version"),
        ("/releases", {"version": "2699"}, {"version": "2611"}, "version"),
        ("/releases", {"version": "2699"}, {"rx_of": "1111"}, "rx_of"),
        ("/releases", {"version": "2699"}, {"released_on": "soon"}, "released_on"),
        ("/releases", {"version": "2699"}, {"notes": "x" * 4001}, "notes"),
        ("/calendar/windows/new", WINDOW, {"name": ""}, "name"),
        ("/calendar/windows/new", WINDOW, {"hosting": ""}, "hosting"),
        ("/calendar/windows/new", WINDOW, {"kinds": ""}, "kinds"),
        ("/calendar/windows/new", WINDOW, {"weekdays": "someday"}, "weekdays"),
        ("/calendar/windows/new", WINDOW, {"every": "6"}, "every"),
        ("/calendar/windows/new", WINDOW, {"every": "0"}, "every"),
        ("/calendar/windows/new", WINDOW, {"opens": "late"}, "opens"),
        ("/calendar/windows/new", WINDOW, {"timezone": "Mars/Base"}, "timezone"),
        ("/calendar/windows/new", WINDOW, {"capacity": "0"}, "capacity"),
        ("/calendar/windows/new", WINDOW, {"effective_from": "1999-12-31"}, "effective_from"),
        ("/calendar/windows/new", WINDOW, {"effective_until": "2026-12-01"}, "effective_until"),
        ("/sites/new", SITE, {"district_id": "Capital City"}, "district_id"),
        ("/sites/new", SITE, {"state": "Illinois"}, "state"),
        ("/sites/new", SITE, {"timezone": "Mars/Base"}, "timezone"),
        ("/sites/new", SITE, {"environment": "moon"}, "environment"),
        ("/sites/new", SITE, {"district_id": "springfield"}, "environment"),
        ("/sites/new", SITE, {"name": ""}, "name"),
        ("/sites/new", SITE, {"version": "9999"}, "version"),
        ("/groups", {"id": "new", "name": "New", "kind": "esa"}, {"id": "esa-nine"}, "id"),
        ("/groups", {"id": "new", "name": "New", "kind": "esa"}, {"id": "N e w"}, "id"),
        ("/groups", {"id": "new", "name": "New", "kind": "esa"}, {"name": ""}, "name"),
        ("/groups", {"id": "new", "name": "New", "kind": "esa"}, {"kind": "club"}, "kind"),
        ("/groups/esa-nine/districts", {"district_id": ""}, {}, "district_id"),
        ("/groups/esa-nine/contacts", {"name": "A", "email": "a@b.example"}, {"email": "a at b"}, "email"),
        ("/districts/springfield/contacts", {"name": "A", "email": "a@b.example"}, {"name": ""}, "name"),
        (
            "/districts/springfield/contacts",
            {"name": "A", "email": "a@b.example"},
            {"email": "it@springfield.example"},
            "email",
        ),
    ],
)
async def test_what_is_wrong_names_its_field_and_writes_nothing(world, visitor, path, form, change, field):
    tables = ("releases", "windows", "sites", "districts", "groups", "group_districts", "contacts")
    count = "select " + " + ".join(f"(select count(*) from {t})" for t in tables) + " as n"
    before = (await world.sql(count))[0]["n"]
    op = await visitor(OPERATOR)
    status, page, _ = await op.post(path, pairs({**form, **change}))
    assert status == 422
    assert f'id="{field}-fault"' in page
    assert f'href="#{field}"' in page
    assert f'id="{field}"' in page
    assert (await world.sql(count))[0]["n"] == before


def pairs(form):
    """Fields that several values have are sent several times."""
    return [(n, v) for n, values in form.items() for v in (values if isinstance(values, list) else [values])]


async def test_a_release_its_pack_and_a_window_that_ends(world, visitor):
    op = await visitor(OPERATOR)
    for form in ({"version": "2699", "notes": "Grades by area"}, {"version": "2699.1", "rx_of": "2699"}):
        status, page, _ = await op.post("/releases", pairs(form))
        assert status == 200
        assert form["version"] in page
    found = (await world.ok(OPERATOR[:2], "GET", "/v1/releases"))["items"]
    assert [(r["version"], r["rx_of"]) for r in found][-2:] == [("2699", None), ("2699.1", "2699")]
    status, page, _ = await op.post("/calendar/windows/new", pairs(WINDOW))
    assert status == 200
    assert "2nd Saturday of the month" in page
    (made,) = [
        w for w in (await world.ok(OPERATOR[:2], "GET", "/v1/windows"))["items"] if w["hosting"] == "asp"
    ]
    assert (made["capacity"], made["opens"], made["kinds"]) == (
        3,
        "22:00:00",
        ["version_update", "database_refresh"],
    )
    where = f"/calendar/windows/{made['id']}/end"
    assert "End “" in (await op.get(where))[1]
    for wrong in ("", "2026-12-01", "0001-01-01"):
        status, page, _ = await op.post(where, {"effective_until": wrong})
        assert status == 422
        assert 'id="effective_until-fault"' in page
    status, page, _ = await op.post(where, {"effective_until": "2027-06-01"})
    assert "until 1 Jun 2027" in page


async def test_a_district_with_its_site_group_and_contacts(world, visitor):
    op = await visitor(OPERATOR)
    status, page, url = await op.post("/sites/new", pairs(SITE))
    assert (status, url.rpartition("/")[2]) == (200, "capital-city")
    assert "Capital City production" in page
    _, page, url = await op.post(
        "/groups", {"id": "state-of-il", "name": "State of Illinois", "kind": "state"}
    )
    assert url.endswith("/groups/state-of-il")
    where = "/groups/state-of-il"
    _, page, _ = await op.post(f"{where}/districts", {"district_id": "capital-city"})
    assert "Capital City Schools" in page
    status, page, _ = await op.post(f"{where}/districts", {"district_id": "shelbyville"})
    assert status == 422
    assert "Prairie Data Consortium" in page
    _, page, _ = await op.post(
        f"{where}/contacts", {"name": "Ines State", "email": "ines@state.example", "user_id": "ines"}
    )
    assert "ines@state.example" in page
    whole = {"kind": "version_update", "group_id": "state-of-il", "version": "2611"}
    await world.ok(("group_contact", "ines"), "POST", "/v1/requests", whole)
    _, page, _ = await op.post(f"{where}/districts/remove", {"district_id": "capital-city"})
    assert "No district is in this group yet" in page
    (contact,) = await world.sql("select id from contacts where user_id = 'ines'")
    _, page, _ = await op.post(f"/contacts/{contact['id']}/remove", {})
    assert "ines@state.example" not in page


async def test_a_contact_sees_and_changes_those_of_its_district_alone(world, visitor):
    terry = await visitor(TERRY)
    where = "/districts/springfield/contacts"
    _, page, _ = await terry.post(where, {"name": "Second", "email": "two@springfield.example"})
    assert "two@springfield.example" in page
    for path in ("/districts/maple-county/contacts", "/groups", "/releases", "/sites/new"):
        assert (await terry.get(path))[0] in (403, 404)
    status, _, _ = await terry.post("/districts/maple-county/contacts", {"name": "X", "email": "x@x.example"})
    assert status == 404
    (other,) = await world.sql("select id from contacts where district_id = 'maple-county'")
    assert (await terry.post(f"/contacts/{other['id']}/remove", {}))[0] == 404
    (mine,) = await world.sql("select id from contacts where email = 'two@springfield.example'")
    _, page, _ = await terry.post(f"/contacts/{mine['id']}/remove", {})
    assert "two@springfield.example" not in page
    assert len(await world.sql("select 1 from contacts where district_id = 'maple-county'")) == 1
