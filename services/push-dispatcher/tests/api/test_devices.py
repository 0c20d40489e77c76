import pytest
from bellwire_schemas.names import Role

TOKEN = "ab" * 32


def ios(**changes):
    return {"platform": "ios", "token": TOKEN, "app": "bellwire"} | changes


async def test_a_device_is_registered_renewed_listed_and_removed(api):
    status, made = await api.call("PUT", "/v1/me/devices/phone-1", ios())
    assert status == 201
    assert made["apns_environment"] == "production"
    assert "token" not in made
    status, _ = await api.call("PUT", "/v1/me/devices/phone-1", ios(settings={"privacy": "private"}))
    assert status == 200
    status, listed = await api.call("GET", "/v1/me/devices")
    assert [one["settings"]["privacy"] for one in listed["items"]] == ["private"]
    assert TOKEN not in str(listed)
    assert (await api.call("DELETE", "/v1/me/devices/phone-1"))[0] == 204
    assert (await api.call("DELETE", "/v1/me/devices/phone-1"))[0] == 404
    assert (await api.call("GET", "/v1/me/devices"))[1]["items"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (ios(token="not hex"), "hex"),
        (ios(token="ab12\n"), "hex"),
        (ios(token=""), "either token or fid"),
        (ios(fid="f"), "either token or fid"),
        (ios(platform="windows"), "ios"),
        (ios(apns_environment="sandbox"), "production"),
        (ios(settings={"groups": {"grades": {"threshold": 3}}}), "not permitted"),
        (ios(settings={"privacy": "secret"}), "private"),
        (ios(more=1), "not permitted"),
        (ios(token="a" * 5000), "4096"),
    ],
)
async def test_a_bad_device_is_refused_by_name(api, body, says):
    status, problem = await api.call("PUT", "/v1/me/devices/phone-1", body)
    assert status == 400
    assert problem["pointer"].startswith("/")
    assert says in problem["detail"]


async def test_the_environment_is_the_callers_own(api):
    status, problem = await api.call("PUT", "/v1/me/devices/phone-1", ios(environment="sandbox"))
    assert status == 403
    assert "production" in problem["detail"]


async def test_others_cannot_see_or_remove_a_device(api):
    await api.call("PUT", "/v1/me/devices/phone-1", ios())
    for stranger in ({"user": "v"}, {"district": "elsewhere"}):
        assert (await api.call("GET", "/v1/me/devices", **stranger))[1]["items"] == []
        assert (await api.call("DELETE", "/v1/me/devices/phone-1", **stranger))[0] == 404
        assert (await api.call("POST", "/v1/me/devices/phone-1/test", **stranger))[0] == 404
    assert (await api.call("GET", "/v1/me/devices", role=Role.DISTRICT_ADMIN))[0] == 403
    assert len((await api.call("GET", "/v1/me/devices"))[1]["items"]) == 1


async def test_a_test_push_arrives(api, providers):
    await api.call("PUT", "/v1/me/devices/phone-1", ios())
    status, queued = await api.call("POST", "/v1/me/devices/phone-1/test")
    assert status == 202
    await api.town.settled("accepted")
    assert [entry["id"] for entry in providers.ledger()] == [queued["delivery_id"]]


async def test_an_administrator_sees_deliveries_page_by_page(api):
    for number in range(3):
        await api.town.phone(f"u{number}")
    await api.town.take(*(api.town.alert(f"u{number}") for number in range(3)))
    await api.town.settled(*["accepted"] * 3)
    admin = {"role": Role.DISTRICT_ADMIN}
    status, first = await api.call("GET", "/v1/admin/deliveries?limit=2", **admin)
    assert status == 200
    assert len(first["items"]) == 2
    assert first["last_day"] == {"apns": {"accepted": 3}}
    _, second = await api.call("GET", f"/v1/admin/deliveries?limit=2&cursor={first['next_cursor']}", **admin)
    assert len(second["items"]) == 1
    assert second["next_cursor"] is None
    seen = {item["delivery_id"] for item in first["items"] + second["items"]}
    assert len(seen) == 3
    elsewhere = await api.call("GET", "/v1/admin/deliveries", district="elsewhere", **admin)
    assert elsewhere[1]["items"] == []
    stolen = f"/v1/admin/deliveries?limit=2&cursor={first['next_cursor']}"
    assert (await api.call("GET", stolen, district="elsewhere", **admin))[0] == 400
    assert (await api.call("GET", "/v1/admin/deliveries"))[0] == 403


async def test_the_document_names_every_address(api):
    async with api.client.get("/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    assert paths.keys() == {
        "/v1/me/devices",
        "/v1/me/devices/{installation_id}",
        "/v1/me/devices/{installation_id}/test",
        "/v1/admin/deliveries",
    }
