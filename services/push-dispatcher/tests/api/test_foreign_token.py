"""Every address of the OpenAPI document, asked with a foreign district's token (architecture.md section 5)."""

import pytest
from bellwire_schemas.names import Role

PUBLIC = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
DEVICE = {"platform": "ios", "token": "cd" * 32}


async def operations(api):
    _, document = await api.call("GET", "/openapi.json")
    return [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if path not in PUBLIC and method in ("get", "put", "post", "delete", "patch")
    ]


@pytest.mark.parametrize("role", [Role.GUARDIAN, Role.STUDENT, Role.DISTRICT_ADMIN, Role.OPERATOR])
async def test_a_foreign_token_meets_403_or_404_or_what_is_its_own(api, role):
    """With the same user and installation: what names a device is not found, what lists is empty."""
    await api.town.phone("u", installation="phone-1")
    await api.town.take(api.town.alert("u"))
    await api.town.settled("accepted")
    stranger = {"user": "u", "role": role, "district": f"{api.town.district}-x"}
    walked = await operations(api)
    assert {path for _, path in walked} >= {"/v1/me/devices/{installation_id}", "/v1/admin/deliveries"}
    for method, path in walked:
        if method == "PUT":
            continue
        status, answer = await api.call(method, path.replace("{installation_id}", "phone-1"), **stranger)
        if status == 200:
            assert answer["items"] == [], (method, path)
            assert "{" not in path
        else:
            assert status in (403, 404), (method, path, status)
    status, answer = await api.call("PUT", "/v1/me/devices/phone-1", DEVICE, **stranger)
    assert status in (201, 403)
    ours = await api.town.parts.devices.listed(api.town.user("u"))
    assert [device.installation_id for device in ours] == ["phone-1"]
    assert await api.town.states("u") == ["accepted"]


async def test_a_token_of_another_environment_is_a_foreign_one(api):
    await api.town.phone("u", installation="phone-1")
    sandbox = {"user": "u", "environment": "sandbox"}
    assert (await api.call("GET", "/v1/me/devices", **sandbox))[1]["items"] == []
    assert (await api.call("DELETE", "/v1/me/devices/phone-1", **sandbox))[0] == 404
    assert (await api.call("POST", "/v1/me/devices/phone-1/test", **sandbox))[0] == 404
    assert len(await api.town.parts.devices.listed(api.town.user("u"))) == 1
