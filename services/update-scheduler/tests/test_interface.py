"""The OpenAPI document: a foreign token gets nowhere, and nothing that is sent ends in a 5xx."""

import asyncio
from uuid import uuid4

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig

OPERATOR = ("operator", "op-1")
STRANGER = ("technical_contact", "stranger", "shelbyville")

ONLY_OPERATORS = {
    ("post", "/v1/sites"),
    ("post", "/v1/releases"),
    ("post", "/v1/windows"),
    ("patch", "/v1/windows/{window_id}"),
    ("post", "/v1/windows/blackouts"),
    ("delete", "/v1/windows/blackouts/{blackout_id}"),
    ("post", "/v1/groups"),
    ("get", "/v1/waves"),
    ("post", "/v1/waves"),
    ("get", "/v1/waves/{rollout_id}"),
    ("post", "/v1/waves/{rollout_id}"),
    ("post", "/v1/reschedules"),
    ("put", "/v1/groups/{group_id}/districts/{district_id}"),
    ("delete", "/v1/groups/{group_id}/districts/{district_id}"),
}
BODIES = {
    "/v1/requests": {"kind": "version_update", "site_id": "springfield.production", "version": "2611"},
    "/v1/contacts": {"name": "X", "email": "x@x.example", "district_id": "springfield"},
    "/v1/requests/{request_id}/transitions": {"to": "deferred"},
    "/v1/requests/{request_id}/messages": {"body": "Hi"},
}


async def document(world):
    async with world.http.session.get(world.http.base + "/openapi.json") as response:
        return await response.json()


async def test_a_foreign_districts_token_meets_403_or_404_on_every_route(world):
    request = await world.update("springfield")
    contact = {"name": "A", "email": "a@a.example", "district_id": "springfield", "user_id": "a"}
    made = await world.ok(OPERATOR, "POST", "/v1/contacts", contact)
    names = {
        "{request_id}": request["id"],
        "{site_id}": "springfield.production",
        "{contact_id}": made["id"],
        "{group_id}": "esa-nine",
        "{district_id}": "springfield",
        "{window_id}": str(uuid4()),
        "{blackout_id}": str(uuid4()),
        "{rollout_id}": str(uuid4()),
    }
    walked = 0
    for path, methods in (await document(world))["paths"].items():
        for method in methods:
            where = path
            for name, value in names.items():
                where = where.replace(name, value)
            query = {}
            if path == "/v1/windows/free":
                query = {"site_id": "springfield.production"}
            elif path == "/v1/audit":
                query = {"user_id": "op-1"}
            elif method == "get" and "{" not in path:
                query = {"district_id": "springfield"}
            body = BODIES.get(path) if method in ("post", "put", "patch") else None
            status, payload, _ = await world.http(STRANGER, method, where, body, etag=1, **query)
            walked += 1
            shared = path in ("/v1/releases", "/v1/windows", "/v1/windows/blackouts")
            own_only = path in ("/v1/contacts", "/v1/groups")
            if method == "get" and shared:
                assert status == 200, (method, path)
            elif method == "get" and own_only:
                assert status == 200, (method, path)
                assert "springfield" not in str(payload), path
            else:
                assert status in (403, 404), (method, path, status, payload)
            if (method, path) in ONLY_OPERATORS:
                assert status == 403, (method, path)
            assert (await world.http(("guardian", "g", "springfield"), method, where, body))[0] == 403
            async with world.http.session.request(method, world.http.base + where) as bare:
                assert bare.status == 401
    assert walked >= 25
    assert (await world.refresh(request))["revision"] == 1


def _call(case, base, token):
    response = case.call(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert response.status_code < 500, (case.method, case.path, response.status_code, response.text)
    documented = case.operation.definition.raw["responses"]
    if response.status_code < 300:
        assert str(response.status_code) in documented, (case.method, case.path, response.status_code)
        if "application/json" not in documented[str(response.status_code)].get("content", {}):
            return
        case.validate_response(
            response, checks=(schemathesis.checks.CHECKS.get_one("response_schema_conformance"),)
        )
    else:
        kind = response.headers.get("content-type", [""])[0]
        assert kind.startswith("application/problem+json"), (case.path, response.status_code, kind)


async def test_nothing_that_is_sent_ends_in_a_5xx(world):
    request = await world.update("springfield")
    raw = await document(world)
    for path in raw["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                examples = {"request_id": request["id"], "site_id": "springfield.production"}
                if parameter["name"] in examples:
                    schema = {"enum": [examples[parameter["name"]], "nonsense", str(uuid4())]}
                    parameter["schema"] = {"type": "string", **schema}
    schema = schemathesis.openapi.from_dict(raw, config=SchemathesisConfig())
    tokens = [
        world.http.token("operator", "op-1"),
        world.http.token("technical_contact", "terry", "springfield"),
        world.http.token("group_contact", "gale"),
    ]

    def run(case):
        for token in tokens:
            _call(case, world.http.base, token)

    for result in schema.get_all_operations():
        await asyncio.to_thread(_examples, result.ok(), run)


def _examples(operation, run):
    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def examples(case):
        run(case)

    examples()
