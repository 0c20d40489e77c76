"""The OpenAPI document, walked by schemathesis: whatever it allows, no answer is a 5xx."""

import asyncio
from typing import Any
from uuid import uuid4

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from ..conftest import Running, assignment, attributes, bearer


@schemathesis.serializer("application/zip")
def as_it_is(_context: Any, value: Any) -> bytes:
    """Schemathesis knows how to send bytes only under other names."""
    return value if isinstance(value, bytes) else b""


async def test_bodies_that_are_read_as_bytes_are_described(running: Running) -> None:
    document = await (await running.client.get("/openapi.json")).json()
    content = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert set(content) == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    }
    upload = document["paths"]["/v1/imports/oneroster"]["post"]["requestBody"]["content"]
    assert upload["application/zip"]["schema"]["format"] == "binary"
    event = {**attributes(running, time="2026-03-04T14:59:00Z"), "data": assignment(running)}
    whole = {"$ref": "#/components/schemas/Event", "components": document["components"]}
    jsonschema_rs.validate(whole, event)
    assert not jsonschema_rs.is_valid(whole, {**event, "data": {}})


async def test_no_operation_of_the_document_answers_5xx(running: Running) -> None:
    publisher_id, key = await running.publisher()
    document = await (await running.client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert {operation.path for operation in operations} >= {
        "/v1/events",
        "/v1/imports/oneroster",
        "/v1/imports/{import_id}",
        "/v1/imports/{import_id}/confirmation",
        "/v1/publishers",
        "/v1/publishers/{publisher_id}",
        "/v1/publishers/{publisher_id}/rotation",
    }
    ids = st.sampled_from([publisher_id, str(uuid4()), "%00", "x" * 300, "é"])
    for operation in operations:
        cases: list[Any] = []

        @settings(max_examples=25, suppress_health_check=list(HealthCheck), database=None, deadline=None)
        @given(operation.as_strategy(), ids, st.sampled_from([key, running.token(), ""]))
        def collect(case: Any, identity: str, credential: str) -> None:
            cases.append((case, identity, credential))  # noqa: B023

        await asyncio.to_thread(collect)
        for case, identity, credential in cases:
            path = case.operation.path.replace("{publisher_id}", identity).replace("{import_id}", identity)
            answer = await running.client.request(
                case.method,
                path,
                params={name: str(value) for name, value in (case.query or {}).items()},
                json=case.body if isinstance(case.body, dict | list | str | int | float) else None,
                headers=bearer(credential),
            )
            assert answer.status < 500, (case.method, path, await answer.text())
