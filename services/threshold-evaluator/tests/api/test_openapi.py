"""Every address of the OpenAPI document: strangers meet 401, 403, 404 or nothing; no 5xx; nothing undocumented."""

import json
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

PUBLIC = {("get", "/v1/districts")}
FILLED = {
    "student_id": "student-of-a",
    "area": "grades",
    "event_id": "event-of-a",
    "user_id": "u1",
    "school_id": "school-of-a",
    "surge_id": "5d0f8a3e-3a60-5c0b-9a86-0d3f8a1c7b11",
}

# How each operation is asked by a stranger: (query, body, statuses). Where the address names something of the
# other district only 404 will do; where it names nothing, the answer is the stranger's own and empty.
NAMING: dict[tuple[str, str], tuple[dict[str, str], Any, set[int]]] = {
    ("get", "/v1/districts"): ({"environment": "staging"}, None, {200}),
    ("get", "/v1/me"): ({}, None, {200}),
    ("get", "/v1/me/students"): ({}, None, {200}),
    ("get", "/v1/me/students/{student_id}/{area}"): ({}, None, {404}),
    ("get", "/v1/me/settings"): ({"student_id": "student-of-a"}, None, {404}),
    ("patch", "/v1/me/settings"): (
        {"student_id": "student-of-a"},
        {"groups": {"grades": {"enabled": False}}},
        {404},
    ),
    ("post", "/v1/me/settings/preview"): ({}, {"student_id": "student-of-a", "settings": {}}, {404}),
    ("get", "/v1/me/inbox"): ({"student_id": "student-of-a"}, None, {200}),
    ("post", "/v1/me/inbox/seen"): ({}, {"up_to": "ITEM"}, {404}),
    ("post", "/v1/me/inbox/read"): ({}, {"ids": ["ITEM"]}, {200}),
    ("get", "/v1/me/changes"): ({"student_id": "student-of-a"}, None, {200}),
    ("get", "/v1/me/why"): ({"event_id": "event-of-a"}, None, {404}),
    ("get", "/v1/me/export"): ({}, None, {200}),
    ("get", "/v1/admin/district"): ({}, None, {200, 404}),
    ("patch", "/v1/admin/district"): ({}, {"push_enabled": False}, {200}),
    ("get", "/v1/admin/schools"): ({}, None, {200}),
    ("get", "/v1/admin/schools/{school_id}"): ({}, None, {404}),
    ("patch", "/v1/admin/schools/{school_id}"): ({}, {"push_enabled": False}, {404}),
    ("post", "/v1/admin/district/preview"): ({}, {"settings": {}}, {200, 404}),
    ("post", "/v1/admin/schools/{school_id}/preview"): ({}, {"settings": {}}, {404}),
    ("get", "/v1/admin/surges"): ({}, None, {200}),
    ("post", "/v1/admin/surges/{surge_id}"): ({}, {"resolution": "release"}, {404}),
    ("get", "/v1/admin/why"): ({"event_id": "event-of-a", "user_id": "u1"}, None, {404}),
    ("delete", "/v1/admin/users/{user_id}"): ({}, None, {404}),
}


@pytest.fixture
async def filled(town: Any) -> tuple[Any, str]:
    """A district with a student, a user, an inbox item and a decided change; and the item's id."""
    await town.district(name="Secret District Of A")
    await town.school("school-of-a", name="Secret School Of A")
    await town.student("student-of-a", "Secret Name Of A")
    await town.access("u1", "student-of-a")
    await town.state("student-of-a", "grades", "grade-of-a", {"posted": True})
    await town.change("event-of-a", "student-of-a")
    await town.decision("event-of-a", "u1", "student-of-a")
    return town, str(await town.item("u1", "student-of-a"))


async def operations(api: Any) -> list[tuple[str, str]]:
    document = await api.ok("/openapi.json")
    methods = ("get", "put", "post", "patch", "delete")
    return [
        (method, path) for path, each in document["paths"].items() for method in each if method in methods
    ]


async def ask(api: Any, operation: tuple[str, str], item: str) -> tuple[Any, set[int]]:
    method, path = operation
    query, body, allowed = NAMING[operation]
    body = json.loads(json.dumps(body).replace("ITEM", item))
    options = {"json": body} if body is not None else {}
    return await api.call(method.upper(), path.format(**FILLED), params=query, **options), allowed


@pytest.mark.parametrize("stranger", ["another district", "another environment"])
async def test_a_foreign_token_sees_nothing_anywhere(filled: Any, stranger: str) -> None:
    town, item = filled
    scope = {"another district": ("elsewhere", "production"), "another environment": (town.id, "sandbox")}
    district, environment = scope[stranger]

    def as_role(role: str) -> Any:
        token = town.served.token("u1", district, role, environment)
        return replace(town.api("u1"), token=token)

    asked = await operations(town.api("u1"))
    assert set(asked) == set(NAMING), "every address of the document has its line here, and no more"
    for operation in asked:
        role = "district_admin" if "/admin/" in operation[1] else "guardian"
        answered, allowed = await ask(as_role(role), operation, item)
        assert answered.status in allowed, (operation, answered.body)
        said = json.dumps(answered.body)
        for secret in ("Secret", "grade-of-a", item):
            assert secret not in said, operation
    unchanged = await town.api("u1").ok("/v1/me/inbox")
    assert [(each["seen"], each["read"]) for each in unchanged["items"]] == [(False, False)]
    assert (await town.api("u1").ok("/v1/me/settings", student_id="student-of-a"))["document"] == {}
    assert (await town.api("a", "district_admin").ok("/v1/admin/district"))["own"] == {}


@pytest.mark.parametrize(
    "role", ["guardian", "technical_contact", "group_contact", "operator", "district_admin"]
)
async def test_other_roles_meet_403(filled: Any, role: str) -> None:
    town, item = filled
    api = town.api("u1", role)
    for operation in set(await operations(api)) - PUBLIC:
        own = {"district_admin": "/admin/", "guardian": "/me"}.get(role, "-")
        if own in operation[1] or (role == "district_admin" and operation == ("get", "/v1/me")):
            continue
        answered, _ = await ask(api, operation, item)
        assert answered.status == 403, operation


async def test_without_a_token_everything_but_the_public_is_401(filled: Any) -> None:
    town, item = filled
    api = replace(town.api("u1"), token="")
    for operation in set(await operations(api)) - PUBLIC:
        answered, _ = await ask(api, operation, item)
        assert answered.status == 401, operation
        assert answered.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "claims", [{"exp": 1}, {"aud": "other"}, {"iss": "https://evil.example"}, {"district": ""}]
)
async def test_a_token_that_does_not_hold_is_refused(town: Any, claims: dict[str, Any]) -> None:
    token = town.served.token(**{"user": "u1", "district": town.id, **claims})
    answered = await replace(town.api("u1"), token=token).get("/v1/me")
    assert answered.status in (401, 403)


LONGEST_ADDRESS = 8_000
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_meets_a_5xx_or_an_undocumented_answer(served: Any, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        role = "district_admin" if "/admin/" in operation.path else "guardian"
        headers = {"Authorization": f"Bearer {served.token('fuzzer', 'fuzzed', role)}"}

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def requests_of_the_operation(case: Any) -> None:
            response = case.call(headers=headers)  # noqa: B023
            if len(str(response.request.url)) > LONGEST_ADDRESS:
                assert response.status_code == 400  # the HTTP server refuses it before any of our code
                return
            case.validate_response(response, checks=CHECKS)

        requests_of_the_operation()
        tried += 1
    assert tried == len(NAMING)
