"""The OpenAPI document: it is whole, a foreign token gets nowhere, and nothing that is sent ends in a 5xx."""

import asyncio
from uuid import uuid4

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
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
    ("post", "/v1/waves/plans"),
    ("get", "/v1/waves/{rollout_id}"),
    ("get", "/v1/waves/{rollout_id}/sites"),
    ("post", "/v1/waves/{rollout_id}"),
    ("post", "/v1/reschedules"),
    ("put", "/v1/groups/{group_id}/districts/{district_id}"),
    ("delete", "/v1/groups/{group_id}/districts/{district_id}"),
}
STREAM, FEED = "/v1/stream", "/v1/calendar.ics"
"""One ends when its reader goes (test_stream.py reads it); the other's address is its credential."""
BODIES = {
    "/v1/requests": {"kind": "version_update", "site_id": "springfield.production", "version": "2611"},
    "/v1/contacts": {"name": "X", "email": "x@x.example", "district_id": "springfield"},
    "/v1/requests/{request_id}/transitions": {"to": "deferred"},
    "/v1/requests/{request_id}/messages": {"body": "Hi"},
}


async def document(world):
    async with world.http.session.get(world.http.base + "/openapi.json") as response:
        return await response.json()


async def test_every_address_is_documented_with_its_headers_and_media(world):
    found = await document(world)
    assert found["openapi"].startswith("3.1.")
    served = {
        resource.canonical for resource in world.made.app.router.resources() if "/v1/" in resource.canonical
    }
    assert set(found["paths"]) == served
    assert STREAM in served
    assert FEED in served
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            where = (method, path)
            assert operation["tags"], where
            assert operation["description"], where
            assert operation["security"] == ([] if path == FEED else [{"bearer": []}]), where
            done = [r for status, r in operation["responses"].items() if status.startswith("2")]
            assert len(done) == 1, where
            assert ("204" in operation["responses"]) != bool(done[0].get("content")), where
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            assert named <= {"If-Match", "Idempotency-Key"}, where
            assert ("If-Match" in named) == ("428" in operation["responses"]), where
    media = {p: list(found["paths"][p]["get"]["responses"]["200"]["content"]) for p in (STREAM, FEED)}
    assert media == {STREAM: ["text/event-stream"], FEED: ["text/calendar"]}


async def test_answers_are_what_the_document_says_null_included(world):
    found = await document(world)
    request = await world.update("springfield")
    for path, answered in (
        ("/v1/sites", await world.ok(OPERATOR, "GET", "/v1/sites")),
        ("/v1/requests", await world.ok(OPERATOR, "GET", "/v1/requests")),
        ("/v1/requests/{request_id}", await world.refresh(request)),
        ("/v1/windows", await world.ok(OPERATOR, "GET", "/v1/windows")),
        ("/v1/releases", await world.ok(OPERATOR, "GET", "/v1/releases")),
    ):
        schema = found["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": found["components"]}).validate(answered)


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
            if path == FEED:
                assert status == 404
                async with world.http.session.get(world.http.base + where) as bare:
                    assert bare.status == 404
                continue
            if method == "get" and (shared or path == STREAM):
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
        kinds = documented[str(response.status_code)].get("content", {})
        kind = response.headers.get("content-type", [""])[0].partition(";")[0]
        assert not kinds or kind in kinds, (case.path, kind)
        if "application/json" not in kinds:
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
        if result.ok().path != STREAM:
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
