"""Every error is problem+json, every address has its headers, and OpenAPI documents what is there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.web.application import application
from bellwire_kit.web.problems import Problem, json_pointer
from bellwire_kit.web.views import ApiView, answer
from pydantic import BaseModel, Field


class Thing(BaseModel):
    name: str
    size: int = Field(ge=1)


class Things(ApiView):
    async def get(self, kind: str, /, limit: int = 10) -> r200[Thing]:
        """List things."""
        if kind == "broken":
            raise RuntimeError("secret 4711")
        if kind == "away":
            raise ConnectionRefusedError("db")
        if kind == "refused":
            raise Problem(409, "taken", "Taken", "By another.", pointer="/name", headers={"Retry-After": "3"})
        return answer(Thing(name=kind, size=limit))

    async def post(self, kind: str, /, thing: Thing) -> r200[Thing]:
        """Make a thing."""
        return answer(thing)


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    async def ready() -> bool:
        return True

    async def away() -> bool:
        return False

    app = application(title="Things", version="1", checks={"kafka": ready, "database": away}, body_limit=200)
    app.router.add_view("/v1/{kind}/things", Things)
    async with TestClient(TestServer(app)) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/v1/refused/things", None, 409, {"type": "urn:bellwire:problem:taken", "pointer": "/name"}),
        ("GET", "/v1/broken/things", None, 500, {"type": "urn:bellwire:problem:internal"}),
        ("GET", "/v1/away/things", None, 503, {"type": "urn:bellwire:problem:unavailable"}),
        ("GET", "/v1/a/things?limit=x", None, 400, {"pointer": "/query/limit"}),
        ("POST", "/v1/a/things", b'{"name": "a", "size": 0}', 400, {"pointer": "/size"}),
        (
            "POST",
            "/v1/a/things",
            b'{"size" 1}',
            400,
            {"detail": "The body is not JSON: Expecting ':' delimiter at line 1, column 9."},
        ),
        ("POST", "/v1/a/things", b"", 400, {"type": "urn:bellwire:problem:unreadable"}),
        (
            "POST",
            "/v1/a/things",
            b"[]",
            400,
            {"detail": "The body is JSON, but no object; an object is expected."},
        ),
        ("POST", "/v1/a/things", b"\xff\xfe", 400, {"status": 400}),
        (
            "POST",
            "/v1/a/things",
            b'{"name": "\\u0000", "size": 1}',
            400,
            {"type": "urn:bellwire:problem:unreadable"},
        ),
        ("POST", "/v1/a/things", b"[" * 150, 400, {"status": 400}),
        ("GET", "/v1/a/things?limit=%00", None, 400, {"type": "urn:bellwire:problem:unreadable"}),
        ("GET", "/v1/a%00/things", None, 400, {"type": "urn:bellwire:problem:unreadable"}),
        ("POST", "/v1/a/things", b'{"name": "' + b"a" * 300 + b'"}', 413, {"status": 413}),
        ("DELETE", "/v1/a/things", None, 405, {"status": 405}),
        ("GET", "/nothing", None, 404, {"type": "urn:bellwire:problem:not-found"}),
    ],
)
async def test_a_refusal_is_a_problem(
    client: TestClient[Any, Any],
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    said: dict[str, Any],
) -> None:
    async with client.request(
        method, path, data=body, headers={"Content-Type": "application/json"}
    ) as response:
        problem = await response.json(content_type="application/problem+json")
        assert response.status == problem["status"] == status
        assert said.items() <= problem.items()
        assert "4711" not in str(problem)


async def test_a_number_that_nothing_reads_is_a_problem() -> None:
    app = application(title="Things", version="1", checks={})
    app.router.add_view("/v1/{kind}/things", Things)
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/v1/a/things", data=b'{"name": "a", "size": ' + b"9" * 5_000 + b"}")
        assert response.status == 400
        assert (await response.json())["detail"] == "A number of the body has too many digits."


async def test_a_body_that_is_not_in_the_encoding_it_names_is_a_problem(client: TestClient[Any, Any]) -> None:
    for encoding in ("gzip", "deflate"):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        async with client.post("/v1/a/things", data=b"neither", headers=headers) as response:
            assert response.status == 400
            problem = await response.json(content_type="application/problem+json")
            assert problem["type"] == "urn:bellwire:problem:unreadable"


async def test_every_answer_has_the_security_headers(client: TestClient[Any, Any]) -> None:
    for path in ("/v1/a/things", "/nothing", "/healthz"):
        async with client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert "max-age" in response.headers["Strict-Transport-Security"]


async def test_readiness_names_what_is_missing(client: TestClient[Any, Any]) -> None:
    async with client.get("/readyz") as response:
        assert (response.status, (await response.json())["missing"]) == (503, ["database"])
    async with client.get("/healthz") as response:
        assert response.status == 200


async def test_openapi_has_the_operations_and_their_refusals(client: TestClient[Any, Any]) -> None:
    async with client.get("/openapi.json") as response:
        document = await response.json()
    operation = document["paths"]["/v1/{kind}/things"]["get"]
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {"kind", "limit"}


async def test_requests_are_measured_by_route_not_by_address(client: TestClient[Any, Any]) -> None:
    await client.get("/v1/anna-smith/things")
    async with client.get("/metrics") as response:
        text = await response.text()
    assert 'route="/v1/{kind}/things"' in text
    assert "anna-smith" not in text


@pytest.mark.parametrize(("path", "pointer"), [((), ""), (("a", 0), "/a/0"), (("a/b", "c~d"), "/a~1b/c~0d")])
def test_pointers_are_rfc_6901(path: tuple[int | str, ...], pointer: str) -> None:
    assert json_pointer(path) == pointer
